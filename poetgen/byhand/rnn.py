"""The simple recurrent layer of Elman (1990) in NumPy, forwards and backwards: h' = φ(W x + U h + b).

φ is tanh, the sigmoid or ReLU. Its slope is told from its value: 1 - h², h (1 - h), or 1 where h > 0.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from poetgen.byhand.lstm import sigmoid

Array = npt.NDArray[Any]


class Activation(NamedTuple):
    """φ, its slope as a function of its value, and γ, the greatest its slope can be."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    slope_bound: float


ACTIVATIONS = {
    "tanh": Activation(np.tanh, lambda h: 1 - h**2, 1.0),
    "sigmoid": Activation(sigmoid, lambda h: h * (1 - h), 0.25),
    "relu": Activation(lambda a: np.maximum(a, 0), lambda h: (h > 0).astype(h.dtype), 1.0),
}


class RNNParameters(NamedTuple):
    """weight_ih = W (H, E), weight_hh = U (H, H), bias (H,); their gradients have the same shapes."""

    weight_ih: Array
    weight_hh: Array
    bias: Array


class StepCache(NamedTuple):
    """What the backward pass of one step needs: x (B, E), h before and after (B, H), φ."""

    x: Array
    before: Array
    after: Array
    activation: Activation


class Cache(NamedTuple):
    """The same of all steps: x (T, B, E), h (T + 1, B, H) from the state before, φ."""

    x: Array
    h: Array
    activation: Activation

    def step(self, t: int) -> StepCache:
        """What step t = 0, 1, ... would have cached."""
        return StepCache(self.x[t], self.h[t], self.h[t + 1], self.activation)


def step_forward(
    params: RNNParameters, x: Array, h: Array, activation: str = "tanh"
) -> tuple[Array, StepCache]:
    """Advance one character. Shapes: (B, E), (B, H) -> (B, H)."""
    phi = ACTIVATIONS[activation]
    after = phi.value(x @ params.weight_ih.T + h @ params.weight_hh.T + params.bias)
    return after, StepCache(x, h, after, phi)


def step_backward(params: RNNParameters, cache: StepCache, dh: Array) -> tuple[RNNParameters, Array, Array]:
    """Gradients of one step: dh (B, H) -> those of the parameters, dx (B, E), dh before (B, H)."""
    da = dh * cache.activation.slope(cache.after)
    grads = RNNParameters(da.T @ cache.x, da.T @ cache.before, da.sum(axis=0))
    return grads, da @ params.weight_ih, da @ params.weight_hh


def forward(
    params: RNNParameters, x: Array, h: Array, activation: str = "tanh"
) -> tuple[Array, Array, Cache]:
    """Read a sequence. Shapes: x (T, B, E), (B, H) -> y = h of every step (T, B, H), the last h (B, H)."""
    phi = ACTIVATIONS[activation]
    a = x @ params.weight_ih.T + params.bias
    states = np.empty((len(x) + 1, *h.shape), x.dtype)
    states[0] = h
    for t in range(len(x)):
        states[t + 1] = phi.value(a[t] + states[t] @ params.weight_hh.T)
    return states[1:], states[-1], Cache(x, states, phi)


def backward(params: RNNParameters, cache: Cache, dy: Array, dh: Array) -> tuple[RNNParameters, Array, Array]:
    """Backpropagation through time (Werbos 1990): dy (T, B, H), the last state's gradient (B, H) -> gradients
    of the parameters, dx (T, B, E), gradient of the state before the first step."""
    da = cache.activation.slope(cache.h[1:])
    for t in reversed(range(len(dy))):
        da[t] *= dy[t] + dh
        dh = da[t] @ params.weight_hh
    rows = da.reshape(-1, da.shape[-1])
    x, before = cache.x.reshape(len(rows), -1), cache.h[:-1].reshape(len(rows), -1)
    grads = RNNParameters(rows.T @ x, rows.T @ before, rows.sum(axis=0))
    return grads, da @ params.weight_ih, dh
