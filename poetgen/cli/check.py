"""`poetgen check`: whether poems keep the rules of their form."""

import json
from functools import partial
from typing import TYPE_CHECKING

import click

from poetgen.cli.check_report import report_lines
from poetgen.cli.options import (
    book_option,
    complete_by,
    examples,
    json_option,
    picture_options,
    rhyme_book_option,
    script_option,
)
from poetgen.cli.output import convert_styled, echo, echo_styled
from poetgen.cli.poem_arguments import in_corpus_characters, read_given_poems
from poetgen.corpus.typed_poems import TypedPoem
from poetgen.errors import ConfigError, PromptError
from poetgen.language import in_script, tr
from poetgen.poem.form import Form, parse_forms, shared_length
from poetgen.script.opencc import SIMPLIFIED, to_script
from poetgen.verse.check import RELAXED, STRICT, check_poem
from poetgen.verse.report import Report
from poetgen.verse.rhyme_books import check_book
from poetgen.verse.rhymes import RhymeTable

if TYPE_CHECKING:
    from poetgen.cli.poem_pictures import PictureFiles
    from poetgen.script.convert import Conversion

MOST_FAULTS = 20


def _forms(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[Form, ...]:
    return parse_forms(value, may_be_free=False)


@click.command(
    epilog=examples(
        "poetgen check 白日依山盡，黃河入海流。欲窮千里目，更上一層樓。",
        "poetgen check poems.txt",
        "poetgen generate 月 | poetgen check",
    )
)
@click.argument("sources", metavar="[TEXT|FILE|-]...", nargs=-1)
@click.option(
    "--form",
    "forms",
    metavar="FORM",
    callback=_forms,
    shell_complete=complete_by("offer_forms"),
    help="The form a poem must have, such as 五絕; of 絕句, 律詩, 五言, 七言 either.  [default: any]",
)
@click.option(
    "--tones",
    type=click.Choice([RELAXED, STRICT]),
    default=RELAXED,
    show_default=True,
    help="relaxed: positions 1, 3 and 5 are free (一三五不論) and 拗救 is allowed; strict: every position "
    "follows its template.",
)
@rhyme_book_option
@book_option
@click.option("--strict", is_flag=True, help="Exit with code 1 when a rule is broken.")
@script_option("Script of what is printed.  [default: the poem's]")
@picture_options
@json_option
def check(
    sources: tuple[str, ...],
    *,
    forms: tuple[Form, ...],
    tones: str,
    book: bool,
    rhyme_book: str,
    strict: bool,
    script: str | None,
    pictures: "PictureFiles | None",
    as_json: bool,
) -> None:
    """Judge poems rule by rule: rhyme and tones, and where and why a rule is broken.

    A poem is given as text, in a FILE, or on standard input (-), in either script; blank lines separate several
    poems. 對仗 (parallelism) is not judged.
    """
    try:
        check_book(rhyme_book, alone=book)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    table = RhymeTable.load(amended=not book, book=rhyme_book)
    judge = partial(check_poem, table=table, forms=forms, strict=tones == STRICT)
    tally = _Tally()
    for poem in read_given_poems(sources, line_length=shared_length(forms)):
        if isinstance(poem, PromptError):
            tally.tell_of(poem)
            continue
        read = in_corpus_characters(poem, script)
        with in_script(is_simplified=read.script == SIMPLIFIED):
            report = judge(read.lines)
            if as_json:
                echo(
                    json.dumps(
                        {**poem.to_dict(), "script": read.script, **report.to_dict()}, ensure_ascii=False
                    )
                )
            else:
                echo_styled(
                    "\n" * (tally.poems > 0) + _render_report(report, poem, read, explains=not tally.poems)
                )
            if pictures:
                from poetgen.picture.cards import judged_card

                pictures.save(
                    judged_card(report, typed=read.typed_lines, title=poem.title, script=read.script)
                )
        tally.count(report)
    tally.tell()
    if tally.unread or (strict and tally.broken):
        raise SystemExit(1)


def _render_report(report: Report, poem: TypedPoem, read: "Conversion", *, explains: bool) -> str:
    """The verdict, in the script of the poem."""
    title = f"{poem.title} {poem.author}".strip()
    rows = report_lines(report, title=title, typed=read.typed_lines, explains=explains)
    return convert_styled("\n".join(rows), lambda text: to_script(text, read.script))


class _Tally:
    """How many poems were judged, and how they did."""

    def __init__(self) -> None:
        self.poems = self.broken = self.without_rules = self.unread = self.single_lines = 0

    def count(self, report: Report) -> None:
        """One poem more."""
        self.poems += 1
        self.broken += not report.holds
        self.without_rules += not report.is_judged
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
            kept = self.poems - self.broken - self.without_rules
            echo(
                tr(
                    "{poems:,} poems: {kept:,} keep every rule, {broken:,} do not",
                    poems=self.poems,
                    kept=kept,
                    broken=self.broken,
                )
                + self._tell_of_free(),
                err=True,
            )

    def _tell_of_free(self) -> str:
        if not self.without_rules:
            return ""
        return tr(", {count:,} have no rules to judge", count=self.without_rules)
