"""Does a poem keep to its title? Real poems and written ones, by the model and by the characters they use.

    OMP_NUM_THREADS=1 python benchmarks/topic.py --prepared data/prepared --poems 100 --seed 1 --guidance 0 0.5

Validation poems of four forms are drawn, each of another title, and 99 more titles that none of them has. A poem's
rank is that of its own title among all hundred, by ln P(poem | title, form) - ln P(poem | form): 1 is the best,
50.5 is chance. The same is asked of poems written to the same titles and forms, one each, by `poetgen generate` as
it is set (--guidance: by these strengths). The model judges itself here; what it has no part in is the share of
poems that take up a character of the title, or one of its ten nearest neighbours by pointwise mutual information
among the training poems; the 99 other titles tell what chance gives. Prints a Markdown table of means with 95 %
bootstrap intervals over poems; --out keeps all figures, and the poems, as JSON.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from poetgen.checkpoint import Checkpoint, released_path
from poetgen.corpus.dataset import Dataset, EncodedPoems
from poetgen.evaluate import encode_poems, score
from poetgen.measures import bootstrap_sums, interval
from poetgen.poem.poem import Poem
from poetgen.writing.decoding import Sampling
from poetgen.writing.writer import Writer

Array = npt.NDArray[Any]
Near = Mapping[int, frozenset[int]]
FORMS = ("五絕", "七絕", "五律", "七律")
OTHERS = 99
NEIGHBOURS, FEWEST = 10, 20  # poems that must have a pair
SHORTEST_TITLE = 2
COLUMNS = (  # of the table: the mean of a figure over poems
    "mean rank",
    "top 1, %",
    "top 5, %",
    "nats gained",
    "its characters, %",
    "by chance, %",
    "or neighbours, %",
    "by chance or neighbours, %",
)


class Subject(NamedTuple):
    """A title as numbers and as text, and the form of the poem that had it."""

    ids: tuple[int, ...]
    title: str
    form: str


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=released_path())
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--poems", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--guidance", type=float, nargs="*", default=[Sampling.guidance])
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    prepared, model = Dataset.open(args.prepared), Checkpoint.load(args.checkpoint)
    subjects, real = draw_subjects(prepared, args.poems + OTHERS, args.seed)
    subjects, others = subjects[: args.poems], subjects[args.poems :]  # titles that no poem of the set has
    if len(others) < OTHERS:
        parser.error(f"the validation poems have no {args.poems + OTHERS} titles; give fewer --poems")
    near = find_neighbours(prepared, {hanzi for each in (*subjects, *others) for hanzi in each.ids})
    texts: dict[str, list[str]] = {}
    rows = {}
    for strength in (None, *args.guidance):
        name, poems = "real", join([real[k] for k in range(args.poems)])
        if strength is not None:
            name = f"written, guidance {strength:g}"
            written = write(args.checkpoint, subjects, args.seed, strength)
            texts[name], poems = [poem.text for poem in written], encode_poems(model, written)
        by_model = rank_titles(model, poems, subjects, others)
        rows[name] = summarize(np.hstack([by_model, taken_up(poems, subjects, others, near)]))
        print(name, json.dumps(rows[name]), file=sys.stderr, flush=True)
    print("\n".join(table(rows)))
    if args.out:
        args.out.write_text(json.dumps({"figures": rows, "poems": texts}, ensure_ascii=False, indent=1))


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


def write(checkpoint: Path, subjects: Sequence[Subject], seed: int, guidance: float) -> list[Poem]:
    """A poem for each, of seeds that follow each other: with one for all their chances would be the same."""
    writer = Writer.load(checkpoint)
    poems = []
    for k, subject in enumerate(subjects):
        (poem,) = writer.write(
            title=subject.title, form=subject.form, seed=seed + k, guidance=guidance, script="traditional"
        )
        poems.append(Poem("", subject.title, tuple(poem.corpus_lines), poem.marks))
    return poems


def rank_titles(
    model: Checkpoint, poems: EncodedPoems, subjects: Sequence[Subject], others: Sequence[Subject]
) -> Array:
    """By poem its own title's rank, whether that is 1, whether at most 5, and the nats it gains: (P, 4)."""
    told = model.conditions
    assert told is not None, "this model cannot be told a title"
    rows, prefixes = [], []
    for k, subject in enumerate(subjects):
        form = told.forms.index(subject.form)
        for ids in [(), subject.ids, *(other.ids for other in others)]:
            rows.append(poems[k])
            prefixes.append(told.prefix(len(model.vocabulary), title=ids, form=form))
    losses = score(model, join(rows), prefixes=prefixes, batch_size=256).loss
    plain, own, rest = np.split(losses.reshape(len(subjects), -1), [1, 2], axis=1)
    ranks = 1 + (rest < own).sum(1)
    return np.stack([ranks, ranks == 1, ranks <= 5, (plain - own)[:, 0]], axis=1)


def find_neighbours(prepared: Dataset, hanzi: Iterable[int]) -> Near:
    """Each of these, and what comes with it in training poems more than chance has it."""
    train, size = prepared.split("train"), len(prepared.vocabulary)
    poems = np.repeat(np.arange(len(train), dtype=np.int64), train.lengths)
    # a poem and a hanzi that it has, once
    poems, chars = np.divmod(
        np.unique((poems * size + train.ids)[train.ids >= prepared.vocabulary.first_hanzi]), size
    )
    having, found = np.bincount(chars, minlength=size), dict[int, frozenset[int]]()
    for each in hanzi:
        has_it = np.bincount(poems[chars == each], minlength=len(train)) > 0
        together = np.bincount(chars[has_it[poems]], minlength=size)
        # exp(PMI), up to a factor that is the same for all
        lift = np.where(together >= FEWEST, together, 0) / np.maximum(having, 1)
        lift[each] = 0
        best = np.argsort(-lift, kind="stable")[:NEIGHBOURS]
        found[each] = frozenset([each, *best[lift[best] > 0].tolist()])
    return found


def taken_up(
    poems: EncodedPoems, subjects: Sequence[Subject], others: Sequence[Subject], near: Near
) -> Array:
    """By poem whether it has a hanzi of its title, for what share of others it does; both with neighbours."""
    wide = {each: frozenset().union(*map(near.__getitem__, each.ids)) for each in (*subjects, *others)}
    rows = []
    for k, subject in enumerate(subjects):
        body = set(poems[k].tolist())
        titles = [(each.ids, wide[each]) for each in (subject, *others)]
        has = 1 - np.array([[body.isdisjoint(hanzi) for hanzi in title] for title in titles])
        rows.append([has[0, 0], has[1:, 0].mean(), has[0, 1], has[1:, 1].mean()])
    return np.array(rows)


def summarize(figures: Array) -> dict[str, list[float]]:
    """Of each figure of the poems (P, columns): mean, and both ends of its interval."""
    resampled = bootstrap_sums(figures.astype(np.float64)) / len(figures)
    ends = [interval(column) or () for column in resampled.T]
    return {
        name: [mean, *end] for name, mean, end in zip(COLUMNS, figures.mean(0).tolist(), ends, strict=True)
    }


def table(rows: Mapping[str, Mapping[str, Sequence[float]]]) -> list[str]:
    """The figures as Markdown."""
    lines = [f"| poems | {' | '.join(COLUMNS)} |", "|---" * (1 + len(COLUMNS)) + "|"]
    for name, row in rows.items():
        cells = [
            "{:.0f} ({:.0f} – {:.0f})".format(*(100 * value for value in values))
            if column.endswith("%")
            else "{:.1f} ({:.1f} – {:.1f})".format(*values)
            for column, values in row.items()
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
