"""Plain-text poem files: one poem a line, or blocks parted by blank lines."""

import re
from collections.abc import Iterator

from poetgen.corpus.poem import MARKS

_ENDS = (*MARKS, "！", "；", "」", "』", ".", "!", "?", ")", "）")


def text_poems(text: str) -> Iterator[tuple[int, str, str]]:
    """(number of its first line, title, raw body) for each poem of a file.

    With a blank line anywhere inside the text, blocks parted by blank lines are the poems, and a block's first
    line without an end mark is its title; else every line is a poem.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    if re.search(r"\n[ \t\u3000]*\r?\n", text.strip()):
        yield from _blocks(lines)
    else:
        yield from ((n, "", line.strip()) for n, line in enumerate(lines, start=1) if line.strip())


def _blocks(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    block: list[str] = []
    for n, line in enumerate([*lines, ""], start=1):
        if line.strip():
            block.append(line.strip())
        elif block:
            has_title = len(block) > 1 and not block[0].endswith(_ENDS)
            yield n - len(block), block[0] if has_title else "", "".join(block[has_title:])
            block = []
