"""In which sense a line has a character of several readings: the tone that its neighbours decide, as poems show.

乘 is 仄 in 千乘 and 萬乘 ("chariots"), and 平 ("to ride") in 又乘 and 乘黃. senses.txt beside this file has the
neighbours that decide (tools/build_senses.py); where none does, every reading stands.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from poetgen.files import read_table_rows

_DATA = Path(__file__).with_suffix(".txt")
_RHYME = "韻"
ANY = "*"  # whatever stands beside it, where no neighbour decides


class Senses(NamedTuple):
    """`tones`: a character and its neighbour (乘千_ before, 乘_黃 after) → tone; `groups`: the usual first."""

    tones: Mapping[str, str]
    groups: Mapping[str, tuple[str, ...]]

    @classmethod
    @cache
    def load(cls) -> "Senses":
        """Those of the training poems."""
        tones: dict[str, str] = {}
        groups: dict[str, tuple[str, ...]] = {}
        for row in read_table_rows(_DATA):
            hanzi, kind, values = row.split("\t")
            if kind == _RHYME:
                groups[hanzi] = tuple(values.split())
            else:
                tones |= {hanzi + pair: kind for pair in values.split()}
        return cls(MappingProxyType(tones), MappingProxyType(groups))

    def tone(self, line: str, place: int) -> str:
        """The tone of the character in this place of a line; "" where nothing decides, or neighbours disagree."""
        told = self._tones_by_neighbours(line, place)
        if len(told) > 1:
            return ""
        return told.pop() if told else self.tones.get(line[place] + ANY, "")

    def tone_beside(self, line: str, place: int) -> str:
        """The tone that the neighbours of the character decide by themselves; "" where they do not."""
        told = self._tones_by_neighbours(line, place)
        return told.pop() if len(told) == 1 else ""

    def _tones_by_neighbours(self, line: str, place: int) -> set[str]:
        return {self.tones.get(line[place] + each, "") for each in neighbours_of(line, place)} - {""}


def neighbours_of(line: str, place: int) -> tuple[str, ...]:
    """已_ and _黃 of 乘 in 已乘黃鶴: what stands before a place, and what after."""
    before = (f"{line[place - 1]}_",) if place else ()
    return (*before, *(f"_{hanzi}" for hanzi in line[place + 1 : place + 2]))
