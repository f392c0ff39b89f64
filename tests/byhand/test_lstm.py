"""The NumPy step is torch's step."""

import numpy as np
import pytest
import torch

from poetgen.byhand.lstm import LSTMParameters, sigmoid, split, step_forward, zero_state


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
