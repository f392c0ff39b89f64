"""Plain-text poem files: one poem a line, or blocks separated by blank lines."""

import re
from collections.abc import Iterator, Sequence

from poetgen.poem.poem import MARKS

_END_MARKS = (*MARKS, "！", "；", "、", "…", ".", "!", "?", ",", ";")
_CLOSING = "」』”’》〉 \t\u3000"
_BLANK_LINE = re.compile(r"\n[ \t\u3000]*\r?\n")


def text_poems(text: str) -> Iterator[tuple[int, str, str]]:
    """(number of its first line, title, raw body) for each poem of a file.

    With a blank line anywhere inside the text, blocks separated by blank lines are the poems, and a block's first
    line without an end mark is its title; else every line is a poem, its title before a `:` if it has one.
    """
    text = text.removeprefix("\ufeff")
    if _BLANK_LINE.search(text.strip()):
        yield from _blocks(text.splitlines())
    else:
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                yield number, *_title_and_body(line.strip())


def _title_and_body(line: str) -> tuple[str, str]:
    """`title:body` as many published files have it; a full-width ： is a mark inside the verse."""
    title, _, body = line.partition(":")
    if body and not any(mark in title for mark in _END_MARKS):
        return title.strip(), body.strip()
    return "", line


def _blocks(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    block: list[str] = []
    for number, line in enumerate([*lines, ""], start=1):
        if line.strip():
            block.append(line.strip())
        elif block:
            has_title = len(block) > 1 and not ends_verse(block[0])
            title = block.pop(0) if has_title else ""
            yield number - len(block) - has_title, title, _joined(block)
            block = []


def ends_verse(line: str) -> bool:
    """Whether a line ends in a mark; notes and closing quotes after it are looked past."""
    line = line.replace("（", "(").replace("）", ")")
    end = len(line)  # looked past from here on back, without a copy for each note
    while end and (line[end - 1] in _CLOSING or line[end - 1] == ")"):
        end = max(line.rfind("(", 0, end), 0) if line[end - 1] == ")" else end - 1
    return line[:end].endswith(_END_MARKS)


def _joined(lines: Sequence[str]) -> str:
    """The lines of a block as one body; a line without its mark is given one, so that lines stay lines."""
    *others, last = lines
    marked = [line if ends_verse(line) else line + "，。"[k % 2] for k, line in enumerate(others)]
    return "".join(marked) + last
