"""The language model in NumPy: embedding → LSTM layers → output layer; it writes the poems.

x = E[id];  h¹ = LSTM¹(x);  h² = LSTM²(h¹) …;  logits = W h + b,  tied: logits = E (P h) + b
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from poetgen.byhand.linear import rows_times
from poetgen.byhand.lstm import LSTMParameters, LSTMState, step_forward, zero_state

Array = npt.NDArray[Any]
State = tuple[LSTMState, ...]


class Parameters(NamedTuple):
    """embedding (V, E); one LSTMParameters a layer; bias (V,); tied: projection (E, H) and the embedding again
    as output, else no projection and output (V, H)."""

    embedding: Array
    layers: tuple[LSTMParameters, ...]
    projection: Array | None
    output: Array
    bias: Array


def read_parameters(weights: Mapping[str, Array], dtype: npt.DTypeLike = np.float32) -> Parameters:
    """Name the weights of a checkpoint (poetgen.checkpoint.parameter_shapes), in the type to count in."""
    arrays = {name: np.ascontiguousarray(array, dtype) for name, array in weights.items()}
    number = sum(name.startswith("lstm.cells.") and name.endswith(".bias") for name in arrays)
    layers = tuple(
        LSTMParameters(*(arrays[f"lstm.cells.{layer}.{part}"] for part in LSTMParameters._fields))
        for layer in range(number)
    )
    embedding = arrays["embedding.weight"]
    return Parameters(
        embedding,
        layers,
        arrays.get("projection.weight"),
        arrays.get("output.weight", embedding),
        arrays["output.bias"],
    )


def start(params: Parameters, batch: int) -> State:
    """The state before the first character of a poem."""
    return tuple(zero_state(layer, batch) for layer in params.layers)


def select(state: State, rows: Sequence[int] | Array) -> State:
    """The state of some poems of the batch, in this order; a row may be taken more than once."""
    return tuple(LSTMState(layer.h[rows], layer.c[rows]) for layer in state)


def read(params: Parameters, ids: Sequence[int] | Array, state: State) -> tuple[Array, State]:
    """Read one character of each poem. Shapes: ids (B,) -> logits of the next (B, V)."""
    x = params.embedding[np.asarray(ids)]
    after = []
    for layer, before in zip(params.layers, state, strict=True):
        new, _ = step_forward(layer, x, before)
        after.append(new)
        x = new.h
    features = x if params.projection is None else rows_times(x, params.projection)
    return rows_times(features, params.output) + params.bias, tuple(after)


def log_softmax(logits: Array) -> Array:
    """Natural-log probabilities along the last axis, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
