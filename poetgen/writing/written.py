"""A finished poem, and what is known of it."""

from dataclasses import asdict, dataclass
from typing import Any

from poetgen.poem.form import Form, form_name
from poetgen.poem.poem import Poem
from poetgen.writing import layout


@dataclass(frozen=True)
class Rank:
    """How a poem was chosen: the best by `score`, nats a hanzi less penalties, of `best_of` candidates."""

    best_of: int
    candidate: int
    score: float


@dataclass(frozen=True)
class Written:
    """A finished poem. `str` of it is the poem, a couplet a row.

    `lines` are without marks, `marks[k]` ends `lines[k]`; `log_probability` is the natural-log probability of the
    whole poem under the unmasked model at temperature 1: prompt, marks (where the model writes them) and end.
    `prompt` is as typed, and `notes` say what was read or done otherwise than asked. A poem written by rules tells
    its `template` (None: tones were free), `rhyme_group` (None: no rhyme) and the `tones` of each line.
    `corpus_lines` are the lines in the corpus' own characters, which rhymes and tones are looked up by.
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
        return layout.vertical(self.lines, self.marks)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        names = (
            "prompt",
            "index",
            "text",
            "lines",
            "form",
            "template",
            "rhyme_group",
            "tones",
            "script",
            "seed",
        )
        known = {name: getattr(self, name) for name in names}
        return known | {
            "log_probability": self.log_probability,
            "rank": asdict(self.rank) if self.rank else None,
        }

    @property
    def _poem(self) -> Poem:
        return Poem("", "", self.lines, self.marks)

    def __str__(self) -> str:
        return layout.horizontal(self.lines, self.marks)
