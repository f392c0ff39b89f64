"""Section 4 of docs/derivation.md, through time: each equation as it stands there, code and differences agree."""

import numpy as np
import pytest

from poetgen.byhand import jacobians, lstm, rtrl
from poetgen.byhand.finite_differences import derivative, error
from poetgen.byhand.lstm import LSTMParameters
from poetgen.experiments.cases import Sizes
from poetgen.experiments.lstm_cases import lstm_problem

T, H, E = 5, 4, 3
params, x, before, dy, _ = lstm_problem(Sizes(hidden_size=H, input_size=E, steps=T, batch=1, seed=11))
nothing = lstm.zero_state(params, 1)
y, last, kept = lstm.forward(params, x, before)
caches = [kept.step(t) for t in range(T)]
by = [jacobians.step_jacobians(params, cache) for cache in caches]
here = [jacobians.immediate(cache) for cache in caches]
THETAS = LSTMParameters._fields


def total(steps: int):
    """dh/dθ and dc/dθ after so many steps, by the code."""
    influence = rtrl.no_influence(params, 1)
    for cache in caches[:steps]:
        influence = rtrl.update_influence(params, cache, influence)
    return influence


def flat(influence, name: str):
    """∂s/∂θ, h over c: (2H, number of θ)."""
    h, c = (getattr(part, name)[0].reshape(H, -1) for part in influence)
    return np.concatenate([h, c])


def states_by(theta, steps: int = T):
    """The same by differences."""

    def state():
        _, (h, c), _ = lstm.forward(params, x[:steps], before)
        return np.concatenate([h[0], c[0]])

    return derivative(state, theta).reshape(2 * H, -1)


@pytest.mark.parametrize("name", THETAS)
def test_equation_21_the_recursion_of_the_total_derivative(name):
    dh = dc = np.zeros((H, getattr(params, name).size))
    for t, step in enumerate(by):
        plus = flat(here[t], name)
        dh, dc = (
            step.h_hbefore[0] @ dh + step.h_cbefore[0] @ dc + plus[:H],
            step.c_hbefore[0] @ dh + step.c_cbefore[0] @ dc + plus[H:],
        )
        page = np.concatenate([dh, dc])
        assert error(page, flat(total(t + 1), name)) <= 1e-12
        assert error(page, states_by(getattr(params, name), t + 1)) <= 1e-7
        assert (error(page, plus) <= 1e-12) == (t == 0), (
            "immediate and total are equal at the first step only"
        )


@pytest.mark.parametrize("name", THETAS)
def test_equation_22_a_sum_over_the_steps_that_used_the_weight(name):
    page, product = np.zeros((2 * H, getattr(params, name).size)), np.eye(2 * H)
    for t in reversed(range(T)):
        page += product @ flat(here[t], name)
        step = by[t]
        product = product @ np.block([
            [step.h_hbefore[0], step.h_cbefore[0]],
            [step.c_hbefore[0], step.c_cbefore[0]],
        ])  # fmt: skip
    assert error(page, flat(total(T), name)) <= 1e-12
    assert error(page, states_by(getattr(params, name))) <= 1e-7


def walked_back():
    """δa_t and the cell's gradient at every step, by the page; index t as there, 0 unused."""
    da, dc = np.zeros((T + 2, 4 * H)), np.zeros((T + 2, H))
    f_next = np.zeros(H)
    for t in range(T, 0, -1):
        i, f, g, o = (gate[0] for gate in lstm.split(kept.gates[t - 1]))
        tanh_c, c0 = np.tanh(kept.c[t, 0]), kept.c[t - 1, 0]
        dh = dy[t - 1, 0] + params.weight_hh.T @ da[t + 1]
        dc[t] = f_next * dc[t + 1] + o * (1 - tanh_c**2) * dh
        gates = (
            g * dc[t] * i * (1 - i),
            c0 * dc[t] * f * (1 - f),
            i * dc[t] * (1 - g**2),
            tanh_c * dh * o * (1 - o),
        )
        da[t], f_next = np.concatenate(gates), f
    return da, dc, f_next


def loss():
    return (dy * lstm.forward(params, x, before)[0]).sum()


def test_equation_23_each_step_hands_back_to_the_one_before():
    da, dc, _ = walked_back()
    state = nothing
    for t in range(T, 0, -1):
        given = lstm.LSTMState(dy[t - 1] + state.h, state.c)
        found, _ = lstm.gates_backward(kept.gates[t - 1], kept.c[t - 1], kept.tanh_c[t - 1], given)
        assert error(da[t], found[0]) <= 1e-12
        _, _, state = lstm.step_backward(params, caches[t - 1], given)
    cell = kept.c[2].copy()  # c_2, moved: it acts through h_2 and through the steps after it

    def later():
        h = lstm.split(kept.gates[1])[3] * np.tanh(cell)
        return (dy[1] * h).sum() + (dy[2:] * lstm.forward(params, x[2:], lstm.LSTMState(h, cell))[0]).sum()

    assert error(dc[2], derivative(later, cell)[0]) <= 1e-7


def test_equation_24_the_gradients_are_sums_over_steps():
    da, _, _ = walked_back()
    grads, _, _ = lstm.backward(params, kept, dy, nothing)
    h = kept.h[:, 0]
    pages = (
        sum(np.outer(da[t], x[t - 1, 0]) for t in range(1, T + 1)),
        sum(np.outer(da[t], h[t - 1]) for t in range(1, T + 1)),
        sum(da[t] for t in range(1, T + 1)),
    )
    for page, code, theta in zip(pages, grads, params, strict=True):
        assert error(page, code) <= 1e-12
        assert error(page, derivative(loss, theta)) <= 1e-7


def test_equation_25_what_the_layer_hands_on():
    da, dc, f_1 = walked_back()
    _, dx, dbefore = lstm.backward(params, kept, dy, nothing)
    pages = (
        np.stack([params.weight_ih.T @ da[t] for t in range(1, T + 1)]),
        params.weight_hh.T @ da[1],
        f_1 * dc[1],
    )
    for page, code, variable in zip(pages, (dx[:, 0], *(v[0] for v in dbefore)), (x, *before), strict=True):
        assert error(page, code) <= 1e-12
        assert error(page, derivative(loss, variable).reshape(page.shape)) <= 1e-7


@pytest.mark.parametrize("name", THETAS)
def test_equation_27_the_same_gradient_forwards(name):
    page = sum(flat(total(t + 1), name)[:H].T @ dy[t, 0] for t in range(T))
    theta = getattr(params, name)
    code = getattr(rtrl.gradients(params, x, before, dy, nothing), name)
    assert error(page, code.reshape(-1)) <= 1e-12
    assert error(page, getattr(lstm.backward(params, kept, dy, nothing)[0], name).reshape(-1)) <= 1e-10
    assert error(page, derivative(loss, theta).reshape(-1)) <= 1e-7


def test_equation_26_a_layer_gets_what_the_one_above_hands_down():
    rng = np.random.default_rng(4)
    upper = LSTMParameters(*(rng.normal(size=s) for s in ((4 * H, H), (4 * H, H), (4 * H,))))
    mask = np.array([0.0, 1.25, 1.25, 1.25])
    below, _, walked = lstm.forward(params, x, before)
    _, _, above = lstm.forward(upper, mask * below, before)
    top = rng.normal(size=(T, 1, H))
    da = np.empty((T, 4 * H))
    dh, dc = nothing
    for t in reversed(range(T)):
        step, state = above.step(t), lstm.LSTMState(top[t] + dh, dc)
        da[t : t + 1], dc = lstm.gates_backward(step.gates, step.before.c, step.tanh_c, state)
        dh = da[t : t + 1] @ upper.weight_hh
    page = np.stack([mask * (upper.weight_ih.T @ da[t]) for t in range(T)])[:, None]
    _, dx, _ = lstm.backward(upper, above, top, nothing)
    assert error(page, mask * dx) <= 1e-12
    shown = below.copy()

    def loss():
        return (lstm.forward(upper, mask * shown, before)[0] * top).sum()

    assert error(page, derivative(loss, shown)) <= 1e-7
    grads, _, _ = lstm.backward(params, walked, page, nothing)

    def whole():
        return (lstm.forward(upper, mask * lstm.forward(params, x, before)[0], before)[0] * top).sum()

    assert error(grads.weight_hh, derivative(whole, params.weight_hh)) <= 1e-7
