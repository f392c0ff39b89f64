"""Softmax and the cross-entropy of the expected class, with a temperature τ.

p = softmax(logits / τ)      loss = -log p[target]      ∂loss/∂logits = (p - onehot(target)) / τ
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


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
