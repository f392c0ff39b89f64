"""Free verse: what may follow, so that every poem is well formed and comes to an end.

Regular verse: the first line has 5 or 7 hanzi (4 to 7 where the prompt has it whole), all lines have as many,
their number is even and at least 4, odd lines end with ，and even ones with 。or ？. Where a prompt has lines of
other or unequal lengths the poem is mixed: lines of 3 to 9 hanzi, in pairs all the same. Fewer lines only where
`max_length` leaves no room.
"""

from copy import copy
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.poem.lineation import REGULAR_LENGTHS, USUAL_LENGTHS, split_at_marks
from poetgen.poem.poem import COMMA, MARKS, QUESTION, STOP
from poetgen.verse.prosody import TokenProsody

Array = npt.NDArray[Any]

MIXED_LENGTHS = range(3, 10)
LEAST_LINES = 4


class Follows(NamedTuple):
    """What may come next: any hanzi, some marks, the end."""

    hanzi: bool
    marks: str = ""
    end: bool = False


class FreeMatcher:
    """A poem in the making, without rules, of at most `max_length` hanzi."""

    notes: tuple[str, ...] = ()

    def __init__(self, vocabulary: Vocabulary, max_length: int, *, hanzi: Array | None = None) -> None:
        """`hanzi` are those that may be written: bool (V,); None: all that training has seen."""
        self._vocabulary, self._max_length = vocabulary, max_length
        self._hanzi = slice(vocabulary.first_hanzi, vocabulary.seen) if hanzi is None else hanzi
        self._text = ""
        self._masks: dict[Follows, Array] = {}  # shared by all forks

    def follows(self) -> Follows:
        """What may come next; never nothing, unless the poem cannot be completed."""
        raise NotImplementedError

    @property
    def can_complete(self) -> bool:
        """Whether the poem can be completed within `max_length`."""
        raise NotImplementedError

    @property
    def is_complete(self) -> bool:
        """Whether only the end may follow."""
        return self.follows() == Follows(hanzi=False, end=True)

    def allowed(self) -> Array:
        """The tokens that may come next: bool (V,), not to be written to; never none."""
        follows = self.follows()
        if follows not in self._masks:
            mask = np.zeros(len(self._vocabulary), bool)
            mask[self._hanzi] = follows.hanzi
            mask[self._vocabulary.encode(follows.marks)] = True
            mask[self._vocabulary.end] = follows.end
            mask.setflags(write=False)
            self._masks[follows] = mask
        return self._masks[follows]

    def accept(self, number: int) -> None:
        """Take a hanzi or a mark."""
        self.write(self._vocabulary.tokens[number])

    def write(self, text: str) -> None:
        """Take a text in corpus characters."""
        self._text += text

    def fork(self) -> "FreeMatcher":
        """The same state, to go on apart."""
        return copy(self)

    def lines(self) -> tuple[tuple[str, ...], str]:
        """The lines in corpus characters, and the marks that close them."""
        raise NotImplementedError

    def scansion(self) -> None:
        """None: no rules, no scansion."""


class MarkedMatcher(FreeMatcher):
    """Of a model that writes marks: it counts the lines that they close."""

    @property
    def _lengths(self) -> list[int]:
        """Of every line, the open one last, 0 where none is begun."""
        return [len(line) for line in split_at_marks(self._text)]

    def _open_lengths(self) -> list[int]:
        """Lengths the open line may come to, its own pair completed within `max_length`; empty: no room."""
        *closed, open_hanzi = self._lengths
        room = self._max_length - sum(closed)
        opens_pair = len(closed) % 2 == 0
        if not closed:
            fit = [n for n in USUAL_LENGTHS if n >= open_hanzi and 2 * n <= room]
            whole = [n for n in fit if LEAST_LINES * n <= room]
            return whole or fit
        length = closed[0]
        if set(closed) == {length} and length in REGULAR_LENGTHS:
            needed = 2 * length if opens_pair else length
            return [length] if open_hanzi <= length and needed <= room else []
        most = room - (MIXED_LENGTHS.start if opens_pair else 0)
        lengths = [n for n in MIXED_LENGTHS if open_hanzi <= n <= most]
        return lengths or ([open_hanzi] if MIXED_LENGTHS.stop <= open_hanzi <= most else [])

    def follows(self) -> Follows:
        """Hanzi while the line may grow, its mark where it may end, the end after whole pairs of lines."""
        *closed, open_hanzi = self._lengths
        lengths = self._open_lengths()
        if not open_hanzi:
            is_whole = bool(closed) and len(closed) % 2 == 0
            return Follows(bool(lengths), end=is_whole and (len(closed) >= LEAST_LINES or not lengths))
        marks = COMMA if len(closed) % 2 == 0 else STOP + QUESTION
        return Follows(open_hanzi < max(lengths, default=0), marks if open_hanzi in lengths else "")

    @property
    def can_complete(self) -> bool:
        """Whether the open line and its pair have room, or whole pairs stand already."""
        *closed, open_hanzi = self._lengths
        is_whole = bool(closed) and len(closed) % 2 == 0 and not open_hanzi
        return bool(self._open_lengths()) or (is_whole and sum(closed) <= self._max_length)

    def lines(self) -> tuple[tuple[str, ...], str]:
        """The lines as their marks part them."""
        return tuple(filter(None, split_at_marks(self._text))), "".join(
            char for char in self._text if char in MARKS
        )


class UnmarkedMatcher(FreeMatcher):
    """Of a model that knows no marks: a poem may end where its hanzi make whole pairs of lines of 5 or 7."""

    def write(self, text: str) -> None:
        """Take a text in corpus characters; marks are passed over."""
        self._text += "".join(char for char in text if char not in MARKS)

    def _ends(self) -> list[int]:
        """Lengths this poem may come to."""
        pairs = [
            n
            for n in range(2, self._max_length + 1)
            if any(n % (2 * length) == 0 for length in USUAL_LENGTHS)
        ]
        least = min(LEAST_LINES * USUAL_LENGTHS[0], max(pairs, default=0))
        return [n for n in pairs if n >= max(least, len(self._text))]

    def follows(self) -> Follows:
        """Hanzi while there is room, the end where whole pairs of lines stand."""
        ends = self._ends()
        return Follows(hanzi=bool(ends) and len(self._text) < ends[-1], end=len(self._text) in ends)

    @property
    def can_complete(self) -> bool:
        """Whether whole pairs of lines can be reached."""
        return bool(self._ends())

    def lines(self) -> tuple[tuple[str, ...], str]:
        """Lines of 5, else of 7, in whole pairs, and the marks of a couplet."""
        hanzi = self._text
        length = next((n for n in USUAL_LENGTHS if len(hanzi) % (2 * n) == 0), USUAL_LENGTHS[0])
        lines = tuple(hanzi[k : k + length] for k in range(0, len(hanzi), length))
        return lines, "".join(COMMA if k % 2 == 0 else STOP for k in range(len(lines)))


def begin_freely(
    text: str, prosody: TokenProsody, *, max_length: int, keeps_marks: bool
) -> MarkedMatcher | UnmarkedMatcher:
    """A matcher of free verse that begins with a text in corpus characters. Raises PromptError where too long."""
    kind = MarkedMatcher if keeps_marks else UnmarkedMatcher
    matcher = kind(prosody.vocabulary, max_length, hanzi=prosody.hanzi)
    matcher.write(text)
    if not matcher.can_complete:
        raise PromptError(
            tr(
                "no room to complete a poem of {max_length} hanzi that begins so; shorten the prompt "
                "or raise --max-length",
                max_length=max_length,
            )
        )
    return matcher
