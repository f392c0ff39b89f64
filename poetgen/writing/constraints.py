"""What the next character of a poem may be, so that the poem keeps its rules and can always be completed.

A character is allowed when some way (poetgen.writing.ways) is left after it; one with two tones may keep ways of
both. Whether tones and groups suit is looked up in masks over the whole vocabulary, made once and combined here.
No draft is led into a dead end: patterns are always the rest of a whole couplet, and what could run out
(characters of a rhyme group, and with no_repeat any character) is counted.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.errors import PromptError
from poetgen.poem.poem import COMMA, QUESTION, STOP
from poetgen.writing.kept import Kept
from poetgen.writing.lexicon import (
    ALL_GROUPS,
    EITHER,
    LEVEL_BIT,
    LEVEL_GROUPS,
    OBLIQUE_BIT,
    OBLIQUE_GROUPS,
    Lexicon,
    places,
)
from poetgen.writing.rules import Rules
from poetgen.writing.ways import TONES_IN, Patterns, Scheme, Way, after, first_ways, next_tones

Array = npt.NDArray[Any]


class Verse:
    """Rules made ready for one vocabulary: the source of drafts.

    Raises PromptError where no poem can keep them.
    """

    def __init__(self, rules: Rules, lexicon: Lexicon, *, keeps_marks: bool = True) -> None:
        self.rules, self.lexicon, self.keeps_marks = rules, lexicon, keeps_marks
        self.length, self.lines = rules.form.line_length, rules.form.line_count
        self.heads = lexicon.vocabulary.encode(rules.heads)
        self.ways = first_ways(rules, lexicon)
        self._feet: dict[tuple[tuple[bool, int, int], ...], Array] = {}

    def start(self) -> "VerseDraft":
        """An empty poem."""
        return VerseDraft(self)

    def broken(self, hanzi: str) -> tuple[tuple[str, ...], str]:
        """The lines and marks of a poem written without marks."""
        lines = tuple(hanzi[k : k + self.length] for k in range(0, len(hanzi), self.length))
        return lines, "".join((COMMA + STOP)[k % 2] for k in range(self.lines - 1)) + STOP

    @cached_property
    def marks(self) -> tuple[Array, Array]:
        """What closes a line that another answers, and what closes the others."""
        encode = self.lexicon.vocabulary.encode
        return self._only(encode(COMMA)), self._only(encode(STOP + QUESTION))

    @cached_property
    def end(self) -> Array:
        """The end alone."""
        return self._only([self.lexicon.vocabulary.end])

    @cached_property
    def head_masks(self) -> list[Array]:
        """For each line head the mask of it alone."""
        return [self._only([head]) for head in self.heads]

    def _only(self, numbers: list[int]) -> Array:
        mask = np.zeros(len(self.lexicon.vocabulary), bool)
        mask[numbers] = True
        mask.setflags(write=False)
        return mask

    def feet(self, ways: tuple[Way, ...], line: int) -> Array:
        """The hanzi that one of the ways admits as the foot of a line.

        Raises PromptError where a tiny vocabulary has none.
        """
        kinds = tuple(sorted({self._kind_of_foot(way, line) for way in ways}))
        mask = self._feet.get(kinds)
        if mask is None:
            mask = np.logical_or.reduce([self._foot(*kind) for kind in kinds])
            if not mask.any():
                raise PromptError(
                    f"this model knows no character that could end line {line + 1} as asked; "
                    "choose other rules, or --form free"
                )
            self._feet[kinds] = mask
        return mask

    def _kind_of_foot(self, way: Way, line: int) -> tuple[bool, int, int]:
        """What a way asks of a foot: whether it rhymes, the groups that matter to it, the tones it may have."""
        rules = self.rules
        tones = next_tones(way.patterns) if rules.has_tones else EITHER
        return way.scheme.rhymes(line), way.groups if line % 2 == 1 or line == 0 else 0, tones

    def _foot(self, rhymes: bool, groups: int, tones: int) -> Array:
        lexicon, has_tones = self.lexicon, self.rules.has_tones
        if rhymes and groups:
            return lexicon.rhyming_in(groups)
        if rhymes and has_tones:
            return lexicon.level_alone
        if groups:
            kinds = [self._unrhymed(groups, own) for own in TONES_IN if own & tones]
            return np.asarray(np.logical_or.reduce(kinds))
        return lexicon.inside_with[tones] if has_tones else lexicon.hanzi

    def _unrhymed(self, groups: int, own: int) -> Array:
        """The hanzi with exactly these tones that leave one of the groups when they end a line without rhyme."""
        left = groups & self.opposed(own)
        all_in = self.lexicon.members[list(places(left))].all(axis=0)  # without a group: all are in all
        return np.asarray(self.lexicon.having[own] & ~all_in)

    def opposed(self, tones: int) -> int:
        """The groups that a first line may be followed by which ends in one of these tones and does not rhyme.

        Templates see to this themselves; where tones are free, such a foot has the tone that the rhyme has not.
        """
        if self.rules.has_tones:
            return ALL_GROUPS
        return OBLIQUE_GROUPS * bool(tones & LEVEL_BIT) | LEVEL_GROUPS * bool(tones & OBLIQUE_BIT)


class VerseDraft:
    """A poem in the making: `ids` are its hanzi so far. Made by Verse.start."""

    def __init__(self, verse: Verse) -> None:
        self.verse = verse
        self.ways = verse.ways
        self.ids: list[int] = []
        self.line = self.column = 0
        self._rhymed: list[int] = []
        # with no_repeat, what may not be written freely any more; heads wait for their lines
        self._taken: list[int] = list(verse.heads) if verse.rules.no_repeat else []

    def copy(self) -> "VerseDraft":
        """The same state, to go on apart."""
        other = VerseDraft.__new__(VerseDraft)
        other.__dict__.update(self.__dict__)
        other.ids, other._rhymed, other._taken = list(self.ids), list(self._rhymed), list(self._taken)
        return other

    @property
    def fits(self) -> bool:
        """Whether it can be completed; always true of what masks alone have led to."""
        return bool(self.ways)

    @property
    def is_complete(self) -> bool:
        """Whether only the end may follow."""
        return self.line == self.verse.lines

    @property
    def at_foot(self) -> bool:
        """Whether the next hanzi ends its line."""
        return self.column == self.verse.length - 1

    @property
    def head(self) -> int | None:
        """The hanzi that must come next because it heads its line."""
        return self.verse.heads[self.line] if not self.column and self.line < len(self.verse.heads) else None

    def mask(self) -> Array:
        """The tokens that may come next: bool (V,), not to be written to; never none."""
        verse = self.verse
        if self.is_complete:
            return verse.end
        if self.column == verse.length:
            return verse.marks[self.line % 2 == 1 or self.line + 1 == verse.lines]
        if self.head is not None:
            return verse.head_masks[self.line]
        mask = verse.feet(self.ways, self.line) if self.at_foot else self._inside()
        excluded = [*self._taken, *(self._rhymed if self.at_foot else ())]
        if excluded:
            mask = mask.copy()
            mask[excluded] = False
            for place in self._scarce():
                mask &= ~verse.lexicon.members[place]
        return mask

    def _inside(self) -> Array:
        lexicon = self.verse.lexicon
        if not self.verse.rules.has_tones:
            return lexicon.hanzi
        tones = 0
        for way in self.ways:
            tones |= next_tones(way.patterns)
        return lexicon.inside_with[tones]

    def add(self, number: int) -> None:
        """Take a hanzi or a mark."""
        if number < self.verse.lexicon.vocabulary.first_hanzi:
            self.line, self.column = self.line + 1, 0
            return
        ways = [left for way in self.ways if (left := self.way_after(way, number))]
        rhymes = self.at_foot and any(way.scheme.rhymes(self.line) for way in ways)
        if rhymes and self.verse.rules.has_rhyme:
            self._rhymed.append(number)
        if self.verse.rules.no_repeat:
            self._taken.append(number)
        self.ids.append(number)
        self.column += 1
        self.ways = tuple(left for way in ways if (left := self._lasting(way, number)))
        if not self.verse.keeps_marks and self.column == self.verse.length:
            self.line, self.column = self.line + 1, 0

    def way_after(self, way: Way, number: int) -> Way | None:
        """What a hanzi leaves of a way: its tones and its rhyme."""
        lexicon, rules = self.verse.lexicon, self.verse.rules
        groups, tones = way.groups, lexicon.inside[number] or EITHER
        if self.at_foot and way.scheme.rhymes(self.line) and (self.line or rules.has_rhyme):
            if not self.line and rules.first_line_rhymes and lexicon.is_unknown(number):
                return None  # nobody could say that it rhymes
            tones = lexicon.at_foot[number] or EITHER
            if rules.has_rhyme and lexicon.at_foot[number]:  # an unknown foot, from a prompt, may be in any
                groups &= lexicon.groups[number]
                tones = EITHER if groups else 0
        elif self.at_foot and self.line == 0:
            groups &= self.verse.opposed(tones) & ~lexicon.groups[number]
        patterns = self._patterns_after(way, tones)
        is_left = (patterns or not rules.has_tones) and (groups or not rules.has_rhyme)
        return Way(way.scheme, patterns, groups) if is_left and tones else None

    def _patterns_after(self, way: Way, tones: int) -> Patterns:
        if not self.verse.rules.has_tones:
            return way.patterns
        patterns = after(way.patterns, tones)
        if patterns and self.at_foot and self.line % 2 == 1 and self.line + 1 < self.verse.lines:
            return way.scheme.couplets[(self.line + 1) // 2]
        return patterns

    # ---- what could run out ----

    def _needed(self, scheme: Scheme) -> int:
        """Rhyming feet still to be written, this line's among them while it is open."""
        later = self.verse.lines // 2 - (self.line + 1) // 2
        return later + (self.column < self.verse.length and scheme.rhymes(self.line))

    def _left(self, place: int) -> int:
        """Characters of a group that may still be feet."""
        members, bit = self.verse.lexicon.groups, 1 << place
        gone = {number for number in (*self._rhymed, *self._taken) if members[number] & bit}
        return self.verse.lexicon.sizes[place] - len(gone)

    def _lasting(self, way: Way, number: int) -> Way | None:
        """The way without the groups that too few characters are left of, now that this one is written."""
        if not self.verse.rules.has_rhyme:
            return way
        touched = way.groups & self.verse.lexicon.groups[number]
        if not touched or not (self._taken or self.column == self.verse.length):
            return way
        needed = self._needed(way.scheme)
        gone = sum(1 << place for place in places(touched) if self._left(place) < needed)
        return way._replace(groups=way.groups & ~gone) if way.groups & ~gone else None

    def _scarce(self) -> Iterator[int]:
        """Groups of which every character left is needed as a foot: none may be written anywhere else."""
        if not (self.verse.rules.has_rhyme and self._taken):
            return
        for way in self.ways:
            if not (self.at_foot and way.scheme.rhymes(self.line)):
                needed = self._needed(way.scheme)
                yield from (place for place in places(way.groups) if self._left(place) <= needed)

    def kept(self) -> Kept:
        """What is kept by what is written so far."""
        return Kept.by(self.verse.lexicon, self.verse.rules.form, self.ways[0], self.ids)
