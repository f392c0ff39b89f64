"""How far gradients reach: the norms are those of the Jacobians' product, and keep within the bound."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poetgen.byhand import lstm, rnn
from poetgen.byhand.jacobians import rnn_jacobians, step_jacobians
from poetgen.byhand.lstm import LSTMParameters
from poetgen.byhand.rnn import ACTIVATIONS, RNNParameters
from poetgen.errors import ConfigError
from poetgen.experiments.reach import (
    RNNS,
    Reach,
    ReachSettings,
    draw_problem,
    lengths,
    measure_reach,
    orthogonal,
    rnn_reach,
)

SMALL = ReachSettings(hidden_size=6, steps=12, batch=4)


def measured(scale: float, sizes: ReachSettings = SMALL) -> dict[tuple[str, str], Reach]:
    return {(reach.cell, reach.of): reach for reach in measure_reach([scale], sizes)}


# ---- the norms are what they are said to be ----


@pytest.mark.parametrize("activation", RNNS)
def test_an_rnn_walks_back_by_the_product_of_its_jacobians(activation: str) -> None:
    problem, hidden = draw_problem(SMALL), SMALL.hidden_size
    params = RNNParameters(problem.weight_ih[:hidden], 1.3 * problem.orthogonal[0], np.zeros(hidden))
    h, jacobians = np.zeros((SMALL.batch, hidden)), []
    for x in problem.x:
        h, cache = rnn.step_forward(params, x, h, activation)
        jacobians.append(rnn_jacobians(params, cache)[0])
    row, expected = problem.dh[:, None, :], [np.ones(SMALL.batch)]
    for jacobian in reversed(jacobians[1:]):
        row = row @ jacobian
        expected.append(np.linalg.norm(row[:, 0], axis=1))
    found = rnn_reach(activation, 1.3, problem)
    np.testing.assert_allclose(found.norms, expected, rtol=1e-12)


def test_the_lstm_walks_back_by_the_product_of_its_jacobians() -> None:
    problem, hidden = draw_problem(SMALL), SMALL.hidden_size
    bias = np.concatenate([np.full(hidden, value) for value in (0, 0.7, 0, 0)])
    params = LSTMParameters(problem.weight_ih, 1.3 * np.concatenate(problem.orthogonal), bias)
    state, steps = lstm.zero_state(params, SMALL.batch), []
    for x in problem.x:
        state, cache = lstm.step_forward(params, x, state)
        steps.append(step_jacobians(params, cache))
    dh, dc = problem.dh[:, None, :], np.zeros((SMALL.batch, 1, hidden))
    expected = []
    for by in reversed(steps):
        expected.append([np.linalg.norm(v[:, 0], axis=1) for v in (dh, dc + dh @ by.h_c)])
        through_h = dh @ by.h_hbefore + dc @ by.c_hbefore
        dh, dc = through_h, dh @ by.h_cbefore + dc @ by.c_cbefore
    found = measured(1.3, dataclasses.replace(SMALL, forget_bias=0.7))
    both = np.stack([found["lstm", "h"].norms, found["lstm", "c"].norms], axis=1)
    np.testing.assert_allclose(both, expected, rtol=1e-12)


@pytest.mark.parametrize("cell", [*RNNS, "lstm"])
def test_the_gradient_of_the_last_state_has_length_one(cell: str) -> None:
    np.testing.assert_allclose(measured(0.9)[cell, "h"].norms[0], 1, rtol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 9])
def test_recurrent_weights_have_the_norm_that_is_said(size: int) -> None:
    q = orthogonal(np.random.default_rng(3), size)
    np.testing.assert_allclose(q @ q.T, np.eye(size), atol=1e-14)
    assert np.linalg.norm(0.7 * q, 2) == pytest.approx(0.7, rel=1e-14)


# ---- vanishing ----


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    scale=st.floats(0, 20),
    hidden=st.integers(1, 8),
    steps=st.integers(1, 25),
)
def test_no_rnn_exceeds_its_bound(seed: int, scale: float, hidden: int, steps: int) -> None:
    problem = draw_problem(ReachSettings(hidden, steps, 3, seed=seed))
    for activation in RNNS:
        reach = rnn_reach(activation, scale, problem)
        assert reach.bound is not None
        gamma = ACTIVATIONS[activation].slope_bound
        np.testing.assert_allclose(reach.bound, (gamma * scale) ** np.arange(steps + 1), rtol=1e-12)
        assert (reach.norms <= reach.bound[:, None] * (1 + 1e-10) + 1e-300).all()


@pytest.mark.parametrize("activation", RNNS)
def test_below_one_every_gradient_decays_at_every_step(activation: str) -> None:
    norms = measured(0.9)[activation, "h"].norms
    assert (norms[1:] <= 0.9 * norms[:-1] * (1 + 1e-12)).all()
    assert (norms[-1] < 0.9**SMALL.steps).all()


def test_above_one_nothing_is_bound_to_vanish_and_relu_grows_most() -> None:
    last = {of: reach.quartiles[1, -1] for of, reach in measured(3, ReachSettings(steps=60)).items()}
    assert last["relu", "h"] > 1e15  # no saturation holds it
    assert 1 < last["tanh", "h"] < 1e-6 * last["relu", "h"]
    assert last["sigmoid", "h"] < 0.75**60


def test_without_recurrent_weights_the_cell_reaches_by_its_forget_gates_alone() -> None:
    found = measured(0, dataclasses.replace(SMALL, forget_bias=8))
    whole, direct = found["lstm", "c"].norms, found["lstm", "forget gates"].norms
    np.testing.assert_allclose(whole, direct, rtol=1e-12)
    assert (whole[-1] > 0.9 * whole[0]).all()  # gates near 1: next to nothing is lost
    for cell in (*RNNS, "lstm"):
        assert not found[cell, "h"].norms[1:].any()


def test_the_direct_path_is_the_product_of_the_forget_gates() -> None:
    problem, hidden = draw_problem(SMALL), SMALL.hidden_size
    bias = np.repeat([0.0, 1.0, 0.0, 0.0], hidden)
    params = LSTMParameters(problem.weight_ih, 0.8 * np.concatenate(problem.orthogonal), bias)
    _, _, cache = lstm.forward(params, problem.x, lstm.zero_state(params, SMALL.batch))
    _, f, _, o = lstm.split(cache.gates)
    dc = problem.dh * o[-1] * (1 - cache.tanh_c[-1] ** 2)
    products = np.cumprod(np.concatenate([np.ones_like(f[:1]), f[:0:-1]]), axis=0)
    expected = np.linalg.norm(dc * products, axis=2)
    np.testing.assert_allclose(measured(0.8)["lstm", "forget gates"].norms, expected, rtol=1e-12)


def test_open_forget_gates_reach_farther() -> None:
    reaches = [measured(0.5, ReachSettings(forget_bias=bias))["lstm", "c"] for bias in (-1, 1, 4)]
    closed, half, wide = (reach.quartiles[1, -1] for reach in reaches)
    assert closed < 1e-10 * half < 1e-12 * wide


# ---- numbers that are none ----


def test_states_that_overflow_have_no_gradient() -> None:
    problem = draw_problem(ReachSettings(4, 400, 2))
    assert np.isnan(rnn_reach("relu", 100, problem).norms).all()
    assert np.isfinite(rnn_reach("tanh", 100, problem).norms).all()


def test_a_gradient_that_underflows_is_zero_and_stays_within_the_quartiles() -> None:
    reach = rnn_reach("sigmoid", 0.001, draw_problem(ReachSettings(4, 120, 3)))
    low, median, high = reach.quartiles
    assert (low <= median).all() and (median <= high).all()
    assert median[-1] == 0 and median[60] > 0


def test_lengths_neither_overflow_nor_underflow() -> None:
    rows = np.array([[3e200, 4e200], [3e-200, 4e-200], [0, 0], [np.inf, 1], [np.nan, 1]])
    np.testing.assert_allclose(lengths(rows), [5e200, 5e-200, 0, np.inf, np.inf], rtol=1e-14)


# ---- what is draw_problem, and what is refused ----


def test_the_same_seed_gives_the_same_and_another_another() -> None:
    one, two, other = (
        measured(1, dataclasses.replace(SMALL, seed=seed))["tanh", "h"].norms for seed in (5, 5, 6)
    )
    assert np.array_equal(one, two)
    assert not np.array_equal(one[1:], other[1:])


@pytest.mark.parametrize(
    ("scales", "changed", "message"),
    [
        ([1], {"hidden_size": 0}, "the number of units must be between 1 and 1,000,000,000, not 0"),
        ([1], {"steps": -3}, "the number of steps through time must be between 1 and 1,000,000,000, not -3"),
        ([1], {"batch": 10**400}, "not a number of more than 20 digits"),
        ([1], {"steps": 10**8}, "GiB of memory; choose smaller sizes"),
        ([1], {"hidden_size": 10**9}, "GiB of memory; choose smaller sizes"),
        (
            [1, 2, 3, 4, 5, 6],
            {"hidden_size": 1024, "batch": 4, "steps": 4000},
            "minutes; choose smaller sizes or fewer steps",
        ),
        (
            [1],
            {"forget_bias": float("nan")},
            "the forget bias must be between -1,000,000 and 1,000,000, not nan",
        ),
        ([1, float("nan")], {}, "the scale must be between 0 and 1,000,000, not nan"),
        ([-1], {}, "the scale must be between 0 and 1,000,000, not -1"),
        ([float("inf")], {}, "the scale must be between 0 and 1,000,000, not inf"),
        ([], {}, "give between one and 6 scales, not 0"),
        ([1] * 7, {}, "give between one and 6 scales, not 7"),
    ],
)
def test_what_cannot_be_computed_is_one_sentence(
    scales: list[float], changed: dict[str, float], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        next(measure_reach(scales, dataclasses.replace(ReachSettings(), **changed)))
    assert "\n" not in str(caught.value)
