"""What a poem may be asked to be: its title, poet and form, as a prefix that a model reads and is never scored on.

The prefix stands before <begin>: a number for the poet, one for the form, one that says that a title follows, and
the title's characters. Characters have the numbers of the vocabulary (V tokens), the others come after them: V is
the title mark, then forms, then poets. Any part may be missing; without any, a poem begins with <begin> alone.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import CorpusError
from poetgen.files import check_file, read_json, refuse_unreadable, write_json
from poetgen.poem.form import FORMS, MIXED, form_name
from poetgen.poem.poem import Poem

MOST_POETS, FEWEST_POEMS = 1000, 20
# how 全唐詩 and 全宋詩 say that no poet is known
UNKNOWN_POETS = frozenset(("", "無名氏", "佚名", "不詳", "闕名", "失名", "郊廟朝會歌辭"))
FORM_NAMES = (*FORMS, "四言", "五言", "七言", MIXED)
LISTS = "conditions.json"
PARTS = ("title", "poet", "form")

Ids = npt.NDArray[Any]


@dataclass(frozen=True)
class ConditionTable:
    """The forms and poets that a model knows by name."""

    forms: tuple[str, ...] = FORM_NAMES
    poets: tuple[str, ...] = ()

    @classmethod
    def build(cls, poems: Iterable[Poem]) -> "ConditionTable":
        """The most frequent poets of the training poems, by falling count."""
        counts = Counter(poem.author for poem in poems)
        known = [(-n, name) for name, n in counts.items() if n >= FEWEST_POEMS and name not in UNKNOWN_POETS]
        return cls(poets=tuple(name for _, name in sorted(known)[:MOST_POETS]))

    def __len__(self) -> int:
        """How many numbers after V there are: the title mark, forms, poets."""
        return 1 + len(self.forms) + len(self.poets)

    def prefix(
        self, vocab_size: int, *, title: Sequence[int] = (), poet: int = -1, form: int = -1
    ) -> list[int]:
        """What is read before <begin>; -1 and no title stand for what is not said."""
        first_poet = vocab_size + 1 + len(self.forms)
        return [
            *([first_poet + poet] if poet >= 0 else []),
            *([vocab_size + 1 + form] if form >= 0 else []),
            *([vocab_size, *title] if len(title) else []),
        ]

    def to_dict(self) -> dict[str, list[str]]:
        """Plain values for JSON."""
        return {"forms": list(self.forms), "poets": list(self.poets)}

    @classmethod
    def from_dict(cls, values: Any) -> "ConditionTable":
        """Back from plain values. Raises KeyError, TypeError or ValueError for others."""
        lists = values["forms"], values["poets"]
        if any(type(name) is not str for names in lists for name in names) or any(
            len(set(names)) < len(names) for names in lists
        ):
            raise ValueError("its forms and poets are not lists of different names")
        return cls(*map(tuple, lists))


@dataclass(frozen=True)
class Conditions:
    """The conditions of some poems: titles as ids (tokens,) and offsets (poems + 1,); poets and forms (poems,) as
    places in the table, -1: none."""

    table: ConditionTable
    title_ids: Ids
    title_offsets: Ids
    poets: Ids
    forms: Ids

    @classmethod
    def of(
        cls, poems: Sequence[Poem], table: ConditionTable, vocabulary: Vocabulary, titles: Sequence[str]
    ) -> "Conditions":
        """Those of these poems, their `titles` cleaned."""
        rows = [vocabulary.encode(title) for title in titles]
        poets = {name: k for k, name in enumerate(table.poets)}
        forms = {name: k for k, name in enumerate(table.forms)}
        return cls(
            table,
            np.concatenate([np.zeros(0, np.int32), *(np.array(row, np.int32) for row in rows)]),
            np.cumsum([0, *map(len, rows)], dtype=np.int64),
            np.array([poets.get(poem.author, -1) for poem in poems], dtype=np.int16),
            np.array([forms.get(condition_form(poem.shape), -1) for poem in poems], dtype=np.int16),
        )

    def prefix(self, k: int, vocab_size: int, parts: Iterable[str] = PARTS) -> list[int]:
        """The prefix of poem k with these parts of PARTS, as far as they are known."""
        title = self.title_ids[self.title_offsets[k] : self.title_offsets[k + 1]].tolist()
        known: dict[str, Any] = {"title": title, "poet": int(self.poets[k]), "form": int(self.forms[k])}
        return self.table.prefix(vocab_size, **{part: known[part] for part in parts})

    def draw_prefix(
        self, k: int, vocab_size: int, rng: np.random.Generator, unconditional: float
    ) -> list[int]:
        """The prefix of poem k as training reads it: none in `unconditional` of all cases, else any parts at all,
        each combination as often as the others."""
        if rng.random() < unconditional:
            return []
        chosen = int(rng.integers(1, 1 << len(PARTS)))
        return self.prefix(k, vocab_size, [part for bit, part in enumerate(PARTS) if chosen >> bit & 1])

    def save(self, folder: Path, split: str) -> None:
        """Write SPLIT.titles.npz: all but the table."""
        from poetgen.corpus.arrays import save_arrays  # who writes poems needs none of it

        arrays = {
            "ids": self.title_ids,
            "offsets": self.title_offsets,
            "poets": self.poets,
            "forms": self.forms,
        }
        save_arrays(folder / f"{split}.titles.npz", arrays)

    @classmethod
    def load(cls, folder: Path, split: str, table: ConditionTable) -> "Conditions":
        """Raises OSError, ValueError or KeyError when they cannot be read."""
        with np.load(check_file(folder / f"{split}.titles.npz"), allow_pickle=False) as arrays:
            return cls(table, *(arrays[name] for name in ("ids", "offsets", "poets", "forms")))


def save_table(table: ConditionTable, folder: Path) -> None:
    """Write conditions.json. Raises PoetgenError."""
    write_json(folder / LISTS, table.to_dict())


def load_table(folder: Path) -> ConditionTable | None:
    """The table of a prepared folder, None for one of before conditions. Raises CorpusError."""
    path = folder / LISTS
    if not path.exists():
        return None
    with refuse_unreadable(path, CorpusError, remedy="run: poetgen prepare"):
        return ConditionTable.from_dict(read_json(path))


def condition_form(shape: tuple[int, int] | None) -> str:
    """五絕 七絕 五律 七律 by shape; other regular poems by their lines' length, 四言 五言 七言; the rest 雜言."""
    name = form_name(shape)
    if name in FORMS or shape is None:
        return name
    return {4: "四言", 5: "五言", 7: "七言"}.get(shape[0], MIXED)
