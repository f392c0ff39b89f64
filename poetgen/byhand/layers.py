"""What a stack asks of its layers, whatever their cell: the LSTM of lstm.py, or the simple layer of rnn.py.

A state is a tuple of arrays (B, H), h first: (h, c), or (h,) alone.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from poetgen.byhand import lstm, rnn
from poetgen.byhand.lstm import LSTMParameters, LSTMState
from poetgen.byhand.rnn import RNNParameters

Array = npt.NDArray[Any]
Layer = LSTMParameters | RNNParameters
LayerState = tuple[Array, ...]
LayerCache = lstm.Cache | rnn.Cache


class Cell(NamedTuple):
    """A kind of layer: its parameters, the state before the first step, and its three passes."""

    parameters: type[Any]
    zero_state: Callable[[Any, int], LayerState]
    step: Callable[[Any, Array, LayerState], LayerState]
    forward: Callable[[Any, Array, LayerState], tuple[Array, LayerState, Any]]
    backward: Callable[[Any, Any, Array, LayerState], tuple[Any, Array, LayerState]]


def _lstm_step(params: LSTMParameters, x: Array, state: LayerState) -> LayerState:
    return lstm.step_forward(params, x, LSTMState(*state))[0]


def _lstm_forward(
    params: LSTMParameters, x: Array, state: LayerState
) -> tuple[Array, LayerState, lstm.Cache]:
    return lstm.forward(params, x, LSTMState(*state))


def _lstm_backward(
    params: LSTMParameters, cache: lstm.Cache, dy: Array, dstate: LayerState
) -> tuple[LSTMParameters, Array, LayerState]:
    return lstm.backward(params, cache, dy, LSTMState(*dstate))


def _rnn_zero_state(params: RNNParameters, batch: int) -> LayerState:
    return (np.zeros((batch, params.weight_hh.shape[1]), params.weight_hh.dtype),)


def _rnn_step(params: RNNParameters, x: Array, state: LayerState) -> LayerState:
    return rnn.step_forward(params, x, state[0])[:1]


def _rnn_forward(params: RNNParameters, x: Array, state: LayerState) -> tuple[Array, LayerState, rnn.Cache]:
    y, h, cache = rnn.forward(params, x, state[0])
    return y, (h,), cache


def _rnn_backward(
    params: RNNParameters, cache: rnn.Cache, dy: Array, dstate: LayerState
) -> tuple[RNNParameters, Array, LayerState]:
    grads, dx, dh = rnn.backward(params, cache, dy, dstate[0])
    return grads, dx, (dh,)


CELLS: dict[str, Cell] = {
    "lstm": Cell(LSTMParameters, lstm.zero_state, _lstm_step, _lstm_forward, _lstm_backward),
    "rnn": Cell(RNNParameters, _rnn_zero_state, _rnn_step, _rnn_forward, _rnn_backward),
}
NAMES = {cell.parameters: name for name, cell in CELLS.items()}


def cell_name(layer: Layer) -> str:
    """lstm or rnn."""
    return NAMES[type(layer)]


def cell_of(layer: Layer) -> Cell:
    """What is done with a layer of these parameters."""
    return CELLS[cell_name(layer)]


def zero_state(layer: Layer, batch: int) -> LayerState:
    """The state before the first character."""
    return cell_of(layer).zero_state(layer, batch)


def select_rows(state: LayerState, rows: Sequence[int] | Array) -> LayerState:
    """The state of some poems of the batch, in this order."""
    return tuple(part[rows] for part in state)


def step(layer: Layer, x: Array, state: LayerState) -> tuple[Array, LayerState]:
    """Advance one character. Shapes: x (B, E) -> output (B, H), the state after."""
    after = cell_of(layer).step(layer, x, state)
    return after[0], after


def forward(layer: Layer, x: Array, state: LayerState) -> tuple[Array, LayerState, LayerCache]:
    """Read a sequence. Shapes: x (T, B, E) -> (T, B, H), the last state."""
    return cell_of(layer).forward(layer, x, state)


def backward(layer: Layer, cache: LayerCache, dy: Array) -> tuple[Layer, Array]:
    """Gradients of the parameters and dx (T, B, E) from dy (T, B, H); nothing is asked of the last state."""
    grads, dx, _ = cell_of(layer).backward(layer, cache, dy, zero_state(layer, dy.shape[1]))
    return grads, dx
