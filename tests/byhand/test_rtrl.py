"""Real-time recurrent learning finds what backpropagation through time finds, from the other end."""

import numpy as np
from hypothesis import given

from poetgen.byhand import lstm, rtrl
from poetgen.byhand.finite_differences import error
from poetgen.byhand.jacobians import immediate
from poetgen.byhand.layers import backward
from poetgen.experiments.cases import Sizes
from poetgen.experiments.lstm_cases import lstm_problem, total_cases


@given(sizes=...)
def test_rtrl_equals_bptt(sizes: Sizes):
    params, x, state, dy, dstate = lstm_problem(sizes)
    _, _, cache = lstm.forward(params, x, state)
    grads, _, _ = lstm.backward(params, cache, dy, dstate)
    carried = rtrl.gradients(params, x, state, dy, dstate)
    assert all(error(a, b) < 1e-10 for a, b in zip(carried, grads, strict=True))


@given(sizes=...)
def test_a_layer_learns_forwards_what_it_learns_backwards(sizes: Sizes):
    params, x, state, dy, _ = lstm_problem(sizes)
    _, _, cache = lstm.forward(params, x, state)
    (grads, dx), (expected, expected_dx) = (
        way(params, cache, dy) for way in (rtrl.layer_gradients, backward)
    )
    for found, right in zip((*grads, dx), (*expected, expected_dx), strict=True):
        assert error(found, right) < 1e-10


@given(sizes=...)
def test_the_total_derivative_equals_finite_differences_and_autograd(proven, sizes: Sizes):
    assert proven(total_cases(lstm_problem(sizes))) == 12


@given(sizes=...)
def test_after_one_step_the_total_is_the_immediate_part(sizes: Sizes):
    params, x, state, *_ = lstm_problem(sizes)
    _, cache = lstm.step_forward(params, x[0], state)
    total, here = (
        rtrl.update_influence(params, cache, rtrl.no_influence(params, len(state.h))),
        immediate(cache),
    )
    for found, expected in zip((*total.h, *total.c), (*here.h, *here.c), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_after_two_steps_the_total_is_more_than_the_immediate_part():
    params, x, state, *_ = lstm_problem(Sizes(steps=2))
    influence = rtrl.no_influence(params, len(state.h))
    for x_t in x:
        state, cache = lstm.step_forward(params, x_t, state)
        influence = rtrl.update_influence(params, cache, influence)
    assert all(error(a, b) > 0.1 for a, b in zip(influence.h, immediate(cache).h, strict=True))
