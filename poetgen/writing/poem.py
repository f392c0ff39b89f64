"""A poem that was written: how it scans, how it was chosen, and how it stands on the page."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from poetgen.poem.form import Form, form_name
from poetgen.poem.lineation import WIDE_BLANK
from poetgen.poem.poem import Poem
from poetgen.verse.prosody import EITHER, LEVEL_BIT, OBLIQUE_BIT, TONES_IN, TokenProsody, places
from poetgen.verse.rhyme_books import EITHER_SIGN, EVERY_GROUP, LEVEL, OBLIQUE, PINGSHUI, UNKNOWN_SIGN
from poetgen.writing.states import Patterns, State

_SIGNS = {0: UNKNOWN_SIGN, LEVEL_BIT: LEVEL, OBLIQUE_BIT: OBLIQUE, EITHER: EITHER_SIGN}


class Scansion(NamedTuple):
    """The name of the template and the rhyme group, None where free, and the tones of each line.

    Where tones are free they are those of the rhyme table: 中 for either, ? for unknown.
    """

    template: str | None
    rhyme_group: str | None
    tones: tuple[str, ...]

    @classmethod
    def of(cls, prosody: TokenProsody, form: Form, state: State, ids: Sequence[int]) -> "Scansion":
        """How the hanzi `ids` are read in this state."""
        length, template = form.line_length, state.scheme.template
        ends = range(length - 1, len(ids), length)
        may_be = [(prosody.at_end if k in ends else prosody.inside)[number] for k, number in enumerate(ids)]
        if template:
            read = "".join(_read(state.scheme.couplets, may_be, 2 * length))
        else:
            read = "".join(_SIGNS[tones] for tones in may_be)
        return cls(
            template.name if template else None,
            next((EVERY_GROUP[place] for place in places(state.groups)), None),
            tuple(read[k : k + length] for k in range(0, len(read), length)),
        )


@dataclass(frozen=True)
class Rank:
    """How a poem was chosen: the best by `score`, nats a hanzi less penalties, of `best_of` candidates."""

    best_of: int
    candidate: int
    score: float


@dataclass(frozen=True)
class GeneratedPoem:
    """A finished poem. `str` of it is the poem, a couplet a row.

    `lines` are without marks, `marks[k]` ends `lines[k]`; `log_probability` is the natural-log probability of the
    whole poem under the unmasked model at temperature 1: prompt, marks (where the model writes them) and end.
    `prompt` is as typed, and `notes` say what was read or done otherwise than asked. A poem written by rules has
    its `template` (None: tones were free), `rhyme_group` (None: no rhyme) and the `tones` of each line.
    `rhyme_book` is the book of its rules. `corpus_lines` are the lines in the corpus' own characters, by which
    rhymes and tones are looked up. `title` and `poet` are what the model was told, in its own characters.
    """

    lines: tuple[str, ...]
    marks: str
    script: str
    seed: int
    index: int
    log_probability: float
    prompt: str = ""
    notes: tuple[str, ...] = ()
    template: str | None = None
    rhyme_group: str | None = None
    tones: tuple[str, ...] | None = None
    rank: Rank | None = None
    corpus_lines: tuple[str, ...] = ()
    rhyme_book: str = PINGSHUI
    title: str | None = None
    poet: str | None = None

    @property
    def text(self) -> str:
        """The body: every line with its mark, nothing between."""
        return self._poem.text

    @property
    def form(self) -> str:
        """五絕 七絕 五律 七律, 五言排律六韻, a shape such as 5x6, or 雜言."""
        shape = self._poem.shape
        return Form(*shape).name if shape else form_name(None)

    @property
    def vertical(self) -> str:
        """The poem in columns from right to left."""
        return vertical(self.lines, self.marks)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        from poetgen.verse.annotation import annotate  # a poem that is only printed does without

        names = (
            "prompt",
            "title",
            "poet",
            "index",
            "text",
            "lines",
            "form",
            "template",
            "rhyme_book",
            "rhyme_group",
            "tones",
            "script",
            "seed",
        )
        known = {name: getattr(self, name) for name in names}
        rank = asdict(self.rank) if self.rank else None
        signs = [
            {"tones": line.tones, "rhyme": line.rhyme}
            for line in annotate(self.corpus_lines, self.rhyme_book)
        ]
        known |= {"log_probability": self.log_probability, "rank": rank}
        return known | {"notes": list(self.notes), "annotation": signs}

    @property
    def _poem(self) -> Poem:
        return Poem("", "", self.lines, self.marks)

    def __str__(self) -> str:
        return horizontal(self.lines, self.marks)

    def _repr_html_(self) -> str:
        """How a notebook shows the poem: in columns from right to left."""
        from html import escape  # for notebooks alone

        columns = "<br>".join(escape(line + mark) for line, mark in zip(self.lines, self.marks, strict=True))
        style = "writing-mode: vertical-rl; font-size: 1.4em; line-height: 1.8; padding: 1em"
        return f'<div lang="zh" style="{style}">{columns}</div>'


def horizontal(lines: Sequence[str], marks: str) -> str:
    """Two lines a row, as couplets are printed: 牀前明月光，疑是地上霜。"""
    closed = [line + mark for line, mark in zip(lines, marks, strict=True)]
    return "\n".join("".join(closed[k : k + 2]) for k in range(0, len(closed), 2))


def vertical(lines: Sequence[str], marks: str) -> str:
    """As on paper: one column a line, from right to left, its mark at its foot, a blank between columns."""
    columns = [line + mark for line, mark in zip(lines, marks, strict=True)]
    rows = zip_longest(*reversed(columns), fillvalue=WIDE_BLANK)
    return "\n".join(WIDE_BLANK.join(row).rstrip(WIDE_BLANK) for row in rows)


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
