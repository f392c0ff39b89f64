"""Tones and rhymes of characters (in the corpus' own forms) by a rhyme book, 平水韻 above all with its 106 groups.

pingshui.txt, beside this file, holds the rhyme book as it is printed and, line by line with their evidence, the
changes made to it; tools/build_rhymes.py writes it. What neither book nor corpus tells is unknown: it has no
reading here.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType

from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.verse.rhyme_books import (
    CILIN,
    CILIN_OF,
    GROUPS,
    LEVEL,
    OBLIQUE_SIDE,
    PINGSHUI,
    XINYUN,
    Reading,
    full_name,
    groups_of,
    reading_in,
)

_SPELLINGS = str.maketrans(
    "东鱼齐眞删萧阳盐餚肿讲语荠贿轸铣筱养寝绛霁队问愿谏啸号个個祃径艳艷质觉药锡职缉叶声韵",
    "東魚齊真刪蕭陽鹽肴腫講語薺賄軫銑篠養寢絳霽隊問願諫嘯號箇箇禡徑豔豔質覺藥錫職緝葉聲韻",
)
_FOLDER = Path(__file__).parent


def parse_group(text: str, book: str = PINGSHUI) -> str:
    """The group named by `text` in either script: 東, 东, 一東, 東韻, 上平聲一東 are one. Raises PromptError."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).translate(_SPELLINGS)
    plain = plain.replace("聲", "").removesuffix("韻")
    if book != PINGSHUI:
        plain = plain.removesuffix("平")
    groups = groups_of(book)
    for group in groups:
        name = full_name(group).replace("聲", "")
        if plain.strip(OBLIQUE_SIDE) and (name.endswith(plain) or name.removesuffix("部").endswith(plain)):
            return group
    shown = text if len(text) <= 20 else text[:20] + "…"
    own = RhymeTable.load(book=book).groups(plain)
    hint = (
        tr(
            "{plain} rhymes in {groups}; ",
            plain=plain,
            groups=" ".join(group for group in groups if group in own),
        )
        if own
        else ""
    )
    level = [group for group in groups if reading_in(group).tone == LEVEL]
    listed = "".join(level) if book == PINGSHUI else " ".join(level)
    raise PromptError(
        tr(
            "unknown rhyme group {shown!r}; {hint}the level groups are {listed}",
            shown=shown,
            hint=hint,
            listed=listed,
        )
    )


class RhymeTable:
    """The readings of each character: look up by character, or by group.

    Some readings are seldom: poems of the corpus hardly use them (中 as 仄, in 中興), or use them where a line
    rhymes alone (望 as 平). Who judges takes every reading for good; who writes takes those that are `usual`.
    """

    def __init__(
        self,
        readings: Mapping[str, tuple[Reading, ...]],
        *,
        seldom: Mapping[str, frozenset[Reading]] = MappingProxyType({}),
        rhyme_only: Mapping[str, frozenset[Reading]] = MappingProxyType({}),
        disputed: Mapping[str, frozenset[Reading]] = MappingProxyType({}),
        book: str = PINGSHUI,
    ) -> None:
        self.book = book
        self._disputed = disputed
        self._readings = readings
        self._seldom = seldom
        self._rhyme_only = rhyme_only

    @classmethod
    @cache
    def load(cls, *, amended: bool = True, book: str = PINGSHUI) -> "RhymeTable":
        """The table of one of BOOKS; `amended=False` gives 平水韻 alone, and 詞林正韻 by it.

        Alone, the book has no reading that others add to its characters; slips of the text at hand are corrected
        there too, and characters that it lacks are read as they are else.
        """
        if book == XINYUN:
            return parse_modern_table((_FOLDER / "xinyun.txt").read_text(encoding="utf-8"))
        table = parse_table((_FOLDER / "pingshui.txt").read_text(encoding="utf-8"), amended=amended)
        if book == CILIN:
            return table.join_groups((_FOLDER / "cilin.txt").read_text(encoding="utf-8"))
        return table

    def join_groups(self, splits: str) -> "RhymeTable":
        """The same of 詞林正韻; `splits` has for each group that it parts the characters in the later 部."""
        later = dict(row.split("\t") for row in splits.splitlines() if not row.startswith("#"))

        def join(hanzi: str, readings: Iterable[Reading]) -> tuple[Reading, ...]:
            found: dict[Reading, None] = {}
            for one in readings:
                parts = CILIN_OF.get(one.group, ())
                if len(parts) > 1:
                    parts = (parts[hanzi in later[one.group]],)
                found.update(dict.fromkeys(map(reading_in, parts)) if parts else {one: None})
            return tuple(found)

        readings = {hanzi: join(hanzi, every) for hanzi, every in self._readings.items()}
        seldom, rhyme_only, disputed = (
            {hanzi: frozenset(join(hanzi, some)) for hanzi, some in each.items()}
            for each in (self._seldom, self._rhyme_only, self._disputed)
        )
        # what is seldom one group may be usual another that is joined with it
        for few, table in ((seldom, self), (disputed, self.undisputed)):
            for hanzi, some in few.items():
                few[hanzi] = some - frozenset(join(hanzi, table.readings(hanzi, usual=True)))
        return RhymeTable(readings, seldom=seldom, rhyme_only=rhyme_only, disputed=disputed, book=CILIN)

    @cached_property
    def undisputed(self) -> "RhymeTable":
        """The same for who writes: what a witness lacks is not usual, where a character has other readings."""
        none: frozenset[Reading] = frozenset()
        seldom = {h: self._seldom.get(h, none) | some for h, some in self._disputed.items()}
        left = {h: some for h, some in seldom.items() if not some >= frozenset(self.readings(h))}
        return RhymeTable(
            self._readings, seldom={**self._seldom, **left}, rhyme_only=self._rhyme_only, book=self.book
        )

    def __contains__(self, hanzi: object) -> bool:
        return hanzi in self._readings

    def __iter__(self) -> Iterator[str]:
        return iter(self._readings)

    def __len__(self) -> int:
        return len(self._readings)

    def readings(self, hanzi: str, *, usual: bool = False) -> tuple[Reading, ...]:
        """The ways to read it where a line ends, tone and rhyme together; empty: unknown."""
        every = self._readings.get(hanzi, ())
        if not usual or hanzi not in self._seldom:
            return every
        return tuple(reading for reading in every if reading not in self._seldom[hanzi])

    def tones(self, hanzi: str, *, usual: bool = False) -> frozenset[str]:
        """The tones it may have inside a line; empty: unknown."""
        passed_over = self._rhyme_only.get(hanzi, frozenset()) if usual else frozenset()
        return frozenset(
            reading.tone for reading in self.readings(hanzi, usual=usual) if reading not in passed_over
        )

    def groups(self, hanzi: str, *, usual: bool = False) -> frozenset[str]:
        """The groups in which it may rhyme; empty: unknown."""
        return frozenset(reading.group for reading in self.readings(hanzi, usual=usual) if reading.group)

    def members(self, group: str) -> tuple[str, ...]:
        """The characters that usually rhyme in `group`, always in the same order; empty: no such group."""
        return self._members.get(group, ())

    @cached_property
    def _members(self) -> dict[str, tuple[str, ...]]:
        members: dict[str, list[str]] = {}
        for hanzi in self._readings:
            for reading in self.readings(hanzi, usual=True):
                members.setdefault(reading.group, []).append(hanzi)
        return {group: tuple(hanzi) for group, hanzi in members.items()}


def parse_modern_table(text: str) -> RhymeTable:
    """Read a table as xinyun.txt is written: a group, who usually rhymes in it, who seldom does."""
    usual: dict[str, list[Reading]] = {}
    seldom: dict[str, list[Reading]] = {}
    for row in text.splitlines():
        if not row.startswith("#"):
            group, *columns = row.split("\t")
            for found, hanzis in zip((usual, seldom), columns, strict=True):
                for hanzi in hanzis:
                    found.setdefault(hanzi, []).append(reading_in(group))
    readings = {hanzi: (*usual.get(hanzi, ()), *seldom.get(hanzi, ())) for hanzi in usual | seldom}
    few = {hanzi: frozenset(some) for hanzi, some in seldom.items() if hanzi in usual}
    return RhymeTable(readings, seldom=few, book=XINYUN)


def parse_table(text: str, *, amended: bool) -> RhymeTable:
    """Read a table as pingshui.txt is written; its head says how."""
    found: dict[str, list[Reading]] = {}
    seldom: dict[str, set[Reading]] = {}
    rhyme_only: dict[str, set[Reading]] = {}
    disputed: dict[str, set[Reading]] = {}
    marks = {"^": seldom, "~": rhyme_only, "?": disputed}
    of_name = {full_name(group): reading_in(group) for group in GROUPS}
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    for name, hanzis in (row for row in rows if row[0] in of_name):
        for hanzi in hanzis:
            found.setdefault(hanzi, []).append(of_name[name])
    printed = frozenset(found)
    for row in (row for row in rows if row[0] not in of_name):
        hanzi, own = row[0], found.setdefault(row[0], [])
        may_add = amended or hanzi not in printed or _corrects(row)
        for change in row[1].split():
            sign, reading = change[0], reading_in(change[1:])
            if sign in "+^" and not may_add:
                continue
            # what poems do not use is no misprint (校): it is kept, and told apart
            is_kept = sign == "-" and row[2] == "語料"
            if not is_kept:
                _amend(own, sign, reading)
            mark = seldom if is_kept else marks.get(sign)
            if mark is not None:
                mark.setdefault(hanzi, set()).add(reading)
    for hanzi, last in seldom.items():
        found[hanzi].sort(key=last.__contains__)
    readings = {hanzi: tuple(every) for hanzi, every in found.items() if every}
    few, last_only, doubted = (
        {hanzi: frozenset(some) for hanzi, some in each.items()} for each in (seldom, rhyme_only, disputed)
    )
    return RhymeTable(readings, seldom=few, rhyme_only=last_only, disputed=doubted)


def _corrects(row: Sequence[str]) -> bool:
    """Whether a row of changes mends a slip of the text at hand, or gives back what other texts have."""
    return row[2] in ("詩韻", "校") or (row[2] == "廣韻" and "-" in row[1])


def _amend(readings: list[Reading], sign: str, reading: Reading) -> None:
    """+支 and ^支 add a reading, -支 takes it away, ~支 keeps it for rhymes alone, ?支 doubts it."""
    if sign == "-":
        readings.remove(reading)
    elif sign != "?" and reading not in readings:
        readings.append(reading)
