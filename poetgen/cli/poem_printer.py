"""Poems on stdout: in rows or columns, with tones beneath, or as JSON; and in pictures."""

import json
from collections.abc import Iterable, Iterator

from poetgen.cli.output import echo
from poetgen.cli.picture_options import PictureFiles
from poetgen.script.opencc import to_script
from poetgen.writing.poem import GeneratedPoem

BLANK = "\u3000"  # as wide as a hanzi
LEGEND = "平 level, 仄 oblique, 入 oblique of the entering tone, 中 either; 韻 names the rhyme"


class PoemPrinter:
    """Poems on stdout, a blank line between; what is said about them on stderr."""

    def __init__(
        self,
        *,
        as_json: bool = False,
        vertical: bool = False,
        annotated: bool = False,
        pictures: PictureFiles | None = None,
    ) -> None:
        self.as_json, self.vertical, self.annotated, self.pictures = as_json, vertical, annotated, pictures
        self.is_first = True

    def print_all(self, poems: Iterable[GeneratedPoem]) -> None:
        """Print each poem as it comes."""
        for poem in poems:
            self.print(poem)

    def print(self, poem: GeneratedPoem) -> None:
        """Print one, its notes before it, and draw it where that was asked for."""
        for note in poem.notes if poem.index == 0 else ():
            echo(note, err=True)
        if self.as_json:
            echo(json.dumps(poem.to_dict(), ensure_ascii=False))
        else:
            if self.annotated and self.is_first:
                echo(LEGEND, err=True)
            echo("\n" * (not self.is_first) + self._shown(poem))
        self.is_first = False
        if self.pictures:
            from poetgen.picture.cards import written_card

            self.pictures.save(written_card(poem, annotated=self.annotated))

    def _shown(self, poem: GeneratedPoem) -> str:
        if self.annotated:
            return "\n".join(annotated_rows(poem))
        return poem.vertical if self.vertical else str(poem)


def annotated_rows(poem: GeneratedPoem) -> Iterator[str]:
    """Each line, and under it its tones and, where it rhymes, the rhyme."""
    from poetgen.verse.annotation import annotate

    for line, mark, signs in zip(poem.lines, poem.marks, annotate(poem.corpus_lines), strict=True):
        yield line + mark
        rhyme = f"{BLANK}{signs.rhyme}韻" if signs.rhyme else ""
        row = signs.tones + rhyme
        yield to_script(row, poem.script)
