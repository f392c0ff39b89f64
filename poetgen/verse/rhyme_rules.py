"""The rhyme of a poem, judged: what its lines end in (韻腳)."""

from collections.abc import Iterator, Sequence
from functools import cached_property

from poetgen.language import tr
from poetgen.poem.poem import word_of
from poetgen.verse.report import RHYME_RULES, Finding, Judgement
from poetgen.verse.rhyme_books import LEVEL, OBLIQUE, ORDER, XINYUN, neighbours, reading_in
from poetgen.verse.rhymes import RhymeTable
from poetgen.verse.senses import Senses

BOTH_TONES = OBLIQUE + LEVEL


class RhymePositions:
    """The last characters of a poem's lines; lines count from 0 here. Even lines are those at 1, 3, 5 ...

    A character whose group the table does not know rhymes with whatever it should, and a note says so.
    """

    def __init__(self, lines: Sequence[str], table: RhymeTable) -> None:
        self.hanzi = [line[-1] for line in lines]
        self.even = range(1, len(lines), 2)
        self._lengths = [len(line) for line in lines]
        self._table = table

    @property
    def has_senses(self) -> bool:
        """Whether the book's tones are those of the old poems that tell in which sense a line has a character."""
        return self._table.book != XINYUN

    @cached_property
    def group(self) -> str | None:
        """The group in which most even lines rhyme; of equals a level one, one the first line shares, the first.

        None where the end of no even line is known.
        """
        groups = [self.known_groups(k) for k in self.even]
        first = self.known_groups(0)

        usual = [self._table.groups(self.hanzi[k], usual=True) for k in self.even]

        def weight(group: str) -> tuple[int, int, bool, bool, int, int, int]:
            in_it = [k for k, some in enumerate(groups) if group in some]
            usually = sum(group in some for some in usual)
            is_level = reading_in(group).tone == LEVEL
            later = sum(_place_among(self.hanzi[k], group) for k in in_it)
            return len(in_it), usually, is_level, group in first, -in_it[0], -later, -ORDER[group]

        return max(frozenset().union(*groups), key=weight, default=None)

    @property
    def tone(self) -> str:
        """The tone of the rhyme; either where it is not known."""
        return reading_in(self.group).tone if self.group else BOTH_TONES

    @property
    def is_level(self) -> bool:
        """Whether the rhyme is level, or not known to be otherwise."""
        return LEVEL in self.tone

    def known_groups(self, k: int) -> frozenset[str]:
        """The groups in which line k may rhyme; empty: unknown."""
        return self._table.groups(self.hanzi[k])

    def has_tone(self, k: int) -> bool:
        """Whether anything is known of how the end of line k is read."""
        return bool(self._table.readings(self.hanzi[k]))

    def near_groups(self, k: int) -> str:
        """The groups of line k that neighbour the rhyme group."""
        near = neighbours(self.group) if self.group else frozenset()
        return " ".join(sorted(near & self.known_groups(k), key=ORDER.__getitem__))

    def rhymes(self, k: int) -> bool:
        """Whether the end of line k may be read in the rhyme group."""
        return self.group in self.known_groups(k)

    def tones(self, k: int) -> str:
        """The tones in which line k may end. A character that rhymes has the tone it rhymes with."""
        hanzi = self.hanzi[k]
        if k % 2 == 0:
            inside = self._table.tones(hanzi)
            if k == 0 and self.group and self.rhymes(0):
                inside |= {reading_in(self.group).tone}
            return "".join(sorted(inside)) or BOTH_TONES
        readings = self._table.readings(hanzi)
        in_group = {reading.tone for reading in readings if reading.group == self.group}
        return "".join(sorted(in_group or {reading.tone for reading in readings})) or BOTH_TONES

    def seldom_tones(self, k: int) -> str:
        """Of those, the tones that only its seldom readings have."""
        usual = {reading.tone for reading in self._table.readings(self.hanzi[k], usual=True)}
        if k % 2 == 0 and not (k == 0 and self.rhymes(0)):
            usual &= self._table.tones(self.hanzi[k], usual=True)
        return "".join(tone for tone in self.tones(k) if usual and tone not in usual)

    def rhymes_seldom(self, k: int) -> bool:
        """Whether line k ends in the rhyme group only by a reading that poems seldom use."""
        return self.rhymes(k) and self.group not in self._table.groups(self.hanzi[k], usual=True)

    def groups(self, k: int, tone: str) -> tuple[str, ...]:
        """The groups in which line k may rhyme when read in `tone`; the rhyme group alone if among them."""
        every = [reading for reading in self._table.readings(self.hanzi[k]) if reading.group]
        if self.group and any(reading.group == self.group and reading.tone in tone for reading in every):
            return (self.group,)
        usual = self._table.groups(self.hanzi[k], usual=True)
        found = [reading.group for reading in every if reading.tone in tone]
        return tuple(group for group in found if group in usual) or tuple(found)

    def find(self, name: str, k: int, reason: str) -> Finding:
        """Something found at the end of line k."""
        return Finding(name, k + 1, self._lengths[k], reason)


def _place_among(hanzi: str, group: str) -> int:
    """How many groups of its tone a character rhymes in more often than in this one."""
    groups = Senses.load().groups.get(hanzi, ())
    return groups.index(group) if group in groups else len(groups)


def judge_rhymes(ends: RhymePositions, first_tone: str | None) -> Judgement:
    """The rules of rhyme; `first_tone` ends the first line, None where the form leaves that free."""
    why = _why_not_judged(ends)
    if why:
        return Judgement((), (*_find_unknown(ends, first_tone),), dict.fromkeys(RHYME_RULES, why))
    free = {} if first_tone else {"首句出韻": tr("this form leaves its first line free")}
    ends_level = first_tone == LEVEL and ends.is_level and not ends.rhymes(0)
    findings = (*_find_off_rhyme(ends), *_find_repeated(ends, first_tone), *_find_off_first(ends, ends_level))
    notes = (*_find_borrowed(ends, ends_level), *_find_seldom(ends), *_find_unknown(ends, first_tone))
    return Judgement(findings, notes, free)


def _why_not_judged(ends: RhymePositions) -> str:
    if len(ends.even) < 2:
        return tr("there are fewer than two even lines to rhyme")
    return "" if ends.group else tr("the rhyme table knows the end of no even line")


def _find_off_rhyme(ends: RhymePositions) -> Iterator[Finding]:
    for k in ends.even:
        if ends.known_groups(k) and not ends.rhymes(k):
            yield ends.find("出韻", k, _away(ends, k))


def _find_repeated(ends: RhymePositions, first_tone: str | None) -> Iterator[Finding]:
    first_rhymes = first_tone is not None and first_tone in ends.tone and ends.rhymes(0)
    seen: dict[str, int] = {}
    for k in [0, *ends.even] if first_rhymes else ends.even:
        hanzi = ends.hanzi[k]
        before = seen.setdefault(word_of(hanzi), k)
        if before != k:
            spelled = "" if ends.hanzi[before] == hanzi else tr(", spelled {hanzi}", hanzi=ends.hanzi[before])
            yield ends.find(
                "重韻",
                k,
                tr(
                    "{hanzi} ends line {before} too{spelled}", hanzi=hanzi, before=before + 1, spelled=spelled
                ),
            )


def _find_off_first(ends: RhymePositions, ends_level: bool) -> Iterator[Finding]:
    """A first line that ends level must rhyme, be it with a neighbour."""
    if ends_level and ends.known_groups(0) and not ends.near_groups(0):
        yield ends.find("首句出韻", 0, _away(ends, 0))


def _find_borrowed(ends: RhymePositions, ends_level: bool) -> Iterator[Finding]:
    """鄰韻 of the first line."""
    if ends_level and ends.near_groups(0):
        reason = tr(
            "{hanzi} rhymes in {part}, a neighbour of {group}",
            hanzi=ends.hanzi[0],
            part=ends.near_groups(0),
            group=ends.group,
        )
        yield ends.find("鄰韻", 0, reason)


def _find_seldom(ends: RhymePositions) -> Iterator[Finding]:
    """異讀 of even lines."""
    for k in ends.even:
        if ends.rhymes_seldom(k):
            yield ends.find(
                "異讀",
                k,
                tr(
                    "{hanzi} rhymes in {group} only as poems seldom read it",
                    hanzi=ends.hanzi[k],
                    group=ends.group,
                ),
            )


def _find_unknown(ends: RhymePositions, first_tone: str | None) -> Iterator[Finding]:
    """Even lines that end in a character without a group; where tones are judged too, of those with a tone."""
    for k in ends.even:
        if not ends.known_groups(k) and (first_tone is None or ends.has_tone(k)):
            yield ends.find("不識", k, tr("the rhyme table has no group for {hanzi}", hanzi=ends.hanzi[k]))


def _away(ends: RhymePositions, k: int) -> str:
    groups = " ".join(sorted(ends.known_groups(k), key=ORDER.__getitem__))
    near = tr(" ({k} is a neighbour)", k=ends.near_groups(k)) if ends.near_groups(k) else ""
    return tr(
        "{hanzi} rhymes in {groups}, not in {group}{near}",
        hanzi=ends.hanzi[k],
        groups=groups,
        group=ends.group,
        near=near,
    )
