"""A linear layer, y = W x + b, and the product that writing needs, whose rows do not touch each other."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# A BLAS shares a product among threads, and picks another kernel, by its size; both change the order of the
# sums and so the last bit. Up to 2^18 multiplications OpenBLAS uses one thread whatever the machine.
TILE = 8  # rows that meet a block of W together
BLOCK = 2**18 // TILE  # elements of W in a block


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

    Shapes: (B, K), (N, K) -> (B, N). Tiles of TILE rows, the last filled up with zeros, meet blocks of W, each
    pair in a product of its own, of one shape for all and small enough to be left to one thread. (Where a kernel
    treats the rows of a tile unlike, a row still keeps its bits at the same place of any tile.) This takes half
    the speed of a plain `x @ weight.T`, and buys that poem 7 is the same poem alone and among a hundred.
    """
    outputs, inputs = weight.shape
    rows = max(1, min(outputs, BLOCK // inputs))
    whole = outputs // rows * rows
    tiles = -(-len(x) // TILE)
    y = np.empty((tiles * TILE, outputs), np.result_type(x, weight))
    filled = np.zeros((tiles, TILE, inputs), x.dtype)
    filled.reshape(-1, inputs)[: len(x)] = x
    # a block stays in the first cache while all tiles pass; each product lands where it belongs
    blocks = weight[:whole].reshape(-1, 1, rows, inputs)
    out = y[:, :whole].reshape(tiles, TILE, -1, rows).transpose(2, 0, 1, 3)
    np.matmul(filled, blocks.swapaxes(-1, -2), out=out)
    if whole < outputs:
        np.matmul(filled, weight[whole:].T, out=y[:, whole:].reshape(tiles, TILE, -1))
    return y[: len(x)]
