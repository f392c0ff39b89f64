"""對仗: how much the lines of a couplet stand opposite each other, learned from the middle couplets of 律詩.

Two characters at the same place of the two lines are rated by how much oftener poets set them opposite each other
than chance would, as pointwise mutual information

    pmi(a, b) = ln P(b | a) / P(b),    P(b | a) = (n_ab + λ P(class b | class a) P(b | class b)) / (n_a + λ)

so that characters never seen together are judged by their classes (山 and 水 by what stands opposite mountains and
waters). A couplet's score is the mean over its places and both ways round, in nats; it is no rule, and nothing is
broken by a low one.
tools/build_parallelism.py makes the table, parallelism.npz.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

BACKING = 12.0  # λ, in pairs; chosen on poems that neither the table nor the percentiles come from
LENGTHS = (5, 7)
FILE = Path(__file__).with_name("parallelism.npz")


@dataclass(frozen=True)
class CoupletScore:
    """A middle couplet's parallelism: `couplet` counts from 1, `score` is in nats a place, `percentile` (0 to 100)
    is the share of real middle couplets of that length that are less parallel."""

    couplet: int
    score: float
    percentile: float


@dataclass(frozen=True)
class ParallelismTable:
    """What was counted.

    `place` of each character; its `counts` and `classes`, (N,); `pairs` seen together as first · N + second,
    sorted, and `pair_counts`; `class_pairs` (K, K); the `percentiles`, 0 to 100, of real couplets by line length.
    """

    place: Mapping[str, int]
    counts: Array
    classes: Array
    pairs: Array
    pair_counts: Array
    class_pairs: Array
    percentiles: Mapping[int, Array]

    @classmethod
    def read(cls, file: IO[bytes]) -> "ParallelismTable":
        """A table as tools/build_parallelism.py writes it."""
        with np.load(file, allow_pickle=False) as arrays:
            return cls(
                {char: k for k, char in enumerate(str(arrays["characters"]))},
                arrays["counts"].astype(float),
                arrays["classes"].astype(int),
                np.cumsum(arrays["pair_steps"].astype(np.int64)),
                arrays["pair_counts"],
                arrays["class_pairs"].astype(float),
                {length: arrays[f"percentiles_{length}"] for length in LENGTHS},
            )

    def score(self, first: str, second: str) -> float:
        """The parallelism of two lines of one length, in nats a place; unknown characters say nothing.

        Raises ValueError for lines that are not of one length, or empty.
        """
        if len(first) != len(second) or not first:
            raise ValueError(f"lines of {len(first)} and {len(second)} hanzi are no couplet")
        pairs = list(zip(first, second, strict=True))
        return sum(self.pmi(a, b) + self.pmi(b, a) for a, b in pairs) / (2 * len(pairs))

    def pmi(self, a: str, b: str) -> float:
        """ln P(b | a) / P(b); 0 where either is unknown."""
        x, y = self.place.get(a), self.place.get(b)
        if x is None or y is None:
            return 0.0
        n_a, n_b = self.counts[x], self.counts[y]
        k, m = self.classes[x], self.classes[y]
        of_class = self.class_pairs[k, m] / self._class_totals[0][k] / self._class_totals[1][m]
        backed = BACKING * of_class * n_b
        together = self._together(x, y)
        return float(np.log((together + backed) / (n_a + BACKING) / (n_b / self._total)))

    @cached_property
    def _total(self) -> float:
        return float(self.counts.sum())

    @cached_property
    def _class_totals(self) -> tuple[Array, Array]:
        """The pairs of each class as first and as second."""
        return self.class_pairs.sum(axis=1), self.class_pairs.sum(axis=0)

    def _together(self, x: int, y: int) -> float:
        number = x * len(self.counts) + y
        found = int(self.pairs.searchsorted(number))
        is_there = found < len(self.pairs) and self.pairs[found] == number
        return float(self.pair_counts[found]) if is_there else 0.0

    def percentile(self, score: float, length: int) -> float:
        """The share of real middle couplets, of lines of 5 or 7 hanzi, that score less, in percent."""
        known = self.percentiles[length]
        return float(np.interp(score, known, np.linspace(0, 100, len(known))))


@cache
def load_parallelism() -> ParallelismTable:
    """The table in the package."""
    with FILE.open("rb") as file:
        return ParallelismTable.read(file)


def middle_couplets(lines: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """(number from 1, line, line) of the couplets that are to be parallel: not the first and last of a 律詩."""
    lengths = set(map(len, lines))
    if len(lines) < 8 or len(lines) % 2 or len(lengths) != 1 or not lengths <= set(LENGTHS):
        return
    for k in range(2, len(lines) - 2, 2):
        yield k // 2 + 1, lines[k], lines[k + 1]


def score_couplets(lines: Sequence[str]) -> tuple[CoupletScore, ...]:
    """The parallelism of a poem's middle couplets: none for other forms than 律詩 and 排律."""
    couplets = list(middle_couplets(lines))
    if not couplets:
        return ()
    table = load_parallelism()
    scored = ((number, table.score(first, second), len(first)) for number, first, second in couplets)
    return tuple(CoupletScore(number, score, table.percentile(score, n)) for number, score, n in scored)
