"""平仄 templates of regulated verse: four types of line, and what opposition and adhesion make of them.

A *pattern* is a text of 平 and 仄, one tone a character. Lines of 7 are lines of 5 with a pair of the other tone
in front, so every rule below speaks of the last five: their 2nd tone says how they turn, their 5th how they end.

poetgen.verse.check judges poems by the rules themselves and looks nothing up here; a test shows that both agree.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

from poetgen.poem.form import Form
from poetgen.verse.rhyme_books import LEVEL, OBLIQUE

STRICT, RELAXED = "strict", "relaxed"
MODES = (STRICT, RELAXED)
_OTHER = {LEVEL: OBLIQUE, OBLIQUE: LEVEL}


def opposite(tone: str) -> str:
    """仄 of 平, 平 of 仄."""
    return _OTHER[tone]


@dataclass(frozen=True)
class LineType:
    """One of the four types of line of `length` 5 or 7.

    `start` (起) is the tone of its second character, `end` (收) of its last.
    """

    length: int
    start: str
    end: str

    @property
    def turn(self) -> str:
        """Tone of the second of the last five characters: a pair in front has the other tone."""
        return self.start if self.length == 5 else opposite(self.start)

    @property
    def pattern(self) -> str:
        """The type itself. Pairs alternate, and the third of the last five is opposed to the last:

        平平仄仄平 仄仄平平仄, and 平平平仄仄 仄仄仄平平 where it does not end in the tone it starts with.
        """
        head = "" if self.length == 5 else self.start * 2
        return head + self.turn * 2 + opposite(self.end) + opposite(self.turn) + self.end

    def patterns(self, mode: str = RELAXED) -> frozenset[str]:
        """What a line of this type may be by itself; what needs its couplet's help is in `couplet_patterns`."""
        return frozenset([self.pattern]) if mode == STRICT else frozenset(_relax_line(self))


def _relax_line(line: LineType) -> Iterator[str]:
    """一三五不論 without 孤平 and 三平調, and 特拗: 平平仄平仄 for 平平平仄仄, its first tone kept."""
    for pattern in _loosen(line.pattern):
        five = pattern[-5:]
        is_lone = line.end == line.turn == LEVEL and five.count(LEVEL) == 2
        if not is_lone and not five.endswith(LEVEL * 3):
            yield pattern
    if line.turn == LEVEL and line.end == OBLIQUE:
        swapped = line.pattern[:-3] + OBLIQUE + LEVEL + OBLIQUE
        yield from _loosen(swapped, places=range(0, line.length - 5, 2))


def _loosen(pattern: str, places: Iterable[int] | None = None) -> Iterator[str]:
    """The pattern with either tone at these places, by default the 1st, 3rd and, of 7, the 5th."""
    free = range(0, len(pattern) - 1, 2) if places is None else places
    for tones in product(*((LEVEL + OBLIQUE) if k in free else tone for k, tone in enumerate(pattern))):
        yield "".join(tones)


@cache
def couplet_patterns(first: LineType, second: LineType, mode: str = RELAXED) -> frozenset[str]:
    """What two lines may be together: patterns of twice the length.

    Relaxed, these are any two lines allowed by themselves, and 大拗: the last but one of (平平)仄仄平平仄 is 仄,
    and the answering line compensates (救) with 平 as the third of its last five (仄仄平仄仄 平平平仄平).
    """
    answers = second.patterns(mode)
    pairs = {a + b for a in first.patterns(mode) for b in answers}
    if mode == RELAXED and first.turn == first.end == OBLIQUE:
        broken = first.pattern[:-2] + OBLIQUE * 2
        pairs |= {a + b for a in _loosen(broken) for b in answers if b[-3] == LEVEL}
    return frozenset(pairs)


@dataclass(frozen=True)
class Template:
    """How the tones of a whole poem run, given how its first line starts and whether that line rhymes."""

    form: Form
    start: str
    first_line_rhymes: bool

    @property
    def name(self) -> str:
        """Such as 仄起首句入韻."""
        return template_name(self.start, self.first_line_rhymes)

    @property
    def lines(self) -> tuple[LineType, ...]:
        """對 opposes the lines of a couplet; 粘 starts each couplet as the one before has ended."""
        starts, start = [], self.start
        for number in range(self.form.line_count):
            starts.append(start)
            start = opposite(start) if number % 2 == 0 else start
        return tuple(
            LineType(self.form.line_length, start, self._end(number)) for number, start in enumerate(starts)
        )

    def _end(self, number: int) -> str:
        rhymes = number % 2 == 1 or (number == 0 and self.first_line_rhymes)
        return LEVEL if rhymes else OBLIQUE

    def couplets(self, mode: str = RELAXED) -> tuple[frozenset[str], ...]:
        """For each couplet the patterns of its two lines, one after the other: all that the template allows."""
        lines = self.lines
        return tuple(couplet_patterns(*lines[k : k + 2], mode) for k in range(0, len(lines), 2))


def template_name(start: str, first_line_rhymes: bool) -> str:
    """平起首句入韻, 平起首句不入韻, 仄起首句入韻 or 仄起首句不入韻."""
    return f"{start}起首句{'' if first_line_rhymes else '不'}入韻"


def templates(form: Form) -> tuple[Template, ...]:
    """The four templates of a regulated form; none for a free shape."""
    if not form.regulated:
        return ()
    return tuple(Template(form, start, rhymes) for start in (LEVEL, OBLIQUE) for rhymes in (False, True))
