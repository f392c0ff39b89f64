"""One LSTM layer in NumPy, one character at a time.

With x the input, h and c the state before the step (Hochreiter & Schmidhuber 1997; forget gate of Gers,
Schmidhuber & Cummins 2000; no peepholes):

    i = σ(W_i x + U_i h + b_i)      f = σ(W_f x + U_f h + b_f)
    g = tanh(W_g x + U_g h + b_g)   o = σ(W_o x + U_o h + b_o)
    c' = f ⊙ c + i ⊙ g              h' = o ⊙ tanh(c')

`weight_ih` stacks W_i W_f W_g W_o, `weight_hh` U_i U_f U_g U_o, in torch's order i, f, g, o.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from poetgen.byhand.linear import rows_times

Array = npt.NDArray[Any]


class LSTMParameters(NamedTuple):
    """weight_ih (4H, E), weight_hh (4H, H), bias (4H,)."""

    weight_ih: Array
    weight_hh: Array
    bias: Array


class LSTMState(NamedTuple):
    """What a layer remembers: h (B, H), c (B, H)."""

    h: Array
    c: Array


class StepCache(NamedTuple):
    """What the backward pass of one step needs: its input, the state before, the gates, tanh of the new c."""

    x: Array
    before: LSTMState
    gates: tuple[Array, Array, Array, Array]
    tanh_c: Array


def sigmoid(a: Array) -> Array:
    """1 / (1 + exp(-a)), by way of tanh, which cannot overflow."""
    half = a.dtype.type(0.5)
    return np.asarray(half * np.tanh(half * a) + half)


def zero_state(params: LSTMParameters, batch: int) -> LSTMState:
    """The state before the first character: 2 x (B, H)."""
    zeros = np.zeros((batch, params.weight_hh.shape[1]), params.weight_hh.dtype)
    return LSTMState(zeros, zeros)


def step_forward(params: LSTMParameters, x: Array, state: LSTMState) -> tuple[LSTMState, StepCache]:
    """Advance one character. Shapes: (B, E), 2 x (B, H) -> 2 x (B, H)."""
    total = rows_times(x, params.weight_ih) + rows_times(state.h, params.weight_hh) + params.bias
    to_i, to_f, to_g, to_o = np.split(total, 4, axis=1)  # (B, 4H) -> 4 x (B, H), torch's order
    i, f, g, o = sigmoid(to_i), sigmoid(to_f), np.tanh(to_g), sigmoid(to_o)
    c = f * state.c + i * g
    tanh_c = np.tanh(c)
    return LSTMState(o * tanh_c, c), StepCache(x, state, (i, f, g, o), tanh_c)
