"""A modified Kneser-Ney 5-gram of characters, beside which a language model must prove itself; by hand in NumPy.

    poetgen prepare --config tang-song --vocabulary tang --out data/both
    poetgen prepare --config tang --vocabulary tang --out data/tang
    python benchmarks/kneser_ney.py data/both data/tang
    python benchmarks/kneser_ney.py data/both --written 126 --seed 900

Chen & Goodman (1998), "An Empirical Study of Smoothing Techniques for Language Modeling", equations 26 to 28:

    p(w | h) = max(c(h w) - D(c(h w)), 0) / Σ_v c(h v) + γ(h) p(w | h'),    h' = h without its first token

c is how often h w occurs for the longest n-grams, and how many different tokens come before h w for shorter ones;
of those that begin a poem, before which nothing comes, how often they occur (as Heafield et al. 2013 do). D has
three values for each length, for c = 1, 2 and more; γ gives what they take. A single token falls back on
1 / (V - 2): all but <pad> and <begin> can come. Counted on the training poems of each prepared folder; every
figure is counted as docs/measures.md says. With --written, poems of the released model and real ones (as in
`poetgen evaluate --written`) are measured, in place of a split: a judge that had no part in writing them. A minute
and 3 GB for 300,000 poems.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.corpus.dataset import Dataset, EncodedPoems
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.measures import FIGURES, Figures, PoemLosses, figures

Array = npt.NDArray[Any]
ORDER = 5
SIMPLE_DISCOUNTS = (0.5, 1.0, 1.5)  # where there are too few n-grams to estimate them


@dataclass(frozen=True)
class Level:
    """The n-grams of one length n, in the order of their sorted `keys`: (number of the n - 1 first) V + last.

    `own` (N,) is what each has of its context's probability before it falls back; `rest` is γ of each context,
    by the number of the n-gram one shorter.
    """

    keys: Array
    own: Array
    rest: Array

    def find(self, keys: Array) -> Array:
        """The numbers of n-grams, -1 for those not seen."""
        places = np.minimum(self.keys.searchsorted(keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, -1)


class KneserNey:
    """Token ids in, probabilities out."""

    def __init__(self, poems: EncodedPoems, vocabulary: Vocabulary, order: int = ORDER) -> None:
        self.vocabulary = vocabulary
        self.size = len(vocabulary)
        self.levels: list[Level] = []
        tokens, depth = with_begins(poems, vocabulary.begin)
        numbers = [tokens.astype(np.int64)]
        keys = [np.arange(self.size)]
        for n in range(2, order + 1):  # at first, which n-grams there are
            found, at = np.unique(self._keys(numbers[-1], tokens, depth, n), return_inverse=True)
            keys.append(found)
            numbers.append(spread(at, depth >= n - 1))
        for n in range(1, order + 1):  # then what they count
            longer = None if n == order else suffixes(numbers[n], numbers[n - 1], len(keys[n]))
            counts = count(numbers[n - 1], depth, n, len(keys[n - 1]), longer)
            self.levels.append(level(keys[n - 1], counts, self.size, len(keys[n - 2]) if n > 1 else 1))

    def _keys(self, shorter: Array, tokens: Array, depth: Array, n: int) -> Array:
        """A key for each place where n tokens of one poem end."""
        ends = np.flatnonzero(depth >= n - 1)
        return shorter[ends - 1] * self.size + tokens[ends]

    def probabilities(self, poems: EncodedPoems) -> Array:
        """Of each token, after all that its poem has before it: (tokens,) float64."""
        tokens, depth = with_begins(poems, self.vocabulary.begin)
        found = self.levels[0].own[tokens] + self.levels[0].rest[0] / (self.size - 2)
        ending = tokens.astype(np.int64)  # the n-gram that ends at each place, -1: not seen
        for n, longer in enumerate(self.levels[1:], start=2):
            context = np.concatenate([[-1], ending[:-1]])
            known = (context >= 0) & (depth >= n - 1)
            ending = np.full(len(tokens), -1)
            ending[known] = longer.find(context[known] * self.size + tokens[known])
            own = np.where(ending >= 0, longer.own[ending], 0.0)
            found = np.where(known, own + longer.rest[context] * found, found)
        kept: Array = found[depth > 0]
        return kept

    def score(self, poems: EncodedPoems) -> PoemLosses:
        """What each poem costs; one of the characters that <unknown> stands for has its share of it."""
        return losses(self.probabilities(poems), poems, self.vocabulary)


def with_begins(poems: EncodedPoems, begin: int) -> tuple[Array, Array]:
    """All tokens with <begin> before each poem, and how far into its poem each is: two of (tokens + poems,)."""
    starts = poems.offsets[:-1]
    tokens = np.insert(np.asarray(poems.ids, np.int32), starts, begin)
    lengths = poems.lengths + 1
    return tokens, np.arange(len(tokens)) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def spread(numbers: Array, where: Array) -> Array:
    """The numbers at their places, -1 elsewhere."""
    out = np.full(len(where), -1)
    out[where] = numbers
    return out


def suffixes(numbers: Array, shorter: Array, size: int) -> Array:
    """Of each n-gram the number of the one that ends it, its first token left out: (size,)."""
    ends = np.flatnonzero(numbers >= 0)
    found = np.empty(size, np.int64)
    found[numbers[ends]] = shorter[ends]
    return found


def count(numbers: Array, depth: Array, n: int, size: int, longer: Array | None) -> Array:
    """c of each n-gram: (size,). `longer` are the `suffixes` of those one longer, None: these are the longest."""
    if longer is None:
        return np.bincount(numbers[(numbers >= 0) & (depth > 0)], minlength=size)
    begins = numbers[depth == n - 1] if n > 1 else numbers[:0]  # <begin> itself is never predicted
    return np.bincount(longer, minlength=size) + np.bincount(begins, minlength=size)


def level(keys: Array, counts: Array, size: int, contexts: int) -> Level:
    """The n-grams of one length, with what they keep and what their contexts give: all where nothing follows."""
    context = keys // size
    taken = np.concatenate([[0.0], discounts(counts)])[np.minimum(counts, 3)]
    total = np.bincount(context, counts, contexts)
    rest = np.where(total > 0, np.bincount(context, taken, contexts) / np.maximum(total, 1), 1.0)
    return Level(keys, (counts - taken) / np.maximum(total, 1)[context], rest)


def discounts(counts: Array) -> Array:
    """D for counts of 1, 2, and 3 or more, from how many n-grams are counted 1, 2, 3 and 4 times."""
    seen = np.bincount(counts[counts <= 4], minlength=5)[1:].astype(float)
    if not seen.all():
        return np.array(SIMPLE_DISCOUNTS)
    y = seen[0] / (seen[0] + 2 * seen[1])
    once = np.arange(1, 4)
    clipped: Array = np.clip(once - (once + 1) * y * seen[1:] / seen[:-1], 0, once)
    return clipped


def losses(probabilities: Array, poems: EncodedPoems, vocabulary: Vocabulary) -> PoemLosses:
    """Natural-log losses and counts of each poem."""
    ids, starts = np.asarray(poems.ids), poems.offsets[:-1]
    unknown = ids == vocabulary.unknown
    hanzi = unknown | (ids >= vocabulary.first_hanzi)
    loss = -np.log(probabilities) + np.log(vocabulary.unknown_types) * unknown

    def of_poems(values: Array) -> Array:
        summed: Array = np.add.reduceat(values, starts)
        return summed

    return PoemLosses(
        of_poems(loss),
        of_poems(loss * hanzi),
        poems.lengths,
        *(of_poems(marks.astype(np.int64)) for marks in (hanzi, unknown)),
    )


# ---- what is printed ----


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prepared", type=Path, nargs="+")
    parser.add_argument("--split", default="validation")
    parser.add_argument("--written", type=int, metavar="N", help="poems of each form")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    folders = [Dataset.open(path) for path in args.prepared]
    if any(each.vocabulary != folders[0].vocabulary for each in folders):
        parser.error("the folders number characters differently; prepare them with one --vocabulary")
    models = [KneserNey(each.split("train"), each.vocabulary) for each in folders]
    if args.written:
        print("\n".join(judge(folders[0], models[0], args.written, args.seed)))
        return
    poems = folders[0].split(args.split)
    found = [model.probabilities(poems) for model in models]
    rows = dict(zip(map(str, args.prepared), found, strict=True))
    if len(found) > 1:
        rows["all in equal parts"] = np.mean(found, axis=0)
    print("\n".join(table(rows, poems, folders[0].vocabulary)))


def table(rows: dict[str, Array], poems: EncodedPoems, vocabulary: Vocabulary) -> Iterator[str]:
    """A row for each model's probabilities, Markdown."""
    yield f"| trained on | {' | '.join(FIGURES)} |"
    yield "|---" * (1 + len(FIGURES)) + "|"
    for name, probabilities in rows.items():
        measured = figures(losses(probabilities, poems, vocabulary))
        yield f"| {name} | " + " | ".join(with_interval(measured, each) for each in FIGURES) + " |"
    yield f"{measured.poems:,} poems, {measured.tokens:,} tokens, {measured.hanzi:,} hanzi"


def judge(prepared: Dataset, model: KneserNey, count: int, seed: int) -> Iterator[str]:
    """Poems of the released model, form by form, beside validation poems."""
    from poetgen.checkpoint import Checkpoint, released_path
    from poetgen.evaluate import encode_poems
    from poetgen.poem.form import FORMS
    from poetgen.writing.writer import Writer
    from poetgen.yardstick.written import PROMPTS, TOGETHER, draw_real, write_poems

    checkpoint = Checkpoint.load(released_path())
    writer = Writer(checkpoint)
    written = {form: list(write_poems(writer, form, count, PROMPTS, seed, {})) for form in FORMS}
    real = {form: draw_real(prepared, "validation", form, count, 0) for form in FORMS}
    for poems in (written, real):
        poems[TOGETHER] = [poem for own in poems.values() for poem in own]
    yield "| | written: ppl_token | ppl_hanzi | ppl_poem | real: ppl_token | ppl_hanzi | ppl_poem |"
    yield "|---" * 7 + "|"
    for form in written:
        sides: Sequence[Figures] = [
            figures(model.score(encode_poems(checkpoint, poems[form]))) for poems in (written, real)
        ]
        cells = (with_interval(side, name) for side in sides for name in FIGURES[:3])
        yield f"| {form}, {sides[0].poems} and {sides[1].poems} | {' | '.join(cells)} |"


def with_interval(measured: Figures, name: str) -> str:
    """A figure and its interval: 77.1 (74.2 – 80.3)."""
    low, high = measured.intervals[name] or (np.nan, np.nan)
    return f"{getattr(measured, name):.2f} ({low:.2f} – {high:.2f})"


if __name__ == "__main__":
    main()
