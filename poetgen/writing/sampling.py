"""Logits → one id."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.errors import ConfigError

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Sampling:
    """How boldly to choose: by probability^(1/temperature), among the `top_k` likeliest, and among those the
    fewest that hold `top_p` of the probability. Temperature 0 takes the likeliest; top_k 0 and top_p 1: all.

    Raises ConfigError for a value out of range.
    """

    temperature: float = 0.7  # by eye: bolder poems lose the thread, tamer ones repeat themselves
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise ConfigError(f"temperature must be 0 or more, not {self.temperature}; 0.7 is usual")
        if self.top_k < 0:
            raise ConfigError(f"top-k must be 0 (no limit) or more, not {self.top_k}")
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"top-p must be above 0 and at most 1, not {self.top_p}")


def random_stream(seed: int, index: int, beginning: str = "") -> np.random.Generator:
    """The randomness of poem `index`: its own, so that it does not depend on how many poems are asked for.

    The beginning takes part, or the poems of one seed for several prompts would run in parallel.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index, *map(ord, beginning))))


def sample(logits: Array, allowed: Array, *, sampling: Sampling, rng: np.random.Generator) -> int:
    """Choose one of the allowed ids; every call draws exactly one number. Shapes: (V,), bool (V,) -> ()."""
    drawn = rng.random()
    ids = np.flatnonzero(allowed)
    chosen = logits[ids].astype(np.float64)
    if sampling.temperature == 0:
        return int(ids[chosen.argmax()])
    with np.errstate(over="ignore"):  # a temperature near 0 sends all but the likeliest to -inf, rightly
        scaled = (chosen - chosen.max()) / sampling.temperature
    if sampling.top_k or sampling.top_p < 1:
        order = _likeliest(scaled, sampling)
        ids, scaled = ids[order], scaled[order]
    cumulative = np.exp(scaled).cumsum()
    place = int(cumulative.searchsorted(drawn * cumulative[-1], side="right"))
    return int(ids[min(place, len(ids) - 1)])


def _likeliest(scaled: Array, sampling: Sampling) -> Array:
    """Places of the candidates left by top-k, then top-p; by falling score, so that ties let no one extra in."""
    order = (-scaled).argsort(kind="stable")[: sampling.top_k or None]
    if sampling.top_p < 1:
        weights = np.exp(scaled[order])
        before = weights.cumsum() - weights  # what the likelier ones hold: the first is always kept
        order = order[before < sampling.top_p * weights.sum()]
    return np.asarray(order)
