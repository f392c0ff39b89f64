"""A drawing as SVG whose text is outlines: it needs no font where it is seen."""

from xml.sax.saxutils import escape

from poetgen.files import SIGNATURE
from poetgen.picture import PAPER
from poetgen.picture.drawing import Box, Drawing, Glyph, Item, Ring, Row
from poetgen.picture.font import ASCENT, Font


def svg(drawing: Drawing) -> bytes:
    """The bytes of the file. Raises PoetgenError where fontTools is not installed."""
    size = f'width="{drawing.width}" height="{drawing.height}"'
    box = f'viewBox="0 0 {drawing.width} {drawing.height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} role="img" data-software="{SIGNATURE}">',
        f"<title>{escape(drawing.text)}</title>",
        f'<rect {size} fill="{drawing.colour(PAPER)}"/>',
        *(_element(item, drawing.colour(item.colour)) for item in drawing.items),
        "</svg>\n",
    ]
    return "\n".join(parts).encode()


def _element(item: Item, colour: str) -> str:
    font = Font.load()
    match item:
        case Glyph():
            x = item.x - font.width(item.char) * item.size / 2
            return _path(
                font.outline(item.char, vertical=True),
                x,
                item.y + (ASCENT - 0.5) * item.size,
                item.size,
                colour,
            )
        case Row():
            paths = []
            for number, char in enumerate(item.text):
                x = item.x + font.width(item.text[:number]) * item.size
                paths.append(_path(font.outline(char), x, item.y, item.size, colour))
            return "".join(paths)
        case Box():
            place = f'x="{item.x:.1f}" y="{item.y:.1f}" width="{item.width:.1f}" height="{item.height:.1f}"'
            return f'<rect {place} rx="{item.radius:.1f}" fill="{colour}"/>'
        case Ring():
            return _ring(item, colour)


def _path(outline: str, x: float, y: float, size: float, colour: str) -> str:
    scale = size / Font.load().units
    if not outline:  # a blank
        return ""
    placed = f"translate({x:.1f} {y:.1f}) scale({scale:.4f} {-scale:.4f})"
    return f'<path fill="{colour}" transform="{placed}" d="{outline}"/>'


def _ring(ring: Ring, colour: str) -> str:
    width = max(1.0, ring.radius / 4)
    reach = ring.radius - width / 2
    x, y = f"{ring.x:.1f}", f"{ring.y:.1f}"
    inside = colour if ring.filled == 1 else "none"
    line = f'stroke="{colour}" stroke-width="{width:.1f}"'
    circle = f'<circle cx="{x}" cy="{y}" r="{reach:.1f}" fill="{inside}" {line}/>'
    if ring.filled != 0.5:
        return circle
    above, below = f"{ring.y - reach:.1f}", f"{ring.y + reach:.1f}"
    return circle + f'<path fill="{colour}" d="M{x} {above}A{reach:.1f} {reach:.1f} 0 0 0 {x} {below}Z"/>'
