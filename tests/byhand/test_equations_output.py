"""Section 5 of docs/derivation.md, around the cell: its equations as they stand there, code, differences agree."""

import numpy as np
import pytest

from poetgen.byhand import embedding, language_model, linear, lstm, softmax
from poetgen.byhand.finite_differences import derivative, error
from poetgen.byhand.language_model import Parameters
from poetgen.byhand.linear import LinearParameters
from poetgen.byhand.lstm import LSTMParameters

V, E, H, T = 6, 3, 4, 3
rng = np.random.default_rng(2)
logits, target, tau = rng.normal(size=V), 4, 0.7
p = np.exp(logits / tau) / np.exp(logits / tau).sum()
one_hot = np.eye(V)


def loss_of_logits():
    return softmax.forward(logits[None], np.array([target]), tau)[0][0]


def test_equation_28_probabilities_and_loss():
    found, cache = softmax.forward(logits[None], np.array([target]), tau)
    assert error(p, cache.probabilities[0]) <= 1e-12
    assert found[0] == pytest.approx(-np.log(p[target]), abs=1e-12)


def test_equation_29_taking_the_greatest_away_changes_nothing():
    m = logits.max()
    page = np.log(np.exp((logits - m) / tau).sum()) - (logits[target] - m) / tau
    assert page == pytest.approx(-np.log(p[target]), abs=1e-12)
    assert page == pytest.approx(loss_of_logits(), abs=1e-12)


def test_equation_30_every_probability_by_every_logit():
    page = np.array([[p[v] * ((v == w) - p[w]) / tau for w in range(V)] for v in range(V)])
    numeric = derivative(
        lambda: softmax.forward(logits[None], np.array([target]), tau)[1].probabilities[0], logits
    )
    assert error(page, numeric) <= 1e-7
    _, cache = softmax.forward(logits[None], np.array([target]), tau)
    assert error(-page[target] / p[target], softmax.backward(cache, np.ones(1))[0]) <= 1e-12


def test_equation_31_the_gradient_is_the_difference_to_the_one_hot():
    _, cache = softmax.forward(logits[None], np.array([target]), tau)
    page = (p - one_hot[target]) / tau
    assert error(page, softmax.backward(cache, np.ones(1))[0]) <= 1e-12
    assert error(page, derivative(loss_of_logits, logits)) <= 1e-7


def test_equation_32_it_sums_to_zero():
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
    state, lengths = language_model.init_state(params, 1), np.array([T])
    _, grads, _ = language_model.gradients(
        params, read[:, None], expected[:, None], lengths=lengths, state=state
    )
    features, _, cache = language_model.forward(params, read[:, None], state)
    ell = features[:, 0] @ params.output.T + params.bias
    dlogits = np.exp(ell) / np.exp(ell).sum(axis=1, keepdims=True) - one_hot[expected]
    table = params.embedding[read]  # rows by themselves: their gradients are those of x_t

    def loss():
        x = table[:, None]
        y, _, _ = lstm.forward(params.layers[0], x, state[0])
        h = y[:, 0] if params.projection is None else y[:, 0] @ params.projection.T
        return softmax.forward(h @ params.output.T + params.bias, expected)[0].sum()

    return cache.y[:, 0], dlogits, derivative(loss, table), grads


def numeric(params: Parameters, theta):
    """The gradient of the summed loss by differences."""
    state, lengths = language_model.init_state(params, 1), np.array([T])

    def loss():
        each, _ = language_model.losses(
            params, read[:, None], expected[:, None], lengths=lengths, state=state
        )
        return each.sum()

    return derivative(loss, theta)


def test_equation_33_an_output_layer_of_its_own():
    params = model(tied=False)
    h, dlogits, _, grads = found(params)
    dv = sum(np.outer(dlogits[t], h[t]) for t in range(T))
    _, dy = linear.backward(LinearParameters(params.output, params.bias), h, dlogits)
    assert error(dv, grads.output) <= 1e-12 and error(dv, numeric(params, params.output)) <= 1e-7
    assert error(dlogits.sum(axis=0), grads.bias) <= 1e-12
    assert error(dlogits.sum(axis=0), numeric(params, params.bias)) <= 1e-7
    assert error(np.stack([params.output.T @ dlogits[t] for t in range(T)]), dy) <= 1e-12


def test_equation_34_a_projection_to_the_embeddings_width():
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


def test_equation_35_a_row_collects_where_its_character_was_read():
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


def test_equation_36_a_matrix_used_at_both_ends_gets_both():
    params = model(tied=True)
    h, dlogits, dx, grads = found(params)
    page = sum(
        np.outer(one_hot[read[t]], dx[t]) + np.outer(dlogits[t], params.projection @ h[t]) for t in range(T)
    )
    assert error(page, grads.embedding) <= 1e-7  # dx is by differences
    assert error(grads.embedding, numeric(params, params.embedding)) <= 1e-7
