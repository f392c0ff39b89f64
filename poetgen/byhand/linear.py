"""A linear layer, y = W x + b, and the product that writing needs, whose rows do not touch each other."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# A BLAS shares a product among threads, and picks another kernel, by its size; both change the order of the
# sums and so the last bit. Below 9,216 elements OpenBLAS uses one thread whatever the machine.
BLOCK = 8192


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


def rows_times(x: Array, weight: Array) -> Array:
    """x Wᵀ, the same bits for a row of x whatever stands beside it and however many threads there are.

    Shapes: (B, K), (N, K) -> (B, N). W is cut into blocks small enough to stay in the first cache and to be
    left to one thread; each block meets each row in a matrix-vector product of its own. This costs two to
    three times a plain `x @ weight.T`, and buys that poem 7 is the same poem alone and among a hundred.
    """
    outputs, inputs = weight.shape
    rows = max(1, min(outputs, BLOCK // inputs))
    whole = outputs // rows * rows
    columns = x[:, :, None]  # (B, K, 1): numpy hands each (rows, K) @ (K, 1) to gemv
    blocks = np.matmul(weight[:whole].reshape(-1, 1, rows, inputs), columns)  # (N / rows, B, rows, 1)
    y: Array = blocks[..., 0].transpose(1, 0, 2).reshape(len(x), whole)
    if whole == outputs:
        return y
    return np.concatenate([y, np.matmul(weight[whole:], columns)[..., 0]], axis=1)
