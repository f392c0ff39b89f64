"""The files that pictures of poems go to."""

from dataclasses import dataclass, field
from pathlib import Path

from poetgen.cli.output import echo
from poetgen.cli.output_files import check_picture_file
from poetgen.language import tr
from poetgen.picture.card import Card
from poetgen.picture.save import save


@dataclass
class PictureFiles:
    """Where pictures go: the first poem's to `path`, later ones beside it as NAME-2, NAME-3."""

    path: Path
    size: str
    theme: str
    written: int = field(default=0, init=False)

    def save(self, card: Card) -> None:
        """Write one more, and say on stderr where. Raises PoetgenError."""
        self.written += 1
        path = check_picture_file(self.path, self.written)
        note = save(card, path, size=self.size, theme=self.theme)
        echo(tr("picture: {path}", path=path), err=True)
        if note:
            echo(note, err=True)
