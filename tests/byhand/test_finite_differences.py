"""Finite differences: the judge must be right before it judges."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.byhand.finite_differences import derivative, error, extrapolate


@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 99))
def test_the_jacobian_of_a_matrix_product_is_known(rows, columns, seed):
    rng = np.random.default_rng(seed)
    a, x = rng.normal(size=(rows, columns)), rng.normal(size=columns)
    found = derivative(lambda: a @ x, x)
    assert found.shape == (rows, columns)
    assert error(found, a) < 1e-9


def test_a_cube_is_right_to_the_square_of_the_step():
    x = np.array([1.5])
    coarse = derivative(lambda: float(x[0] ** 3), x, step=1e-2)
    assert coarse[0] == pytest.approx(3 * 1.5**2 + 1e-4, abs=1e-10)
    assert derivative(lambda: float(x[0] ** 3), x)[0] == pytest.approx(3 * 1.5**2, abs=1e-9)


def test_chosen_coordinates_are_those_of_the_whole():
    x = np.random.default_rng(0).normal(size=(3, 4))
    whole = derivative(lambda: np.array([(x**2).sum(), x.sum()]), x)
    part = derivative(lambda: np.array([(x**2).sum(), x.sum()]), x, coordinates=np.array([1, 7]))
    np.testing.assert_array_equal(part, whole.reshape(2, -1)[:, [1, 7]])


def test_the_variable_is_left_as_it_was_even_when_the_function_fails():
    x = np.array([0.1, 0.2])
    before = x.copy()
    derivative(x.sum, x)
    np.testing.assert_array_equal(x, before)
    with pytest.raises(ZeroDivisionError):
        derivative(lambda: 1 / 0, x)
    np.testing.assert_array_equal(x, before)


def test_a_view_that_cannot_be_moved_in_place_is_refused():
    with pytest.raises(ValueError, match="contiguous"):
        derivative(lambda: 0.0, np.zeros((4, 3)).T)


def test_the_error_is_relative_to_the_larger_and_absolute_below_one():
    assert error(np.array([300.0, 400.0]), np.array([300.0, 405.0])) == pytest.approx(
        5 / math.hypot(300, 405)
    )
    assert error(np.array([1e-9]), np.array([3e-9])) == pytest.approx(2e-9)
    assert math.isnan(error(np.array([math.nan]), np.array([1.0])))


def test_an_extrapolation_is_nearer_and_says_how_near() -> None:
    x = np.array([0.3, 1.2])

    def f() -> np.ndarray:
        return np.sin(40 * x)  # bends much, so that a plain difference is off by step² · 40³

    exact = np.diag(40 * np.cos(40 * x))
    plain, (found, doubt) = derivative(f, x), extrapolate(f, x)
    assert error(found, exact) < 1e-11 < error(plain, exact)
    off = np.abs(found - exact)
    assert (off <= 10 * doubt + 1e-12).all() and doubt.max() < 1e-8


def test_an_extrapolation_of_noise_doubts_itself() -> None:
    rng, x = np.random.default_rng(0), np.array([1.0])
    _, doubt = extrapolate(lambda: float(x[0] + 1e-3 * rng.normal()), x)
    assert doubt[0] > 1e-2


def test_each_order_of_the_error_is_taken_away_by_its_own_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poetgen.byhand.finite_differences.STEPS", (0.5, 0.25, 0.125, 0.0625))
    x = np.array([1.5])
    found, _ = extrapolate(lambda: float(x[0] ** 5), x)  # errors of step² and step⁴, and no other
    assert found[0] == pytest.approx(5 * 1.5**4, rel=1e-13)
