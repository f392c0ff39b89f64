"""A poem's report as a person reads it: each line with its tones and rhyme, then rule by rule.

Colour only repeats what the signs say: 平 and 仄 are written out, ✓ ✗ · lead what is kept, broken and noted.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from poetgen.cli.output import style
from poetgen.language import tr
from poetgen.poem.lineation import WIDE_BLANK
from poetgen.verse.annotation import mark_entering_tones
from poetgen.verse.report import BROKEN, HOLDS, NOT_JUDGED, Finding, LineReport, Report
from poetgen.verse.rhyme_books import LEVEL, OBLIQUE, label_of
from poetgen.verse.summary import conclude, locate, name_parts

COLOURS = {LEVEL: "cyan", OBLIQUE: "yellow"}
SIGNS = {"入": "仄 of the entering tone", "中": "平 or 仄, either fits", "?": "tone unknown"}
MOST_PLACES = 8  # told of one rule; more say no more


def report_lines(
    report: Report, *, title: str = "", typed: Sequence[str] = (), explains: bool = True
) -> Iterator[str]:
    """The lines to print; `typed` are the poem's lines as they were given, if they were read otherwise.

    `explains` says what the less usual signs mean, those that are there.
    """
    if title:
        yield style(title, bold=True)
    yield summary(report)
    yield ""
    yield from _verse(report, typed or [line.text for line in report.lines])
    if explains:
        yield from _legend(report)
    yield ""
    yield from _list_kept(report)
    yield from _list_broken(report)
    yield from _list_notes(report)
    yield from _list_couplets(report)
    yield from _not_judged(report)


def summary(report: Report) -> str:
    """Form, template, rhyme, and what is broken, on one line."""
    colour = "red" if report.broken else "green" if report.is_judged else None
    return " · ".join([*name_parts(report), style(conclude(report), fg=colour)])


def _verse(report: Report, typed: Sequence[str]) -> Iterator[str]:
    """Each line with its tones, the groups in which it ends, and the rules it breaks."""
    faults = defaultdict(list)
    for fault in report.broken:
        faults[fault.line].append(fault)
    width = max(map(len, typed))
    for number, (line, text) in enumerate(zip(report.lines, typed, strict=True), start=1):
        places = {fault.position for fault in faults[number]}
        hanzi = "".join(_color_tone(text[k], tone, k + 1 in places) for k, tone in enumerate(line.tones))
        marked = mark_entering_tones(line.text, line.tones, report.rhyme_book)
        tones = "".join(map(_color_tone, marked, line.tones))
        pad = WIDE_BLANK * (width - len(text))
        names = " ".join(dict.fromkeys(fault.name for fault in faults[number]))
        row = f"  {hanzi}{pad}  {tones}{pad}  {_rhyme(line, is_last=not names)}"
        yield row + (style(f"  ✗ {names}", fg="red") if names else "")


def _legend(report: Report) -> Iterator[str]:
    """What the signs mean that not every reader of verse knows."""
    shown = "".join(mark_entering_tones(line.text, line.tones, report.rhyme_book) for line in report.lines)
    signs = [f"{sign} {tr(meaning)}" for sign, meaning in SIGNS.items() if sign in shown]
    several = next((line.groups[:2] for line in report.lines if not line.rhymes and len(line.groups) > 1), ())
    signs += (
        [tr("{several} rhyme groups of a line that does not rhyme", several="/".join(several))]
        if several
        else []
    )
    if signs:
        yield style(f"  ({tr('; ').join(signs)})", dim=True)


def _color_tone(text: str, tone: str, is_faulty: bool = False) -> str:
    if is_faulty:
        return style(text, fg="red", bold=True, underline=True)
    return style(text, fg=COLOURS[tone]) if tone in COLOURS else text


def _rhyme(line: LineReport, *, is_last: bool) -> str:
    """The group a line rhymes in, else the first two it could, dim; of one width where more follows."""
    if line.rhymes:
        label = label_of(line.groups[0])
        shown, width = style(label, fg="green"), 2 * len(label)
    else:
        groups = line.groups[:2]
        shown, width = style("/".join(groups), dim=True), 2 * len("".join(groups)) + (len(groups) > 1)
    return shown if is_last else shown + " " * max(5 - width, 0)


def _list_kept(report: Report) -> Iterator[str]:
    names = [rule.name for rule in report.rules if rule.status == HOLDS]
    if names:
        yield tr("  {tick} free of {names}", tick=style("✓", fg="green"), names=" ".join(names))


def _list_broken(report: Report) -> Iterator[str]:
    for rule in report.rules:
        if rule.status == BROKEN:
            yield f"  {style(f'✗ {rule.name}', fg='red')}  {rule.gloss}"
            yield from _list_places(rule.findings, report)


def _list_notes(report: Report) -> Iterator[str]:
    by_name = defaultdict(list)
    for note in report.notes:
        by_name[note.name].append(note)
    for name, found in by_name.items():
        yield f"  · {name}  {found[0].gloss}"
        yield from _list_places(found, report, is_exact=False)


def _list_couplets(report: Report) -> Iterator[str]:
    """How parallel the middle couplets are among real ones: of 100, so many are less so."""
    told = [
        tr("couplet {couplet}: {percentile:.0f}", couplet=one.couplet, percentile=one.percentile)
        for one in report.couplets
    ]
    if told:
        yield tr("  · 對仗  how parallel the middle couplets are, of 100 real ones so many less so")
        yield f"      {tr(', ').join(told)}"


def _list_places(findings: Sequence[Finding], report: Report, *, is_exact: bool = True) -> Iterator[str]:
    for finding in findings[:MOST_PLACES]:
        place = finding if is_exact else replace(finding, position=None)
        yield f"      {locate(place, report)}{finding.reason}"
    if len(findings) > MOST_PLACES:
        yield tr("      and {count} more", count=len(findings) - MOST_PLACES)


def _not_judged(report: Report) -> Iterator[str]:
    rules = [rule for rule in report.rules if rule.status == NOT_JUDGED]
    for reason, some in groupby(rules, key=lambda rule: rule.reason):
        yield tr(
            "  - not judged: {some} ({reason})", some=" ".join(rule.name for rule in some), reason=reason
        )
