"""What a picture is made of, whatever draws it: glyphs, rows of text, boxes and rings on paper.

Lengths are in pixels from the upper left corner; colours are names of a theme.
"""

from dataclasses import dataclass
from typing import NamedTuple

from poetgen.picture import INK, THEMES


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
