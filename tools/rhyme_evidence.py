"""What poems tell of the tones and rhymes of their characters; tools and benchmarks of verse read it.

A regulated poem's tones follow from one choice (對 and 粘), so the poem that fits all its other key positions
tells the tone of each; and its feet rhyme, so the others tell the group of each.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from poetgen.corpus.dataset import Dataset
from poetgen.poem.form import form_of
from poetgen.verse.rhyme_books import LEVEL, OBLIQUE, Reading

Readings = Mapping[str, tuple[Reading, ...]]
Lines = Sequence[str]
OTHER = {LEVEL: OBLIQUE, OBLIQUE: LEVEL}
KNOWN = 0.6  # of a poem's key positions must have one tone before it is a witness


@dataclass
class Evidence:
    """Of one character: key positions inside lines and at unrhymed ends, and rhyme feet, by what they ask for."""

    tones: Counter[str] = field(default_factory=Counter)
    feet: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        tones = [f"{tone}{self.tones[tone]}" for tone in (LEVEL, OBLIQUE)] if self.tones else []
        feet = [f"{group}{n}" for group, n in sorted(self.feet.items(), key=lambda item: (-item[1], item[0]))]
        return " ".join([*tones, *feet])


def read_bodies(prepared: Path, split: str) -> list[tuple[str, ...]]:
    """The lines of each poem of a split, copies once."""
    return list(dict.fromkeys(poem.lines for poem in Dataset.open(prepared).poems(split)))


def is_regular(lines: Lines) -> bool:
    """Whether the poem has the shape of a regulated one."""
    form = form_of(lines)
    return form is not None and form.regulated


def shuffle_hanzi(lines: Lines, rng: random.Random) -> list[str]:
    """The same characters in another order."""
    text = list("".join(lines))
    rng.shuffle(text)
    return ["".join(text[k : k + len(lines[0])]) for k in range(0, len(text), len(lines[0]))]


def gather(poems: Sequence[Lines], readings: Readings) -> dict[str, Evidence]:
    """What all regular poems tell, read by the table `readings`."""
    found: dict[str, Evidence] = defaultdict(Evidence)
    for lines in filter(is_regular, poems):
        for hanzi, tone in tone_witnesses(lines, readings):
            found[hanzi].tones[tone] += 1
        for hanzi, group in rhyme_witnesses(lines, readings):
            found[hanzi].feet[group] += 1
    return found


class Position(NamedTuple):
    """A key position: its hanzi, the tone asked for there, whether it is a rhyme foot, and where (from 0)."""

    hanzi: str
    tone: str
    is_foot: bool
    line: int
    place: int


def tone_witnesses(lines: Lines, readings: Readings) -> Iterator[tuple[str, str]]:
    """Key positions with the tone their poem asks for, where every other key position has what is asked."""
    for start in (LEVEL, OBLIQUE):
        places, broken = _held_against(lines, start, readings)
        for position in [places[k] for k in broken] or places if len(broken) <= 1 else ():
            if not position.is_foot:
                yield position.hanzi, position.tone


def fitting_positions(lines: Lines, readings: Readings) -> Iterator[Position]:
    """The key positions of a poem of which none has another tone than is asked for."""
    for start in (LEVEL, OBLIQUE):
        places, broken = _held_against(lines, start, readings)
        yield from places if not broken else ()


def _held_against(lines: Lines, start: str, readings: Readings) -> tuple[list[Position], list[int]]:
    """The key positions and those of them that break; none where too few have but one tone to tell."""
    places = list(key_positions(lines, start))
    fits = [_fits(position.hanzi, position.tone, readings) for position in places]
    if fits.count(True) < KNOWN * len(fits):
        return [], []
    return places, [k for k, fit in enumerate(fits) if fit is False]


def key_positions(lines: Lines, start: str) -> Iterator[Position]:
    """二四六 and line ends, when line 1 begins as `start`.

    Left out: the first line's end, which may rhyme or not, and the last key position of unrhymed lines, where 特拗
    and 大拗 change the tone lawfully.
    """
    for k, line in enumerate(lines):
        tone = start if k % 4 in (0, 3) else OTHER[start]
        rhymed = k % 2 == 1
        for j in range(1, len(line) - 1, 2):
            if rhymed or j < len(line) - 2:
                yield Position(line[j], tone, False, k, j)
            tone = OTHER[tone]
        if k:
            yield Position(line[-1], LEVEL if rhymed else OBLIQUE, rhymed, k, len(line) - 1)


def _fits(hanzi: str, tone: str, readings: Readings) -> bool | None:
    tones = {reading.tone for reading in readings.get(hanzi, ())}
    return tone in tones if len(tones) == 1 else None


def rhyme_witnesses(lines: Lines, readings: Readings) -> Iterator[tuple[str, str]]:
    """Feet of even lines with the one group that all the others share, two at least, the first line's perhaps."""
    groups = {
        line[-1]: frozenset(reading.group for reading in readings.get(line[-1], ()) if reading.group)
        for line in lines
    }
    feet = [line[-1] for line in lines[1::2]]
    for k, foot in enumerate(feet):
        others = {other for j, other in enumerate(feet) if j != k}
        shared = frozenset.intersection(*(groups[other] for other in others))
        if foot in others or len(shared) != 1:
            continue
        (group,) = shared
        first = lines[0][-1]
        if len(others) + (first != foot and group in groups[first]) >= 2:
            yield foot, group
