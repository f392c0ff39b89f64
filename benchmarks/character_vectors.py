"""Vectors of characters from the training poems, as a word2vec text file to begin embeddings with.

    python benchmarks/character_vectors.py data/prepared vectors.txt --size 128

Positive pointwise mutual information of characters at most WINDOW places apart within a line, reduced by a
truncated singular value decomposition, rows scaled by √σ (Levy & Goldberg 2014; Levy, Goldberg & Dagan 2015).
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from poetgen.corpus.dataset import Dataset

WINDOW = 4
MORE = 32  # columns beyond those asked for, and
Matrix = npt.NDArray[np.float32]
ROUNDS = 4  # of power iteration, so that the drawn subspace holds the largest singular values


def neighbours(prepared: Dataset) -> Matrix:
    """How often each known character stands near each, within a line: (V, V)."""
    known = prepared.vocabulary
    counts = np.zeros((len(known), len(known)), dtype=np.float32)
    lines = [line for poem in prepared.poems("train") for line in poem.lines]
    for distance in range(1, WINDOW + 1):
        pairs = [(line[k], line[k + distance]) for line in lines for k in range(len(line) - distance)]
        before, after = np.array([known.encode(a + b) for a, b in pairs]).T
        np.add.at(counts, (before, after), 1)
        np.add.at(counts, (after, before), 1)
    counts[: known.first_hanzi] = counts[:, : known.first_hanzi] = 0
    return counts


def information(counts: Matrix) -> Matrix:
    """Positive pointwise mutual information, 0 where two never meet."""
    each = counts.sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.log(counts * each.sum() / np.outer(each, each))
    positive: Matrix = np.maximum(np.nan_to_num(values, nan=0, neginf=0), 0)
    return positive


def reduced(matrix: Matrix, size: int) -> Matrix:
    """U √Σ of the `size` largest singular values, by random projection: (V, V) -> (V, size)."""
    rng = np.random.default_rng(0)
    basis = rng.normal(size=(len(matrix), size + MORE)).astype(np.float32)
    for _ in range(ROUNDS):
        basis, _ = np.linalg.qr(matrix @ basis)
    left, values, _ = np.linalg.svd(basis.T @ matrix, full_matrices=False)
    vectors: Matrix = (basis @ left)[:, :size] * np.sqrt(values[:size])
    return vectors


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prepared", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", type=int, default=128)
    given = parser.parse_args()
    prepared = Dataset.open(given.prepared)
    vectors = reduced(information(neighbours(prepared)), given.size)
    first = prepared.vocabulary.first_hanzi
    with given.out.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{len(vectors) - first} {given.size}\n")
        for token, row in zip(prepared.vocabulary.tokens[first:], vectors[first:], strict=True):
            file.write(f"{token} {' '.join(f'{value:.5f}' for value in row)}\n")
    print(f"{len(vectors) - first:,} vectors of {given.size} numbers in {given.out}")


if __name__ == "__main__":
    main()
