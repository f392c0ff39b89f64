"""A linear layer, y = W x + b."""

from typing import Any, NamedTuple

import numpy.typing as npt

Array = npt.NDArray[Any]


class LinearParameters(NamedTuple):
    """weight (N, K), bias (N,)."""

    weight: Array
    bias: Array


def forward(params: LinearParameters, x: Array) -> tuple[Array, Array]:
    """y = W x + b for every row of x: (..., K) -> (..., N). The cache is x."""
    return x @ params.weight.T + params.bias, x


def backward(params: LinearParameters, cache: Array, dy: Array) -> tuple[LinearParameters, Array]:
    """∂W = Σ dy xᵀ, ∂b = Σ dy, ∂x = Wᵀ dy, the sums over all rows: dy (..., N) -> gradients, dx (..., K)."""
    rows, x = dy.reshape(-1, dy.shape[-1]), cache.reshape(-1, cache.shape[-1])
    return LinearParameters(rows.T @ x, rows.sum(axis=0)), dy @ params.weight
