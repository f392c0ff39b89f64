"""Options that ask for a poem's picture, and the files that pictures go to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poetgen.cli.output import echo
from poetgen.cli.output_files import OutputFile, check_picture_file
from poetgen.language import tr
from poetgen.picture.drawing import SIZES, THEMES

if TYPE_CHECKING:
    from poetgen.picture.card import Card

Command = Callable[..., Any]


@dataclass
class PictureFiles:
    """Where pictures go: the first poem's to `path`, later ones beside it as NAME-2, NAME-3."""

    path: Path
    size: str
    theme: str
    written: int = field(default=0, init=False)

    def save(self, card: "Card") -> None:
        """Write one more, and say on stderr where. Raises PoetgenError."""
        from poetgen.picture.save import save

        self.written += 1
        number = f"-{self.written}" if self.written > 1 else ""
        path = check_picture_file(self.path.with_stem(self.path.stem + number))
        note = save(card, path, size=self.size, theme=self.theme)
        echo(tr("picture: {path}", path=path), err=True)
        if note:
            echo(note, err=True)


def picture_options(command: Command) -> Command:
    """--picture, --picture-size and --picture-theme; the command gets `pictures`, PictureFiles or None."""

    def gather(
        *arguments: Any, picture: Path | None, picture_size: str, picture_theme: str, **options: Any
    ) -> Any:
        pictures = PictureFiles(picture, picture_size, picture_theme) if picture else None
        return command(*arguments, pictures=pictures, **options)

    gather.__doc__, gather.__name__ = command.__doc__, command.__name__
    gather.__dict__ |= command.__dict__
    for option in reversed(_OPTIONS):
        gather = option(gather)
    return gather


_OPTIONS = (
    click.option(
        "--picture",
        metavar="FILE",
        type=OutputFile(".png", ".svg"),
        help="Draw each poem too, as .png or as .svg, which needs no font.",
    ),
    click.option(
        "--picture-size",
        type=click.Choice([*SIZES]),
        default="phone",
        show_default=True,
        help="For a phone, a screen (wide) or A4 paper (print).",
    ),
    click.option(
        "--picture-theme",
        type=click.Choice([*THEMES]),
        default="paper",
        show_default=True,
        help="Ink on paper, or light on dark.",
    ),
)
