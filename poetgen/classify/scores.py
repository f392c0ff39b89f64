"""Truth and predictions → accuracy, macro-F1 and the confusion matrix, with bootstrap intervals over texts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from poetgen.measures import RESAMPLES, Interval, draw_with_replacement, interval

Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """How well labels were predicted. `confusion[i][j]`: texts of label i taken for label j."""

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


class Tallies(NamedTuple):
    """What accuracy and F1 are made of, by label, (..., K) each: in memory K numbers, where a matrix is K²."""

    right: Floats
    true: Floats
    predicted: Floats


def score_predictions(truth: Labels, predictions: Labels, labels: int) -> Scores:
    """The scores of these predictions, (texts,) each, among this many labels."""
    matrix = matrix_of(truth, predictions, labels)
    counted, resampled = tally(matrix), resample(truth, predictions, labels)
    return Scores(
        texts=len(truth),
        accuracy=float(accuracy(counted)),
        accuracy_interval=interval(accuracy(resampled)),
        macro_f1=float(macro_f1(counted)),
        macro_f1_interval=interval(macro_f1(resampled)),
        f1=tuple(float(value) for value in f1(counted)),
        confusion=tuple(tuple(int(count) for count in row) for row in matrix),
    )


def compare_predictions(truth: Labels, ours: Labels, theirs: Labels, labels: int) -> Interval | None:
    """The 95 % interval of ours less theirs in macro-F1, both resampled together: above 0, ours is better."""
    # one seed: the same texts are drawn for both
    mine, other = (macro_f1(resample(truth, predictions, labels)) for predictions in (ours, theirs))
    return interval(mine - other)


def resample(truth: Labels, predictions: Labels, labels: int) -> Tallies:
    """The tallies of texts drawn with replacement, (RESAMPLES, K) each."""
    if not len(truth):
        return Tallies(*np.zeros((3, RESAMPLES, labels)))
    hits = truth == predictions
    rows = [
        (
            np.bincount(truth[hits], times[hits], minlength=labels),
            np.bincount(truth, times, minlength=labels),
            np.bincount(predictions, times, minlength=labels),
        )
        for block in draw_with_replacement(len(truth))
        for times in block
    ]
    return Tallies(*np.array(rows, dtype=np.float64).transpose(1, 0, 2))


def tally(matrix: Floats) -> Tallies:
    """Of a confusion matrix."""
    return Tallies(np.diagonal(matrix), matrix.sum(1), matrix.sum(0))


def matrix_of(truth: Labels, predictions: Labels, labels: int) -> Floats:
    """How often each label was taken for each: (K, K), the truth by rows."""
    return (
        np.bincount(truth * labels + predictions, minlength=labels**2).reshape(labels, labels).astype(float)
    )


def accuracy(tallies: Tallies) -> Floats:
    """The share that is right: (..., K) -> (...)."""
    share: Floats = tallies.right.sum(-1) / np.maximum(1, tallies.true.sum(-1))
    return share


def f1(tallies: Tallies) -> Floats:
    """2 TP / (texts of the label + predictions of it), 0 where there are neither: (..., K)."""
    values: Floats = 2 * tallies.right / np.maximum(1, tallies.true + tallies.predicted)
    return values


def macro_f1(tallies: Tallies) -> Floats:
    """The mean F1 of the labels that some text truly has: (..., K) -> (...)."""
    there = tallies.true > 0
    mean: Floats = (f1(tallies) * there).sum(-1) / np.maximum(1, there.sum(-1))
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
