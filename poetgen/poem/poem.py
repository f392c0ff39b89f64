"""A poem as poetgen sees it: lines of hanzi, each with the mark that ends it."""

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
