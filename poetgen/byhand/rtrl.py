"""Real-time recurrent learning (Williams & Zipser 1989): the LSTM's gradient carried forwards, beside the state.

Where backpropagation through time keeps every step and walks back, this keeps one number for each pair of unit
and parameter, ∂h/∂θ and ∂c/∂θ, and brings them forward by the step's Jacobians:

    ∂h'/∂θ = ∂h'/∂h ∂h/∂θ + ∂h'/∂c ∂c/∂θ + the immediate part,   and the same for c'.

Memory does not grow with T, but is H times that of the parameters, twice; each step costs H² P operations, with
P = 4H (E + H + 1) parameters. It proves `lstm.backward`: the two must agree.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.byhand import lstm
from poetgen.byhand.jacobians import Influence, immediate, step_jacobians
from poetgen.byhand.lstm import LSTMParameters, LSTMState, StepCache

Array = npt.NDArray[Any]


def no_influence(params: LSTMParameters, batch: int) -> Influence:
    """Before the first step nothing depends on the parameters."""
    hidden = params.weight_hh.shape[1]
    zeros = LSTMParameters(*(np.zeros((batch, hidden, *theta.shape), theta.dtype) for theta in params))
    return Influence(zeros, zeros)


def advance(params: LSTMParameters, cache: StepCache, before: Influence) -> Influence:
    """The total derivatives ∂h'/∂θ, ∂c'/∂θ after a step, from those before it."""
    by = step_jacobians(params, cache)
    here = immediate(cache)
    h = (
        carried(by.h_hbefore, h_theta) + carried(by.h_cbefore, c_theta) + now
        for h_theta, c_theta, now in zip(before.h, before.c, here.h, strict=True)
    )
    c = (
        carried(by.c_hbefore, h_theta) + carried(by.c_cbefore, c_theta) + now
        for h_theta, c_theta, now in zip(before.h, before.c, here.c, strict=True)
    )
    return Influence(LSTMParameters(*h), LSTMParameters(*c))


def carried(jacobian: Array, influence: Array) -> Array:
    """The chain rule for each poem: (B, H, H), (B, H, *θ) -> (B, H, *θ)."""
    return np.asarray(np.einsum("bkj,bj...->bk...", jacobian, influence, optimize=True))


def gradients(params: LSTMParameters, x: Array, state: LSTMState, dy: Array) -> LSTMParameters:
    """The gradient of Σ dy ⊙ y by the parameters, ready at every step: x (T, B, E), dy (T, B, H)."""
    influence = no_influence(params, len(state.h))
    grads = LSTMParameters(*(np.zeros_like(theta) for theta in params))
    for x_t, dy_t in zip(x, dy, strict=True):
        state, cache = lstm.step_forward(params, x_t, state)
        influence = advance(params, cache, influence)
        parts = (np.einsum("bk,bk...->...", dy_t, h_theta) for h_theta in influence.h)
        grads = LSTMParameters(*(total + part for total, part in zip(grads, parts, strict=True)))
    return grads
