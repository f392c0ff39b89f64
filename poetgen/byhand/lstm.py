"""One LSTM layer in NumPy, forwards and backwards; docs/derivation.md derives every line.

With x the input, h and c the state before the step (Hochreiter & Schmidhuber 1997; forget gate of Gers,
Schmidhuber & Cummins 2000; no peepholes):

    i = σ(W_i x + U_i h + b_i)      f = σ(W_f x + U_f h + b_f)
    g = tanh(W_g x + U_g h + b_g)   o = σ(W_o x + U_o h + b_o)
    c' = f ⊙ c + i ⊙ g              h' = o ⊙ tanh(c')

`weight_ih` stacks W_i W_f W_g W_o, `weight_hh` U_i U_f U_g U_o, in torch's order i, f, g, o. Forward and
backward are pure pairs whose only link is the cache; `d` before a name is the gradient of the loss by it.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

GATES = ("i", "f", "g", "o")
SYMBOLS = {"weight_ih": "W", "weight_hh": "U", "bias": "b"}


class LSTMParameters(NamedTuple):
    """weight_ih (4H, E), weight_hh (4H, H), bias (4H,); their gradients have the same shapes."""

    weight_ih: Array
    weight_hh: Array
    bias: Array


class LSTMState(NamedTuple):
    """What a layer remembers: h (B, H), c (B, H)."""

    h: Array
    c: Array


class StepCache(NamedTuple):
    """What the backward pass of one step needs: its input, the state before, gates i f g o, tanh of the new c."""

    x: Array
    before: LSTMState
    gates: Array
    tanh_c: Array


class Cache(NamedTuple):
    """The same of all steps: x (T, B, E); h, c (T + 1, B, H) from the state before; gates (T, B, 4H), tanh_c."""

    x: Array
    h: Array
    c: Array
    gates: Array
    tanh_c: Array

    def step(self, t: int) -> StepCache:
        """What step t = 0, 1, ... would have cached."""
        return StepCache(self.x[t], LSTMState(self.h[t], self.c[t]), self.gates[t], self.tanh_c[t])


def sigmoid(a: Array) -> Array:
    """1 / (1 + exp(-a)), by way of tanh, which cannot overflow."""
    half = a.dtype.type(0.5)
    return np.asarray(half * np.tanh(half * a) + half)


def split(gates: Array) -> tuple[Array, Array, Array, Array]:
    """(..., 4H) -> i, f, g, o, each (..., H): views."""
    i, f, g, o = np.split(gates, 4, axis=-1)
    return i, f, g, o


def zero_state(params: LSTMParameters, batch: int) -> LSTMState:
    """The state before the first character: 2 x (B, H)."""
    zeros = np.zeros((batch, params.weight_hh.shape[1]), params.weight_hh.dtype)
    return LSTMState(zeros, zeros)


# ---- one step ----


def gates_forward(a: Array, c: Array) -> tuple[LSTMState, Array, Array]:
    """From a = W x + U h + b (B, 4H) and the cell before: the new state, the gates, tanh of the new c."""
    a_i, a_f, a_g, a_o = split(a)
    i, f, g, o = sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_o)
    c = f * c + i * g
    tanh_c = np.tanh(c)
    return LSTMState(o * tanh_c, c), np.concatenate([i, f, g, o], axis=-1), tanh_c


def gates_backward(gates: Array, c: Array, tanh_c: Array, dstate: LSTMState) -> tuple[Array, Array]:
    """`gates_forward` backwards: from the new state's gradient, those by a (B, 4H) and the cell before (B, H)."""
    i, f, g, o = split(gates)
    dh, dc = dstate
    do = dh * tanh_c
    dc = dc + dh * o * (1 - tanh_c**2)
    di, df, dg = dc * g, dc * c, dc * i
    da = np.concatenate([di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)], axis=-1)
    return da, dc * f


def step_forward(params: LSTMParameters, x: Array, state: LSTMState) -> tuple[LSTMState, StepCache]:
    """Advance one character. Shapes: (B, E), 2 x (B, H) -> 2 x (B, H)."""
    a = x @ params.weight_ih.T + state.h @ params.weight_hh.T + params.bias
    after, gates, tanh_c = gates_forward(a, state.c)
    return after, StepCache(x, state, gates, tanh_c)


def step_backward(
    params: LSTMParameters, cache: StepCache, dstate: LSTMState
) -> tuple[LSTMParameters, Array, LSTMState]:
    """Gradients of one step: 2 x (B, H) -> those of the parameters, dx (B, E), those of the state before."""
    da, dc = gates_backward(cache.gates, cache.before.c, cache.tanh_c, dstate)
    grads = LSTMParameters(da.T @ cache.x, da.T @ cache.before.h, da.sum(axis=0))
    return grads, da @ params.weight_ih, LSTMState(da @ params.weight_hh, dc)


# ---- all steps ----


def forward(params: LSTMParameters, x: Array, state: LSTMState) -> tuple[Array, LSTMState, Cache]:
    """Read a sequence. Shapes: x (T, B, E), 2 x (B, H) -> y = h of every step (T, B, H), the last state."""
    steps = len(x)
    h = np.empty((steps + 1, *state.h.shape), x.dtype)
    c, tanh_c = np.empty_like(h), np.empty_like(h[1:])
    h[0], c[0] = state
    gates = x @ params.weight_ih.T + params.bias  # what does not wait for the state, for all steps at once
    for t in range(steps):
        a = gates[t] + h[t] @ params.weight_hh.T
        (h[t + 1], c[t + 1]), gates[t], tanh_c[t] = gates_forward(a, c[t])
    return h[1:], LSTMState(h[-1], c[-1]), Cache(x, h, c, gates, tanh_c)


def backward(
    params: LSTMParameters, cache: Cache, dy: Array, dstate: LSTMState
) -> tuple[LSTMParameters, Array, LSTMState]:
    """Backpropagation through time (Werbos 1990): dy (T, B, H), the last state's gradient, 2 x (B, H) ->
    gradients of the parameters, dx (T, B, E), gradient of the state before the first step."""
    da = np.empty_like(cache.gates)
    dh, dc = dstate
    for t in reversed(range(len(dy))):
        carried = LSTMState(dy[t] + dh, dc)
        da[t], dc = gates_backward(cache.gates[t], cache.c[t], cache.tanh_c[t], carried)
        dh = da[t] @ params.weight_hh
    # every step shares the parameters, so their gradient is a sum over steps: one product for all
    rows = da.reshape(-1, da.shape[-1])
    x, h = cache.x.reshape(len(rows), -1), cache.h[:-1].reshape(len(rows), -1)
    grads = LSTMParameters(rows.T @ x, rows.T @ h, rows.sum(axis=0))
    return grads, da @ params.weight_ih, LSTMState(dh, dc)
