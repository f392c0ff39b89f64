"""The draft of one line between others that are kept.

It is written after the lines before it, as any line is; of the templates and rhyme groups only those are left open
that the lines after it agree with. Where the kept lines break a rule themselves, that rule gives way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.errors import PromptError
from poetgen.poem.form import form_of
from poetgen.poem.poem import MARKS
from poetgen.verse.templates import RELAXED
from poetgen.writing.beginning import begin, regular_marks
from poetgen.writing.constraints import Verse, VerseDraft
from poetgen.writing.decoding import Masked
from poetgen.writing.lexicon import Lexicon
from poetgen.writing.rules import AUTO, OFF, Rules
from poetgen.writing.ways import Way

Array = npt.NDArray[Any]
# what the kept lines may break, least first: nothing, the tones, the rhyme too
LADDER = ((RELAXED, AUTO), (OFF, AUTO), (OFF, OFF))


@dataclass(frozen=True)
class KeptPoem:
    """A poem in corpus characters, of which line `place` (from 0) is to be written anew, beginning with `head`."""

    lines: tuple[str, ...]
    marks: str
    place: int
    head: str = ""

    def text(self, first: int, last: int) -> str:
        """Lines first to last - 1 with their marks, those in the manner of forms."""
        closed = zip(self.lines[first:last], self.marks[first:last], strict=True)
        return regular_marks("".join(line + mark for line, mark in closed))

    @property
    def later_feet(self) -> str:
        """The feet that rhyme after this line, none of which it may have where it rhymes too."""
        rhymes = self.place == 0 or self.place % 2 == 1
        return "".join(line[-1] for line in self.lines[self.place + 1 :][self.place % 2 == 1 :: 2]) * rhymes

    def replaced(self, line: str) -> tuple[str, ...]:
        """All lines, with another in this place."""
        return (*self.lines[: self.place], line, *self.lines[self.place + 1 :])


class LineDraft:
    """A draft of one line: after its last hanzi comes the end. `shunned` are feet that later lines have."""

    def __init__(self, inner: VerseDraft, shunned: Sequence[int]) -> None:
        self.inner, self.shunned, self._line = inner, list(shunned), inner.line

    def mask(self) -> Array:
        """The tokens that may come next: bool (V,); never none."""
        inner = self.inner
        if inner.line > self._line or inner.column == inner.verse.length:
            return inner.verse.end
        mask = inner.mask()
        if not inner.at_foot or not self.shunned:
            return mask
        fewer = mask.copy()
        fewer[self.shunned] = False
        return fewer if fewer.any() else mask

    def add(self, number: int) -> None:
        """Take a hanzi."""
        self.inner.add(number)

    def copy(self) -> "LineDraft":
        """The same state, to go on apart."""
        other = LineDraft(self.inner.copy(), self.shunned)
        other._line = self._line
        return other


class PlainDraft:
    """A draft of a line without rules, of `length` hanzi."""

    def __init__(self, hanzi: Array, end: int, length: int) -> None:
        self._hanzi, self._length = hanzi, length
        self._end = np.zeros_like(hanzi)
        self._end[end] = True

    def mask(self) -> Array:
        """The tokens that may come next: bool (V,); never none."""
        return self._hanzi if self._length > 0 else self._end

    def add(self, number: int) -> None:
        """Take a hanzi."""
        self._length -= 1

    def copy(self) -> "PlainDraft":
        """The same state, to go on apart."""
        other = PlainDraft.__new__(PlainDraft)
        other.__dict__.update(self.__dict__)
        return other


def draft_line(poem: KeptPoem, lexicon: Lexicon, *, keeps_marks: bool) -> Masked:
    """The draft of the line, under as many rules as the kept lines themselves keep; its head is written."""
    form = form_of(poem.lines)
    for tones, rhyme in LADDER if form and form.regulated else LADDER[2:]:
        if form is None:
            break
        try:
            verse = Verse(Rules(form, tones, rhyme), lexicon, keeps_marks=keeps_marks)
            return _draft_by_rule(verse, poem)
        except PromptError:
            continue
    length = len(poem.lines[poem.place]) - len(poem.head)
    return PlainDraft(lexicon.hanzi, lexicon.vocabulary.end, length)


def _draft_by_rule(verse: Verse, poem: KeptPoem) -> LineDraft:
    """Raises PromptError where the kept lines or the head leave no way."""
    draft = begin(verse, poem.text(0, poem.place))
    later = poem.text(poem.place + 1, len(poem.lines))
    draft.ways = tuple(_agreeing(draft, later)) if later else draft.ways
    encode = verse.lexicon.vocabulary.encode
    line = LineDraft(draft, encode(poem.later_feet) if verse.rules.has_rhyme else [])
    for number in encode(poem.head):
        line.add(number)
    if not draft.ways:
        raise PromptError("the kept lines leave no way")
    return line


def _agreeing(draft: VerseDraft, later: str) -> Iterator[Way]:
    """The ways before a line that the lines after it can be reached by."""
    length, into_couplet = draft.verse.length, draft.line % 2 == 0
    for way in draft.ways:
        if not draft.verse.rules.has_tones:
            left = _after(draft, way, later)
            if left:
                yield way._replace(groups=left.groups)
        elif into_couplet:
            # the second half of a pattern is what the answering line must be
            for tail in sorted({pattern[length:] for pattern in way.patterns}):
                left = _after(draft, way._replace(patterns=frozenset({tail})), later)
                if left:
                    fitting = frozenset(pattern for pattern in way.patterns if pattern.endswith(tail))
                    yield way._replace(patterns=fitting, groups=left.groups)
        else:
            opened = way._replace(patterns=way.scheme.couplets[(draft.line + 1) // 2])
            left = _after(draft, opened, later)
            if left:
                yield way._replace(groups=left.groups)


def _after(draft: VerseDraft, way: Way, later: str) -> Way | None:
    """What is left of a way once the later lines are written, as if the line between were there."""
    probe = draft.copy()
    probe.line, probe.column, probe.ways = draft.line + 1, 0, (way,)
    for char in later:
        if char not in MARKS or draft.verse.keeps_marks:
            probe.add(draft.verse.lexicon.vocabulary.encode(char)[0])
    return probe.ways[0] if probe.ways else None
