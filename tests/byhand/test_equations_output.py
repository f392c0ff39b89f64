"""Sections 5 and 6 of docs/derivation.md, around the cell and the simple layer: page, code, differences agree."""

import numpy as np
import pytest

from poetgen.byhand import embedding, jacobians, language_model, linear, rnn, softmax
from poetgen.byhand.differences import derivative, error
from poetgen.byhand.language_model import Parameters
from poetgen.byhand.linear import LinearParameters
from poetgen.byhand.lstm import LSTMParameters
from poetgen.byhand.optimizers import SGD
from poetgen.byhand.rnn import ACTIVATIONS, RNNParameters
from poetgen.study.cases import Sizes
from poetgen.study.rnn_cases import rnn_problem

V, E, H, T = 6, 3, 4, 3
rng = np.random.default_rng(2)
logits, target, tau = rng.normal(size=V), 4, 0.7
p = np.exp(logits / tau) / np.exp(logits / tau).sum()
one_hot = np.eye(V)


def loss_of_logits():
    return softmax.forward(logits[None], np.array([target]), tau)[0][0]


def test_equation_26_probabilities_and_loss():
    found, cache = softmax.forward(logits[None], np.array([target]), tau)
    assert error(p, cache.probabilities[0]) <= 1e-12
    assert found[0] == pytest.approx(-np.log(p[target]), abs=1e-12)


def test_equation_27_taking_the_greatest_away_changes_nothing():
    m = logits.max()
    page = np.log(np.exp((logits - m) / tau).sum()) - (logits[target] - m) / tau
    assert page == pytest.approx(-np.log(p[target]), abs=1e-12)
    assert page == pytest.approx(loss_of_logits(), abs=1e-12)


def test_equation_28_every_probability_by_every_logit():
    page = np.array([[p[v] * ((v == w) - p[w]) / tau for w in range(V)] for v in range(V)])
    numeric = derivative(
        lambda: softmax.forward(logits[None], np.array([target]), tau)[1].probabilities[0], logits
    )
    assert error(page, numeric) <= 1e-7
    _, cache = softmax.forward(logits[None], np.array([target]), tau)
    assert error(-page[target] / p[target], softmax.backward(cache, np.ones(1))[0]) <= 1e-12


def test_equation_29_the_gradient_is_the_difference_to_the_one_hot():
    _, cache = softmax.forward(logits[None], np.array([target]), tau)
    page = (p - one_hot[target]) / tau
    assert error(page, softmax.backward(cache, np.ones(1))[0]) <= 1e-12
    assert error(page, derivative(loss_of_logits, logits)) <= 1e-7


def test_equation_30_it_sums_to_zero():
    _, cache = softmax.forward(logits[None], np.array([target]), tau)
    assert abs(softmax.backward(cache, np.ones(1)).sum()) <= 1e-15
    assert abs(derivative(loss_of_logits, logits).sum()) <= 1e-7


# ---- output layer and embedding: one poem, three characters ----

read, expected = np.array([1, 3, 1]), np.array([3, 1, 5])


def model(tied: bool) -> Parameters:
    rng = np.random.default_rng(3)
    layer = LSTMParameters(*(rng.normal(size=s) for s in ((4 * H, E), (4 * H, H), (4 * H,))))
    table, bias = rng.normal(size=(V, E)), rng.normal(size=V)
    if tied:
        return Parameters(table, (layer,), rng.normal(size=(E, H)), table, bias)
    return Parameters(table, (layer,), None, rng.normal(size=(V, H)), bias)


def found(params: Parameters):
    """h_t, δℓ_t and δx_t of every step, and the gradients as the code has them."""
    state, lengths = language_model.start(params, 1), np.array([T])
    _, grads, _ = language_model.gradients(
        params, read[:, None], expected[:, None], lengths=lengths, state=state
    )
    features, _, cache = language_model.forward(params, read[:, None], state)
    ell = features[:, 0] @ params.output.T + params.bias
    dlogits = np.exp(ell) / np.exp(ell).sum(axis=1, keepdims=True) - one_hot[expected]
    table = params.embedding[read]  # rows by themselves: their gradients are those of x_t

    def loss():
        x = table[:, None]
        y, _, _ = language_model.lstm.forward(params.layers[0], x, state[0])
        h = y[:, 0] if params.projection is None else y[:, 0] @ params.projection.T
        return softmax.forward(h @ params.output.T + params.bias, expected)[0].sum()

    return cache.y[:, 0], dlogits, derivative(loss, table), grads


def numeric(params: Parameters, theta):
    """The gradient of the summed loss by differences."""
    state, lengths = language_model.start(params, 1), np.array([T])

    def loss():
        each, _ = language_model.losses(
            params, read[:, None], expected[:, None], lengths=lengths, state=state
        )
        return each.sum()

    return derivative(loss, theta)


def test_equation_31_an_output_layer_of_its_own():
    params = model(tied=False)
    h, dlogits, _, grads = found(params)
    dv = sum(np.outer(dlogits[t], h[t]) for t in range(T))
    _, dy = linear.backward(LinearParameters(params.output, params.bias), h, dlogits)
    assert error(dv, grads.output) <= 1e-12 and error(dv, numeric(params, params.output)) <= 1e-7
    assert error(dlogits.sum(axis=0), grads.bias) <= 1e-12
    assert error(dlogits.sum(axis=0), numeric(params, params.bias)) <= 1e-7
    assert error(np.stack([params.output.T @ dlogits[t] for t in range(T)]), dy) <= 1e-12


def test_equation_32_a_projection_to_the_embeddings_width():
    params = model(tied=True)
    h, dlogits, _, grads = found(params)
    m = params.embedding
    dp = sum(np.outer(m.T @ dlogits[t], h[t]) for t in range(T))
    assert error(dp, grads.projection) <= 1e-12 and error(dp, numeric(params, params.projection)) <= 1e-7
    assert error(dlogits.sum(axis=0), grads.bias) <= 1e-12
    hidden = h.copy()

    def loss():
        return softmax.forward(hidden @ params.projection.T @ m.T + params.bias, expected)[0].sum()

    page = np.stack([params.projection.T @ m.T @ dlogits[t] for t in range(T)])
    assert error(page, derivative(loss, hidden)) <= 1e-7


def test_equation_33_a_row_collects_where_its_character_was_read():
    params = model(tied=False)
    _, _, dx, grads = found(params)
    np.testing.assert_array_equal(
        params.embedding.T @ one_hot[read[1]], embedding.forward(params.embedding, read)[0][1]
    )
    page = sum(np.outer(one_hot[read[t]], dx[t]) for t in range(T))
    assert error(page, embedding.backward(params.embedding, read, dx)) <= 1e-12
    assert error(page, grads.embedding) <= 1e-7
    assert error(grads.embedding, numeric(params, params.embedding)) <= 1e-7
    assert not grads.embedding[[0, 2, 4, 5]].any()


def test_equation_34_a_matrix_used_at_both_ends_gets_both():
    params = model(tied=True)
    h, dlogits, dx, grads = found(params)
    page = sum(
        np.outer(one_hot[read[t]], dx[t]) + np.outer(dlogits[t], params.projection @ h[t]) for t in range(T)
    )
    assert error(page, grads.embedding) <= 1e-7  # dx is by differences
    assert error(grads.embedding, numeric(params, params.embedding)) <= 1e-7


# ---- the simple layer ----

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
def test_equation_35_the_simple_layer(phi):
    params, x, start, h, _ = simple(phi)
    y, last, _ = rnn.forward(params, x, start, phi)
    assert error(np.stack(h[1:]), y[:, 0]) <= 1e-12 and error(h[3], last[0]) <= 1e-12


@every_phi
def test_equation_36_the_slope_follows_from_the_value(phi):
    a = np.linspace(-3, 3, 12)  # not 0
    page = SLOPES[phi](VALUES[phi](a))
    assert error(page, ACTIVATIONS[phi].slope(ACTIVATIONS[phi].value(a))) <= 1e-12
    assert error(np.diag(page), derivative(lambda: ACTIVATIONS[phi].value(a), a)) <= 1e-7


@every_phi
def test_equation_37_one_path_from_state_to_state(phi):
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
def test_equation_38_each_step_hands_back_to_the_one_before(phi):
    params, x, start, h, dlogits = simple(phi)
    delta, (_, _, cache) = deltas(params, h, dlogits, phi), rnn.forward(params, x, start, phi)
    _, dx, dstart = rnn.backward(params, cache, (dlogits @ output.weight)[:, None], np.zeros_like(start))
    assert error(params.weight_hh.T @ delta[1], dstart[0]) <= 1e-12
    for t in range(1, T + 1):
        assert error(params.weight_ih.T @ delta[t], dx[t - 1, 0]) <= 1e-12
    numeric = derivative(lambda: simple_loss(params, x, start, phi), x)
    assert error(delta[1 : T + 1] @ params.weight_ih, numeric[:, 0]) <= 1e-7


@every_phi
def test_equation_39_the_gradients_are_sums_over_steps(phi):
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


@every_phi
def test_equation_40_three_vectors_carry_the_third_loss_back(phi):
    params, x, start, _, _, (d3, d2, d1) = third_step(phi)
    numeric = derivative(lambda: simple_loss(params, x, start, phi, counted=2), x)[:, 0]
    for delta, by_x in zip((d1, d2, d3), numeric, strict=True):
        assert error(params.weight_ih.T @ delta, by_x) <= 1e-7


@every_phi
def test_equation_41_one_term_for_v_and_three_for_u_and_w(phi):
    params, x, start, h, p_minus_e, (d3, d2, d1) = third_step(phi)
    x3, x2, x1 = x[2, 0], x[1, 0], x[0, 0]
    pages = (
        np.outer(p_minus_e, h[3]),
        np.outer(d3, h[2]) + np.outer(d2, h[1]) + np.outer(d1, h[0]),
        np.outer(d3, x3) + np.outer(d2, x2) + np.outer(d1, x1),
    )
    for page, theta in zip(pages, (output.weight, params.weight_hh, params.weight_ih), strict=True):
        assert error(page, derivative(lambda: simple_loss(params, x, start, phi, counted=2), theta)) <= 1e-7


@every_phi
def test_equation_42_the_update_takes_a_step_down(phi):
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
