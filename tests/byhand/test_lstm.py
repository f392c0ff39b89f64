"""The NumPy layer is torch's layer, forwards and backwards."""

import numpy as np
import pytest
import torch
from hypothesis import given

from poetgen.byhand.finite_differences import derivative, error
from poetgen.byhand.lstm import (
    LSTMParameters,
    LSTMState,
    backward,
    forward,
    gates_backward,
    sigmoid,
    split,
    step_backward,
    step_forward,
    zero_state,
)
from poetgen.experiments.cases import Sizes
from poetgen.experiments.lstm_cases import bptt_cases, lstm_problem


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_steps_equal_torch(dtype, tolerance):
    torch.manual_seed(0)
    steps, batch, inputs, hidden = 20, 3, 5, 7
    theirs = torch.nn.LSTM(inputs, hidden).to(torch.from_numpy(np.zeros(1, dtype)).dtype)
    values = {name: value.detach().numpy() for name, value in theirs.named_parameters()}
    ours = LSTMParameters(
        values["weight_ih_l0"], values["weight_hh_l0"], values["bias_ih_l0"] + values["bias_hh_l0"]
    )
    x = np.random.default_rng(0).normal(0, 3, (steps, batch, inputs)).astype(dtype)
    state, outputs = zero_state(ours, batch), []
    for moment in x:
        state, _ = step_forward(ours, moment, state)
        outputs.append(state.h)
    with torch.no_grad():
        expected, (_, last_c) = theirs(torch.from_numpy(x))
    np.testing.assert_allclose(np.stack(outputs), expected.numpy(), rtol=0, atol=tolerance)
    np.testing.assert_allclose(state.c, last_c[0].numpy(), rtol=0, atol=tolerance)


def test_the_cache_holds_what_the_step_was_made_of():
    rng = np.random.default_rng(1)
    params = LSTMParameters(rng.normal(size=(8, 3)), rng.normal(size=(8, 2)), rng.normal(size=8))
    before = zero_state(params, 4)
    x = rng.normal(size=(4, 3))
    after, cache = step_forward(params, x, before)
    i, f, g, o = split(cache.gates)
    np.testing.assert_array_equal(after.c, f * before.c + i * g)
    np.testing.assert_array_equal(after.h, o * cache.tanh_c)
    assert cache.x is x
    assert cache.before is before


def test_sigmoid_is_silent_far_out():
    a = np.array([-1e30, -100, 0, 100, 1e30], np.float32)
    np.testing.assert_allclose(sigmoid(a), [0, 0, 0.5, 1, 1], atol=1e-7)


@given(sizes=...)
def test_gradients_through_time_equal_finite_differences_autograd_and_rtrl(proven, sizes: Sizes):
    assert proven(bptt_cases(lstm_problem(sizes), with_rtrl=True)) == 15


@given(sizes=...)
def test_a_sequence_is_its_steps_one_by_one(sizes: Sizes):
    params, x, state, dy, dstate = lstm_problem(sizes)
    y, last, cache = forward(params, x, state)
    grads, dx, dbefore = backward(params, cache, dy, dstate)
    for t, x_t in enumerate(x):
        state, step = step_forward(params, x_t, state)
        np.testing.assert_allclose(state.h, y[t], rtol=0, atol=1e-12)
        for one, other in zip(step, cache.step(t), strict=True):
            np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=0, atol=1e-12)
    np.testing.assert_allclose(np.asarray(state), np.asarray(last), rtol=0, atol=1e-12)
    totals, carried = [np.zeros_like(theta) for theta in params], dstate
    for t in reversed(range(len(x))):
        carried = LSTMState(dy[t] + carried.h, carried.c)
        parts, dx_t, carried = step_backward(params, cache.step(t), carried)
        assert error(dx_t, dx[t]) < 1e-12
        totals = [total + part for total, part in zip(totals, parts, strict=True)]
    assert error(np.asarray(carried), np.asarray(dbefore)) < 1e-12
    assert all(error(total, grad) < 1e-12 for total, grad in zip(totals, grads, strict=True))


@given(sizes=...)
def test_step_gradients_equal_finite_differences(sizes: Sizes):
    params, x, state, _, dstate = lstm_problem(sizes)
    x = x[0]
    _, cache = step_forward(params, x, state)
    grads, dx, dbefore = step_backward(params, cache, dstate)

    def loss():
        after, _ = step_forward(params, x, state)
        return (dstate.h * after.h).sum() + (dstate.c * after.c).sum()

    for analytic, variable in zip((*grads, dx, *dbefore), (*params, x, *state), strict=True):
        assert error(analytic, derivative(loss, variable)) < 1e-7


def test_gradients_equal_torchs_own_layer():
    torch.manual_seed(0)
    steps, batch, inputs, hidden = 12, 3, 5, 7
    theirs = torch.nn.LSTM(inputs, hidden).double()
    values = {name: value.detach().numpy() for name, value in theirs.named_parameters()}
    ours = LSTMParameters(
        values["weight_ih_l0"], values["weight_hh_l0"], values["bias_ih_l0"] + values["bias_hh_l0"]
    )
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(steps, batch, inputs)), rng.normal(size=(steps, batch, hidden))
    leaf = torch.from_numpy(x.copy()).requires_grad_()
    (theirs(leaf)[0] * torch.from_numpy(dy)).sum().backward()
    _, last, cache = forward(ours, x, zero_state(ours, batch))
    grads, dx, _ = backward(ours, cache, dy, LSTMState(np.zeros_like(last.h), np.zeros_like(last.c)))
    expected = (theirs.weight_ih_l0.grad, theirs.weight_hh_l0.grad, theirs.bias_ih_l0.grad)
    for found, wanted in zip(grads, expected, strict=True):
        assert error(found, wanted.numpy()) < 1e-12
    assert error(dx, leaf.grad.numpy()) < 1e-12


def test_stacked_weights_give_the_gradient_of_z():
    """With z = [h; x] and W^z = [U W]: ∂W^z = δa zᵀ, which is [∂U ∂W]."""
    params, x, state, _, dstate = lstm_problem(Sizes(seed=3))
    _, cache = step_forward(params, x[0], state)
    grads, dx, dbefore = step_backward(params, cache, dstate)
    da, _ = gates_backward(cache.gates, state.c, cache.tanh_c, dstate)
    z = np.concatenate([state.h, x[0]], axis=1)
    both = np.concatenate([params.weight_hh, params.weight_ih], axis=1)
    assert error(da.T @ z, np.concatenate([grads.weight_hh, grads.weight_ih], axis=1)) < 1e-12
    assert error(da @ both, np.concatenate([dbefore.h, dx], axis=1)) < 1e-12
