"""Softmax cross-entropy: its value is torch's, its gradient (p - onehot) / τ, at any temperature."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from poetgen.byhand import softmax
from poetgen.byhand.finite_differences import derivative, error
from poetgen.byhand.softmax import log_softmax


@given(st.integers(1, 6), st.integers(1, 9), st.floats(0.1, 10), st.floats(0, 30), st.integers(0, 999))
def test_losses_and_gradients_equal_torch(rows, vocabulary, temperature, spread, seed):
    rng = np.random.default_rng(seed)
    logits, targets = spread * rng.normal(size=(rows, vocabulary)), rng.integers(vocabulary, size=rows)
    dlosses = rng.normal(size=rows)
    losses, cache = softmax.forward(logits, targets, temperature)
    leaf = torch.from_numpy(logits.copy()).requires_grad_()
    theirs = F.cross_entropy(leaf / temperature, torch.from_numpy(targets), reduction="none")
    (theirs * torch.from_numpy(dlosses)).sum().backward()
    assert error(losses, theirs.detach().numpy()) < 1e-12
    assert error(softmax.backward(cache, dlosses), leaf.grad.numpy()) < 1e-12


@given(st.integers(1, 4), st.integers(1, 6), st.floats(0.3, 5), st.integers(0, 999))
def test_gradients_equal_finite_differences(rows, vocabulary, temperature, seed):
    rng = np.random.default_rng(seed)
    logits, targets = rng.normal(size=(rows, vocabulary)), rng.integers(vocabulary, size=rows)
    dlosses = rng.normal(size=rows)
    _, cache = softmax.forward(logits, targets, temperature)

    def loss():
        return (dlosses * softmax.forward(logits, targets, temperature)[0]).sum()

    numeric = derivative(loss, logits)
    assert error(softmax.backward(cache, dlosses), numeric) < 1e-7


def test_the_gradient_over_the_vocabulary_sums_to_zero_and_pushes_the_target_up():
    rng = np.random.default_rng(0)
    targets = rng.integers(8, size=5)
    _, cache = softmax.forward(rng.normal(size=(5, 8)), targets)
    dlogits = softmax.backward(cache, np.ones(5))
    np.testing.assert_allclose(dlogits.sum(axis=1), 0, atol=1e-12)
    assert (dlogits[np.arange(5), targets] < 0).all() and (np.sort(dlogits)[:, 1:] > 0).all()


def test_neither_pass_touches_what_it_is_given():
    logits = np.random.default_rng(0).normal(size=(3, 4))
    before = logits.copy()
    _, cache = softmax.forward(logits, np.array([0, 1, 2]), 0.5)
    probabilities = cache.probabilities.copy()
    softmax.backward(cache, np.ones(3))
    np.testing.assert_array_equal(logits, before)
    np.testing.assert_array_equal(cache.probabilities, probabilities)


def test_logits_far_out_overflow_nothing():
    logits = np.array([[0, 1e4, -1e4], [1e4, 1e4, 0]], np.float32)
    losses, cache = softmax.forward(logits, np.array([1, 0]))
    np.testing.assert_allclose(losses, [0, np.log(2)], atol=1e-6)
    assert np.isfinite(softmax.backward(cache, np.ones(2, np.float32))).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_to_count_in_stays(dtype):
    losses, cache = softmax.forward(np.zeros((2, 3), dtype), np.array([0, 1]), 0.7)
    assert losses.dtype == dtype == softmax.backward(cache, np.ones(2, dtype)).dtype


def test_log_softmax_sums_to_one_and_is_silent_far_out():
    logits = np.array([[0, 1000, -1000], [1, 1, 1]], np.float32)
    np.testing.assert_allclose(np.exp(log_softmax(logits)).sum(axis=1), 1)
