"""Cards of poems: one that was written, and one that was judged."""

from collections.abc import Sequence
from dataclasses import replace

from poetgen.language import tr
from poetgen.picture.card import Card
from poetgen.script.opencc import to_script
from poetgen.verse.annotation import annotate_report
from poetgen.verse.check import check_poem
from poetgen.verse.report import Report
from poetgen.verse.rhyme_books import EITHER_SIGN, label_of
from poetgen.verse.rhymes import RhymeTable
from poetgen.verse.summary import locate, summarize
from poetgen.writing.poem import GeneratedPoem

TITLE_HANZI = 2  # a poem without a title goes by its first two characters, as in the Tang
MOST_CAPTIONS = 8


def written_card(poem: GeneratedPoem, *, title: str = "", annotated: bool = False) -> Card:
    """A poem of the model, with its seed; `annotated`: tones and rhymes beside."""
    report = check_poem(poem.corpus_lines, table=RhymeTable.load(book=poem.rhyme_book))
    footer = f"poetgen · seed {poem.seed}"
    return signed_card(
        report,
        typed=poem.lines,
        title=title or poem.title or "",
        script=poem.script,
        footer=footer,
        annotated=annotated,
    )


def signed_card(
    report: Report,
    *,
    typed: Sequence[str],
    title: str = "",
    script: str = "",
    footer: str = "",
    annotated: bool = False,
) -> Card:
    """A poem to be looked at, signed with its form and rhyme; without a title it goes by its first characters."""
    form = report.form.name if report.form and report.rhymes_hold else ""
    group = label_of(report.rhyme_group) if report.rhyme_group and report.rhymes_hold else ""
    card = Card(typed, title or typed[0][:TITLE_HANZI], form + group, footer=footer)
    card = _mark(card, report) if annotated else card
    return _in_script(card, script)


def judged_card(report: Report, *, typed: Sequence[str] = (), title: str = "", script: str = "") -> Card:
    """A poem that was judged: tones, rhymes, and each fault in its place and in words.

    `typed` are its lines as they were given, where they were read otherwise.
    """
    faults = [f"× {fault.name}  {locate(fault, report)}{fault.reason}" for fault in report.broken]
    shown = faults[:MOST_CAPTIONS]
    if len(faults) > MOST_CAPTIONS:
        shown.append(tr("× and {count} more", count=len(faults) - MOST_CAPTIONS))
    card = Card(
        typed or tuple(line.text for line in report.lines),
        title=title,
        seal="",
        footer=_legend(report),
        captions=(summarize(report), *shown),
        warnings=frozenset(shown),
    )
    card = _mark(card, report)
    return _in_script(card, script)


def _legend(report: Report) -> str:
    """What the signs of a judged poem mean, those that it has."""
    signs = [tr("○ 平 level"), tr("● 仄 oblique")]
    signs += [tr("half: either")] * any(EITHER_SIGN in line.tones for line in report.lines)
    return " · ".join([*signs, tr("red: rhymes and faults")])


def _mark(card: Card, report: Report) -> Card:
    """The card with tones, rhymes and faults."""
    return replace(
        card,
        tones=[line.tones for line in report.lines],
        rhymes=frozenset(k for k, line in enumerate(annotate_report(report)) if line.rhyme),
        faults=frozenset(
            (one.line - 1, one.position - 1) for one in report.broken if one.line and one.position
        ),
    )


def _in_script(card: Card, script: str) -> Card:
    """What stands beside the poem in its script."""
    return replace(
        card,
        title=to_script(card.title, script),
        footer=to_script(card.footer, script),
        signature=to_script(card.signature, script),
        captions=tuple(to_script(caption, script) for caption in card.captions),
        warnings=frozenset(to_script(warning, script) for warning in card.warnings),
    )
