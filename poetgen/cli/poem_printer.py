"""Poems on stdout: in rows or columns, with tones beneath, or as JSON; and in pictures."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from poetgen.cli.output import echo
from poetgen.files import write_text
from poetgen.language import tr
from poetgen.poem.lineation import WIDE_BLANK
from poetgen.script.opencc import to_script
from poetgen.verse.rhyme_books import label_of
from poetgen.writing.poem import GeneratedPoem

if TYPE_CHECKING:
    from poetgen.cli.poem_pictures import PictureFiles

LEGEND = "平 level, 仄 oblique, 入 oblique of the entering tone, 中 either; 韻 names the rhyme"


class PoemPrinter:
    """Poems on stdout or into a file, a blank line between; what is said about them on stderr."""

    def __init__(
        self,
        *,
        as_json: bool = False,
        vertical: bool = False,
        annotated: bool = False,
        pictures: "PictureFiles | None" = None,
        out: Path | None = None,
    ) -> None:
        self._out, self._rows = out, list[str]()
        self._said: set[str] = set()
        self.as_json, self.vertical, self.annotated, self.pictures = as_json, vertical, annotated, pictures
        self.is_first = True

    def print_all(self, poems: Iterable[GeneratedPoem], *, names_prompts: bool = False) -> None:
        """Print each poem as it comes, or all of them into the file, those too that were there before Ctrl-C."""
        try:
            for poem in poems:
                self.print(poem, names_prompt=names_prompts)
        finally:
            if self._out and self._rows:
                write_text(self._out, "\n".join(self._rows) + "\n")
                echo(tr("written: {out}", out=self._out), err=True)

    def print(self, poem: GeneratedPoem, *, names_prompt: bool = False) -> None:
        """Print one, its notes before it (once each, with the prompt among several), and draw it if asked to."""
        for note in poem.notes:
            self._say(f"{poem.prompt}: {note}" if names_prompt and poem.prompt else note)
        if self.as_json:
            self._put(json.dumps(poem.to_dict(), ensure_ascii=False))
        else:
            if self.annotated and self.is_first:
                echo(f"{tr(LEGEND)} ({to_script(poem.rhyme_book, poem.script)})", err=True)
            self._put("\n" * (not self.is_first) + self._render(poem))
        self.is_first = False
        if self.pictures:
            from poetgen.picture.cards import written_card

            self.pictures.save(written_card(poem, annotated=self.annotated))

    def _say(self, note: str) -> None:
        if note not in self._said:
            self._said.add(note)
            echo(note, err=True)

    def _put(self, text: str) -> None:
        if self._out:
            self._rows.append(text)
        else:
            echo(text)

    def _render(self, poem: GeneratedPoem) -> str:
        if self.annotated:
            return "\n".join(annotated_rows(poem))
        return poem.vertical if self.vertical else str(poem)


def annotated_rows(poem: GeneratedPoem) -> Iterator[str]:
    """Each line, and under it its tones and, where it rhymes, the rhyme."""
    from poetgen.verse.annotation import annotate

    for line, mark, signs in zip(
        poem.lines, poem.marks, annotate(poem.corpus_lines, poem.rhyme_book), strict=True
    ):
        yield line + mark
        rhyme = f"{WIDE_BLANK}{label_of(signs.rhyme)}" if signs.rhyme else ""
        row = signs.tones + rhyme
        yield to_script(row, poem.script)
