"""What the next character of a poem may be, so that the poem keeps its rules and can always be completed.

A character is allowed when some state (poetgen.writing.states) is live after it; one with two tones may keep
states of both. Tones and groups are looked up in masks over the whole vocabulary, made once. No matcher is led
into a dead end: patterns are the rest of a whole couplet, and what could run out (characters of a rhyme group, and
with no_repeat any character) is counted.
"""

from collections.abc import Iterator
from copy import copy
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.poem.form import Form
from poetgen.poem.places import Place
from poetgen.poem.poem import COMMA, QUESTION, STOP
from poetgen.verse.prosody import EITHER, TONES_IN, TokenProsody, opposed_groups, places
from poetgen.writing.constraints import Constraints
from poetgen.writing.poem import Scansion
from poetgen.writing.states import (
    Patterns,
    Scheme,
    State,
    TypedTones,
    after,
    groups_left_after,
    initial_states,
    next_tones,
)

Array = npt.NDArray[Any]


class VerseGrammar:
    """The rules of one form made ready for one vocabulary: where matchers start.

    Lines that are `as_typed` begin with the tones they have, whatever the template says. Raises PromptError where
    no poem can keep the rules.
    """

    def __init__(
        self,
        form: Form,
        constraints: Constraints,
        prosody: TokenProsody,
        *,
        keeps_marks: bool = True,
        as_typed: TypedTones = MappingProxyType({}),
    ) -> None:
        constraints.check(form)
        self.form, self.constraints, self.prosody, self.keeps_marks = form, constraints, prosody, keeps_marks
        self.inside = prosody.inside_with if constraints.has_tones else (prosody.hanzi,)  # by open tones
        encode = prosody.vocabulary.encode
        self.given = {place: encode(hanzi)[0] for place, hanzi in constraints.given.places(form).items()}
        self.states = initial_states(form, constraints, prosody, as_typed, self.given)
        self._line_ends: dict[tuple[tuple[bool, int, int], ...], Array] = {}

    @cached_property
    def marks(self) -> tuple[Array, Array]:
        """What closes a line that another answers, and what closes the others."""
        encode = self.prosody.vocabulary.encode
        return self.prosody.only(encode(COMMA)), self.prosody.only(encode(STOP + QUESTION))

    @cached_property
    def end(self) -> Array:
        """The end alone."""
        return self.prosody.only([self.prosody.vocabulary.end])

    @cached_property
    def given_masks(self) -> dict[Place, Array]:
        """For each place of which the hanzi is given, the mask of it alone."""
        return {place: self.prosody.only([number]) for place, number in self.given.items()}

    @cached_property
    def given_rhymes(self) -> list[int]:
        """All spellings of the hanzi that are given for the ends of even lines, or of a first line that rhymes."""
        last, rhymes = self.form.line_length - 1, self.constraints.first_line_rhymes
        return [
            same
            for (line, column), number in self.given.items()
            if column == last and (line % 2 or (rhymes and not line))
            for same in self.prosody.spellings(number)
        ]

    def opens_answered_line(self, line: int) -> bool:
        """Whether another line answers this one (from 0), so that ，closes it."""
        return line % 2 == 0 and line + 1 < self.form.line_count

    def line_ends(self, states: tuple[State, ...], line: int) -> Array:
        """The hanzi with which one of the states lets a line end.

        Raises PromptError where a tiny vocabulary has none.
        """
        kinds = tuple(sorted({self._kind_of_end(state, line) for state in states}))
        mask = self._line_ends.get(kinds)
        if mask is None:
            mask = np.logical_or.reduce([self._ends(*kind) for kind in kinds])
            if not mask.any():
                fault = tr(
                    "this model knows no character that could end line {line} as asked; choose "
                    "other rules, or --form free",
                    line=line + 1,
                )
                raise PromptError(fault)
            self._line_ends[kinds] = mask
        return mask

    def _kind_of_end(self, state: State, line: int) -> tuple[bool, int, int]:
        """What a state asks of a line's end: whether it rhymes, the groups that matter, the tones it may have."""
        tones = next_tones(state.patterns) if self.constraints.has_tones else EITHER
        return state.scheme.rhymes(line), state.groups if line % 2 == 1 or line == 0 else 0, tones

    def _ends(self, rhymes: bool, groups: int, tones: int) -> Array:
        prosody, has_tones = self.prosody, self.constraints.has_tones
        if rhymes and groups:
            return prosody.rhyming_in(groups)
        if rhymes and has_tones:
            return prosody.level_alone
        if groups:
            kinds = [self._ends_unrhymed(groups, own) for own in TONES_IN if own & tones]
            return np.asarray(np.logical_or.reduce(kinds))
        return prosody.inside_with[tones] if has_tones else prosody.hanzi

    def _ends_unrhymed(self, groups: int, own: int) -> Array:
        left = groups if self.constraints.has_tones else groups & opposed_groups(own)
        return self.prosody.unrhymed_in(left, own, heard=self.constraints.first_line_rhymes is False)


class VerseMatcher:
    """A poem in the making by the rules of a grammar: `ids` are its hanzi so far. It begins empty."""

    notes: tuple[str, ...] = ()  # on what gave way to its beginning

    def __init__(self, grammar: VerseGrammar) -> None:
        self.grammar = grammar
        self.states = grammar.states
        self.ids: list[int] = []
        self.line = self.column = 0
        self._marks = ""
        self._rhymed = list(grammar.given_rhymes) if grammar.constraints.has_rhyme else []
        # with no_repeat, what may not be written freely any more; what is given waits for its place
        given = grammar.given.values() if grammar.constraints.no_repeat else ()
        self._taken = [same for number in given for same in grammar.prosody.spellings(number)]

    def fork(self) -> "VerseMatcher":
        """The same state, to go on apart."""
        other = copy(self)
        other.ids, other._rhymed, other._taken = list(self.ids), list(self._rhymed), list(self._taken)
        return other

    @property
    def can_complete(self) -> bool:
        """Whether the poem can be completed; always true of what `allowed` alone has led to."""
        return bool(self.states)

    @property
    def is_complete(self) -> bool:
        """Whether only the end may follow."""
        return self.line == self.grammar.form.line_count

    @property
    def at_line_end(self) -> bool:
        """Whether the next hanzi ends its line."""
        return self.column == self.grammar.form.line_length - 1

    @property
    def given(self) -> int | None:
        """The hanzi that must come next because it is given for this place."""
        return self.grammar.given.get((self.line, self.column))

    def allowed(self) -> Array:
        """The tokens that may come next: bool (V,), not to be written to; never none."""
        grammar = self.grammar
        if self.is_complete:
            return grammar.end
        if self.column == grammar.form.line_length:
            return grammar.marks[not grammar.opens_answered_line(self.line)]
        if self.given is not None:
            return grammar.given_masks[self.line, self.column]
        at_end = self.at_line_end
        mask = grammar.line_ends(self.states, self.line) if at_end else grammar.inside[self.open_tones]
        excluded = [*self._taken, *(self._rhymed if at_end else ())]
        if excluded:
            mask = mask.copy()
            mask[excluded] = False
            for place in self._scarce():
                mask &= ~grammar.prosody.members[place]
        if at_end and self.line == 1 and grammar.constraints.first_line_rhymes is False:
            # even lines that all rhyme in a second group too (車, 畬) may make it the one that is heard
            mask = grammar.prosody.without_rhymes(mask, grammar.prosody.heard[self.ids[self.column]])
        return mask

    @property
    def open_tones(self) -> int:
        """The tones with which one of the states goes on, as bits; none where tones are free."""
        tones = 0
        for state in self.states:
            tones |= next_tones(state.patterns)
        return tones

    def accept(self, number: int) -> None:
        """Take a hanzi or a mark."""
        grammar = self.grammar
        vocabulary, constraints = grammar.prosody.vocabulary, grammar.constraints
        if number < vocabulary.first_hanzi:
            self._end_line(vocabulary.tokens[number])
            return
        states = [left for state in self.states if (left := self._state_after(state, number))]
        rhymes = self.at_line_end and any(state.scheme.rhymes(self.line) for state in states)
        if rhymes and constraints.has_rhyme:
            self._rhymed.extend(grammar.prosody.spellings(number))
        if constraints.no_repeat:
            self._taken.extend(grammar.prosody.spellings(number))
        self.ids.append(number)
        self.column += 1
        self.states = tuple(left for state in states if (left := self._drop_exhausted_groups(state, number)))
        if not grammar.keeps_marks and self.column == grammar.form.line_length:
            self._end_line(COMMA if grammar.opens_answered_line(self.line) else STOP)

    def _end_line(self, mark: str) -> None:
        self.line, self.column, self._marks = self.line + 1, 0, self._marks + mark

    def _state_after(self, state: State, number: int) -> State | None:
        """What a hanzi leaves of a state: its tones and its rhyme."""
        prosody, constraints = self.grammar.prosody, self.grammar.constraints
        groups, tones = state.groups, prosody.inside[number] or EITHER
        if self.at_line_end and state.scheme.rhymes(self.line) and (self.line or constraints.has_rhyme):
            if not self.line and constraints.first_line_rhymes and prosody.is_unknown(number):
                return None  # nobody could say that it rhymes
            if constraints.has_rhyme and self.given is None and number in self.grammar.given_rhymes:
                return None  # it is to rhyme elsewhere
            tones = prosody.at_end[number] or EITHER
            if constraints.has_rhyme and prosody.at_end[number]:  # one that is unknown may be in any
                groups &= prosody.groups[number]
                tones = EITHER if groups else 0
        elif self.at_line_end and self.line == 0:
            groups &= groups_left_after(constraints, prosody, number)
        patterns = self._patterns_after(state, tones)
        is_left = (patterns or not constraints.has_tones) and (groups or not constraints.has_rhyme)
        return State(state.scheme, patterns, groups) if is_left and tones else None

    def _patterns_after(self, state: State, tones: int) -> Patterns:
        if not self.grammar.constraints.has_tones:
            return state.patterns
        patterns, following = after(state.patterns, tones), self.line + 1
        opens_couplet = self.at_line_end and following % 2 == 0 and following < self.grammar.form.line_count
        return state.scheme.couplets[following // 2] if patterns and opens_couplet else patterns

    # ---- what could run out ----

    def _count_needed(self, scheme: Scheme) -> int:
        """Rhymes still to be found, that of this line among them while it is open."""
        length, count = self.grammar.form.line_length, self.grammar.form.line_count
        open_lines = range(self.line + (self.column == length), count)
        return sum(
            scheme.rhymes(line) and (line, length - 1) not in self.grammar.given for line in open_lines
        )

    def _count_left(self, place: int) -> int:
        """Words of a group that may still end a line."""
        members, words, bit = self.grammar.prosody.groups, self.grammar.prosody.words, 1 << place
        gone = {int(words[number]) for number in (*self._rhymed, *self._taken) if members[number] & bit}
        return self.grammar.prosody.sizes[place] - len(gone)

    def _drop_exhausted_groups(self, state: State, number: int) -> State | None:
        """The state without the groups that too few characters are left of, now that this one is written."""
        if not self.grammar.constraints.has_rhyme:
            return state
        touched = state.groups & self.grammar.prosody.groups[number]
        if not touched or not (self._taken or self.column == self.grammar.form.line_length):
            return state
        needed = self._count_needed(state.scheme)
        gone = sum(1 << place for place in places(touched) if self._count_left(place) < needed)
        return state._replace(groups=state.groups & ~gone) if state.groups & ~gone else None

    def _scarce(self) -> Iterator[int]:
        """Groups of which every character left is needed to rhyme: none may be written anywhere else."""
        if not (self.grammar.constraints.has_rhyme and self._taken):
            return
        for state in self.states:
            if not (self.at_line_end and state.scheme.rhymes(self.line)):
                needed = self._count_needed(state.scheme)
                yield from (place for place in places(state.groups) if self._count_left(place) <= needed)

    # ---- what is written ----

    def lines(self) -> tuple[tuple[str, ...], str]:
        """The lines so far in corpus characters, the last of them perhaps open, and the marks that close them."""
        hanzi, length = self.grammar.prosody.vocabulary.decode(self.ids), self.grammar.form.line_length
        return tuple(hanzi[k : k + length] for k in range(0, len(hanzi), length)), self._marks

    def scansion(self) -> Scansion:
        """How what is written so far is read."""
        return Scansion.of(self.grammar.prosody, self.grammar.form, self.states[0], self.ids)
