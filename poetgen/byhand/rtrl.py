"""Real-time recurrent learning (Williams & Zipser 1989): the LSTM's gradient carried forwards, beside the state.

Where backpropagation through time keeps every step and walks back, this keeps one number for each pair of unit
and parameter, ∂h/∂θ and ∂c/∂θ, and brings them forward by the step's Jacobians:

    ∂h'/∂θ = ∂h'/∂h ∂h/∂θ + ∂h'/∂c ∂c/∂θ + the immediate part,   and the same for c'.

Memory does not grow with T, but is H times that of the parameters, twice; each step costs H² P operations, with
P = 4H (E + H + 1) parameters. It proves `lstm.backward`: the two must agree.
"""

from typing import Any, NamedTuple

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


def update_influence(params: LSTMParameters, cache: StepCache, before: Influence) -> Influence:
    """The total derivatives ∂h'/∂θ, ∂c'/∂θ after a step, from those before it."""
    by = step_jacobians(params, cache)
    here = immediate(cache)
    h = add(propagate(by.h_hbefore, before.h), propagate(by.h_cbefore, before.c))
    c = add(propagate(by.c_hbefore, before.h), propagate(by.c_cbefore, before.c))
    return Influence(add(h, here.h), add(c, here.c))


def propagate(jacobian: Array, influence: LSTMParameters) -> LSTMParameters:
    """The chain rule for each poem: (B, H, H), (B, H, *θ) -> (B, H, *θ)."""
    return LSTMParameters(*(multiply(jacobian, by_theta) for by_theta in influence))


def multiply(jacobian: Array, by_theta: Array) -> Array:
    """The same for one array: (B, H, H), (B, H, ...) -> (B, H, ...)."""
    return np.asarray(np.einsum("bkj,bj...->bk...", jacobian, by_theta, optimize=True))


def gradients(
    params: LSTMParameters, x: Array, state: LSTMState, dy: Array, dstate: LSTMState
) -> LSTMParameters:
    """The gradient by the parameters, as `lstm.backward` gives it, ready when the last step is read."""
    influence = no_influence(params, len(state.h))
    grads = LSTMParameters(*(np.zeros_like(theta) for theta in params))
    for x_t, dy_t in zip(x, dy, strict=True):
        state, cache = lstm.step_forward(params, x_t, state)
        influence = update_influence(params, cache, influence)
        grads = add(grads, vjp(dy_t, influence.h))
    return add(grads, add(vjp(dstate.h, influence.h), vjp(dstate.c, influence.c)))


def input_gradients(params: LSTMParameters, cache: lstm.Cache, dy: Array) -> Array:
    """The gradient by the inputs, as `lstm.backward` gives it: each step's input is one more parameter, used once.

    ∂h/∂x_s and ∂c/∂x_s are carried forwards as those by θ are. Shapes: dy (T, B, H) -> dx (T, B, E).
    """
    steps, batch, size = cache.x.shape
    by_h = np.zeros((batch, dy.shape[2], steps, size), dy.dtype)
    by_c, dx = np.zeros_like(by_h), np.zeros_like(cache.x)
    for t in range(steps):
        by, past = step_jacobians(params, cache.step(t)), (slice(None), slice(None), slice(t))
        h, c = by_h[past], by_c[past]
        by_h[past], by_c[past] = (
            multiply(by.h_hbefore, h) + multiply(by.h_cbefore, c),
            multiply(by.c_hbefore, h) + multiply(by.c_cbefore, c),
        )
        by_h[:, :, t], by_c[:, :, t] = by.h_x, by.c_x
        dx += np.einsum("bk,bkse->sbe", dy[t], by_h)
    return dx


def layer_gradients(params: LSTMParameters, cache: lstm.Cache, dy: Array) -> tuple[LSTMParameters, Array]:
    """What `layers.backward` finds for an LSTM by walking back, found forwards: gradients, dx (T, B, E)."""
    first = LSTMState(cache.h[0], cache.c[0])
    nothing = LSTMState(np.zeros_like(first.h), np.zeros_like(first.c))
    return gradients(params, cache.x, first, dy, nothing), input_gradients(params, cache, dy)


class Cost(NamedTuple):
    """Multiplications of a layer's pass and gradient, and numbers kept for it, as section 4.3 counts them."""

    multiplications: int
    numbers: int


def costs(steps: int, batch: int, size: int, hidden: int) -> tuple[Cost, Cost]:
    """(Of backpropagation through time, of real-time recurrent learning)."""
    products, parameters = 12 * hidden * (size + hidden), 4 * hidden * (size + hidden + 1)
    forwards = products + 2 * hidden**2 * parameters + 3 * hidden * parameters
    return (
        Cost(steps * batch * products, batch * (steps * size + 7 * steps * hidden + 2 * hidden)),
        Cost(steps * batch * forwards, 2 * batch * hidden * parameters),
    )


def vjp(d: Array, influence: LSTMParameters) -> LSTMParameters:
    """A gradient by h (or c), brought to the parameters: (B, H), (B, H, *θ) -> (*θ)."""
    return LSTMParameters(*(np.einsum("bk,bk...->...", d, by_theta) for by_theta in influence))


def add(these: LSTMParameters, those: LSTMParameters) -> LSTMParameters:
    """Sums, parameter by parameter."""
    return LSTMParameters(*(this + that for this, that in zip(these, those, strict=True)))
