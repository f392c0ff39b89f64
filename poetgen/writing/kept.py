"""What a poem written by rules has kept, as it is told to those who read it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from poetgen.poem.form import Form
from poetgen.verse.rhymes import GROUPS, LEVEL, OBLIQUE
from poetgen.writing.lexicon import EITHER, LEVEL_BIT, OBLIQUE_BIT, Lexicon, places
from poetgen.writing.ways import TONES_IN, Patterns, Way

EITHER_TONE, UNKNOWN = "中", "?"
_SHOWN = {0: UNKNOWN, LEVEL_BIT: LEVEL, OBLIQUE_BIT: OBLIQUE, EITHER: EITHER_TONE}


class Kept(NamedTuple):
    """The name of the template and the rhyme group, None where free, and the tones of each line.

    Where tones are free they are told as the rhyme table has them: 中 for either, ? for unknown.
    """

    template: str | None
    rhyme_group: str | None
    tones: tuple[str, ...]

    @classmethod
    def by(cls, lexicon: Lexicon, form: Form, way: Way, ids: Sequence[int]) -> "Kept":
        """What the hanzi `ids` keep in this way."""
        length, template = form.line_length, way.scheme.template
        feet = range(length - 1, len(ids), length)
        may_be = [(lexicon.at_foot if k in feet else lexicon.inside)[number] for k, number in enumerate(ids)]
        if template:
            read = "".join(_read(way.scheme.couplets, may_be, 2 * length))
        else:
            read = "".join(_SHOWN[tones] for tones in may_be)
        return cls(
            template.name if template else None,
            next((GROUPS[place] for place in places(way.groups)), None),
            tuple(read[k : k + length] for k in range(0, len(read), length)),
        )


def _read(couplets: Sequence[Patterns], may_be: Sequence[int], length: int) -> Iterator[str]:
    """For each couplet the first pattern of its template that its hanzi, `length` of them, may be read by."""
    for couplet, first in enumerate(range(0, len(may_be), length)):
        allowed = [TONES_IN[tones or EITHER] for tones in may_be[first : first + length]]
        fitting = (
            pattern
            for pattern in couplets[couplet]
            if all(tone in tones for tone, tones in zip(pattern, allowed, strict=False))
        )
        yield min(fitting)[: len(allowed)]
