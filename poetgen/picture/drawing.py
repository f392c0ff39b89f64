"""What a picture is made of, whatever draws it: glyphs, rows of text, boxes and rings on paper.

Lengths are in pixels from the upper left corner; colours are names of a theme.
"""

from dataclasses import dataclass
from typing import NamedTuple

PAPER, INK, FAINT, RED, RULE = "paper", "ink", "faint", "red", "rule"
SEAL, CARVED = "seal", "carved"  # a seal and the characters in it

_SEAL = {SEAL: "#a8271c", CARVED: "#f7f1e3"}
# Ink on paper reaches a contrast of 7 : 1 or more, faint and red text 4.5 : 1 (WCAG 2, AAA and AA).
THEMES = {
    "paper": {PAPER: "#f7f1e3", INK: "#1f1b16", FAINT: "#756a59", RED: "#a8271c", RULE: "#e0cfae", **_SEAL},
    "dark": {PAPER: "#16181d", INK: "#ece5d6", FAINT: "#918a7d", RED: "#f0705c", RULE: "#33363e", **_SEAL},
}
SIZES = {"phone": (1080, 1440), "wide": (1600, 900), "print": (2480, 3508)}  # print: A4 at 300 dots an inch


class Glyph(NamedTuple):
    """A character of `size` pixels an em, the middle of its square at x, y; as it stands in a column."""

    char: str
    x: float
    y: float
    size: float
    colour: str = INK


class Row(NamedTuple):
    """A text set in a row from x, its baseline at y."""

    text: str
    x: float
    y: float
    size: float
    colour: str = INK


class Box(NamedTuple):
    """A filled box; `radius` rounds its corners."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    radius: float = 0.0


class Ring(NamedTuple):
    """A circle around x, y: its left half, or all of it, may be filled."""

    x: float
    y: float
    radius: float
    colour: str
    filled: float = 0.0  # 0, 0.5 or 1


Item = Glyph | Row | Box | Ring


@dataclass(frozen=True)
class Drawing:
    """Items in the order in which they are painted; `text` says in words what is to be seen."""

    width: int
    height: int
    theme: str
    items: tuple[Item, ...]
    text: str

    def colour(self, name: str) -> str:
        """#rrggbb of a colour in this theme."""
        return THEMES[self.theme][name]
