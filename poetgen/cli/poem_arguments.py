"""Poems as a command is given them: as text, in files, or on standard input."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poetgen.cli.output import echo
from poetgen.corpus.decoding import Decoded, decode_text, remove_invisible
from poetgen.corpus.reading import ReadingReport
from poetgen.corpus.sources import warn_of_rejects
from poetgen.corpus.text_files import read_poem_text
from poetgen.corpus.typed_poems import TypedPoem, extract_verse
from poetgen.errors import CorpusError, PromptError
from poetgen.files import check_file, expand_home
from poetgen.language import tr
from poetgen.poem.poem import is_hanzi
from poetgen.printable import printable
from poetgen.script.opencc import as_utf8, to_script

if TYPE_CHECKING:
    from poetgen.script.convert import Conversion

STDIN = "-"
TYPED = "the text"  # what is given on the command line
MOST_BYTES = 64 * 2**20
_FILE_NAME = re.compile(r".*\.[A-Za-z0-9]{1,5}", re.DOTALL)


def read_given_poems(
    sources: Sequence[str], *, line_length: int | None = None
) -> Iterator[TypedPoem | PromptError]:
    """Every poem of every source, or why it is none. Raises PoetgenError for a source without any."""
    for name, decoded in _texts(sources):
        if not any(map(is_hanzi, decoded.text)):
            lack = tr("holds no hanzi") if decoded.text.strip() else tr("is empty")
            raise PromptError(
                tr(
                    "{name} {lack}; give a poem in Chinese characters, as text or in a file",
                    name=tr(name),
                    lack=lack,
                )
            )
        reading = ReadingReport()
        judged = 0
        for poem in extract_verse(read_poem_text(decoded, name, reading, line_length=line_length), reading):
            judged += isinstance(poem, TypedPoem)
            yield poem
        if judged and not (name == TYPED or (name == "standard input" and reading.is_plain)):
            echo(f"{printable(tr(name))}: {reading}", err=True)
        if name not in (TYPED, "standard input") and (warning := warn_of_rejects(Path(expand_home(name)))):
            echo(printable(warning), err=True)


def in_corpus_characters(poem: TypedPoem, script: str | None = None) -> "Conversion":
    """The poem's lines in the characters of the corpus, which the rhyme table has; what was assumed, on stderr.

    `script` is the one to print it in, by default as it was typed.
    """
    from poetgen.script.convert import lines_to_corpus

    read = lines_to_corpus(poem.lines)
    for note in read.notes:
        echo(note, err=True)
    return replace(read, typed=to_script(read.text, script), script=script) if script else read


def _texts(sources: Sequence[str]) -> Iterator[tuple[str, Decoded]]:
    """(name, text) of each source; two texts are never one poem."""
    if not sources and sys.stdin.isatty():
        raise click.UsageError(tr("give a poem as text, a file, or - for standard input"))
    for source in sources or (STDIN,):
        if _is_text(source):
            yield TYPED, Decoded(remove_invisible(as_utf8(source, TYPED)))
        else:
            if source != STDIN and not _exists(source):
                raise CorpusError(
                    tr(
                        "{name} is neither a file nor Chinese text; give a poem, a file, or -",
                        name=tr(_name(source)),
                    )
                )
            yield _name(source), read_file(source)


def _is_text(source: str) -> bool:
    """Whether an argument is a poem itself: hanzi that name no file and do not look like a file's name."""
    if source == STDIN or (source and _exists(source)):
        return False
    return not source or (not _FILE_NAME.fullmatch(source) and any(map(is_hanzi, source)))


def _exists(source: str) -> bool:
    try:
        return Path(expand_home(source)).exists()
    except PermissionError:  # in a folder that may not be looked into; to open it will say so
        return True
    except (OSError, ValueError):  # a poem too long for a file's name, or none that could be one
        return False


def _name(source: str) -> str:
    return "standard input" if source == STDIN else source.encode("utf-8", "backslashreplace").decode()


def read_file(source: str) -> Decoded:
    """The text of a file, - for standard input. Raises OSError, CorpusError for what is not text or too large."""
    name = _name(source)
    if source != STDIN and Path(expand_home(source)).is_dir():
        raise CorpusError(tr("{name} is a folder; give a file of poems", name=tr(name)))
    path = source if source == STDIN else check_file(Path(expand_home(source)))
    with click.open_file(path, "rb") as file:
        data: bytes = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise CorpusError(
            tr(
                "{name} is larger than {most_bytes} MiB; give it in parts",
                name=tr(name),
                most_bytes=MOST_BYTES // 2**20,
            )
        )
    return decode_text(data, name)
