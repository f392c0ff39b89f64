"""What one line between others that are kept may be.

It is written after the lines before it, as any line is; of the templates and rhyme groups only those are left open
that the lines after it agree with. A kept line whose tones fit no template is taken as it stands, and the new one
follows the template; only where that does not help, a rule gives way.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy.typing as npt

from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.poem.form import form_of
from poetgen.poem.lineation import regular_marks
from poetgen.poem.poem import MARKS
from poetgen.verse.prosody import TokenProsody
from poetgen.verse.templates import RELAXED
from poetgen.writing.beginning import MakeGrammar, begin, tones_of_lines
from poetgen.writing.constraints import AUTO, OFF, Constraints
from poetgen.writing.decoding import Matcher
from poetgen.writing.states import State
from poetgen.writing.verse_matcher import VerseGrammar, VerseMatcher

Array = npt.NDArray[Any]
# what is asked of the new line, the most first
RULES = ((RELAXED, AUTO), (OFF, AUTO), (RELAXED, OFF), (OFF, OFF))


def join_body(lines: Sequence[str], marks: str) -> str:
    """Lines with their marks, those in the manner of forms."""
    return regular_marks("".join(line + mark for line, mark in zip(lines, marks, strict=True)))


@dataclass(frozen=True)
class KeptPoem:
    """A poem in corpus characters, of which line `place` (from 0) is to be written anew, beginning with `head`."""

    lines: tuple[str, ...]
    marks: str
    place: int
    head: str = ""

    @property
    def later_rhymes(self) -> str:
        """The characters that rhyme after this line, with none of which it may rhyme."""
        rhymes = self.place == 0 or self.place % 2 == 1
        return "".join(line[-1] for line in self.lines[self.place + 1 :][self.place % 2 == 1 :: 2]) * rhymes

    def with_line(self, line: str) -> tuple[str, ...]:
        """All lines, with another in this place."""
        return (*self.lines[: self.place], line, *self.lines[self.place + 1 :])


class LineMatcher(VerseMatcher):
    """One line of verse by rules: after its last hanzi comes the end. `shunned` rhyme in later lines."""

    def __init__(self, before: VerseMatcher, shunned: Sequence[int]) -> None:
        """It goes on from a matcher that has taken the lines before it."""
        super().__init__(before.grammar)
        self.__dict__.update(before.fork().__dict__)
        self._shunned, self._own_line = list(shunned), before.line

    @property
    def is_complete(self) -> bool:
        """Whether only the end may follow."""
        return self.line > self._own_line or self.column == self.grammar.form.line_length

    def allowed(self) -> Array:
        """The tokens that may come next: bool (V,), not to be written to; never none."""
        mask = super().allowed()
        if self.is_complete or not self.at_line_end or not self._shunned:
            return mask
        fewer = mask.copy()
        fewer[self._shunned] = False
        return fewer if fewer.any() else mask


class PlainLineMatcher:
    """One line without rules, of `length` hanzi."""

    notes: tuple[str, ...] = ()

    def __init__(self, prosody: TokenProsody, length: int) -> None:
        self._prosody, self._length = prosody, length
        self._ids: list[int] = []
        self._end = prosody.only([prosody.vocabulary.end])

    @property
    def is_complete(self) -> bool:
        """Whether only the end may follow."""
        return len(self._ids) >= self._length

    def allowed(self) -> Array:
        """The tokens that may come next: bool (V,); never none."""
        return self._end if self.is_complete else self._prosody.hanzi

    def accept(self, number: int) -> None:
        """Take a hanzi."""
        self._ids.append(number)

    def fork(self) -> "PlainLineMatcher":
        """The same state, to go on apart."""
        other = copy(self)
        other._ids = list(self._ids)
        return other

    def lines(self) -> tuple[tuple[str, ...], str]:
        """This line, without a mark."""
        return (self._prosody.vocabulary.decode(self._ids),), ""

    def scansion(self) -> None:
        """None: no rules, no scansion."""


def match_line(poem: KeptPoem, prosody: TokenProsody, *, keeps_marks: bool) -> Matcher:
    """The matcher of the line, under as many rules as the kept lines themselves keep; its head is written."""
    form = form_of(poem.lines)
    for tones, rhyme in RULES if form and form.regulated else RULES[3:]:
        if form is None:
            break
        constraints = Constraints(form, tones, rhyme)
        make_grammar = partial(VerseGrammar, form, constraints, prosody, keeps_marks=keeps_marks)
        for as_typed in _lines_as_they_stand(poem) if constraints.has_tones else [()]:
            with suppress(PromptError):
                return _match_by_rule(make_grammar, as_typed, poem)
    return PlainLineMatcher(prosody, len(poem.lines[poem.place]) - len(poem.head))


def _lines_as_they_stand(poem: KeptPoem) -> Iterator[Sequence[int]]:
    """The kept lines that may follow no template, from none to all; the new line's partner among the last."""
    kept = [line for line in range(len(poem.lines)) if line != poem.place]
    others = [line for line in kept if line // 2 != poem.place // 2]
    yield ()
    yield from ([line] for line in others)
    yield from ([first, first + 1] for first in others[::2])
    yield from ([line] for line in kept if line not in others)
    yield others
    yield kept


def _match_by_rule(make_grammar: MakeGrammar, as_typed: Sequence[int], poem: KeptPoem) -> LineMatcher:
    """Raises PromptError where the kept lines or the head leave no state."""
    tones = tones_of_lines(make_grammar(), join_body(poem.lines, poem.marks)) if as_typed else []
    grammar = make_grammar(as_typed={line: tones[line] for line in as_typed})
    matcher = begin(grammar, join_body(poem.lines[: poem.place], poem.marks[: poem.place]))
    later = join_body(poem.lines[poem.place + 1 :], poem.marks[poem.place + 1 :])
    matcher.states = tuple(_reachable_states(matcher, later)) if later else matcher.states
    encode = grammar.prosody.vocabulary.encode
    line = LineMatcher(matcher, encode(poem.later_rhymes) if grammar.constraints.has_rhyme else [])
    for number in encode(poem.head):
        line.accept(number)
    if not line.states:
        raise PromptError(tr("the kept lines leave no way"))
    return line


def _reachable_states(matcher: VerseMatcher, later: str) -> Iterator[State]:
    """The states before a line that the lines after it can be reached by."""
    length, into_couplet = matcher.grammar.form.line_length, matcher.line % 2 == 0
    for state in matcher.states:
        if not matcher.grammar.constraints.has_tones:
            left = _after(matcher, state, later)
            if left:
                yield state._replace(groups=left.groups)
        elif into_couplet:
            # the second half of a pattern is what the answering line must be
            for tail in sorted({pattern[length:] for pattern in state.patterns}):
                left = _after(matcher, state._replace(patterns=frozenset({tail})), later)
                if left:
                    fitting = frozenset(pattern for pattern in state.patterns if pattern.endswith(tail))
                    yield state._replace(patterns=fitting, groups=left.groups)
        else:
            opened = state._replace(patterns=state.scheme.couplets[(matcher.line + 1) // 2])
            left = _after(matcher, opened, later)
            if left:
                yield state._replace(groups=left.groups)


def _after(matcher: VerseMatcher, state: State, later: str) -> State | None:
    """What is left of a state once the later lines are written, as if the line between were there."""
    probe = matcher.fork()
    probe.line, probe.column, probe.states = matcher.line + 1, 0, (state,)
    for char in later:
        if char not in MARKS or matcher.grammar.keeps_marks:
            probe.accept(matcher.grammar.prosody.vocabulary.encode(char)[0])
    return probe.states[0] if probe.states else None
