"""A drawing as PNG, by Pillow."""

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

from poetgen.files import SIGNATURE
from poetgen.picture import PAPER
from poetgen.picture.drawing import Box, Drawing, Glyph, Item, Ring, Row
from poetgen.picture.font import ASCENT, FONT, Font, lack_of_extra

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

FINE = 2000  # pixels: smaller drawings are painted twice as large, so that rings come out round


def png(drawing: Drawing) -> bytes:
    """The bytes of the file. Raises PoetgenError where Pillow is not installed."""
    try:
        from PIL import Image, ImageDraw, PngImagePlugin
    except ImportError as error:
        raise lack_of_extra() from error
    scale = 1 if drawing.width > FINE else 2
    size = (drawing.width, drawing.height)
    image = Image.new("RGB", (scale * size[0], scale * size[1]), drawing.colour(PAPER))
    brush = ImageDraw.Draw(image)
    for item in drawing.items:
        _paint(brush, item, drawing, scale)
    file = BytesIO()
    told = PngImagePlugin.PngInfo()
    told.add_text("Software", SIGNATURE)
    image.resize(size, Image.Resampling.LANCZOS).save(file, "PNG", optimize=True, pnginfo=told)
    return file.getvalue()


def _paint(brush: "ImageDraw", item: Item, drawing: Drawing, scale: int) -> None:
    colour, (x, y) = drawing.colour(item.colour), (scale * _origin(item)[0], scale * _origin(item)[1])
    match item:
        case Glyph():
            size, shown = scale * item.size, Font.load().find_drawable(item.char)
            brush.text(
                (x - Font.load().width(shown) * size / 2, y + (ASCENT - 0.5) * size),
                shown,
                colour,
                font=_type(size),
                anchor="ls",
                features=_features(),
            )
        case Row():
            shown = "".join(map(Font.load().find_drawable, item.text))
            brush.text((x, y), shown, colour, font=_type(scale * item.size), anchor="ls")
        case Box():
            corners = (x, y, x + scale * item.width, y + scale * item.height)
            brush.rounded_rectangle(corners, scale * item.radius, fill=colour)
        case Ring():
            reach = scale * item.radius
            around = (x - reach, y - reach, x + reach, y + reach)
            brush.ellipse(around, outline=colour, width=max(1, round(reach / 4)))
            if item.filled:
                brush.pieslice(around, 90, 90 + 360 * item.filled, fill=colour)


def _origin(item: Item) -> tuple[float, float]:
    return item.x, item.y


@cache
def _features() -> list[str] | None:
    """Forms for columns, where Pillow has the library that knows them (its wheels have)."""
    from PIL import features

    return ["vert"] if features.check("raqm") else None


@cache
def _type(size: float) -> "FreeTypeFont":
    from PIL import ImageFont

    return ImageFont.truetype(FONT, size)
