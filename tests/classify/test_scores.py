"""Accuracy and macro-F1 against scikit-learn where it is, and the laws of intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.classify import baselines
from poetgen.classify.scores import (
    compare_predictions,
    macro_f1,
    matrix_of,
    most_confused,
    score_predictions,
    tally,
)

GUESSES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


def arrays(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    truth, predictions = np.array(pairs, dtype=np.int64).T
    return truth, predictions


@given(GUESSES)
def test_figures_agree_with_counting_by_hand(pairs: list[tuple[int, int]]) -> None:
    truth, predictions = arrays(pairs)
    found = score_predictions(truth, predictions, 4)
    assert found.accuracy == pytest.approx(np.mean(truth == predictions))
    assert [[pairs.count((i, j)) for j in range(4)] for i in range(4)] == [
        list(row) for row in found.confusion
    ]
    each = []
    for label in set(truth.tolist()):
        right = pairs.count((label, label))
        precision = right / max(1, predictions.tolist().count(label))
        recall = right / truth.tolist().count(label)
        each.append(2 * precision * recall / (precision + recall) if right else 0.0)
        assert found.f1[label] == pytest.approx(each[-1])
    assert found.macro_f1 == pytest.approx(np.mean(each))


def test_figures_agree_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    truth, predictions = rng.integers(0, 5, (2, 200))
    found = score_predictions(truth, predictions, 5)
    assert found.accuracy == pytest.approx(metrics.accuracy_score(truth, predictions))
    assert found.macro_f1 == pytest.approx(metrics.f1_score(truth, predictions, average="macro"))
    assert np.array_equal(found.confusion, metrics.confusion_matrix(truth, predictions))


def test_intervals_hold_the_figure_and_shrink_with_more_texts() -> None:
    rng = np.random.default_rng(1)
    widths = []
    for n in (40, 4000):
        truth = rng.integers(0, 3, n)
        predictions = np.where(rng.random(n) < 0.7, truth, rng.integers(0, 3, n))
        found = score_predictions(truth, predictions, 3)
        for value, interval in (
            (found.accuracy, found.accuracy_interval),
            (found.macro_f1, found.macro_f1_interval),
        ):
            assert interval is not None and interval[0] <= value <= interval[1]
        assert found.macro_f1_interval is not None
        widths.append(found.macro_f1_interval[1] - found.macro_f1_interval[0])
    assert widths[1] < widths[0] / 5


def test_the_difference_is_of_the_same_texts() -> None:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 3, 300)
    better = np.where(rng.random(300) < 0.9, truth, 0)
    worse = np.where(rng.random(300) < 0.5, truth, 0)
    assert compare_predictions(truth, better, better, 3) == (0.0, 0.0)
    ahead, behind = compare_predictions(truth, better, worse, 3), compare_predictions(truth, worse, better, 3)
    assert ahead is not None and behind is not None and ahead[0] > 0
    assert behind == pytest.approx((-ahead[1], -ahead[0]))


def test_most_confused_comes_first() -> None:
    assert most_confused([[5, 1, 0], [3, 9, 0], [0, 2, 8]], "甲乙丙") == [
        ("乙", "甲", 3), ("丙", "乙", 2), ("甲", "乙", 1),
    ]  # fmt: skip


def test_the_majority_is_the_commonest_of_train() -> None:
    predictions = baselines.predict_majority(np.array([2, 1, 2, 0]), 3)
    assert predictions.tolist() == [2, 2, 2]


def test_the_linear_model_chooses_its_penalty_on_validation() -> None:
    pytest.importorskip("sklearn")
    train = ["山月山月", "月山", "山山", "花風花", "風花", "花花風"], np.array([0, 0, 0, 1, 1, 1])
    predictions, penalty = baselines.predict_linear(
        train, (["月月", "風風"], np.array([0, 1])), ["山", "花", "風風風"]
    )
    assert predictions.tolist() == [0, 1, 1]
    assert penalty in baselines.PENALTIES
    assert float(macro_f1(tally(matrix_of(np.array([0, 1, 1]), predictions, 2)))) == 1


def test_three_thousand_labels_take_memory_by_the_label_and_not_by_the_pair() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3000, 4000)
    found = score_predictions(
        truth, np.where(rng.random(4000) < 0.5, truth, 0), 3000
    )  # in pairs it would be 72 GB
    assert found.accuracy_interval and found.accuracy_interval[0] < 0.5 < found.accuracy_interval[1]
