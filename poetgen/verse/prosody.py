"""A vocabulary as the rules of verse see it: the tones and rhymes of every token, as masks over all of them.

Tones are bits, LEVEL_BIT and OBLIQUE_BIT, so that a character with two has EITHER; no bit: its reading is unknown.
Rhyme groups are the bits of one number, in the order of poetgen.verse.rhyme_books.EVERY_GROUP.
"""

from collections.abc import Sequence
from functools import cache, cached_property
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.corpus.vocabulary import Vocabulary
from poetgen.poem.poem import word_of
from poetgen.verse.rhyme_books import EVERY_GROUP, LEVEL, OBLIQUE, Reading, neighbours, reading_in
from poetgen.verse.rhymes import RhymeTable

Array = npt.NDArray[Any]

LEVEL_BIT, OBLIQUE_BIT, EITHER = 1, 2, 3
TONE_BITS = {LEVEL: LEVEL_BIT, OBLIQUE: OBLIQUE_BIT}
TONES_IN = {0: "", LEVEL_BIT: LEVEL, OBLIQUE_BIT: OBLIQUE, EITHER: LEVEL + OBLIQUE}
GROUP_BITS = {group: 1 << place for place, group in enumerate(EVERY_GROUP)}
LEVEL_GROUPS = sum(bit for group, bit in GROUP_BITS.items() if reading_in(group).tone == LEVEL)
ALL_GROUPS = (1 << len(EVERY_GROUP)) - 1
OBLIQUE_GROUPS = ALL_GROUPS & ~LEVEL_GROUPS


@cache
def places(groups: int) -> tuple[int, ...]:
    """The places in EVERY_GROUP of the bits of `groups`."""
    return tuple(place for place in range(groups.bit_length()) if groups >> place & 1)


def opposed_groups(tones: int) -> int:
    """The groups, as bits, of a tone that differs from one of these."""
    return OBLIQUE_GROUPS * bool(tones & LEVEL_BIT) | LEVEL_GROUPS * bool(tones & OBLIQUE_BIT)


class TokenProsody:
    """By token: `inside[id]` and `at_end[id]`, its tones inside a line and at its end; `groups[id]`, its rhymes.

    They are those that poems usually have (poetgen.verse.rhymes), which differ where a line rhymes. Masks are bool
    (V,), made once, shared and not to be written to. The rhyme table is read when it is first needed.
    """

    def __init__(
        self, vocabulary: Vocabulary, table: RhymeTable | None = None, *, avoided: Sequence[int] = ()
    ) -> None:
        self.vocabulary = vocabulary
        self._given_table = table
        self._avoided = [*avoided]
        self._rhyming: dict[int, Array] = {}

    def without(self, numbers: Sequence[int]) -> "TokenProsody":
        """The same, of which these tokens, and other spellings of them, stand only where they are asked for."""
        if not numbers:
            return self
        same = [each for number in numbers for each in self.spellings(number)]
        other = TokenProsody(self.vocabulary, self.table, avoided=same)
        known = {name: getattr(self, name) for name in ("at_end", "inside", "groups", "words")}
        other.__dict__.update(known)
        return other

    @cached_property
    def table(self) -> RhymeTable:
        """The rhyme table by which tokens are read."""
        return RhymeTable.load() if self._given_table is None else self._given_table

    @cached_property
    def _readings(self) -> list[tuple[Reading, ...]]:
        return [self.table.undisputed.readings(token, usual=True) for token in self.vocabulary.tokens]

    @cached_property
    def at_end(self) -> list[int]:
        """The tones of each token at the end of a line."""
        return [_tone_bits(frozenset(reading.tone for reading in readings)) for readings in self._readings]

    @cached_property
    def inside(self) -> list[int]:
        """The tones of each token inside a line."""
        each = zip(self.vocabulary.tokens, self.at_end, strict=True)
        return [
            tones if tones != EITHER else _tone_bits(self.table.undisputed.tones(token, usual=True))
            for token, tones in each
        ]

    @cached_property
    def groups(self) -> list[int]:
        """The rhyme groups of each token."""
        return [_group_bits(readings) for readings in self._readings]

    @cached_property
    def heard(self) -> list[int]:
        """The groups of a poem in which the first line's end, this token, may be heard to rhyme.

        Whatever it is meant as: by a seldom reading, or borrowing the rhyme of a neighbour (鄰韻).
        """
        return [_heard_in(self.table.groups(token)) for token in self.vocabulary.tokens]

    @cached_property
    def words(self) -> Array:
        """For each token the first token that spells the same word (迴 and 回): int (V,)."""
        first: dict[str, int] = {}
        words = (word_of(token) for token in self.vocabulary.tokens)
        return np.array([first.setdefault(word, number) for number, word in enumerate(words)])

    @cached_property
    def _spellings(self) -> dict[int, tuple[int, ...]]:
        """The tokens of each word that has several."""
        found: dict[int, tuple[int, ...]] = {}
        for number, word in enumerate(self.words.tolist()):
            found[word] = (*found.get(word, ()), number)
        return {number: same for same in found.values() if len(same) > 1 for number in same}

    def only(self, numbers: Sequence[int]) -> Array:
        """The mask bool (V,) of these tokens alone, not to be written to."""
        mask = np.zeros(len(self.vocabulary), bool)
        mask[[*numbers]] = True
        return _frozen(mask)

    def spellings(self, number: int) -> tuple[int, ...]:
        """The tokens that spell the same word as this one, itself among them."""
        return self._spellings.get(number, (number,))

    def count_words(self, mask: Array) -> int:
        """How many words there are among these tokens: bool (V,)."""
        return int(np.count_nonzero(np.bincount(self.words[mask])))

    def is_unknown(self, number: int) -> bool:
        """Whether nothing is known of how it is read."""
        return not self.at_end[number]

    @cached_property
    def hanzi(self) -> Array:
        """All hanzi that training has seen; the others stand only where they are asked for, here and below."""
        return self._seen(np.arange(len(self.vocabulary)) >= self.vocabulary.first_hanzi)

    @cached_property
    def having(self) -> tuple[Array, ...]:
        """For each set of tones (none, level, oblique, either) the hanzi that have just these inside a line."""
        of_token = np.array(self.inside)
        return tuple(self._seen(of_token == tones) for tones in range(EITHER + 1))

    @cached_property
    def inside_with(self) -> tuple[Array, ...]:
        """For each set of tones the hanzi that have one of them inside a line."""
        of_token = np.array(self.inside)
        return tuple(self._seen((of_token & tones) != 0) for tones in range(EITHER + 1))

    @cached_property
    def level_alone(self) -> Array:
        """The hanzi that are level however they are read."""
        return self._seen(np.array(self.at_end) == LEVEL_BIT)

    @cached_property
    def members(self) -> Array:
        """Who rhymes in which group: bool (groups, V)."""
        return self._members_of(self.groups)

    @cached_property
    def heard_members(self) -> Array:
        """Who may be heard to rhyme in which group at the end of the first line: bool (groups, V)."""
        return self._members_of(self.heard)

    def _members_of(self, groups: Sequence[int]) -> Array:
        each = list(map(places, groups))
        numbers = np.repeat(np.arange(len(each)), list(map(len, each)))
        members = np.zeros((len(EVERY_GROUP), len(each)), bool)
        members[list(chain.from_iterable(each)), numbers] = True
        return self._seen(members)

    def _seen(self, mask: Array) -> Array:
        """bool (…, V) without the hanzi that training has not seen, and those to be avoided."""
        mask[..., self.vocabulary.seen :] = False
        mask[..., self._avoided] = False
        return _frozen(mask)

    @cached_property
    def sizes(self) -> list[int]:
        """How many words rhyme in each group."""
        return [self.count_words(mask) for mask in self.members]

    def unrhymed_in(self, groups: int, tones: int, *, heard: bool) -> Array:
        """The hanzi with exactly these tones that do not rhyme, or are not heard to, in one of the groups."""
        members = self.heard_members if heard else self.members
        all_in = members[list(places(groups))].all(axis=0)  # without a group: all are in all
        return np.asarray(self.having[tones] & ~all_in)

    def without_rhymes(self, mask: Array, groups: int) -> Array:
        """A mask without those that rhyme in one of the groups; the mask itself where it has no others."""
        left = mask & ~self.rhyming_in(groups)
        return left if left.any() else mask

    def rhyming_in(self, groups: int) -> Array:
        """The hanzi that rhyme in one of these groups."""
        mask = self._rhyming.get(groups)
        if mask is None:
            mask = self._rhyming[groups] = _frozen(np.asarray(self.members[[*places(groups)]].any(axis=0)))
        return mask


@cache
def _tone_bits(tones: frozenset[str]) -> int:
    return sum(TONE_BITS[tone] for tone in tones)


@cache
def _group_bits(readings: tuple[Reading, ...]) -> int:
    return sum(GROUP_BITS[group] for group in {reading.group for reading in readings} - {""})


@cache
def _heard_in(own: frozenset[str]) -> int:
    return sum(GROUP_BITS[group] for group in own.union(*map(neighbours, own)))


def _frozen(mask: Array) -> Array:
    mask.setflags(write=False)
    return mask
