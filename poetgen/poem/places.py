"""Hanzi that are given for places of a poem: an acrostic, rhymes, a last line, what stands after a blank.

The same texts as they were typed give the same places, so that a poem prints them as they were typed.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.poem.form import Form
from poetgen.poem.lineation import split_at_marks
from poetgen.poem.poem import word_of

BLANK = "□"  # a hanzi to be written
BLANKS = BLANK + "○_"  # as it may be typed
Place = tuple[int, int]  # line and column, from 0


class GivenTexts(NamedTuple):
    """`acrostic` begins lines, `feet` end the rhyming ones, `last_line` is whole; `start` has blanks in it."""

    acrostic: str = ""
    feet: str = ""
    last_line: str = ""
    start: str = ""

    def places(self, form: Form) -> Mapping[Place, str]:
        """What stands where in a poem of this form. Raises PromptError where it has no room, or two disagree."""
        found: dict[Place, tuple[str, str]] = {}
        for option, place, hanzi in self._each(form):
            before, earlier = found.setdefault(place, (hanzi, option))
            if word_of(before) != word_of(hanzi):
                raise PromptError(
                    tr(
                        "place {place} of line {line} is to be {before} by {earlier} and {hanzi} by {option}; "
                        "make them agree, or omit one",
                        place=place[1] + 1,
                        line=place[0] + 1,
                        before=before,
                        earlier=earlier,
                        hanzi=hanzi,
                        option=option,
                    )
                )
        return {place: hanzi for place, (hanzi, _) in found.items()}

    def option_of(self, place: Place, form: Form) -> str:
        """The option that asks for the hanzi of a place."""
        return next(option for option, other, _ in self._each(form) if other == place)

    def _each(self, form: Form) -> Iterator[tuple[str, Place, str]]:
        length, count = form.line_length, form.line_count
        yield from (("--acrostic", (line, 0), hanzi) for line, hanzi in enumerate(self.acrostic))
        if self.feet:
            lines = rhyming_lines(form, len(self.feet))
            yield from (("--feet", (line, length - 1), h) for line, h in zip(lines, self.feet, strict=True))
        if self.last_line and len(self.last_line) != length:
            raise PromptError(
                tr(
                    "--last-line has {count} hanzi, and a line of {name} {length}; choose another --form, or "
                    "another line",
                    count=len(self.last_line),
                    name=form.name,
                    length=length,
                )
            )
        yield from (("--last-line", (count - 1, k), hanzi) for k, hanzi in enumerate(self.last_line))
        yield from ((tr("the prompt"), place, hanzi) for place, hanzi in _after_blank(self.start, form))


NOTHING_GIVEN = GivenTexts()


def rhyming_lines(form: Form, feet: int) -> list[int]:
    """The lines that so many rhymes end: all even ones, and the first where there is one more.

    Raises PromptError for any other number.
    """
    even = list(range(1, form.line_count, 2))
    if feet not in (len(even), len(even) + 1):
        raise PromptError(
            tr(
                "--feet has {feet} rhymes, and {name} {even}, or {odd} where the first line rhymes too; give as "
                "many, or choose another --form",
                feet=feet,
                name=form.name,
                even=len(even),
                odd=len(even) + 1,
            )
        )
    return even if feet == len(even) else [0, *even]


def _after_blank(text: str, form: Form) -> Iterator[tuple[Place, str]]:
    """The hanzi after the first blank of a beginning, which is marked line by line."""
    if BLANK not in text:
        return
    lines = split_at_marks(text)
    *closed, last = lines
    wrong = [k for k, line in enumerate(closed) if len(line) != form.line_length]
    wrong += [len(closed)] if len(last) > form.line_length else []
    if wrong:
        raise PromptError(
            tr(
                "line {line} of the prompt has {found} places, and {name} {length} in a line; choose another "
                "--form, or fewer blanks",
                line=wrong[0] + 1,
                found=len(lines[wrong[0]]),
                name=form.name,
                length=form.line_length,
            )
        )
    if len(closed) + bool(last) > form.line_count:
        raise PromptError(
            tr("the prompt has more lines than {name}; shorten it, or choose another --form", name=form.name)
        )
    is_past = False
    for line, hanzi in enumerate(lines):
        for column, char in enumerate(hanzi):
            is_past = is_past or char == BLANK
            if is_past and char != BLANK:
                yield (line, column), char
