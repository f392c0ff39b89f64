"""Softmax and the cross-entropy of the expected class, with a temperature τ.

p = softmax(logits / τ)      loss = -log p[target]      ∂loss/∂logits = (p - onehot(target)) / τ

And a class drawn by its share.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
STRETCH = 64  # entries


class Cache(NamedTuple):
    """What the backward pass needs: probabilities (N, V), targets (N,), the temperature."""

    probabilities: Array
    targets: Array
    temperature: float


def forward(logits: Array, targets: Array, temperature: float = 1.0) -> tuple[Array, Cache]:
    """Natural-log loss of each row: logits (N, V), targets (N,) -> (N,)."""
    rows = np.arange(len(logits))
    # the greatest logit is taken away first: exp of what is left cannot overflow, and the quotient is the same
    shifted = logits - logits.max(axis=1, keepdims=True)
    if temperature != 1:
        shifted /= temperature
    expected = shifted[rows, targets]
    probabilities = np.exp(shifted, out=shifted)
    total = probabilities.sum(axis=1, keepdims=True)
    probabilities /= total
    return np.log(total[:, 0]) - expected, Cache(probabilities, targets, temperature)


def backward(cache: Cache, dlosses: Array) -> Array:
    """∂logits = (p - onehot) / τ, each row times its dloss: (N,) -> (N, V)."""
    dlogits = cache.probabilities.copy()
    dlogits[np.arange(len(dlogits)), cache.targets] -= 1
    dlogits *= (dlosses / cache.temperature)[:, None]
    return dlogits


def log_softmax(logits: Array) -> Array:
    """Natural-log probabilities along the last axis, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def choose_by_weight(weights: Array, shares: Array) -> Array:
    """The place in each row where that share of its weight is reached: (B, V), (B,) in [0, 1) -> (B,).

    Rows are summed by stretches first: a running sum over all of a row takes ten times as long. In float64, since
    a long float32 sum would shift the shares of rare characters.
    """
    starts = np.arange(0, weights.shape[1], STRETCH)
    sums = np.add.reduceat(weights, starts, axis=1, dtype=np.float64).cumsum(axis=1)
    found = np.empty(len(weights), np.intp)
    for k, (row, ends, share) in enumerate(zip(weights, sums, shares, strict=True)):
        stretch, rest = _find_entry(ends, share * ends[-1])
        start = starts[stretch]
        found[k] = start + _find_entry(row[start : start + STRETCH].cumsum(dtype=np.float64), rest)[0]
    return found


def _find_entry(ends: Array, place: float) -> tuple[int, float]:
    """The first entry that ends beyond a place, and how far into it that is; never one of weight 0."""
    place = min(place, np.nextafter(ends[-1], 0))
    found = int(ends.searchsorted(place, "right"))
    return found, place - (ends[found - 1] if found else 0.0)
