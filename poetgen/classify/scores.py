"""Truth and predictions → accuracy, macro-F1 and the confusion matrix, with bootstrap intervals over texts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.measures import Interval, bootstrap_sums, interval

Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """How well labels were told apart. `confusion[i][j]`: texts of label i taken for label j."""

    texts: int
    accuracy: float
    accuracy_interval: Interval | None
    macro_f1: float
    macro_f1_interval: Interval | None
    f1: tuple[float, ...]
    confusion: tuple[tuple[int, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def scores(truth: Labels, predictions: Labels, labels: int) -> Scores:
    """The scores of these predictions, (texts,) each, among this many labels."""
    pairs = _pairs(truth, predictions, labels)
    matrix = matrix_of(truth, predictions, labels)
    resampled = confusion(bootstrap_sums(pairs), labels)
    return Scores(
        texts=len(truth),
        accuracy=float(accuracy(matrix)),
        accuracy_interval=interval(accuracy(resampled)),
        macro_f1=float(macro_f1(matrix)),
        macro_f1_interval=interval(macro_f1(resampled)),
        f1=tuple(float(value) for value in f1(matrix)),
        confusion=tuple(tuple(int(count) for count in row) for row in matrix),
    )


def difference(truth: Labels, ours: Labels, theirs: Labels, labels: int) -> Interval | None:
    """The 95 % interval of ours less theirs in macro-F1, both resampled together: above 0, ours is better."""
    mine, other = (
        macro_f1(confusion(bootstrap_sums(_pairs(truth, predictions, labels)), labels))
        for predictions in (ours, theirs)  # one seed: the same texts are drawn for both
    )
    return interval(mine - other)


def _pairs(truth: Labels, predictions: Labels, labels: int) -> Floats:
    """For each text a one at its (truth, prediction): (texts, labels²)."""
    pairs = np.zeros((len(truth), labels * labels))
    pairs[np.arange(len(truth)), truth * labels + predictions] = 1
    return pairs


def matrix_of(truth: Labels, predictions: Labels, labels: int) -> Floats:
    """How often each label was taken for each: (K, K), the truth by rows."""
    return (
        np.bincount(truth * labels + predictions, minlength=labels**2).reshape(labels, labels).astype(float)
    )


def confusion(sums: Floats, labels: int) -> Floats:
    """Counts of (truth, prediction): (..., labels²) -> (..., labels, labels)."""
    return sums.reshape(*sums.shape[:-1], labels, labels)


def accuracy(matrix: Floats) -> Floats:
    """The share on the diagonal: (..., K, K) -> (...)."""
    share: Floats = np.trace(matrix, axis1=-2, axis2=-1) / np.maximum(1, matrix.sum((-2, -1)))
    return share


def f1(matrix: Floats) -> Floats:
    """2 TP / (texts of the label + predictions of it), 0 where there are neither: (..., K, K) -> (..., K)."""
    right = np.diagonal(matrix, axis1=-2, axis2=-1)
    values: Floats = 2 * right / np.maximum(1, matrix.sum(-1) + matrix.sum(-2))
    return values


def macro_f1(matrix: Floats) -> Floats:
    """The mean F1 of the labels that some text truly has: (..., K, K) -> (...)."""
    there = matrix.sum(-1) > 0
    mean: Floats = (f1(matrix) * there).sum(-1) / np.maximum(1, there.sum(-1))
    return mean


def most_confused(confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> list[tuple[str, str, int]]:
    """(label, what it was taken for, how often), the most frequent first."""
    found = [
        (labels[i], labels[j], int(count))
        for i, row in enumerate(confusion)
        for j, count in enumerate(row)
        if i != j and count
    ]
    return sorted(found, key=lambda one: -one[2])
