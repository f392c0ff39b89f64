"""The Jacobians of one step: differences and autograd agree, and the backward pass is a product with them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from poetgen.byhand import lstm, rnn
from poetgen.byhand.finite_differences import error
from poetgen.byhand.jacobians import immediate, rnn_jacobians, step_jacobians
from poetgen.byhand.lstm import LSTMState
from poetgen.byhand.rnn import ACTIVATIONS
from poetgen.experiments.cases import Sizes
from poetgen.experiments.lstm_cases import immediate_cases, lstm_problem, step_cases
from poetgen.experiments.rnn_cases import rnn_problem


@given(sizes=...)
def test_each_equals_finite_differences_and_autograd(proven, sizes: Sizes):
    assert proven(step_cases(lstm_problem(sizes))) == 11


@given(sizes=...)
def test_the_immediate_part_equals_finite_differences_and_autograd(proven, sizes: Sizes):
    assert proven(immediate_cases(lstm_problem(sizes))) == 12


@given(sizes=...)
def test_the_backward_pass_multiplies_by_them(sizes: Sizes):
    params, x, state, _, (dh, dc) = lstm_problem(sizes)
    _, cache = lstm.step_forward(params, x[0], state)
    grads, dx, before = lstm.step_backward(params, cache, LSTMState(dh, dc))
    by, here = step_jacobians(params, cache), immediate(cache)

    def pulled(by_h, by_c):
        return np.einsum("bk,bk...->b...", dh, by_h) + np.einsum("bk,bk...->b...", dc, by_c)

    assert error(dx, pulled(by.h_x, by.c_x)) < 1e-12
    assert error(before.h, pulled(by.h_hbefore, by.c_hbefore)) < 1e-12
    assert error(before.c, pulled(by.h_cbefore, by.c_cbefore)) < 1e-12
    for found, by_h, by_c in zip(grads, here.h, here.c, strict=True):
        assert error(found, pulled(by_h, by_c).sum(axis=0)) < 1e-12


@given(sizes=...)
def test_the_chain_rule_holds_between_them(sizes: Sizes):
    """Through c', f, i and g act on h' as ∂h'/∂c' times what they do to c'."""
    params, x, state, *_ = lstm_problem(sizes)
    after, cache = lstm.step_forward(params, x[0], state)
    by = step_jacobians(params, cache)
    _, f, _, o = lstm.split(cache.gates)
    assert error(by.h_cbefore, by.h_c @ by.c_cbefore) < 1e-12
    np.testing.assert_allclose(np.einsum("bkk->bk", by.h_o), np.tanh(after.c), atol=1e-12)
    np.testing.assert_allclose(np.einsum("bkk->bk", by.c_cbefore), f, atol=1e-12)
    np.testing.assert_allclose(np.einsum("bkk->bk", by.h_c), o * (1 - np.tanh(after.c) ** 2), atol=1e-12)


@given(sizes=..., activation=st.sampled_from(sorted(ACTIVATIONS)))
def test_the_simple_layers_are_multiplied_by_too(sizes: Sizes, activation: str):
    params, x, h, _, dh = rnn_problem(sizes, activation)
    _, cache = rnn.step_forward(params, x[0], h, activation)
    _, dx, dbefore = rnn.step_backward(params, cache, dh)
    by_h, by_x = rnn_jacobians(params, cache)
    assert error(dbefore, np.einsum("bk,bkj->bj", dh, by_h)) < 1e-12
    assert error(dx, np.einsum("bk,bkj->bj", dh, by_x)) < 1e-12


@given(sizes=..., activation=st.sampled_from(sorted(ACTIVATIONS)))
def test_the_simple_layers_norm_is_bounded_by_slope_and_weight(sizes: Sizes, activation: str):
    params, x, h, *_ = rnn_problem(sizes, activation)
    _, cache = rnn.step_forward(params, x[0], h, activation)
    by_h, _ = rnn_jacobians(params, cache)
    bound = ACTIVATIONS[activation].slope_bound * np.linalg.norm(params.weight_hh, 2)
    assert (np.linalg.norm(by_h, 2, axis=(1, 2)) <= bound * (1 + 1e-12)).all()
