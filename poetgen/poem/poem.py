"""A poem as poetgen sees it: lines of hanzi, each with the mark that ends it."""

import re
from dataclasses import dataclass

COMMA, STOP, QUESTION = "，", "。", "？"
MARKS = COMMA + STOP + QUESTION

_HANZI_RANGES = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x3FFFF), (0xF900, 0xFAFF))


def is_hanzi(char: str) -> bool:
    """A Han character: the unified ideographs, their extensions and compatibility forms, and 〇."""
    return char == "〇" or any(first <= ord(char) <= last for first, last in _HANZI_RANGES)


FRAGMENT_LINES = 4
FRAGMENT_HANZI = 20


@dataclass(frozen=True)
class Poem:
    """One poem after cleaning.

    A line is one 句, the hanzi between two marks; `marks[k]` ends `lines[k]`. `id` is the corpus' own, or "".
    """

    author: str
    title: str
    lines: tuple[str, ...]
    marks: str
    id: str = ""

    @property
    def text(self) -> str:
        """The body: every line with its mark, nothing between."""
        return "".join(line + mark for line, mark in zip(self.lines, self.marks, strict=True))

    @property
    def hanzi(self) -> int:
        """How many hanzi the body has."""
        return sum(map(len, self.lines))

    @property
    def is_fragment(self) -> bool:
        """Fewer than 4 lines or 20 hanzi: left out of every split by default (docs/measures.md)."""
        return len(self.lines) < FRAGMENT_LINES or self.hanzi < FRAGMENT_HANZI

    @property
    def shape(self) -> tuple[int, int] | None:
        """(hanzi a line, lines) when all lines are of one length, else None: a 五律 is (5, 8)."""
        lengths = {len(line) for line in self.lines}
        return (lengths.pop(), len(self.lines)) if len(lengths) == 1 else None


FORMS = {"五絕": (5, 4), "七絕": (7, 4), "五律": (5, 8), "七律": (7, 8)}
_SIMPLIFIED_FORMS = {"五绝": "五絕", "七绝": "七絕"}
_FREE_SHAPE = re.compile(r"([1-9][0-9]{0,3})[x×]([1-9][0-9]{0,3})", re.ASCII)


def read_shape(name: str) -> tuple[int, int] | None:
    """(hanzi a line, lines) of 五絕 七絕 五律 七律 in either script, or of a shape such as 5x6; else None."""
    known = FORMS.get(_SIMPLIFIED_FORMS.get(name, name))
    free = _FREE_SHAPE.fullmatch(name)
    return known or ((int(free[1]), int(free[2])) if free else None)


def form_name(shape: tuple[int, int] | None) -> str:
    """五絕 七絕 五律 七律 by shape alone; `5x10` for other regular shapes; 雜言 (mixed) for the rest."""
    if shape is None:
        return "雜言"
    for name, form in FORMS.items():
        if form == shape:
            return name
    return f"{shape[0]}x{shape[1]}"
