"""The font that poems are set in, on the page and in pictures: poetgen-serif.woff2, beside this file.

tools/build_font.py makes it: Noto Serif CJK TC without what no poem needs. fontTools is imported here alone, and
only when something is drawn.
"""

from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from poetgen.errors import PoetgenError
from poetgen.extras import install_command
from poetgen.language import tr

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

FONT = Path(__file__).with_name("poetgen-serif.woff2")
MISSING = "〓"  # what printers set in the place of a type that they lack
ASCENT = 0.88  # ems from the baseline to the top of the square that a hanzi stands in


def lack_of_extra() -> PoetgenError:
    """What to say where a package that draws is missing."""
    return PoetgenError(
        tr("pictures need Pillow and fontTools; run: {command}", command=install_command("picture"))
    )


class Font:
    """What the font has, how wide it is, and its outlines. Lengths are in ems."""

    def __init__(self, font: "TTFont") -> None:
        self._glyphs = font.getGlyphSet()
        self._names: dict[int, str] = font.getBestCmap()
        self._font = font
        self.units = int(font["head"].unitsPerEm)  # of an em

    @classmethod
    @cache
    def load(cls) -> "Font":
        """The font beside this file. Raises PoetgenError where fontTools or brotli is not installed."""
        try:
            import brotli  # noqa: F401  fontTools reads woff2 by it
            from fontTools.ttLib import TTFont
        except ImportError as error:
            raise lack_of_extra() from error
        return cls(TTFont(FONT, lazy=True))

    def __contains__(self, char: object) -> bool:
        return isinstance(char, str) and len(char) == 1 and ord(char) in self._names

    def find_missing(self, text: str) -> str:
        """The characters of `text` that it cannot draw, each once."""
        return "".join(dict.fromkeys(char for char in text if char not in self))

    def find_drawable(self, char: str) -> str:
        """The character that is drawn for this one: itself, or MISSING."""
        return char if char in self else MISSING

    def width(self, text: str) -> float:
        """How far a text set in a row reaches."""
        widths = [int(self._glyphs[self._names[ord(self.find_drawable(char))]].width) for char in text]
        return sum(widths) / self.units

    def outline(self, char: str, *, vertical: bool = False) -> str:
        """A character's outline as an SVG path, in font units, y upwards from the baseline."""
        from fontTools.pens.svgPathPen import SVGPathPen

        pen = SVGPathPen(self._glyphs, ntos=lambda number: str(round(number)))
        name = self._names[ord(self.find_drawable(char))]
        self._glyphs[self._upright.get(name, name) if vertical else name].draw(pen)
        return str(pen.getCommands())

    @cached_property
    def _upright(self) -> dict[str, str]:
        """Glyphs that look otherwise in vertical columns, marks above all: the feature `vert`."""
        table = self._font["GSUB"].table
        numbers = {
            number
            for record in table.FeatureList.FeatureRecord
            if record.FeatureTag == "vert"
            for number in record.Feature.LookupListIndex
        }
        found: dict[str, str] = {}
        for number in sorted(numbers):
            for part in table.LookupList.Lookup[number].SubTable:
                found |= getattr(part, "ExtSubTable", part).mapping
        return found
