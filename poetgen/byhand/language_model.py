"""The language model in NumPy: embedding → LSTM layers → output layer; it writes the poems, and can learn.

x = E[id];  h¹ = LSTM¹(x);  h² = LSTM²(h¹) …;  logits = W h + b,  tied: logits = E (P h) + b

In place of the LSTMs there may be simple recurrent layers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from poetgen.byhand import embedding, layers, linear, softmax
from poetgen.byhand.layers import CELLS, Layer, LayerCache, LayerState, cell_name
from poetgen.byhand.linear import LinearParameters

Array = npt.NDArray[Any]
State = tuple[LayerState, ...]
LayerGradients = Callable[[Any, Any, Array], tuple[Any, Array]]  # as layers.backward


class Parameters(NamedTuple):
    """embedding (V, E); the parameters of each layer; bias (V,); tied: projection (E, H) and the embedding again
    as output, else no projection and output (V, H). Gradients come in the same shapes."""

    embedding: Array
    layers: tuple[Layer, ...]
    projection: Array | None
    output: Array
    bias: Array


class Masks(NamedTuple):
    """What dropout multiplies by, 0 or 1 / (1 - share): characters' rows (V, 1), each layer's outputs (B, H).

    `recurrent` has a mask for each layer's U, of its shape, by which weight drop multiplies the weights
    themselves: U ⊙ M in place of U at every step, and ∂U = ∂(U ⊙ M) ⊙ M. None: all weights are kept.
    """

    characters: Array
    layers: tuple[Array, ...]
    recurrent: tuple[Array, ...] | None = None


class Cache(NamedTuple):
    """What the backward pass needs: ids (T, B), each layer's cache, the top layer's output, the masks."""

    ids: Array
    layers: tuple[LayerCache, ...]
    y: Array
    masks: Masks | None


def read_parameters(weights: Mapping[str, Array], dtype: npt.DTypeLike = np.float32) -> Parameters:
    """Name the weights of a checkpoint (poetgen.checkpoint.parameter_shapes), in the type to count in.

    Arrays that are of that type already are not copied.
    """
    arrays = {name: np.ascontiguousarray(array, dtype) for name, array in weights.items()}
    kind = "rnn" if "rnn.cells.0.bias" in arrays else "lstm"
    number = sum(name.startswith(f"{kind}.cells.") and name.endswith(".bias") for name in arrays)
    parameters = CELLS[kind].parameters
    read_layers = tuple(
        parameters(*(arrays[f"{kind}.cells.{layer}.{part}"] for part in parameters._fields))
        for layer in range(number)
    )
    characters = arrays["embedding.weight"]
    return Parameters(
        characters,
        read_layers,
        arrays.get("projection.weight"),
        arrays.get("output.weight", characters),
        arrays["output.bias"],
    )


def named_parameters(params: Parameters) -> dict[str, Array]:
    """The arrays, parameters or gradients, under their names in a checkpoint: `read_parameters` undone."""
    arrays = {"embedding.weight": params.embedding}
    for layer, parts in enumerate(params.layers):
        arrays |= {f"{cell_name(parts)}.cells.{layer}.{name}": part for name, part in parts._asdict().items()}
    if params.projection is not None:
        arrays["projection.weight"] = params.projection
    else:
        arrays["output.weight"] = params.output
    return {**arrays, "output.bias": params.bias}


def init_state(params: Parameters, batch: int) -> State:
    """The state before the first character of a poem."""
    return tuple(layers.zero_state(layer, batch) for layer in params.layers)


# ---- writing: one character at a time ----


def select_rows(state: State, rows: Sequence[int] | Array) -> State:
    """The state of some poems of the batch, in this order; a row may be taken more than once."""
    return tuple(layers.select_rows(layer, rows) for layer in state)


def step(params: Parameters, ids: Sequence[int] | Array, state: State) -> tuple[Array, State]:
    """Read one character of each poem. Shapes: ids (B,) -> logits of the next (B, V)."""
    x = params.embedding[np.asarray(ids)]
    after = []
    for layer, before in zip(params.layers, state, strict=True):
        x, new = layers.step(layer, x, before)
        after.append(new)
    features = x if params.projection is None else x @ params.projection.T
    return features @ params.output.T + params.bias, tuple(after)


# ---- learning: all characters at once ----


def forward(
    params: Parameters, ids: Array, state: State, masks: Masks | None = None
) -> tuple[Array, State, Cache]:
    """What the output layer reads: ids (T, B) -> (T, B, E) when tied, else (T, B, H)."""
    weight = params.embedding if masks is None else params.embedding * masks.characters
    y, _ = embedding.forward(weight, ids)
    after, caches = [], []
    for number, (layer, before) in enumerate(zip(params.layers, state, strict=True)):
        y, last, cache = layers.forward(drop_weights(layer, number, masks), y, before)
        y = y if masks is None else y * masks.layers[number]
        after.append(last)
        caches.append(cache)
    features = y if params.projection is None else y @ params.projection.T
    return features, tuple(after), Cache(ids, tuple(caches), y, masks)


def backward(
    params: Parameters, cache: Cache, dfeatures: Array, layer_gradients: LayerGradients = layers.backward
) -> Parameters:
    """Gradients of all that lies below the output layer, whose own are left 0; dfeatures (T, B, E or H)."""
    dprojection, dy = None, dfeatures
    if params.projection is not None:
        rows = dfeatures.reshape(-1, dfeatures.shape[-1])
        dprojection, dy = rows.T @ cache.y.reshape(len(rows), -1), dfeatures @ params.projection
    dlayers = []
    for number in reversed(range(len(params.layers))):
        dy = dy if cache.masks is None else dy * cache.masks.layers[number]
        layer, kept = params.layers[number], cache.layers[number]
        # nothing is asked of the last state: gradients stop where a segment ends (truncated BPTT)
        grads, dy = layer_gradients(drop_weights(layer, number, cache.masks), kept, dy)
        dlayers.append(drop_weights(grads, number, cache.masks))
    dembedding = embedding.backward(params.embedding, cache.ids, dy)
    if cache.masks is not None:
        dembedding *= cache.masks.characters
    zeros = np.zeros_like(params.output), np.zeros_like(params.bias)
    return Parameters(dembedding, tuple(reversed(dlayers)), dprojection, *zeros)


def drop_weights(layer: Layer, number: int, masks: Masks | None) -> Layer:
    """A layer's parameters, or their gradients, with weight drop's mask on U."""
    if masks is None or masks.recurrent is None:
        return layer
    return layer._replace(weight_hh=layer.weight_hh * masks.recurrent[number])


def losses(
    params: Parameters, ids: Array, targets: Array, *, lengths: Array, state: State, temperature: float = 1.0
) -> tuple[Array, State]:
    """Natural-log loss of each real token, in no order that matters: ids, targets (T, B), lengths (B,) -> (N,)."""
    features, after, _ = forward(params, ids, state)
    real = np.arange(len(ids))[:, None] < lengths
    logits, _ = linear.forward(LinearParameters(params.output, params.bias), features[real])
    found, _ = softmax.forward(logits, targets[real], temperature)
    return found, after


def gradients(
    params: Parameters,
    ids: Array,
    targets: Array,
    *,
    lengths: Array,
    state: State,
    scale: float = 1.0,
    masks: Masks | None = None,
    temperature: float = 1.0,
    layer_gradients: LayerGradients = layers.backward,
) -> tuple[float, Parameters, State]:
    """Σ over real tokens of the natural-log loss, the gradient of `scale` times that sum, and the states after.

    ids, targets (T, B), lengths (B,) in tokens. What lies past a poem's end comes after all its real tokens, so
    it changes none of them, and no loss is taken there; the state after belongs to poems that go on.
    `temperature` divides the logits; `layer_gradients` is how a layer's gradients are found.
    """
    features, after, cache = forward(params, ids, state, masks)
    real = np.arange(len(ids))[:, None] < lengths
    output = LinearParameters(params.output, params.bias)
    logits, rows = linear.forward(output, features[real])
    found, kept = softmax.forward(logits, targets[real], temperature)
    dlogits = softmax.backward(kept, np.full_like(found, scale))
    doutput, drows = linear.backward(output, rows, dlogits)
    dfeatures = np.zeros_like(features)
    dfeatures[real] = drows
    below = backward(params, cache, dfeatures, layer_gradients)
    grads = below._replace(output=doutput.weight, bias=doutput.bias)
    if params.projection is not None:  # tied: the embedding is the output weight too, and gets both gradients
        both = below.embedding + doutput.weight
        grads = grads._replace(embedding=both, output=both)
    return float(found.sum(dtype=np.float64)), grads, after
