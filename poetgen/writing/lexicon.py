"""A vocabulary as the rules of verse see it: the tones and rhymes of every token, as masks over all of them.

Tones are bits, LEVEL_BIT and OBLIQUE_BIT, so that a character with two has EITHER; no bit: its reading is unknown.
Rhyme groups are the bits of one number, in the order of poetgen.verse.rhymes.GROUPS.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.corpus.vocabulary import Vocabulary
from poetgen.verse.rhymes import GROUPS, LEVEL, OBLIQUE, RhymeTable, reading_in

Array = npt.NDArray[Any]

LEVEL_BIT, OBLIQUE_BIT, EITHER = 1, 2, 3
TONE_BITS = {LEVEL: LEVEL_BIT, OBLIQUE: OBLIQUE_BIT}
GROUP_BITS = {group: 1 << place for place, group in enumerate(GROUPS)}
LEVEL_GROUPS = sum(bit for group, bit in GROUP_BITS.items() if reading_in(group).tone == LEVEL)
ALL_GROUPS = (1 << len(GROUPS)) - 1
OBLIQUE_GROUPS = ALL_GROUPS & ~LEVEL_GROUPS


def places(groups: int) -> Iterator[int]:
    """The places in GROUPS of the bits of `groups`."""
    while groups:
        lowest = groups & -groups
        yield lowest.bit_length() - 1
        groups ^= lowest


class Lexicon:
    """By token: `inside[id]` and `at_foot[id]`, its tones inside a line and at its end; `groups[id]`, its rhymes.

    A reading may be good for a foot alone (poetgen.verse.rhymes), so the two differ. Masks are bool (V,), made
    once, shared and not to be written to.
    """

    def __init__(self, vocabulary: Vocabulary, table: RhymeTable | None = None) -> None:
        table = RhymeTable.load() if table is None else table
        self.vocabulary = vocabulary
        self.at_foot, self.inside, self.groups = [], [], []
        for token in vocabulary.tokens:
            readings = table.readings(token)
            tones = groups = 0
            for tone, group in readings:
                tones |= TONE_BITS[tone]
                groups |= GROUP_BITS.get(group, 0)
            self.at_foot.append(tones)
            self.inside.append(tones if tones != EITHER else sum(TONE_BITS[t] for t in table.tones(token)))
            self.groups.append(groups)
        self._rhyming: dict[int, Array] = {}

    def is_unknown(self, number: int) -> bool:
        """Whether nothing is known of how it is read."""
        return not self.at_foot[number]

    @cached_property
    def hanzi(self) -> Array:
        """All hanzi."""
        mask = np.zeros(len(self.vocabulary), bool)
        mask[self.vocabulary.first_hanzi :] = True
        return _kept(mask)

    @cached_property
    def having(self) -> tuple[Array, ...]:
        """For each set of tones (none, level, oblique, either) the hanzi that have just these inside a line."""
        of_token = np.array(self.inside)
        return tuple(_kept(np.asarray(of_token == tones)) for tones in range(EITHER + 1))

    @cached_property
    def inside_with(self) -> tuple[Array, ...]:
        """For each set of tones the hanzi that have one of them inside a line."""
        of_token = np.array(self.inside)
        return tuple(_kept(np.asarray((of_token & tones) != 0)) for tones in range(EITHER + 1))

    @cached_property
    def level_alone(self) -> Array:
        """The hanzi that are level however they are read."""
        return _kept(np.asarray(np.array(self.at_foot) == LEVEL_BIT))

    @cached_property
    def members(self) -> Array:
        """Who rhymes in which group: bool (groups, V)."""
        pairs = [(place, number) for number, groups in enumerate(self.groups) for place in places(groups)]
        members = np.zeros((len(GROUPS), len(self.vocabulary)), bool)
        members[tuple(np.array(pairs, int).reshape(-1, 2).T)] = True
        return _kept(members)

    @cached_property
    def sizes(self) -> list[int]:
        """How many tokens rhyme in each group."""
        sizes: list[int] = self.members.sum(axis=1).tolist()
        return sizes

    def rhyming_in(self, groups: int) -> Array:
        """The hanzi that rhyme in one of these groups."""
        mask = self._rhyming.get(groups)
        if mask is None:
            mask = self._rhyming[groups] = _kept(np.asarray(self.members[list(places(groups))].any(axis=0)))
        return mask


def _kept(mask: Array) -> Array:
    mask.setflags(write=False)
    return mask
