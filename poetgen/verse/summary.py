"""A report in few words: form, template, rhyme, and what is broken."""

from poetgen.language import tr
from poetgen.poem.form import MIXED
from poetgen.verse.check import STRICT
from poetgen.verse.report import Finding, Report
from poetgen.verse.rhyme_books import label_of


def summarize(report: Report) -> str:
    """五絕 · 仄起首句不入韻 · 尤韻 (平水韻) · keeps every rule."""
    return " · ".join([*name_parts(report), conclude(report)])


def describe(report: Report) -> str:
    """The summary, and below it each fault with its place and reason."""
    faults = (f"✗ {one.name}  {locate(one, report)}{one.reason}" for one in report.broken)
    return "\n".join([summarize(report), *faults])


def locate(finding: Finding, report: Report) -> str:
    """Where something was found, before its reason: line 3, 君: ; "" where it concerns no single place."""
    if not finding.line:
        return ""
    hanzi = report.lines[finding.line - 1].text[finding.position - 1] if finding.position else ""
    if hanzi:
        return tr("line {line}, {hanzi}: ", line=finding.line, hanzi=hanzi)
    return tr("line {line}: ", line=finding.line)


def name_parts(report: Report) -> list[str]:
    """Form, template and rhyme, those that there are."""
    form = report.form.name if report.form else MIXED
    group = label_of(report.rhyme_group) if report.rhyme_group else ""
    return [part for part in (form, report.template, group and f"{group} ({report.rhyme_book})") if part]


def conclude(report: Report) -> str:
    """Whether its rules are kept, in words."""
    names = list(dict.fromkeys(fault.name for fault in report.broken))
    if names:
        listed = " ".join(names)
        if len(names) == 1:
            return tr("breaks 1 rule: {names}", names=listed)
        return tr("breaks {count} rules: {names}", count=len(names), names=listed)
    if report.is_old_style:
        return tr("old style, rhymed in 仄: tones not judged")
    if report.tones_hold is None:
        return tr("has no rules to judge") if report.rhymes_hold is None else tr("keeps the rules of rhyme")
    exactly = tr(", and follows its template at every position") if report.strictness == STRICT else ""
    return tr("keeps every rule{exactly}", exactly=exactly)
