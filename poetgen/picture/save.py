"""A card into a file: PNG or SVG, by the end of its name."""

from collections.abc import Callable
from pathlib import Path

from poetgen.errors import PoetgenError
from poetgen.files import write_whole
from poetgen.language import join_names, tr
from poetgen.picture.card import Card, compose
from poetgen.picture.drawing import Drawing
from poetgen.picture.font import MISSING, Font
from poetgen.picture.png import png
from poetgen.picture.svg import svg

FORMATS: dict[str, Callable[[Drawing], bytes]] = {"png": png, "svg": svg}


def render(card: Card, kind: str, *, size: str, theme: str) -> bytes:
    """The bytes of a picture of this kind, png or svg. Raises PoetgenError."""
    if kind not in FORMATS:
        raise PoetgenError(
            tr(
                "a picture cannot be {kind!r}; choose one of: {formats}",
                kind=kind[:60],
                formats=join_names(FORMATS),
            )
        )
    return FORMATS[kind](compose(card, size=size, theme=theme))


def check_name(path: Path) -> str:
    """The kind of picture that a file's name asks for. Raises PoetgenError."""
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise PoetgenError(
            tr("a picture cannot be written as {name!r}; end its name in .png or .svg", name=path.name[:60])
        )
    return kind


def save(card: Card, path: Path, *, size: str, theme: str) -> str:
    """Write the picture, whole or not at all; what the font lacked, as a sentence, or "". Raises PoetgenError."""
    data = render(card, check_name(path), size=size, theme=theme)
    with write_whole(path) as temporary:
        temporary.write_bytes(data)
    lacking = card.find_missing(Font.load())
    return (
        tr(
            "{path}: the font has no {lacking}; drawn as {missing}",
            path=path,
            lacking=" ".join(lacking),
            missing=MISSING,
        )
        if lacking
        else ""
    )
