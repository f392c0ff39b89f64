"""Sections 1 to 3 of docs/derivation.md: each equation as it stands there, the code, and differences agree.

As on the page, vectors are columns of one poem; T, B and the other sizes are small.
"""

import numpy as np
import pytest

from poetgen.byhand import jacobians, linear, lstm
from poetgen.byhand.finite_differences import derivative, error
from poetgen.byhand.linear import LinearParameters
from poetgen.byhand.lstm import GATES
from poetgen.experiments.cases import Sizes
from poetgen.experiments.lstm_cases import lstm_problem

params, xs, before, _, dafter = lstm_problem(Sizes(hidden_size=4, input_size=3, batch=1, seed=7))
after, cache = lstm.step_forward(params, xs[0], before)
by = jacobians.step_jacobians(params, cache)
here = jacobians.immediate(cache)
W, U, b = (dict(zip(GATES, np.split(theta, 4), strict=True)) for theta in params)
x, h0, c0, h, c = xs[0, 0], before.h[0], before.c[0], after.h[0], after.c[0]
gates = dict(zip(GATES, (gate[0] for gate in lstm.split(cache.gates)), strict=True))
i, f, g, o = gates.values()
q = o * (1 - np.tanh(c) ** 2)
s_c = {"i": g * i * (1 - i), "f": c0 * f * (1 - f), "g": i * (1 - g * g), "o": 0 * o}
s_h = {**{gate: q * s_c[gate] for gate in "ifg"}, "o": np.tanh(c) * o * (1 - o)}


def agree(page, code, numeric) -> None:
    assert np.shape(page) == np.shape(code) == np.shape(numeric)
    assert error(page, code) <= 1e-12
    assert error(page, numeric) <= 1e-7
    assert np.abs(page).max() > 1e-3, "all zero: nothing was compared"


def by_outside(of: int, variable):
    """h_t (0) or c_t (1), differentiated by x, by the state before, or by a part of the parameters."""
    return derivative(lambda: lstm.step_forward(params, xs[0], before)[0][of][0], variable)


def by_value(name: str):
    """h_t differentiated by the value of a gate, or of c_t, or of c_{t-1} by its direct path."""
    values = {name: value.copy() for name, value in {**gates, "c0": c0, "c": c}.items()}

    def hidden():
        i, f, g, o, c0, c = values.values()
        return o * np.tanh(c if name == "c" else f * c0 + i * g)

    return derivative(hidden, values[name])


def by_activation(of: int):
    """∂h_t/∂a (0) or ∂c_t/∂a (1), (H, 4H)."""
    a = xs[0] @ params.weight_ih.T + before.h @ params.weight_hh.T + params.bias
    return derivative(lambda: lstm.gates_forward(a, before.c)[0][of][0], a)[:, 0]


def test_equation_1_the_slope_follows_from_the_value():
    a = np.linspace(-6, 6, 25)
    s, t = 1 / (1 + np.exp(-a)), np.tanh(a)
    agree(s, lstm.sigmoid(a), s)
    numeric = np.diag(derivative(lambda: np.stack([lstm.sigmoid(a), np.tanh(a)]), a)[0])
    one = np.ones((1, len(a)))
    found, _ = lstm.gates_backward(
        np.concatenate([one * s, one * s, one * t, one * s], axis=1),
        one,
        0 * one,
        lstm.LSTMState(0 * one, one),
    )
    _, da_f, da_g, _ = lstm.split(found)
    agree(s * (1 - s), da_f[0], numeric)
    agree((1 - t**2) * s, da_g[0], np.diag(derivative(lambda: np.tanh(a), a)) * s)


def test_equation_2_one_function_at_two_scales():
    a = np.linspace(-6, 6, 25)
    s = 1 / (1 + np.exp(-a))
    assert error(2 / (1 + np.exp(-2 * a)) - 1, np.tanh(a)) <= 1e-12
    assert error(1 / 2 + np.tanh(a / 2) / 2, s) <= 1e-12
    assert error(lstm.sigmoid(a), s) <= 1e-12


def test_equation_3_the_linear_rule():
    rng = np.random.default_rng(0)
    layer, v, dy = (
        LinearParameters(rng.normal(size=(4, 3)), rng.normal(size=4)),
        rng.normal(size=3),
        rng.normal(size=4),
    )
    grads, dv = linear.backward(layer, v[None], dy[None])

    def loss():
        return dy @ (layer.weight @ v + layer.bias)

    agree(np.outer(dy, v), grads.weight, derivative(loss, layer.weight))
    agree(dy, grads.bias, derivative(loss, layer.bias))
    agree(layer.weight.T @ dy, dv[0], derivative(loss, v))


def test_equation_4_the_six_equations():
    def sigma(a):
        return 1 / (1 + np.exp(-a))

    i_t = sigma(W["i"] @ x + U["i"] @ h0 + b["i"])
    f_t = sigma(W["f"] @ x + U["f"] @ h0 + b["f"])
    g_t = np.tanh(W["g"] @ x + U["g"] @ h0 + b["g"])
    o_t = sigma(W["o"] @ x + U["o"] @ h0 + b["o"])
    c_t = f_t * c0 + i_t * g_t
    h_t = o_t * np.tanh(c_t)
    np.testing.assert_allclose((i_t, f_t, g_t, o_t, c_t, h_t), (i, f, g, o, c, h), rtol=0, atol=1e-12)


@pytest.mark.parametrize("gate", GATES)
def test_equation_5_state_and_input_in_one_vector(gate):
    z, w_z = np.concatenate([h0, x]), np.concatenate([U[gate], W[gate]], axis=1)
    value = np.tanh if gate == "g" else lambda a: 1 / (1 + np.exp(-a))
    assert w_z.shape == (4, 4 + 3)
    np.testing.assert_allclose(value(w_z @ z + b[gate]), gates[gate], rtol=0, atol=1e-12)


def test_equation_6_by_the_output_gate():
    agree(np.diag(np.tanh(c)), by.h_o[0], by_value("o"))


def test_equation_7_by_the_cell():
    agree(np.diag(q), by.h_c[0], by_value("c"))


def test_equation_8_by_the_other_gates():
    agree(np.diag(q * c0), by.h_f[0], by_value("f"))
    agree(np.diag(q * g), by.h_i[0], by_value("i"))
    agree(np.diag(q * i), by.h_g[0], by_value("g"))


def test_equation_9_by_the_cell_before():
    agree(np.diag(f), by.c_cbefore[0], by_outside(1, c0))
    agree(np.diag(q * f), by.h_cbefore[0], by_outside(0, c0))
    agree(np.diag(q * f), by.h_cbefore[0], by_value("c0"))


def test_equation_10_the_cell_by_the_activations():
    numeric = by_activation(1)
    for k, gate in enumerate("ifg"):
        agree(
            np.diag(s_c[gate]),
            np.diag(jacobians.gate_derivatives(cache).c[0, k]),
            numeric[:, 4 * k : 4 * k + 4],
        )
    assert not jacobians.gate_derivatives(cache).c[0, 3].any() and not numeric[:, 12:].any()


def test_equation_10_the_state_by_the_activations():
    numeric = by_activation(0)
    for k, gate in enumerate(GATES):
        agree(
            np.diag(s_h[gate]),
            np.diag(jacobians.gate_derivatives(cache).h[0, k]),
            numeric[:, 4 * k : 4 * k + 4],
        )


def test_equation_11_the_state_by_the_state_before():
    page = (
        np.diag(q * g * i * (1 - i)) @ U["i"]
        + np.diag(q * c0 * f * (1 - f)) @ U["f"]
        + np.diag(q * i * (1 - g * g)) @ U["g"]
        + np.diag(np.tanh(c) * o * (1 - o)) @ U["o"]
    )
    agree(page, by.h_hbefore[0], by_outside(0, h0))
    assert error(page, sum(np.diag(s_h[gate]) @ U[gate] for gate in GATES)) <= 1e-12


def test_equation_12_the_state_by_the_input():
    page = (
        np.diag(q * g * i * (1 - i)) @ W["i"]
        + np.diag(q * c0 * f * (1 - f)) @ W["f"]
        + np.diag(q * i * (1 - g * g)) @ W["g"]
        + np.diag(np.tanh(c) * o * (1 - o)) @ W["o"]
    )
    agree(page, by.h_x[0], by_outside(0, x))
    assert error(page, sum(np.diag(s_h[gate]) @ W[gate] for gate in GATES)) <= 1e-12


def test_equation_13_the_cell_by_the_state_before_and_the_input():
    agree(sum(np.diag(s_c[gate]) @ U[gate] for gate in GATES), by.c_hbefore[0], by_outside(1, h0))
    agree(sum(np.diag(s_c[gate]) @ W[gate] for gate in GATES), by.c_x[0], by_outside(1, x))


def test_equation_14_the_state_by_both_together():
    page = sum(np.diag(s_h[gate]) @ np.concatenate([U[gate], W[gate]], axis=1) for gate in GATES)
    code = np.concatenate([by.h_hbefore[0], by.h_x[0]], axis=1)
    agree(page, code, np.concatenate([by_outside(0, h0), by_outside(0, x)], axis=1))


def spread(vector, factor=None):
    """[k = j] vector_j factor_m: (H, H, M), or (H, H) without a factor."""
    page = np.eye(len(vector)) * vector
    return page if factor is None else page[:, :, None] * factor


def immediate_agrees(of: int, gate: str, vector) -> None:
    """Of one gate: by its input weights, its recurrent weights and its bias."""
    rows = slice(4 * GATES.index(gate), 4 * GATES.index(gate) + 4)
    for theta, factor, found in zip((W, U, b), (x, h0, None), here[of], strict=True):
        page, numeric = spread(vector, factor), by_outside(of, theta[gate])
        agree(page, found[0, :, rows], numeric)


@pytest.mark.parametrize("gate", GATES)
def test_equation_15_immediate_for_every_gate(gate):
    immediate_agrees(0, gate, s_h[gate])


def test_equation_16_immediate_input_gate():
    immediate_agrees(0, "i", q * g * i * (1 - i))


def test_equation_16_immediate_forget_gate():
    immediate_agrees(0, "f", q * c0 * f * (1 - f))


def test_equation_16_immediate_candidate():
    immediate_agrees(0, "g", q * i * (1 - g**2))


def test_equation_16_immediate_output_gate():
    immediate_agrees(0, "o", np.tanh(c) * o * (1 - o))


def test_equation_17_immediate_of_the_cell():
    for gate in "ifg":
        immediate_agrees(1, gate, s_c[gate])
    for theta, found in zip((W, U, b), here.c, strict=True):
        assert not found[0, :, 12:].any() and not by_outside(1, theta["o"]).any()


# ---- one step backwards ----

dh, dc = dafter.h[0], dafter.c[0]
dc_all = dc + q * dh
d_gate = {"o": np.tanh(c) * dh, "i": g * dc_all, "f": c0 * dc_all, "g": i * dc_all}
da = np.concatenate([
    i * (1 - i) * d_gate["i"],
    f * (1 - f) * d_gate["f"],
    (1 - g**2) * d_gate["g"],
    o * (1 - o) * d_gate["o"],
])  # fmt: skip


def loss_by(variable):
    """L = δhᵀ h_t + δcᵀ c_t, differentiated."""

    def loss():
        new, _ = lstm.step_forward(params, xs[0], before)
        return dh @ new.h[0] + dc @ new.c[0]

    return derivative(loss, variable)


def test_equation_18_what_reaches_the_cell():
    cell = c.copy()
    numeric = derivative(lambda: dh @ (o * np.tanh(cell)) + dc @ cell, cell)
    _, dc0 = lstm.gates_backward(cache.gates, before.c, cache.tanh_c, dafter)
    agree(dc_all, dc0[0] / f, numeric)
    assert error(dc_all, dc + o * (1 - np.tanh(c) ** 2) * dh) <= 1e-12


def test_equation_18_what_reaches_the_gates():
    found, _ = lstm.gates_backward(cache.gates, before.c, cache.tanh_c, dafter)
    slopes = {"i": i * (1 - i), "f": f * (1 - f), "g": 1 - g**2, "o": o * (1 - o)}
    for k, gate in enumerate(GATES):
        values = {name: value.copy() for name, value in gates.items()}

        def loss(values=values):
            cell = values["f"] * c0 + values["i"] * values["g"]
            return dh @ (values["o"] * np.tanh(cell)) + dc @ cell

        code = np.split(found[0], 4)[k] / slopes[gate]
        agree(d_gate[gate], code, derivative(loss, values[gate]))


def test_equation_19_what_reaches_the_activations():
    a = xs[0] @ params.weight_ih.T + before.h @ params.weight_hh.T + params.bias

    def loss():
        new, _, _ = lstm.gates_forward(a, before.c)
        return dh @ new.h[0] + dc @ new.c[0]

    found, _ = lstm.gates_backward(cache.gates, before.c, cache.tanh_c, dafter)
    agree(da, found[0], derivative(loss, a)[0])


def test_equation_20_what_one_step_hands_back():
    grads, dx, dbefore = lstm.step_backward(params, cache, dafter)
    agree(np.outer(da, x), grads.weight_ih, loss_by(params.weight_ih))
    agree(np.outer(da, h0), grads.weight_hh, loss_by(params.weight_hh))
    agree(da, grads.bias, loss_by(params.bias))
    agree(params.weight_ih.T @ da, dx[0], loss_by(x))
    agree(params.weight_hh.T @ da, dbefore.h[0], loss_by(h0))
    agree(f * dc_all, dbefore.c[0], loss_by(c0))
    z, w_z = np.concatenate([h0, x]), np.concatenate([params.weight_hh, params.weight_ih], axis=1)
    assert error(np.outer(da, z), np.concatenate([grads.weight_hh, grads.weight_ih], axis=1)) <= 1e-12
    assert error(w_z.T @ da, np.concatenate([dbefore.h[0], dx[0]])) <= 1e-12
