"""The embedding: row number `id` of a matrix, which is that matrix times a one-hot vector."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def forward(weight: Array, ids: Array) -> tuple[Array, Array]:
    """x = E[id]: weight (V, E), ids (...) -> (..., E). The cache is ids."""
    return weight[ids], ids


def backward(weight: Array, cache: Array, dx: Array) -> Array:
    """∂E[v] = Σ of dx over the places where id = v; rows that were not read stay 0. dx (..., E) -> (V, E)."""
    ids, rows = cache.reshape(-1), dx.reshape(-1, dx.shape[-1])
    dweight = np.zeros_like(weight)
    if ids.size:
        # equal ids side by side, so that one sum over each run of them stands for a slow loop of additions
        order = np.argsort(ids, kind="stable")
        found, starts = np.unique(ids[order], return_index=True)
        dweight[found] = np.add.reduceat(rows[order], starts, axis=0)
    return dweight
