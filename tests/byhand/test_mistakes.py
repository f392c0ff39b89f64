"""Section 11 of docs/derivation.md: how far off each mistake is, to the digits printed; the right are not."""

import re
from pathlib import Path

import numpy as np
import pytest

from poetgen.byhand import jacobians, lstm, rtrl
from poetgen.byhand.finite_differences import derivative
from poetgen.byhand.lstm import GATES
from poetgen.experiments.cases import Sizes
from poetgen.experiments.lstm_cases import lstm_problem

PAGE = (Path(__file__).parents[2] / "docs" / "derivation.md").read_text(encoding="utf-8")
SIZES = Sizes()  # what `poetgen gradcheck` draws
H = SIZES.hidden_size

params, x, start, _, _ = lstm_problem(SIZES)
after, cache = lstm.step_forward(params, x[0], start)
i, f, g, o = lstm.split(cache.gates)
q, c0 = o * (1 - cache.tanh_c**2), start.c
U, W = (
    np.stack(np.split(theta, 4)) for theta in (params.weight_hh, params.weight_ih)
)  # (4, H, H), (4, H, E)


def paths(*slopes):
    """Σ diag(slope) of the four matrices [U W], (B, H, H + E)."""
    return sum(
        slope[:, :, None] * matrix
        for slope, matrix in zip(slopes, np.concatenate([U, W], axis=2), strict=True)
    )


RIGHT = paths(q * g * i * (1 - i), q * c0 * f * (1 - f), q * i * (1 - g**2), cache.tanh_c * o * (1 - o))
WITHOUT_CANDIDATE = paths(q * g * i * (1 - i), q * c0 * f * (1 - f), 0 * g, cache.tanh_c * o * (1 - o))
WITHOUT_SQUARE = paths(q * g * i * (1 - i), q * c0 * f * (1 - f), q * i * (1 - g), cache.tanh_c * o * (1 - o))
WITHOUT_SLOPES = paths(q * g, q * c0, q * i, cache.tanh_c)


def by_all_poems(variable):
    """∂h_t/∂v, the same small change made in every poem: (B, H, *v)."""
    return derivative(
        lambda: lstm.step_forward(params, x[0] + small_x, lstm.LSTMState(start.h + small_h, c0))[0].h,
        variable,
    )


small_h, small_x = np.zeros(H), np.zeros(SIZES.input_size)
BY_H, BY_X = by_all_poems(small_h), by_all_poems(small_x)


def one_step(bias_gate: str):
    """∂⁺h_t/∂b of a gate, (B, H, H)."""
    return derivative(
        lambda: lstm.step_forward(params, x[0], start)[0].h, np.split(params.bias, 4)[GATES.index(bias_gate)]
    )


def diagonal(rows):
    return rows[:, :, None] * np.eye(H)


def through_time():
    """For each of the twelve: the immediate derivative of the last step, the total one, and differences."""
    influence, state = rtrl.no_influence(params, SIZES.batch), start
    for x_t in x:
        state, last = lstm.step_forward(params, x_t, state)
        influence = rtrl.update_influence(params, last, influence)
    here = jacobians.immediate(last)
    for name, theta in params._asdict().items():
        of_gates = (np.split(getattr(part, name), 4, axis=2) for part in (here.h, influence.h))
        for immediate, total, part in zip(*of_gates, np.split(theta, 4), strict=True):
            yield immediate, total, derivative(lambda: lstm.forward(params, x, start)[1].h, part)


SQUARE_B = diagonal(q * i * (1 - g)), diagonal(q * i * (1 - g**2)), one_step("g")
# wrong, right, by differences, for each number of the page's table
ROWS = [
    (WITHOUT_CANDIDATE[..., :H], RIGHT[..., :H], BY_H),
    (WITHOUT_CANDIDATE[..., H:], RIGHT[..., H:], BY_X),
    SQUARE_B,
    (WITHOUT_SQUARE[..., :H], RIGHT[..., :H], BY_H),
    (WITHOUT_SQUARE[..., H:], RIGHT[..., H:], BY_X),
    (WITHOUT_SLOPES, RIGHT, np.concatenate([BY_H, BY_X], axis=2)),
    *through_time(),
]
TABLE = re.findall(r"^\| (\d) \|.*\| ([\d., ]+) \|$", PAGE.partition("## 11 ")[2], flags=re.MULTILINE)
PRINTED = [number for _, numbers in TABLE for number in numbers.split(", ")]


def relative(a, true) -> float:
    return float(np.linalg.norm(a - true) / np.linalg.norm(true))


def test_every_row_of_the_page_is_computed() -> None:
    assert [row for row, _ in TABLE] == list("123456789")
    assert len(PRINTED) == len(ROWS)


@pytest.mark.parametrize("number", range(len(ROWS)))
def test_a_mistake_is_as_far_off_as_printed(number: int) -> None:
    wrong, right, true = ROWS[number]
    assert wrong.shape == right.shape == true.shape
    assert f"{relative(wrong, true):#.3g}" == PRINTED[number]
    assert relative(right, true) <= 1e-7


def test_the_right_formula_of_a_row_is_the_codes() -> None:
    by = jacobians.step_jacobians(params, cache)
    assert relative(RIGHT, np.concatenate([by.h_hbefore, by.h_x], axis=2)) <= 1e-12


def test_sizes_and_draws_are_those_printed() -> None:
    for size in ("H = 5", "E = 4", "T = 4", "B = 3"):
        assert f"`{size}`" in PAGE
    assert (SIZES.hidden_size, SIZES.input_size, SIZES.steps, SIZES.batch) == (5, 4, 4, 3)
    assert (SIZES.scale, SIZES.seed) == (0.5, 0)


def test_at_the_first_step_immediate_and_total_are_one() -> None:
    total = rtrl.update_influence(params, cache, rtrl.no_influence(params, SIZES.batch)).h
    for here, all_paths in zip(jacobians.immediate(cache).h, total, strict=True):
        assert relative(here, all_paths) <= 1e-12


def test_without_its_slope_a_gate_is_taken_too_large() -> None:
    assert np.linalg.norm(WITHOUT_SLOPES) > np.linalg.norm(RIGHT)
