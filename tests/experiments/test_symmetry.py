"""Equal weights: what moves, and how many units there truly are."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from poetgen.config import INITIALIZATIONS
from poetgen.errors import ConfigError, TrainingError
from poetgen.experiments import symmetry
from poetgen.experiments.symmetry import SAME, VOCABULARY, Learned, SymmetryTask, distinct, learn, sequences

SMALL = SymmetryTask(hidden_size=7, steps=6, batch=5, after=25)
PROPER = [init for init in INITIALIZATIONS if init not in ("zeros", "constant")]
CELL = {f"{symbol}_{gate}" for symbol in "WUb" for gate in "ifgo"}
UNTIED = {"embedding", *CELL, "output weight", "output bias"}
TIED = {"embedding", *CELL, "projection", "output bias"}


def task(tied: bool, **changed: float) -> SymmetryTask:
    return dataclasses.replace(SMALL, tied=tied, **changed)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("init", INITIALIZATIONS)
def test_every_parameter_is_told_of_after_one_step_and_after_all(init: str, tied: bool) -> None:
    learned = learn(init, task(tied))
    assert [stage.after for stage in learned.stages] == [1, 25]
    assert learned.losses.shape == (26,)
    for stage in learned.stages:
        assert set(stage.changes) == (TIED if tied else UNTIED)
        assert stage.activations.shape == (7, 5, 6)


@pytest.mark.parametrize("tied", [True, False])
@settings(max_examples=10)
@given(seed=st.integers(0, 10**6), forget_bias=st.floats(-3, 3))
def test_zeros_move_the_output_bias_and_nothing_ever(tied: bool, seed: int, forget_bias: float) -> None:
    learned = learn("zeros", task(tied, seed=seed, forget_bias=forget_bias))
    for stage in learned.stages:
        assert stage.moved == ["output bias"]
        assert {name for name, change in stage.changes.items() if change} == {"output bias"}
        assert (stage.distinct_units, stage.apart) == (1, 0)
        assert not stage.activations.any()
    assert learned.losses[0] == pytest.approx(math.log(VOCABULARY), rel=1e-12)


@pytest.mark.parametrize("tied", [True, False])
@settings(max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_a_constant_moves_what_reads_the_last_layer_then_all_in_step(tied: bool, seed: int) -> None:
    first, last = learn("constant", task(tied, seed=seed)).stages
    assert set(first.moved) == {"embedding" if tied else "output weight", "output bias"}
    assert set(last.moved) == (TIED if tied else UNTIED)
    assert last.distinct_units == first.distinct_units == 1
    assert last.activations.any()


def test_a_constant_learns_long_and_stays_one_unit() -> None:
    long = SymmetryTask(learning_rate=3, after=300)
    constant = learn("constant", long)
    one = constant.stages[-1]
    assert constant.losses[-1] < learn("zeros", long).losses[-1] - 0.3
    assert one.distinct_units == 1 and one.apart < SAME
    assert np.ptp(one.activations, axis=(1, 2)).min() > 0.1  # the unit does do something


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("init", PROPER)
def test_a_proper_rule_moves_all_and_keeps_every_unit_distinct(init: str, tied: bool) -> None:
    learned = learn(init, task(tied))
    for stage in learned.stages:
        assert set(stage.moved) == (TIED if tied else UNTIED)
        assert stage.distinct_units == 7
    assert learned.losses[-1] < learn("constant", task(tied)).losses[-1]


def test_one_unit_begun_by_any_rule_is_one() -> None:
    for init in INITIALIZATIONS:
        assert learn(init, SymmetryTask(hidden_size=1, after=1)).stages[0].distinct_units == 1


def test_distinct_units_are_counted_to_within_a_tolerance() -> None:
    unit = np.array([0.1, 0.2, 0.3])
    nearly, twin, other = unit + 0.5 * SAME, unit.copy(), unit + 2 * SAME * np.eye(3)[2]
    assert distinct(np.stack([unit])) == 1
    assert distinct(np.stack([unit, nearly, twin])) == 1
    assert distinct(np.stack([unit, other, nearly])) == 2
    assert distinct(np.stack([unit, -unit, other])) == 3


def test_the_task_repeats_words_of_three() -> None:
    words = sequences(SMALL, 0)
    assert words.shape == (7, 5)
    assert np.array_equal(words[3:], words[:-3])
    assert not np.array_equal(words, sequences(SMALL, 1))
    assert words.min() >= 0 and words.max() < VOCABULARY


def test_the_seed_decides_all_and_the_global_random_state_is_left_alone() -> None:
    before = torch.get_rng_state()
    one, two = learn("normal", SMALL), learn("normal", SMALL)
    other = learn("normal", dataclasses.replace(SMALL, seed=1))
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(one.losses, two.losses)
    assert not np.isclose(one.losses, other.losses).any()


def test_steps_are_told_as_they_are_taken() -> None:
    told: list[int] = []
    assert isinstance(learn("zeros", task(False, after=4), told.append), Learned)
    assert told == [0, 1, 2, 3, 4]


def test_a_loss_that_is_no_number_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = {name: np.full_like(w, 1e308) for name, w in symmetry.first_weights("normal", SMALL).items()}
    monkeypatch.setattr(symmetry, "first_weights", lambda *_: weights)
    with pytest.raises(
        TrainingError, match="normal: the loss is not a number after 0 steps; lower the learning"
    ):
        learn("normal", SMALL)


@pytest.mark.parametrize(
    ("init", "changed", "message"),
    [
        ("ones", {}, "no initialization 'ones'; choose one of: uniform, normal"),
        ("zeros", {"after": 0}, "the number of steps to learn must be between 1"),
        ("zeros", {"hidden_size": 0}, "the number of units must be between 1"),
        ("zeros", {"steps": 10**9, "batch": 10**9}, "GiB of memory"),
        ("zeros", {"after": 10**8}, "minutes; choose smaller sizes or fewer steps"),
        (
            "zeros",
            {"learning_rate": float("nan")},
            "the learning rate must be between 0 and 1,000,000, not nan",
        ),
        ("zeros", {"learning_rate": -1.0}, "the learning rate must be between 0 and 1,000,000, not -1"),
        ("zeros", {"forget_bias": float("inf")}, "the forget bias must be .*not inf"),
    ],
)
def test_what_cannot_be_learned_is_one_sentence(init: str, changed: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        learn(init, dataclasses.replace(SymmetryTask(), **changed))
    assert "\n" not in str(caught.value)
