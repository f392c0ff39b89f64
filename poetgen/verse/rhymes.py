"""The 106 rhyme groups of 平水韻: which tones and rhymes a character has, in the corpus' own characters.

pingshui.txt, beside this file, holds the rhyme book as it is printed and, line by line with their evidence, the
changes made to it; tools/build_rhymes.py writes it. What neither book nor corpus tells is unknown: it has no
reading here.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from poetgen.errors import PromptError
from poetgen.poem.form import numeral

LEVEL, OBLIQUE = "平", "仄"
VOLUMES = {
    "上平": "東冬江支微魚虞齊佳灰真文元寒刪",
    "下平": "先蕭肴豪歌麻陽庚青蒸尤侵覃鹽咸",
    "上": "董腫講紙尾語麌薺蟹賄軫吻阮旱潸銑篠巧皓哿馬養梗迥有寢感琰豏",
    "去": "送宋絳寘未御遇霽泰卦隊震問願翰諫霰嘯效號箇禡漾敬徑宥沁勘豔陷",
    "入": "屋沃覺質物月曷黠屑藥陌錫職緝合葉洽",
}
GROUPS = tuple("".join(VOLUMES.values()))

# Groups near enough for a first line to borrow its rhyme (王力, 漢語詩律學, on 首句用鄰韻), in each volume. The 24
# commonest pairs of a training poem's group and another level one at the end of its first line are among them.
_NEAR = (
    *("東冬", "江陽", "支微齊", "魚虞", "佳灰", "佳麻", "真文元", "元寒刪先", "蕭肴豪", "庚青蒸", "覃鹽咸"),
    *("董腫", "講養", "紙尾薺", "語麌", "蟹賄", "蟹馬", "軫吻阮", "阮旱潸銑", "篠巧皓", "梗迥", "感琰豏"),
    *("送宋", "絳漾", "寘未霽", "御遇", "泰卦隊", "卦禡", "震問願", "願翰諫霰", "嘯效號", "敬徑", "勘豔陷"),
    *("屋沃", "覺藥", "質物月", "月曷黠屑", "陌錫職", "合葉洽"),
)
_SPELLINGS = str.maketrans(
    "东鱼齐眞删萧阳盐餚肿讲语荠贿轸铣筱养寝绛霁队问愿谏啸号个個祃径艳艷质觉药锡职缉叶声韵",
    "東魚齊真刪蕭陽鹽肴腫講語薺賄軫銑篠養寢絳霽隊問願諫嘯號箇箇禡徑豔豔質覺藥錫職緝葉聲韻",
)
_DATA = Path(__file__).with_name("pingshui.txt")
_VOLUME_OF = {group: volume for volume, groups in VOLUMES.items() for group in groups}


class Reading(NamedTuple):
    """One way to read a character: its tone, 平 or 仄, and its rhyme group; "" when only the tone is known."""

    tone: str
    group: str

    @property
    def volume(self) -> str:
        """上平 下平 上 去 入; "" when the group is unknown."""
        return _VOLUME_OF.get(self.group, "")


def reading_in(group: str) -> Reading:
    """The reading of a character of this group, or of a tone (平, 仄) whose group is unknown."""
    if group in (LEVEL, OBLIQUE):
        return Reading(group, "")
    return Reading(LEVEL if _VOLUME_OF[group].endswith(LEVEL) else OBLIQUE, group)


def full_name(group: str) -> str:
    """東 → 上平聲一東, as the book has it."""
    volume = _VOLUME_OF[group]
    return f"{volume}聲{numeral(VOLUMES[volume].index(group) + 1)}{group}"


def parse_group(text: str) -> str:
    """The group named by `text` in either script: 東, 东, 一東, 東韻, 上平聲一東 are one. Raises PromptError."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).translate(_SPELLINGS)
    plain = plain.replace("聲", "").removesuffix("韻")
    for group in GROUPS:
        if plain and full_name(group).replace("聲", "").endswith(plain):
            return group
    shown = text if len(text) <= 20 else text[:20] + "…"
    own = RhymeTable.load().groups(plain)
    hint = f"{plain} rhymes in {' '.join(g for g in GROUPS if g in own)}; " if own else ""
    raise PromptError(
        f"unknown rhyme group {shown!r}; {hint}the level groups are {VOLUMES['上平'] + VOLUMES['下平']}"
    )


def neighbours(group: str) -> frozenset[str]:
    """鄰韻: the other groups from which a poem in `group` may borrow the rhyme of its first line."""
    return frozenset(other for near in _NEAR if group in near for other in near) - {group}


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
    ) -> None:
        self._readings = readings
        self._seldom = seldom
        self._rhyme_only = rhyme_only

    @classmethod
    @cache
    def load(cls, *, amended: bool = True) -> "RhymeTable":
        """The table beside this file; `amended=False` gives the rhyme book alone, as printed."""
        return parse_table(_DATA.read_text(encoding="utf-8"), amended=amended)

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


def parse_table(text: str, *, amended: bool) -> RhymeTable:
    """Read a table as pingshui.txt is written; its head says how."""
    found: dict[str, list[Reading]] = {}
    seldom: dict[str, frozenset[Reading]] = {}
    rhyme_only: dict[str, frozenset[Reading]] = {}
    of_name = {full_name(group): reading_in(group) for group in GROUPS}
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    for row in rows:
        if row[0] in of_name:
            for hanzi in row[1]:
                found.setdefault(hanzi, []).append(of_name[row[0]])
        elif amended:
            hanzi, changes = row[0], row[1].split()
            # what poems do not use is no misprint (校): it is kept, and told apart
            kept = {change for change in changes if change[0] == "-" and row[2] == "語料"}
            _amend(found.setdefault(hanzi, []), [change for change in changes if change not in kept])
            _collect(seldom, hanzi, kept)
            _collect(rhyme_only, hanzi, {change for change in changes if change[0] == "~"})
    for hanzi, last in seldom.items():
        found[hanzi].sort(key=last.__contains__)
    readings = {hanzi: tuple(every) for hanzi, every in found.items() if every}
    return RhymeTable(readings, seldom=seldom, rhyme_only=rhyme_only)


def _collect(into: dict[str, frozenset[Reading]], hanzi: str, changes: Iterable[str]) -> None:
    named = frozenset(reading_in(change[1:]) for change in changes)
    if named:
        into[hanzi] = into.get(hanzi, frozenset()) | named


def _amend(readings: list[Reading], changes: Iterable[str]) -> None:
    """+支 adds a reading, -支 takes it away, ~支 keeps it for rhyme positions alone, ?支 says it is disputed."""
    for change in changes:
        reading = reading_in(change[1:])
        if change[0] == "-":
            readings.remove(reading)
        elif change[0] != "?" and reading not in readings:
            readings.append(reading)
