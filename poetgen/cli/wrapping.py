"""Paragraphs of Chinese help, broken where lines are full: click counts a hanzi as one column, and it has two."""

import re
from collections.abc import Iterator
from unicodedata import east_asian_width

COLUMNS = 76  # beside the two by which help is indented
# what stays on one line: a word in letters, or a hanzi, with the marks that may not be parted from it
_PIECES = re.compile(r"[“‘（《「『]*(?:[!-~]+|[^\s!-~])[，。；：、！？”’）》」』…]*|\s+")
_AS_IT_STANDS = "\b\n"  # by which click leaves a paragraph alone


def wrap_paragraphs(text: str) -> str:
    """The text with its paragraphs, which blank lines part, wrapped for click to leave as they are."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        one if one.startswith(_AS_IT_STANDS) else _AS_IT_STANDS + "\n".join(_lines(one)) for one in paragraphs
    )


def count_columns(text: str) -> int:
    """How wide a terminal prints it: two columns for a hanzi or a wide mark, one for all else."""
    return sum(1 + (east_asian_width(char) in "WFA") for char in text)


def _lines(paragraph: str) -> Iterator[str]:
    line = ""
    for piece in _PIECES.findall(paragraph.replace("\n", " ")):
        if count_columns(line + piece.rstrip()) > COLUMNS:
            yield line.rstrip()
            line = ""
        line += piece if line else piece.lstrip()
    yield line.rstrip()
