"""A choice among many by their weights."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
STRETCH = 64  # entries


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
