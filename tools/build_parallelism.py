"""Count which characters stand opposite each other in the middle couplets of the training 律詩.

    python tools/build_parallelism.py --prepared data/prepared

Writes poetgen/verse/parallelism.npz. One training poem in ten is kept from the counts, for the percentiles; the
validation poems tell how well real couplets are told from couplets of the same lines shuffled (AUC), which is
printed and decides nothing here.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from arguments import make_parser

from poetgen.corpus.dataset import Dataset
from poetgen.verse.parallelism import FILE, LENGTHS, ParallelismTable, middle_couplets

Array = npt.NDArray[Any]
Couplet = tuple[str, str]

FEWEST = 8  # a character seen less often opposite others is unknown
SEEN = 2  # a pair seen less often is judged by its classes
CLASSES, DIMENSIONS, ROUNDS = 160, 48, 12
TENTH = 10


def main() -> None:
    """See the module."""
    parser = make_parser(__doc__)
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--out", type=Path, default=FILE)
    args = parser.parse_args()
    prepared = Dataset.open(args.prepared)
    poems = [poem.lines for poem in prepared.poems("train")]
    counted = [pair for k, lines in enumerate(poems) if k % TENTH for pair in couplets(lines)]
    apart = [pair for k, lines in enumerate(poems) if not k % TENTH for pair in couplets(lines)]
    arrays = count(counted)
    save(args.out, arrays, {length: np.zeros(101, np.float32) for length in LENGTHS})
    with args.out.open("rb") as file:
        table = ParallelismTable.read(file)
    percentiles = {
        length: np.percentile([table.score(*pair) for pair in apart if len(pair[0]) == length], range(101))
        for length in LENGTHS
    }
    save(args.out, arrays, percentiles)
    print(
        f"{len(counted):,} couplets, {len(arrays['counts']):,} characters, {len(arrays['pair_steps']):,} pairs"
    )
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB")
    held_out = [pair for poem in prepared.poems("validation") for pair in couplets(poem.lines)]
    for length in LENGTHS:
        own = [pair for pair in held_out if len(pair[0]) == length]
        print(f"validation, lines of {length}: AUC {auc(table, own):.3f} on {len(own)} couplets")


def couplets(lines: Sequence[str]) -> Iterator[Couplet]:
    """A 律詩's middle couplets; those of longer poems may be anything."""
    if len(lines) == 8:
        yield from ((first, second) for _, first, second in middle_couplets(lines))


def count(pairs: Sequence[Couplet]) -> dict[str, Array]:
    """The arrays of the table but for the percentiles. A pair counts both ways: 山 opposite 水, 水 opposite 山."""
    seen: Counter[tuple[str, str]] = Counter()
    for first, second in pairs:
        seen.update(zip(first, second, strict=True))
        seen.update(zip(second, first, strict=True))
    totals: Counter[str] = Counter()
    for (a, _), n in seen.items():
        totals[a] += n
    characters = [char for char, n in totals.most_common() if n >= FEWEST]
    place = {char: k for k, char in enumerate(characters)}
    both = [(place[a], place[b], n) for (a, b), n in seen.items() if a in place and b in place]
    matrix = np.zeros((len(characters), len(characters)), np.float32)
    rows, columns, values = np.array(both).T
    matrix[rows, columns] = values
    classes = cluster(embed(matrix), CLASSES)
    class_pairs = np.zeros((CLASSES, CLASSES))
    np.add.at(class_pairs, (classes[rows], classes[columns]), values)
    often = values >= SEEN
    numbers = rows[often].astype(np.int64) * len(characters) + columns[often]
    order = np.argsort(numbers)
    return {
        "characters": np.array("".join(characters)),
        "counts": matrix.sum(axis=1).astype(np.uint32),
        "classes": classes.astype(np.uint8),
        "pair_steps": np.diff(numbers[order], prepend=0).astype(np.uint32),
        "pair_counts": values[often][order].astype(np.uint16),
        "class_pairs": (class_pairs + 0.5).astype(np.float32),
    }


def embed(matrix: Array) -> Array:
    """Characters as the leading directions of their positive PMI with what stands opposite: (N, DIMENSIONS)."""
    totals = matrix.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        pmi = np.log(matrix * totals.sum() / totals / totals.T)
    positive = np.maximum(pmi, 0)
    rng = np.random.default_rng(0)
    basis = rng.normal(size=(len(matrix), DIMENSIONS)).astype(np.float32)
    for _ in range(6):  # subspace iteration; the matrix is symmetric
        basis, _ = np.linalg.qr(positive @ basis)
    vectors: Array = positive @ basis
    return normalize(vectors)


def normalize(vectors: Array) -> Array:
    """Rows of length 1, or 0."""
    unit: Array = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return unit


def cluster(vectors: Array, number: int) -> Array:
    """k-means by cosine, begun at the commonest characters: (N, D) -> (N,)."""
    centres = vectors[:number]
    nearest = np.zeros(len(vectors), int)
    for _ in range(ROUNDS):
        nearest = (vectors @ centres.T).argmax(axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, vectors)
        centres = normalize(sums)
    return nearest


def save(path: Path, arrays: dict[str, Array], percentiles: dict[int, Array]) -> None:
    """Write the table."""
    named = {f"percentiles_{length}": values.astype(np.float32) for length, values in percentiles.items()}
    with path.open("wb") as file:
        np.savez_compressed(file, **{**arrays, **named})  # type: ignore[arg-type]


def auc(table: ParallelismTable, real: Sequence[Couplet]) -> float:
    """How often a real couplet outscores one of the same lines shuffled, ties counting half."""
    seconds = [second for _, second in real]
    order = np.random.default_rng(0).permutation(len(real))
    own = np.array([table.score(*pair) for pair in real])
    shuffled = np.array([table.score(first, seconds[k]) for (first, _), k in zip(real, order, strict=True)])
    wins = (own[:, None] > shuffled).mean() + (own[:, None] == shuffled).mean() / 2
    return float(wins)


if __name__ == "__main__":
    main()
