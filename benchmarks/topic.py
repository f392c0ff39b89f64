"""Does a poem keep to its title? Real poems and written ones, by the model and by the characters they use.

    python benchmarks/topic.py --prepared data/prepared --poems 200 --seed 1 --guidance 0 0.5 1

Validation poems of four forms are drawn, each of another title. A poem's rank is that of its own title among
itself and 99 of others, by ln P(poem | title, form) - ln P(poem | form): 1 is the best, 50.5 is chance. The same
is asked of poems written to the same titles and forms, one each, by `poetgen generate` as it is set and by each
strength of guidance. The model judges itself here; what it has no part in is the share of poems that take up a
character of the title, or one of its ten nearest neighbours by pointwise mutual information among the training
poems; the same poems with their titles exchanged tell what chance gives. Prints a Markdown table; --out keeps all
figures as JSON.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.checkpoint import Checkpoint, released_path
from poetgen.corpus.dataset import Dataset, EncodedPoems
from poetgen.evaluate import encode_poems, score
from poetgen.poem.poem import Poem
from poetgen.writing.writer import Writer

Array = npt.NDArray[Any]
FORMS = ("五絕", "七絕", "五律", "七律")
OTHERS = 99
NEIGHBOURS, FEWEST = 10, 20  # poems that must have a pair
SHORTEST_TITLE = 2


@dataclass(frozen=True)
class Subject:
    """A title as numbers and as text, and the form of the poem that had it."""

    ids: tuple[int, ...]
    title: str
    form: str


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=released_path())
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--poems", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--best-of", type=int, default=8)
    parser.add_argument("--guidance", type=float, nargs="*", default=[])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    prepared, model = Dataset.open(args.prepared), Checkpoint.load(args.checkpoint)
    subjects, real = draw_subjects(prepared, args.poems + OTHERS, args.seed)
    subjects, others = subjects[: args.poems], subjects[args.poems :]  # titles that no poem of the set has
    real = join([real[k] for k in range(len(subjects))])
    near = Neighbours.count(prepared)
    texts: dict[str, list[str]] = {}
    rows = {}
    for strength in (None, *args.guidance):
        name, poems = "real", real
        if strength is not None:
            name = f"written, guidance {strength:g}"
            written = write(args.checkpoint, subjects, args.seed, best_of=args.best_of, guidance=strength)
            texts[name], poems = [poem.text for poem in written], encode_poems(model, written)
        ranks, gains = rank_titles(model, poems, subjects, others, device=args.device)
        rows[name] = describe(ranks, gains) | taken_up(poems, subjects, near)
        print(name, json.dumps(rows[name]), file=sys.stderr, flush=True)
    print("\n".join(table(rows)))
    if args.out:
        args.out.write_text(json.dumps({"figures": rows, "poems": texts}, ensure_ascii=False, indent=1))


# ---- the poems ----


def draw_subjects(prepared: Dataset, count: int, seed: int) -> tuple[list[Subject], EncodedPoems]:
    """Validation poems of FORMS, each of another title, and those poems."""
    poems, vocabulary = prepared.split("validation"), prepared.vocabulary
    told = poems.conditions
    assert told is not None, "prepare the poems anew: these were prepared without titles"
    subjects: dict[tuple[int, ...], tuple[int, Subject]] = {}
    for k in np.random.default_rng(seed).permutation(len(poems)).tolist():
        ids = tuple(told.title_ids[told.title_offsets[k] : told.title_offsets[k + 1]].tolist())
        form = told.table.forms[int(told.forms[k])] if told.forms[k] >= 0 else ""
        if form in FORMS and len(ids) >= SHORTEST_TITLE and vocabulary.unknown not in ids:
            title = "".join(vocabulary.tokens[number] for number in ids)
            subjects.setdefault(ids, (k, Subject(ids, title, form)))
    drawn = list(subjects.values())[:count]
    return [subject for _, subject in drawn], join([poems[k] for k, _ in drawn])


def join(rows: Sequence[Array]) -> EncodedPoems:
    """Poems side by side."""
    return EncodedPoems(np.concatenate(rows), np.cumsum([0, *map(len, rows)], dtype=np.int64))


def write(checkpoint: Path, subjects: Sequence[Subject], seed: int, **settings: Any) -> list[Poem]:
    """A poem for each."""
    writer = Writer.load(checkpoint)
    poems = []
    for subject in subjects:
        (poem,) = writer.write(
            title=subject.title, form=subject.form, seed=seed, script="traditional", **settings
        )
        poems.append(Poem("", subject.title, tuple(poem.corpus_lines), poem.marks))
    return poems


# ---- by the model ----


def rank_titles(
    model: Checkpoint,
    poems: EncodedPoems,
    subjects: Sequence[Subject],
    others: Sequence[Subject],
    *,
    device: str,
) -> tuple[Array, Array]:
    """The rank of each poem's own title, and what it gains the poem, in nats a poem: two of (poems,)."""
    told = model.conditions
    assert told is not None, "this model cannot be told a title"
    rows, prefixes = [], []
    for k, subject in enumerate(subjects):
        for ids in [(), subject.ids, *(other.ids for other in others)]:
            rows.append(poems[k])
            prefixes.append(
                told.prefix(len(model.vocabulary), title=ids, form=told.forms.index(subject.form))
            )
    losses = score(model, join(rows), prefixes=prefixes, batch_size=256, device=device).loss
    plain, own, rest = np.split(losses.reshape(len(subjects), -1), [1, 2], axis=1)
    return 1 + (rest < own).sum(1), (plain - own)[:, 0]


def describe(ranks: Array, gains: Array) -> dict[str, float]:
    """Figures of the ranks."""
    return {
        "poems": len(ranks),
        "mean_rank": float(ranks.mean()),
        "top_1": float((ranks == 1).mean()),
        "top_5": float((ranks <= 5).mean()),
        "gain_nats": float(gains.mean()),
    }


# ---- by the characters ----


class Neighbours:
    """Which characters come in poems that have a character, more than chance has it."""

    def __init__(self, poems: Array, chars: Array, size: int) -> None:
        """`poems` and `chars`: each pair of a poem and a character that it has, once, by poem, (pairs,)."""
        self._poems, self._chars, self._size = poems, chars, size
        self._starts = np.searchsorted(poems, np.arange(poems[-1] + 2))
        order = np.argsort(chars, kind="stable")
        self._by_char, self._char_starts = poems[order], np.searchsorted(chars[order], np.arange(size + 1))
        self._having = np.bincount(chars, minlength=size)
        self._known: dict[int, frozenset[int]] = {}

    @classmethod
    def count(cls, prepared: Dataset) -> "Neighbours":
        """From the training poems."""
        train, size = prepared.split("train"), len(prepared.vocabulary)
        poems = np.repeat(np.arange(len(train), dtype=np.int64), train.lengths)
        keys = np.unique(poems * size + np.asarray(train.ids))
        poems, chars = np.divmod(keys, size)
        is_hanzi = chars >= prepared.vocabulary.first_hanzi
        return cls(poems[is_hanzi], chars[is_hanzi], size)

    def of(self, char: int) -> frozenset[int]:
        """Its nearest neighbours, and itself."""
        if char not in self._known:
            self._known[char] = self._nearest(char)
        return self._known[char]

    def _nearest(self, char: int) -> frozenset[int]:
        having = self._by_char[self._char_starts[char] : self._char_starts[char + 1]]
        rows = [self._chars[self._starts[k] : self._starts[k + 1]] for k in having.tolist()]
        together = np.bincount(np.concatenate(rows), minlength=self._size) if rows else np.zeros(self._size)
        pmi = np.where(together >= FEWEST, together, 0.0) / np.maximum(self._having, 1)
        pmi[char] = 0
        best = np.argsort(-pmi, kind="stable")[:NEIGHBOURS]
        return frozenset([char, *best[pmi[best] > 0].tolist()])


def taken_up(poems: EncodedPoems, subjects: Sequence[Subject], near: Neighbours) -> dict[str, float]:
    """Shares of poems that have a hanzi of their title, or a neighbour; the same with the next poem's title."""
    bodies = [set(poems[k].tolist()) for k in range(len(poems))]
    figures = {}
    for name, shift in (("own", 0), ("other", 1)):
        titles = [subjects[(k + shift) % len(subjects)].ids for k in range(len(subjects))]
        wide = [frozenset().union(*map(near.of, title)) for title in titles]
        pairs = list(zip(bodies, titles, wide, strict=True))
        figures[f"{name}_character"] = float(
            np.mean([not body.isdisjoint(title) for body, title, _ in pairs])
        )
        figures[f"{name}_neighbour"] = float(
            np.mean([not body.isdisjoint(large) for body, _, large in pairs])
        )
    return figures


def table(rows: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The figures as Markdown."""
    lines = [
        "| poems | mean rank | top 1 | top 5 | nats gained | its characters (chance) | or neighbours (chance) |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        cells = [
            f"{row['mean_rank']:.1f}",
            f"{row['top_1']:.0%}",
            f"{row['top_5']:.0%}",
            f"{row['gain_nats']:.1f}",
            f"{row['own_character']:.0%} ({row['other_character']:.0%})",
            f"{row['own_neighbour']:.0%} ({row['other_neighbour']:.0%})",
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
