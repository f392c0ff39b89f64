"""Tones and rhyme beside each line of a poem, as those who read or write verse mark them."""

from collections.abc import Sequence
from typing import NamedTuple

from poetgen.verse.check import check_poem
from poetgen.verse.report import Report
from poetgen.verse.rhyme_books import OBLIQUE, PINGSHUI
from poetgen.verse.rhymes import RhymeTable

ENTERING = (
    "入"  # 入聲 is one of the oblique tones; today's Mandarin reads a third of it level, so it is marked
)


class AnnotatedLine(NamedTuple):
    """`tones` has 平 仄 入 (oblique, of the entering tone), 中 where either is as good, ? where nobody knows.

    `rhyme` is the group in which the line rhymes, "" where it does not.
    """

    text: str
    tones: str
    rhyme: str


def annotate(lines: Sequence[str], book: str = PINGSHUI) -> tuple[AnnotatedLine, ...]:
    """Read the lines of a poem, hanzi in the corpus' own characters, by a rhyme book."""
    return annotate_report(check_poem(lines, table=RhymeTable.load(book=book)))


def annotate_report(report: Report) -> tuple[AnnotatedLine, ...]:
    """The same of a poem that has been judged."""
    return tuple(
        AnnotatedLine(
            line.text,
            mark_entering_tones(line.text, line.tones, report.rhyme_book),
            line.groups[0] if line.rhymes else "",
        )
        for line in report.lines
    )


def mark_entering_tones(line: str, tones: str, book: str = PINGSHUI) -> str:
    """The tones of a line, those of the entering tone marked, where the rhyme book has it."""
    return "".join(mark_entering(hanzi, tone, book) for hanzi, tone in zip(line, tones, strict=True))


def mark_entering(hanzi: str, tone: str, book: str = PINGSHUI) -> str:
    """The tone, 入 in place of 仄 where every oblique reading of the character is of the entering tone."""
    table = RhymeTable.load(book=book)
    oblique = [one for one in table.readings(hanzi, usual=True) if one.tone == OBLIQUE]
    volumes = {one.volume for one in oblique or table.readings(hanzi) if one.tone == OBLIQUE}
    return ENTERING if tone == OBLIQUE and volumes == {ENTERING} else tone
