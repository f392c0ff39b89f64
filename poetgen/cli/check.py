"""`poetgen check`: whether poems keep the rules of their form."""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poetgen.cli.check_report import report_lines
from poetgen.cli.options import examples, json_option, rhyme_book_option, script_option
from poetgen.cli.output import echo, echo_styled
from poetgen.cli.picture_options import PictureFiles, picture_options
from poetgen.corpus.decoding import Decoded, decode_text, remove_invisible
from poetgen.corpus.reading import Reading
from poetgen.corpus.text_files import read_poem_text
from poetgen.corpus.typed import TypedPoem, judgeable
from poetgen.errors import CorpusError, PromptError
from poetgen.files import check_file, expand_home
from poetgen.language import in_script, tr
from poetgen.poem.form import Form, parse_form
from poetgen.poem.poem import is_hanzi
from poetgen.printable import printable
from poetgen.script.opencc import SIMPLIFIED, as_utf8, to_script
from poetgen.verse.check import RELAXED, STRICT, check_poem
from poetgen.verse.report import Report
from poetgen.verse.rhyme_books import XINYUN
from poetgen.verse.rhymes import RhymeTable

if TYPE_CHECKING:
    from poetgen.script.convert import Conversion

STDIN = "-"
TYPED = "the text"  # what is given on the command line
MOST_BYTES = 64 * 2**20
MOST_FAULTS = 20
_FILE_NAME = re.compile(r".*\.[A-Za-z0-9]{1,5}", re.DOTALL)


def _form(ctx: click.Context, param: click.Parameter, value: str | None) -> Form | None:
    return parse_form(value) if value else None


@click.command(
    epilog=examples(
        "poetgen check 白日依山盡，黃河入海流。欲窮千里目，更上一層樓。",
        "poetgen check poems.txt",
        "poetgen generate 月 | poetgen check",
    )
)
@click.argument("sources", metavar="[TEXT|FILE|-]...", nargs=-1)
@click.option(
    "--form", metavar="FORM", callback=_form, help="The form a poem must have, such as 五絕.  [default: any]"
)
@click.option(
    "--tones",
    type=click.Choice([RELAXED, STRICT]),
    default=RELAXED,
    show_default=True,
    help="relaxed: positions 1, 3 and 5 are free (一三五不論) and 拗救 is allowed; strict: every position "
    "follows its template.",
)
@click.option(
    "--book", is_flag=True, help="Use the rhyme book as printed, without the additions of this package."
)
@rhyme_book_option
@click.option("--strict", is_flag=True, help="Exit with code 1 when a rule is broken.")
@script_option("Script of what is printed.  [default: the poem's]")
@picture_options
@json_option
def check(
    sources: tuple[str, ...],
    *,
    form: Form | None,
    tones: str,
    book: bool,
    rhyme_book: str,
    strict: bool,
    script: str | None,
    pictures: PictureFiles | None,
    as_json: bool,
) -> None:
    """Judge poems rule by rule: rhyme and tones, and where and why a rule is broken.

    A poem is given as text, in a FILE, or on standard input (-), in either script; blank lines separate several
    poems. 對仗 (parallelism) is not judged.
    """
    if book and rhyme_book == XINYUN:
        raise click.UsageError(
            tr(
                "--book is 平水韻 as printed, and {xinyun} is another book; omit one of the two",
                xinyun=XINYUN,
            )
        )
    table = RhymeTable.load(amended=not book, book=rhyme_book)
    judge = partial(check_poem, table=table, form=form, strict=tones == STRICT)
    tally = _Tally()
    for poem in _poems(sources, form):
        if isinstance(poem, PromptError):
            tally.tell_of(poem)
            continue
        read = in_corpus_characters(poem, script)
        with in_script(is_simplified=read.script == SIMPLIFIED):
            report = judge(read.text.split("\n"))
            if as_json:
                echo(json.dumps({**_given(poem, read), **report.to_dict()}, ensure_ascii=False))
            else:
                echo_styled("\n" * (tally.poems > 0) + _shown(report, poem, read, explains=not tally.poems))
            if pictures:
                from poetgen.picture.cards import judged_card

                typed = read.typed.split("\n")
                pictures.save(judged_card(report, typed=typed, title=poem.title, script=read.script))
        tally.count(report)
    tally.tell()
    if tally.unread or (strict and tally.broken):
        raise SystemExit(1)


def in_corpus_characters(poem: TypedPoem, script: str | None = None) -> "Conversion":
    """The poem's lines in the characters of the corpus, which the rhyme table has; what was assumed, on stderr.

    `script` is the one to print it in, by default as it was typed.
    """
    from poetgen.script.convert import to_corpus

    read = to_corpus("\n".join(poem.lines))
    for note in read.notes:
        echo(note, err=True)
    return replace(read, typed=to_script(read.text, script), script=script) if script else read


def _shown(report: Report, poem: TypedPoem, read: "Conversion", *, explains: bool) -> str:
    """The verdict, in the script of the poem."""
    title = f"{poem.title} {poem.author}".strip()
    rows = report_lines(report, title=title, typed=read.typed.split("\n"), explains=explains)
    text = "\n".join(rows)
    return to_script(text, read.script)


def _given(poem: TypedPoem, read: "Conversion") -> dict[str, object]:
    return {
        "row": poem.number,
        "title": poem.title,
        "author": poem.author,
        "typed": list(poem.lines),
        "script": read.script,
    }


class _Tally:
    """How many poems were judged, and how they did."""

    def __init__(self) -> None:
        self.poems = self.broken = self.unread = self.single_lines = 0

    def count(self, report: Report) -> None:
        """One poem more."""
        self.poems += 1
        self.broken += not report.holds
        self.single_lines += len(report.lines) == 1

    def tell_of(self, fault: PromptError) -> None:
        """A poem that cannot be read; after many, they are only counted."""
        self.unread += 1
        if self.unread <= MOST_FAULTS:
            echo(tr("Error: {fault}", fault=fault), err=True)

    def tell(self) -> None:
        """Say on stderr how several poems did, and how many were passed over."""
        if self.unread > MOST_FAULTS:
            echo(
                tr("Error: {unread:,} more poems cannot be read", unread=self.unread - MOST_FAULTS), err=True
            )
        if self.single_lines > 1:
            echo(
                tr("each text is judged by itself; quote a poem that has blanks between its lines"), err=True
            )
        if self.poems > 1:
            kept = self.poems - self.broken
            echo(
                tr(
                    "{poems:,} poems: {kept:,} keep every rule, {broken:,} do not",
                    poems=self.poems,
                    kept=kept,
                    broken=self.broken,
                ),
                err=True,
            )


def _poems(sources: Sequence[str], form: Form | None) -> Iterator[TypedPoem | PromptError]:
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
        reading = Reading()
        length = form.line_length if form else None
        judged = 0
        for poem in judgeable(read_poem_text(decoded, name, reading, line_length=length), reading):
            judged += isinstance(poem, TypedPoem)
            yield poem
        if judged and not (name == TYPED or (name == "standard input" and reading.is_plain)):
            echo(f"{printable(tr(name))}: {reading}", err=True)


def _texts(sources: Sequence[str]) -> Iterator[tuple[str, Decoded]]:
    """(name, text) of each source; two texts are never one poem."""
    if not sources and sys.stdin.isatty():
        raise click.UsageError(tr("give a poem as text, a file, or - for standard input"))
    for source in sources or (STDIN,):
        if _is_text(source):
            yield TYPED, Decoded(remove_invisible(as_utf8(source, TYPED)))
        else:
            yield _name(source), _read(source)


def _is_text(source: str) -> bool:
    """Whether an argument is a poem itself: hanzi that name no file and do not look like a file's name."""
    if source == STDIN or (source and _exists(source)):
        return False
    return not source or (not _FILE_NAME.fullmatch(source) and any(map(is_hanzi, source)))


def _exists(source: str) -> bool:
    try:
        return Path(expand_home(source)).exists()
    except (OSError, ValueError):  # a poem too long for a file's name, or none that could be one
        return False


def _name(source: str) -> str:
    return "standard input" if source == STDIN else source.encode("utf-8", "backslashreplace").decode()


def _read(source: str) -> Decoded:
    """A file's text. Raises CorpusError for what is no file of text, or far too large."""
    name = _name(source)
    if source != STDIN and not _exists(source):
        raise CorpusError(
            tr("{name} is neither a file nor Chinese text; give a poem, a file, or -", name=tr(name))
        )
    if source != STDIN and Path(expand_home(source)).is_dir():
        raise CorpusError(tr("{name} is a folder; give a file of poems", name=tr(name)))
    path = source if source == STDIN else check_file(Path(expand_home(source)))
    with click.open_file(path, "rb") as file:
        data: bytes = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise CorpusError(
            tr(
                "{name} is larger than {most_bytes} MiB; check it in parts",
                name=tr(name),
                most_bytes=MOST_BYTES // 2**20,
            )
        )
    return decode_text(data, name)
