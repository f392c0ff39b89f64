"""The Jacobians of one step, written out as matrices: what the backward pass multiplies by without forming them.

For a vector y of H units and a vector x of E, ∂y/∂x is (H, E), a row for each unit of y; here one for each
poem, (B, H, E).
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from poetgen.byhand import lstm, rnn
from poetgen.byhand.lstm import LSTMParameters

Array = npt.NDArray[Any]


class StepJacobians(NamedTuple):
    """Derivatives of h' and c', the state after a step; all that is not named in the denominator's path is held.

    h_o, h_c, h_f, h_i, h_g: ∂h'/∂o, ∂h'/∂c', ∂h'/∂f, ∂h'/∂i, ∂h'/∂g, diagonal (B, H, H);
    h_cbefore, h_hbefore, c_cbefore, c_hbefore: by the state before, (B, H, H); h_x, c_x: by the input, (B, H, E).
    """

    h_o: Array
    h_c: Array
    h_f: Array
    h_i: Array
    h_g: Array
    h_cbefore: Array
    h_hbefore: Array
    h_x: Array
    c_cbefore: Array
    c_hbefore: Array
    c_x: Array


class Influence(NamedTuple):
    """How h and c depend on every parameter: ∂h/∂θ and ∂c/∂θ, shapes (B, H, *shape of θ)."""

    h: LSTMParameters
    c: LSTMParameters


class GateDerivatives(NamedTuple):
    """∂h'/∂a and ∂c'/∂a of a step, a = W x + U h + b: a unit hangs on its own four rows, i f g o, and no other.

    (B, 4, H): gate, unit.
    """

    h: Array
    c: Array


def diagonal(values: Array) -> Array:
    """(B, H) -> (B, H, H), zero off the diagonal."""
    return np.asarray(values[:, :, None] * np.eye(values.shape[1], dtype=values.dtype))


def gate_derivatives(cache: lstm.StepCache) -> GateDerivatives:
    """Each gate's own slope, times what the gate does to c' and h'."""
    i, f, g, o = lstm.split(cache.gates)
    h_c = o * (1 - cache.tanh_c**2)
    zero = np.zeros_like(o)
    c = np.stack([g * i * (1 - i), cache.before.c * f * (1 - f), i * (1 - g**2), zero], axis=1)
    h = h_c[:, None] * c
    h[:, 3] = cache.tanh_c * o * (1 - o)
    return GateDerivatives(h, c)


def step_jacobians(params: LSTMParameters, cache: lstm.StepCache) -> StepJacobians:
    """All of them for one step of the LSTM."""
    i, f, g, o = lstm.split(cache.gates)
    h_c = o * (1 - cache.tanh_c**2)
    by_a = gate_derivatives(cache)
    w = params.weight_ih.reshape(4, -1, params.weight_ih.shape[1])  # (4, H, E): W_i W_f W_g W_o
    u = params.weight_hh.reshape(4, -1, params.weight_hh.shape[1])
    return StepJacobians(
        h_o=diagonal(cache.tanh_c),
        h_c=diagonal(h_c),
        h_f=diagonal(h_c * cache.before.c),
        h_i=diagonal(h_c * g),
        h_g=diagonal(h_c * i),
        h_cbefore=diagonal(h_c * f),
        h_hbefore=paths(by_a.h, u),
        h_x=paths(by_a.h, w),
        c_cbefore=diagonal(f),
        c_hbefore=paths(by_a.c, u),
        c_x=paths(by_a.c, w),
    )


def paths(by_a: Array, weight: Array) -> Array:
    """The sum over the four gates of diag(slope) W: (B, 4, H), (4, H, K) -> (B, H, K)."""
    return np.asarray(np.einsum("bqk,qkm->bkm", by_a, weight))


def immediate(cache: lstm.StepCache) -> Influence:
    """∂h'/∂θ and ∂c'/∂θ with the state before the step held fixed: no path but the one through this step."""
    by_a = gate_derivatives(cache)
    return Influence(*(_immediate(slope, cache) for slope in by_a))


def _immediate(by_a: Array, cache: lstm.StepCache) -> LSTMParameters:
    batch, gates, units = by_a.shape
    own = np.zeros((batch, units, gates, units), by_a.dtype)
    unit = np.arange(units)
    own[:, unit, :, unit] = by_a.transpose(2, 0, 1)  # unit k, gate q: row q H + k, and no other
    bias: Array = own.reshape(batch, units, gates * units)
    return LSTMParameters(
        bias[..., None] * cache.x[:, None, None, :], bias[..., None] * cache.before.h[:, None, None, :], bias
    )


def rnn_jacobians(params: rnn.RNNParameters, cache: rnn.StepCache) -> tuple[Array, Array]:
    """∂h'/∂h = diag(φ') U (B, H, H) and ∂h'/∂x = diag(φ') W (B, H, E) of the simple layer."""
    slope = cache.activation.slope(cache.after)[:, :, None]
    return slope * params.weight_hh, slope * params.weight_ih
