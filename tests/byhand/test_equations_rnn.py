"""Section 6 of docs/derivation.md, the simple layer: its equations as they stand, code and differences agree."""

import numpy as np
import pytest

from poetgen.byhand import jacobians, linear, rnn, softmax
from poetgen.byhand.finite_differences import derivative, error
from poetgen.byhand.linear import LinearParameters
from poetgen.byhand.optimizers import SGD
from poetgen.byhand.rnn import ACTIVATIONS, RNNParameters
from poetgen.experiments.cases import Sizes
from poetgen.experiments.rnn_cases import rnn_problem

V, E, H, T = 6, 3, 4, 3
rng = np.random.default_rng(2)
one_hot, expected = np.eye(V), np.array([3, 1, 5])
every_phi = pytest.mark.parametrize("phi", sorted(ACTIVATIONS))
VALUES = {"tanh": np.tanh, "sigmoid": lambda a: 1 / (1 + np.exp(-a)), "relu": lambda a: np.maximum(a, 0)}
SLOPES = {"tanh": lambda h: 1 - h**2, "sigmoid": lambda h: h * (1 - h), "relu": lambda h: (h > 0) * 1.0}
output = LinearParameters(rng.normal(size=(V, H)), rng.normal(size=V))


def simple(phi: str):
    """Parameters, inputs (3, E), states (4, H) by the page, δℓ (3, V) at temperature 1."""
    params, x, start, _, _ = rnn_problem(Sizes(hidden_size=H, input_size=E, steps=T, batch=1, seed=5), phi)
    h = [start[0]]
    for t in range(T):
        h.append(VALUES[phi](params.weight_ih @ x[t, 0] + params.weight_hh @ h[-1] + params.bias))
    ell = np.stack(h[1:]) @ output.weight.T + output.bias
    dlogits = np.exp(ell) / np.exp(ell).sum(axis=1, keepdims=True) - one_hot[expected]
    return params, x, start, h, dlogits


def simple_loss(params: RNNParameters, x, start, phi: str, counted=slice(None)):
    """Σ of the counted steps' losses, by the code."""
    y, _, _ = rnn.forward(params, x, start, phi)
    return softmax.forward(linear.forward(output, y[:, 0])[0], expected)[0][counted].sum()


@every_phi
def test_equation_41_the_simple_layer(phi):
    params, x, start, h, _ = simple(phi)
    y, last, _ = rnn.forward(params, x, start, phi)
    assert error(np.stack(h[1:]), y[:, 0]) <= 1e-12 and error(h[3], last[0]) <= 1e-12


@every_phi
def test_equation_42_the_slope_follows_from_the_value(phi):
    a = np.linspace(-3, 3, 12)  # not 0
    page = SLOPES[phi](VALUES[phi](a))
    assert error(page, ACTIVATIONS[phi].slope(ACTIVATIONS[phi].value(a))) <= 1e-12
    assert error(np.diag(page), derivative(lambda: ACTIVATIONS[phi].value(a), a)) <= 1e-7


@every_phi
def test_equation_43_one_path_from_state_to_state(phi):
    params, x, start, h, _ = simple(phi)
    slope = SLOPES[phi](h[1])
    _, cache = rnn.step_forward(params, x[0], start, phi)
    pages = np.diag(slope) @ params.weight_hh, np.diag(slope) @ params.weight_ih
    for page, code, variable in zip(
        pages, jacobians.rnn_jacobians(params, cache), (start, x[0]), strict=True
    ):
        numeric = derivative(lambda: rnn.step_forward(params, x[0], start, phi)[0][0], variable)
        assert error(page, code[0]) <= 1e-12 and error(page, numeric[:, 0]) <= 1e-7


def deltas(params: RNNParameters, h, dlogits, phi: str):
    """δ_1 ... δ_T by the page's recursion, from the last to the first; index t as there."""
    delta = np.zeros((T + 2, H))
    for t in range(T, 0, -1):
        back = output.weight.T @ dlogits[t - 1] + params.weight_hh.T @ delta[t + 1]
        delta[t] = SLOPES[phi](h[t]) * back
    return delta


@every_phi
def test_equation_44_each_step_hands_back_to_the_one_before(phi):
    params, x, start, h, dlogits = simple(phi)
    delta, (_, _, cache) = deltas(params, h, dlogits, phi), rnn.forward(params, x, start, phi)
    _, dx, dstart = rnn.backward(params, cache, (dlogits @ output.weight)[:, None], np.zeros_like(start))
    assert error(params.weight_hh.T @ delta[1], dstart[0]) <= 1e-12
    for t in range(1, T + 1):
        assert error(params.weight_ih.T @ delta[t], dx[t - 1, 0]) <= 1e-12
    numeric = derivative(lambda: simple_loss(params, x, start, phi), x)
    assert error(delta[1 : T + 1] @ params.weight_ih, numeric[:, 0]) <= 1e-7


@every_phi
def test_equation_45_the_gradients_are_sums_over_steps(phi):
    params, x, start, h, dlogits = simple(phi)
    delta, (_, _, cache) = deltas(params, h, dlogits, phi), rnn.forward(params, x, start, phi)
    grads, _, _ = rnn.backward(params, cache, (dlogits @ output.weight)[:, None], np.zeros_like(start))
    pages = (
        sum(np.outer(delta[t], x[t - 1, 0]) for t in (1, 2, 3)),
        sum(np.outer(delta[t], h[t - 1]) for t in (1, 2, 3)),
        delta.sum(axis=0),
        sum(np.outer(dlogits[t - 1], h[t]) for t in (1, 2, 3)),
        dlogits.sum(axis=0),
    )
    codes = (*grads, *linear.backward(output, np.stack(h[1:]), dlogits)[0])
    for page, code, theta in zip(pages, codes, (*params, *output), strict=True):
        assert error(page, code) <= 1e-12
        assert error(page, derivative(lambda: simple_loss(params, x, start, phi), theta)) <= 1e-7


def third_step(phi: str):
    """δ_3, δ_2, δ_1 of the third step's loss alone, as written out for t = 3."""
    params, x, start, h, dlogits = simple(phi)
    u, v = params.weight_hh, output.weight
    d3 = SLOPES[phi](h[3]) * (v.T @ dlogits[2])
    d2 = SLOPES[phi](h[2]) * (u.T @ d3)
    d1 = SLOPES[phi](h[1]) * (u.T @ (SLOPES[phi](h[2]) * (u.T @ (SLOPES[phi](h[3]) * (v.T @ dlogits[2])))))
    return params, x, start, h, dlogits[2], (d3, d2, d1)


def by_code(phi: str):
    """The third step's loss alone: gradients of the parameters, and dx."""
    params, x, start, _, dlogits = simple(phi)
    _, _, cache = rnn.forward(params, x, start, phi)
    dy = (dlogits * [[0], [0], [1]]) @ output.weight
    grads, dx, _ = rnn.backward(params, cache, dy[:, None], np.zeros_like(start))
    return grads, dx[:, 0]


@every_phi
def test_equation_46_three_vectors_carry_the_third_loss_back(phi):
    params, x, start, _, _, (d3, d2, d1) = third_step(phi)
    numeric = derivative(lambda: simple_loss(params, x, start, phi, counted=2), x)[:, 0]
    _, dx = by_code(phi)
    for delta, by_x, code in zip((d1, d2, d3), numeric, dx, strict=True):
        assert error(params.weight_ih.T @ delta, by_x) <= 1e-7
        assert error(params.weight_ih.T @ delta, code) <= 1e-12


@every_phi
def test_equation_47_one_term_for_v_and_three_for_u_and_w(phi):
    params, x, start, h, p_minus_e, (d3, d2, d1) = third_step(phi)
    x3, x2, x1 = x[2, 0], x[1, 0], x[0, 0]
    pages = (
        np.outer(p_minus_e, h[3]),
        np.outer(d3, h[2]) + np.outer(d2, h[1]) + np.outer(d1, h[0]),
        np.outer(d3, x3) + np.outer(d2, x2) + np.outer(d1, x1),
    )
    for page, theta in zip(pages, (output.weight, params.weight_hh, params.weight_ih), strict=True):
        assert error(page, derivative(lambda: simple_loss(params, x, start, phi, counted=2), theta)) <= 1e-7
    grads, _ = by_code(phi)
    assert error(pages[1], grads.weight_hh) <= 1e-12 and error(pages[2], grads.weight_ih) <= 1e-12


@every_phi
def test_equation_48_the_update_takes_a_step_down(phi):
    params, x, start, h, p_minus_e, (d3, d2, d1) = third_step(phi)
    eta = 1e-3
    v = output.weight - eta * np.outer(p_minus_e, h[3])
    u = params.weight_hh - eta * (np.outer(d3, h[2]) + np.outer(d2, h[1]) + np.outer(d1, h[0]))
    w = params.weight_ih - eta * (np.outer(d3, x[2, 0]) + np.outer(d2, x[1, 0]) + np.outer(d1, x[0, 0]))
    thetas = {"V": output.weight, "U": params.weight_hh, "W": params.weight_ih}
    gradients = {
        k: derivative(lambda: simple_loss(params, x, start, phi, counted=2), a) for k, a in thetas.items()
    }
    moved = {name: theta.copy() for name, theta in thetas.items()}
    SGD(moved, lr=eta).step(gradients)
    for page, name in zip((v, u, w), "VUW", strict=True):
        assert error(page, moved[name]) <= 1e-9
