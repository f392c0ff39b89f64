"""What is found in a poem, rule by rule: plain values, ready for JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from poetgen.language import tr
from poetgen.poem.form import Form
from poetgen.verse.parallelism import CoupletScore
from poetgen.verse.rhyme_books import PINGSHUI

HOLDS, BROKEN, NOT_JUDGED = "holds", "broken", "not judged"

# Each rule is named by its fault.
FORM_RULES = {"不合體": "the poem has the form asked for"}
RHYME_RULES = {
    "出韻": "rhyme: the even lines end in one rhyme group",
    "重韻": "no rhyming character twice",
    "首句出韻": "a first line that ends level rhymes too",
}
TONE_RULES = {
    "不合律": "tones alternate at the 2nd, 4th and 6th place; lines end level where they rhyme, else oblique",
    "失救": "the answering line compensates for a 大拗 (救)",
    "失對": "opposition: the lines of a couplet start in unlike tones",
    "失粘": "adhesion: a couplet starts as the one before it ended",
    "孤平": "no lone level tone beside the level one that ends the line",
    "三平調": "no three level tones at the end of a line",
}
RULES = FORM_RULES | RHYME_RULES | TONE_RULES
NOTES = {
    "鄰韻": "the first line borrows its rhyme from a neighbouring group, allowed",
    "特拗": "平平仄平仄 for 平平平仄仄, allowed",
    "特拗首仄": "仄平仄平仄 for 平平平仄仄: allowed, but strict poets keep 平 first",
    "大拗": "compensated for by the answering line, allowed",
    "小拗": "仄仄仄平仄 for 仄仄平平仄, compensated for by the answering line, allowed",
    "孤平拗救": "仄平平仄平, allowed",
    "三仄尾": "three oblique tones at the end, allowed",
    "重字": "character repeated, allowed",
    "異讀": "a reading that poems seldom use, without which a rule would be broken",
    "不識": "reading unknown, taken as whatever fits",
}


@dataclass(frozen=True)
class Finding:
    """One thing found. `line` and `position` count from 1; None where it concerns no single place."""

    name: str
    line: int | None
    position: int | None
    reason: str

    @property
    def gloss(self) -> str:
        """What the name means."""
        return tr(RULES.get(self.name) or NOTES[self.name])


@dataclass(frozen=True)
class RuleReport:
    """One rule: it `holds`, is `broken` (the findings say where) or `not judged` (`reason` says why)."""

    name: str
    status: str
    findings: tuple[Finding, ...] = ()
    reason: str = ""

    @property
    def gloss(self) -> str:
        """What the rule asks for."""
        return tr(RULES[self.name])

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        found = [asdict(finding) for finding in self.findings]
        return {"gloss": self.gloss, **asdict(self), "findings": found}


class Judgement(NamedTuple):
    """What a module of rules found, faults and what is only noted, and why it did not judge some of its rules."""

    findings: Sequence[Finding] = ()
    notes: Sequence[Finding] = ()
    not_judged: Mapping[str, str] = MappingProxyType({})


def rule_report(name: str, findings: Sequence[Finding], *, why_not: str = "") -> RuleReport:
    """A rule is broken by any finding; `why_not` says why it is not judged."""
    if why_not:
        return RuleReport(name, NOT_JUDGED, reason=why_not)
    return RuleReport(name, BROKEN if findings else HOLDS, tuple(findings))


@dataclass(frozen=True)
class LineReport:
    """A line with its tones (平, 仄, 中 where either reading fits, ? unknown) and the rhyme groups of its last."""

    text: str
    tones: str
    groups: tuple[str, ...]
    rhymes: bool


@dataclass(frozen=True)
class Report:
    """A poem judged. Verdicts are None where the shape has no such rule.

    `strictness` is the strictest mode (strict, relaxed) whose tones the poem keeps, None for neither;
    `template` its name then; `rhyme_group` the group that most even lines end in; `couplets` says how parallel
    the middle couplets of a 律詩 or 排律 are, which no rule judges. `rhyme_book` is the one it was judged by.
    """

    lines: tuple[LineReport, ...]
    form: Form | None
    rhyme_group: str | None
    template: str | None
    strictness: str | None
    rules: tuple[RuleReport, ...]
    notes: tuple[Finding, ...]
    couplets: tuple[CoupletScore, ...] = ()
    rhyme_book: str = PINGSHUI

    def __str__(self) -> str:
        """五絕 · 仄起首句不入韻 · 尤韻 (平水韻) · keeps every rule; each fault on a line of its own."""
        from poetgen.verse.summary import describe

        return describe(self)

    @property
    def rhymes_hold(self) -> bool | None:
        """All even lines end in one group, and no rhyming character comes twice (docs/measures.md)."""
        return self._all_hold("出韻", "重韻")

    @property
    def tones_hold(self) -> bool | None:
        """The tones are those of regulated verse, 拗救 allowed (docs/measures.md)."""
        return self._all_hold(*TONE_RULES)

    @property
    def is_judged(self) -> bool:
        """Whether it has tones or rhymes that rules speak of."""
        return self.tones_hold is not None or self.rhymes_hold is not None

    @property
    def is_old_style(self) -> bool:
        """Whether it has the shape of regulated verse and an oblique rhyme, so that its tones are not judged."""
        regulated = self.form is not None and self.form.regulated
        return regulated and self.rhyme_group is not None and self.tones_hold is None

    @property
    def holds(self) -> bool:
        """Whether no rule that applies is broken."""
        return all(rule.status != BROKEN for rule in self.rules)

    @property
    def broken(self) -> tuple[Finding, ...]:
        """Every fault, in the order of the rules."""
        return tuple(finding for rule in self.rules for finding in rule.findings)

    def _all_hold(self, *names: str) -> bool | None:
        statuses = {rule.status for rule in self.rules if rule.name in names}
        return None if NOT_JUDGED in statuses else BROKEN not in statuses

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        form = self.form
        return {
            "form": form.name if form else None,
            "shape": [form.line_length, form.line_count] if form else None,
            "regulated": bool(form and form.regulated),
            "template": self.template,
            "strictness": self.strictness,
            "rhyme_book": self.rhyme_book,
            "rhyme_group": self.rhyme_group,
            "rhymes_hold": self.rhymes_hold,
            "tones_hold": self.tones_hold,
            "holds": self.holds,
            "old_style": self.is_old_style,
            "lines": [{**asdict(line), "groups": list(line.groups)} for line in self.lines],
            "rules": [rule.to_dict() for rule in self.rules],
            "parallelism": [asdict(couplet) for couplet in self.couplets],
            "notes": [{"gloss": note.gloss, **asdict(note)} for note in self.notes],
        }
