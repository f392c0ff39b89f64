"""The rhyme of a poem judged: what its lines end in."""

from collections.abc import Iterator, Sequence
from functools import cached_property

from poetgen.verse.report import Finding, RuleReport, rule_report
from poetgen.verse.rhymes import GROUPS, LEVEL, OBLIQUE, RhymeTable, neighbours, reading_in

EITHER_TONE = OBLIQUE + LEVEL


class Feet:
    """The last characters of a poem's lines; lines count from 0 here. Even lines are those at 1, 3, 5 ...

    A foot whose group the table does not know rhymes with whatever it should, and that is told in `unknown`.
    """

    def __init__(self, lines: Sequence[str], table: RhymeTable) -> None:
        self._hanzi = [line[-1] for line in lines]
        self._lengths = [len(line) for line in lines]
        self._table = table
        self._even = range(1, len(lines), 2)

    @cached_property
    def group(self) -> str | None:
        """The group in which most even lines rhyme; of equals a level one, one the first line shares, the first.

        None where no even line's foot is known.
        """
        groups = [self._table.groups(self._hanzi[k]) for k in self._even]
        first = self._table.groups(self._hanzi[0])

        def weight(group: str) -> tuple[int, bool, bool, int, int]:
            in_it = [k for k, some in enumerate(groups) if group in some]
            is_level = reading_in(group).tone == LEVEL
            return len(in_it), is_level, group in first, -in_it[0], -GROUPS.index(group)

        return max(frozenset().union(*groups), key=weight, default=None)

    @property
    def is_level(self) -> bool:
        """Whether the rhyme is level, or not known to be otherwise."""
        return self.group is None or reading_in(self.group).tone == LEVEL

    def rhymes(self, k: int) -> bool:
        """Whether the foot of line k may be read in the rhyme group."""
        return self.group in self._table.groups(self._hanzi[k])

    def tones(self, k: int) -> str:
        """The tones the foot of line k may have. A foot that rhymes has the tone it rhymes with."""
        hanzi = self._hanzi[k]
        if k % 2 == 0:
            inside = self._table.tones(hanzi)
            if k == 0 and self.group and self.rhymes(0):
                inside |= {reading_in(self.group).tone}
            return "".join(sorted(inside)) or EITHER_TONE
        readings = self._table.readings(hanzi)
        in_group = {reading.tone for reading in readings if reading.group == self.group}
        return "".join(sorted(in_group or {reading.tone for reading in readings})) or EITHER_TONE

    def groups(self, k: int, tone: str) -> tuple[str, ...]:
        """The groups the foot of line k may rhyme in when read in `tone`; the rhyme group alone if among them."""
        readings = self._table.readings(self._hanzi[k])
        found = tuple(reading.group for reading in readings if reading.group and reading.tone in tone)
        return (self.group,) if self.group and self.group in found else found

    def rules(self, first_tone: str | None) -> Iterator[RuleReport]:
        """The rules of rhyme; `first_tone` is what the first line ends in, None where the form leaves it free."""
        why = self._why_not_judged()
        yield rule_report("出韻", list(self._off_rhyme()), why_not=why)
        yield rule_report("重韻", list(self._repeated(first_tone)), why_not=why)
        free = "" if first_tone else "this form leaves its first line free"
        yield rule_report("首句出韻", list(self._first_line(first_tone)), why_not=why or free)

    def notes(self, first_tone: str | None) -> Iterator[Finding]:
        """鄰韻 of the first line."""
        if self._first_borrows(first_tone):
            hanzi, place = self._hanzi[0], self._lengths[0]
            yield Finding("鄰韻", 1, place, f"{hanzi} rhymes in {self._near(0)}, a neighbour of {self.group}")

    def unknown(self) -> Iterator[Finding]:
        """Even feet without a group."""
        for k in self._even:
            if not self._table.groups(self._hanzi[k]):
                reason = f"the rhyme table has no group for {self._hanzi[k]}"
                yield Finding("不識", k + 1, self._lengths[k], reason)

    def _why_not_judged(self) -> str:
        if len(self._even) < 2:
            return "there are fewer than two even lines to rhyme"
        return "" if self.group else "the rhyme table knows none of the even lines' feet"

    def _off_rhyme(self) -> Iterator[Finding]:
        for k in self._even:
            groups = self._table.groups(self._hanzi[k])
            if groups and self.group not in groups:
                yield Finding("出韻", k + 1, self._lengths[k], self._away(k))

    def _repeated(self, first_tone: str | None) -> Iterator[Finding]:
        first_rhymes = first_tone is not None and first_tone in self._tone_of_rhyme() and self.rhymes(0)
        seen: dict[str, int] = {}
        for k in [0, *self._even] if first_rhymes else self._even:
            hanzi = self._hanzi[k]
            if hanzi in seen:
                reason = f"{hanzi} is the foot of line {seen[hanzi] + 1} too"
                yield Finding("重韻", k + 1, self._lengths[k], reason)
            seen.setdefault(hanzi, k)

    def _first_line(self, first_tone: str | None) -> Iterator[Finding]:
        """A first line that ends level must rhyme, be it with a neighbour."""
        known = self._table.groups(self._hanzi[0])
        is_free = first_tone != LEVEL or not self.is_level or not known or self.rhymes(0)
        if not is_free and not self._first_borrows(first_tone):
            yield Finding("首句出韻", 1, self._lengths[0], self._away(0))

    def _first_borrows(self, first_tone: str | None) -> bool:
        is_free = first_tone != LEVEL or not self.is_level or self.rhymes(0)
        return not is_free and bool(self._near(0))

    def _tone_of_rhyme(self) -> str:
        return reading_in(self.group).tone if self.group else EITHER_TONE

    def _near(self, k: int) -> str:
        """The groups of a foot that neighbour the rhyme group."""
        near = neighbours(self.group) if self.group else frozenset()
        return " ".join(group for group in GROUPS if group in near & self._table.groups(self._hanzi[k]))

    def _away(self, k: int) -> str:
        groups = " ".join(group for group in GROUPS if group in self._table.groups(self._hanzi[k]))
        near = f" ({self._near(k)} is a neighbour)" if self._near(k) else ""
        return f"{self._hanzi[k]} rhymes in {groups}, not in {self.group}{near}"
