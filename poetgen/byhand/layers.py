"""A recurrent layer of either kind, told by its parameters: the LSTM of lstm.py, or the simple layer of rnn.py."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.byhand import lstm, rnn
from poetgen.byhand.lstm import LSTMParameters, LSTMState
from poetgen.byhand.rnn import RNNParameters

Array = npt.NDArray[Any]
Layer = LSTMParameters | RNNParameters
LayerState = LSTMState | Array  # h and c, or h alone
LayerCache = lstm.Cache | rnn.Cache
PARAMETERS: dict[str, type[LSTMParameters] | type[RNNParameters]] = {
    "lstm": LSTMParameters,
    "rnn": RNNParameters,
}


def kind_of(layer: Layer) -> str:
    """lstm or rnn."""
    return "rnn" if isinstance(layer, RNNParameters) else "lstm"


def zero_state(layer: Layer, batch: int) -> LayerState:
    """The state before the first character."""
    if isinstance(layer, LSTMParameters):
        return lstm.zero_state(layer, batch)
    return np.zeros((batch, layer.weight_hh.shape[1]), layer.weight_hh.dtype)


def select(state: LayerState, rows: Sequence[int] | Array) -> LayerState:
    """The state of some poems of the batch, in this order."""
    return LSTMState(state.h[rows], state.c[rows]) if isinstance(state, LSTMState) else state[rows]


def step(layer: Layer, x: Array, before: LayerState) -> tuple[Array, LayerState]:
    """Advance one character. Shapes: x (B, E) -> output (B, H), the state after."""
    if isinstance(layer, LSTMParameters):
        assert isinstance(before, LSTMState)
        after, _ = lstm.step_forward(layer, x, before)
        return after.h, after
    assert not isinstance(before, LSTMState)
    h, _ = rnn.step_forward(layer, x, before)
    return h, h


def forward(layer: Layer, x: Array, before: LayerState) -> tuple[Array, LayerState, LayerCache]:
    """Read a sequence. Shapes: x (T, B, E) -> (T, B, H), the last state."""
    if isinstance(layer, LSTMParameters):
        assert isinstance(before, LSTMState)
        return lstm.forward(layer, x, before)
    assert not isinstance(before, LSTMState)
    return rnn.forward(layer, x, before)


def backward(layer: Layer, cache: LayerCache, dy: Array) -> tuple[Layer, Array]:
    """Gradients of the parameters and dx (T, B, E) from dy (T, B, H); nothing is asked of the last state."""
    if isinstance(layer, LSTMParameters):
        assert isinstance(cache, lstm.Cache)
        grads, dx, _ = lstm.backward(layer, cache, dy, lstm.zero_state(layer, dy.shape[1]))
        return grads, dx
    assert isinstance(cache, rnn.Cache)
    simple, dx, _ = rnn.backward(layer, cache, dy, np.zeros_like(dy[0]))
    return simple, dx
