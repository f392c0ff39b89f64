"""The simple layer: forwards as torch's, backwards as differences and autograd say, for every φ."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from poetgen.byhand import linear, rnn, softmax
from poetgen.byhand.finite_differences import error
from poetgen.byhand.linear import LinearParameters
from poetgen.byhand.rnn import ACTIVATIONS, RNNParameters
from poetgen.experiments.cases import Sizes
from poetgen.experiments.rnn_cases import activation_cases, rnn_problem


@given(sizes=..., activation=st.sampled_from(sorted(ACTIVATIONS)))
def test_gradients_equal_finite_differences_and_autograd(proven, sizes: Sizes, activation: str):
    assert proven(activation_cases(rnn_problem(sizes, activation), activation)) == 7


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_both_directions_equal_torchs_own_layer(activation):
    torch.manual_seed(0)
    steps, batch, inputs, hidden = 9, 3, 4, 5
    theirs = torch.nn.RNN(inputs, hidden, nonlinearity=activation).double()
    values = {name: value.detach().numpy() for name, value in theirs.named_parameters()}
    ours = RNNParameters(
        values["weight_ih_l0"], values["weight_hh_l0"], values["bias_ih_l0"] + values["bias_hh_l0"]
    )
    rng = np.random.default_rng(0)
    x, start, dy = (
        rng.normal(size=s) for s in ((steps, batch, inputs), (batch, hidden), (steps, batch, hidden))
    )
    y, last, cache = rnn.forward(ours, x, start, activation)
    leaf = torch.from_numpy(x.copy()).requires_grad_()
    expected, _ = theirs(leaf, torch.from_numpy(start)[None])
    (expected * torch.from_numpy(dy)).sum().backward()
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(last, y[-1])
    grads, dx, _ = rnn.backward(ours, cache, dy, np.zeros_like(start))
    assert error(grads.weight_ih, theirs.weight_ih_l0.grad.numpy()) < 1e-12
    assert error(grads.weight_hh, theirs.weight_hh_l0.grad.numpy()) < 1e-12
    assert error(dx, leaf.grad.numpy()) < 1e-12


@given(sizes=..., activation=st.sampled_from(sorted(ACTIVATIONS)))
def test_a_sequence_is_its_steps_one_by_one(sizes: Sizes, activation: str):
    params, x, h, dy, dlast = rnn_problem(sizes, activation)
    y, _, cache = rnn.forward(params, x, h, activation)
    grads, dx, dbefore = rnn.backward(params, cache, dy, dlast)
    for x_t, y_t in zip(x, y, strict=True):
        h, _ = rnn.step_forward(params, x_t, h, activation)
        np.testing.assert_allclose(h, y_t, rtol=0, atol=1e-12)
    totals, dh = [np.zeros_like(theta) for theta in params], dlast
    for t in reversed(range(len(x))):
        parts, dx_t, dh = rnn.step_backward(params, cache.step(t), dy[t] + dh)
        assert error(dx_t, dx[t]) < 1e-12
        totals = [total + part for total, part in zip(totals, parts, strict=True)]
    assert error(dh, dbefore) < 1e-12
    assert all(error(total, grad) < 1e-12 for total, grad in zip(totals, grads, strict=True))


@given(st.sampled_from(sorted(ACTIVATIONS)), st.lists(st.floats(-20, 20), min_size=1, max_size=20))
def test_no_slope_exceeds_its_bound(activation, values):
    phi = ACTIVATIONS[activation]
    slopes = phi.slope(phi.value(np.array(values)))
    assert (slopes <= phi.slope_bound).all() and (slopes >= 0).all()
    assert phi.slope(phi.value(np.array([1e-9]))) == pytest.approx(phi.slope_bound)


def test_the_gradients_of_three_steps_are_the_terms_written_out():
    """U, V and W of docs/derivation.md for t = 3: one term for each way back from the loss of the third step."""
    rng = np.random.default_rng(0)
    params = RNNParameters(*(rng.normal(size=s) for s in ((4, 3), (4, 4), (4,))))
    output = LinearParameters(rng.normal(size=(6, 4)), rng.normal(size=6))
    x, start, target = rng.normal(size=(3, 1, 3)), np.zeros((1, 4)), np.array([2])
    y, _, cache = rnn.forward(params, x, start)
    logits, kept = linear.forward(output, y[2])
    _, probabilities = softmax.forward(logits, target)
    dlogits = softmax.backward(probabilities, np.ones(1))
    doutput, dh3 = linear.backward(output, kept, dlogits)
    np.testing.assert_allclose(doutput.weight, dlogits.T @ y[2], atol=1e-12)
    dy = np.zeros_like(y)
    dy[2] = dh3
    grads, _, _ = rnn.backward(params, cache, dy, np.zeros((1, 4)))
    d3 = dh3[0] * (1 - y[2, 0] ** 2)
    d2 = params.weight_hh.T @ d3 * (1 - y[1, 0] ** 2)
    d1 = params.weight_hh.T @ d2 * (1 - y[0, 0] ** 2)
    u = np.outer(d3, y[1, 0]) + np.outer(d2, y[0, 0]) + np.outer(d1, start[0])
    w = np.outer(d3, x[2, 0]) + np.outer(d2, x[1, 0]) + np.outer(d1, x[0, 0])
    assert error(grads.weight_hh, u) < 1e-12
    assert error(grads.weight_ih, w) < 1e-12
    assert error(grads.bias, d3 + d2 + d1) < 1e-12
