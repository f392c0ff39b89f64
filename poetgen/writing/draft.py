"""A poem in the making: what may follow, so that every poem is well formed and comes to an end.

Regular verse: the first line has 5 or 7 hanzi (4 to 7 where the prompt has it whole), all lines have as many,
their number is even and at least 4, odd lines end with ，and even ones with 。or ？. Where a prompt has lines of
other or unequal lengths the poem is mixed: lines of 3 to 9 hanzi, in pairs all the same. Fewer lines only where
`max_length` leaves no room.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from poetgen.poem.poem import COMMA, MARKS, QUESTION, STOP

REGULAR = range(4, 8)
MIXED = range(3, 10)
LEAST_LINES = 4
USUAL = (5, 7)
SHORTEST = 2 * USUAL[0]  # hanzi: two lines that any model can write


class Follows(NamedTuple):
    """What may come next: any hanzi, some marks, the end."""

    hanzi: bool
    marks: str = ""
    end: bool = False


class Draft(Protocol):
    """What the writer needs of a draft."""

    def add(self, char: str) -> None:
        """Take a hanzi or a mark."""

    def follows(self) -> Follows:
        """What may come next; never nothing, unless the draft does not fit."""

    @property
    def fits(self) -> bool:
        """Whether it can be completed within `max_length`."""

    def copy(self) -> "Draft":
        """The same state, to go on apart."""


@dataclass
class MarkedDraft:
    """A draft whose marks are written: `lines` are the lengths of the closed ones, `open` hanzi follow them."""

    max_length: int
    lines: list[int] = field(default_factory=list)
    open: int = 0

    def add(self, char: str) -> None:
        """Take a hanzi or a mark."""
        if char in MARKS:
            self.lines.append(self.open)
            self.open = 0
        else:
            self.open += 1

    def copy(self) -> "MarkedDraft":
        """The same state, to go on apart."""
        return MarkedDraft(self.max_length, list(self.lines), self.open)

    @property
    def _opens_pair(self) -> bool:
        return len(self.lines) % 2 == 0

    @property
    def _room(self) -> int:
        """Hanzi left for the open line and those after it."""
        return self.max_length - sum(self.lines)

    def _lengths(self) -> list[int]:
        """Lengths the open line may come to, its own pair completed within `max_length`; empty: no room."""
        if not self.lines:
            fit = [n for n in USUAL if n >= self.open and 2 * n <= self._room]
            whole = [n for n in fit if LEAST_LINES * n <= self._room]
            return whole or fit
        length = self.lines[0]
        if set(self.lines) == {length} and length in REGULAR:
            needed = 2 * length if self._opens_pair else length
            return [length] if self.open <= length and needed <= self._room else []
        most = self._room - (MIXED.start if self._opens_pair else 0)
        lengths = [n for n in MIXED if self.open <= n <= most]
        return lengths or ([self.open] if MIXED.stop <= self.open <= most else [])

    def follows(self) -> Follows:
        """See Draft."""
        lengths = self._lengths()
        if not self.open:
            complete = bool(self.lines) and self._opens_pair
            return Follows(bool(lengths), end=complete and (len(self.lines) >= LEAST_LINES or not lengths))
        marks = COMMA if self._opens_pair else STOP + QUESTION
        closes = self.open in lengths
        return Follows(self.open < max(lengths, default=0), marks if closes else "")

    @property
    def fits(self) -> bool:
        """See Draft."""
        complete = bool(self.lines) and self._opens_pair and not self.open
        return bool(self._lengths()) or (complete and self._room >= 0)


@dataclass
class UnmarkedDraft:
    """A draft of a model that knows no marks: it may end where the hanzi make whole pairs of lines of 5 or 7."""

    max_length: int
    hanzi: int = 0

    def add(self, char: str) -> None:
        """Take a hanzi; a mark is passed over."""
        self.hanzi += char not in MARKS

    def copy(self) -> "UnmarkedDraft":
        """The same state, to go on apart."""
        return UnmarkedDraft(self.max_length, self.hanzi)

    def _ends(self) -> list[int]:
        """Lengths this poem may come to."""
        pairs = [n for n in range(2, self.max_length + 1) if any(n % (2 * length) == 0 for length in USUAL)]
        least = min(LEAST_LINES * USUAL[0], max(pairs, default=0))
        return [n for n in pairs if n >= max(least, self.hanzi)]

    def follows(self) -> Follows:
        """See Draft."""
        ends = self._ends()
        return Follows(hanzi=bool(ends) and self.hanzi < ends[-1], end=self.hanzi in ends)

    @property
    def fits(self) -> bool:
        """See Draft."""
        return bool(self._ends())


def break_lines(hanzi: str) -> tuple[tuple[str, ...], str]:
    """The lines and marks of a poem written without marks: lines of 5, else of 7, in whole pairs."""
    length = next((n for n in USUAL if len(hanzi) % (2 * n) == 0), USUAL[0])
    lines = tuple(hanzi[k : k + length] for k in range(0, len(hanzi), length))
    return lines, "".join(COMMA if k % 2 == 0 else STOP for k in range(len(lines)))
