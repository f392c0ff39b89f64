"""Derivatives the slow way: by central finite differences in float64, to check the others against."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
STEPS = tuple(2e-3 / 2**k for k in range(9))  # of an extrapolation
STEP = 1e-5  # the error of a central difference is of the order step² + rounding / step: both near 1e-10 here


def derivative(
    f: Callable[[], Array | float], x: Array, *, coordinates: Array | None = None, step: float = STEP
) -> Array:
    """∂f/∂x by (f(x + step) - f(x - step)) / (2 step), one coordinate of x at a time.

    `f` reads the array `x`, float64, which is changed in place and left as it was. Shapes: f () -> (*F), x (*X)
    -> (*F, *X), or (*F, n) for `coordinates` (n,), numbers into x laid flat.
    """
    flat = x.reshape(-1)
    if flat.size and not np.shares_memory(flat, x):
        raise ValueError("x must be contiguous, so that its coordinates can be moved in place")
    chosen = np.arange(flat.size) if coordinates is None else coordinates
    columns = [_central(f, flat, int(k), step) for k in chosen]
    shape = x.shape if coordinates is None else (len(chosen),)
    stacked = np.stack(columns, axis=-1)
    return stacked.reshape(*stacked.shape[:-1], *shape)


def extrapolate(
    f: Callable[[], Array | float], x: Array, *, coordinates: Array | None = None
) -> tuple[Array, Array]:
    """∂f/∂x and about how far it may be off, by Ridders (1982): central differences of ever smaller steps, the
    errors step², step⁴, … taken away in turn (Richardson), and of all the values the one that its neighbours
    confirm best. Arguments and shapes as for `derivative`, which is cheaper and enough where f is tame."""
    best = derivative(f, x, coordinates=coordinates, step=STEPS[0])
    row, doubt = [best], np.full(best.shape, np.inf)
    for step in STEPS[1:]:
        above, row = row, [derivative(f, x, coordinates=coordinates, step=step)]
        for order, coarser in enumerate(above, start=1):
            row.append(row[-1] + (row[-1] - coarser) / (4**order - 1))
            apart = np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - coarser))
            closer = apart < doubt
            best, doubt = np.where(closer, row[-1], best), np.where(closer, apart, doubt)
    # f itself is known to one bit in 52, which no step of the differences makes good
    rounding = np.abs(np.asarray(f(), np.float64)) * 2.0**-52 / STEPS[0]
    return best, np.maximum(doubt, rounding.reshape(rounding.shape + (1,) * (best.ndim - rounding.ndim)))


def _central(f: Callable[[], Array | float], flat: Array, k: int, step: float) -> Array:
    kept = flat[k]
    try:
        flat[k] = kept + step
        above = np.array(f(), np.float64)
        flat[k] = kept - step
        below = np.array(f(), np.float64)
    finally:
        flat[k] = kept
    return np.asarray((above - below) / (2 * step))


def error(a: Array, n: Array) -> float:
    """‖a - n‖ / max(‖a‖, ‖n‖, 1): how far two derivatives are apart. NaN where either is none."""
    apart, *lengths = (float(np.linalg.norm(v)) for v in (a - n, a, n))
    return apart / max(*lengths, 1.0)
