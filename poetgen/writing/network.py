"""The NumPy network as it writes: it reads a text, and goes on from it, many poems at a time, each as if alone.

Every number that a poem is made from is computed from its own row: poem 7 is the same poem alone and among a
hundred, whatever the number of threads. A BLAS shares a product among threads, and picks another kernel, by its
size, and both change the order of the sums and so the last bit; so products are taken in tiles of one shape, and
poems leave by whole tiles only: at its place in a tile a row has the same bits whatever stands beside it.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from poetgen.byhand import language_model
from poetgen.byhand.language_model import Parameters, State, read_parameters
from poetgen.byhand.softmax import log_softmax
from poetgen.corpus.vocabulary import Vocabulary

Array = npt.NDArray[Any]
Given = TypeVar("Given")
Made = TypeVar("Made")

FEW = 50  # occurrences in the training text
TILE = 8  # rows that meet a block of a weight together
BLOCK = (
    2**18 // TILE
)  # elements in a block: up to 2^18 multiplications OpenBLAS uses one thread on any machine


# ---- products whose rows do not touch each other ----


def multiply_tiles(x: Array, weight: Array) -> Array:
    """x Wᵀ, the same bits for a row of x whatever stands beside it and however many threads there are.

    Shapes: (B, K), (N, K) -> (B, N). Tiles of TILE rows, the last filled up with zeros, meet blocks of W, each
    pair in a product of its own, of one shape for all and small enough to be left to one thread. (Where a kernel
    treats the rows of a tile unlike, a row still keeps its bits at the same place of any tile.) This has half
    the speed of a plain `x @ weight.T`.
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


class TiledWeight:
    """A weight (N, K) as the network by hand uses it, in `x @ weight.T`: the product is taken in tiles."""

    __array_ufunc__ = None  # so that NumPy hands `x @` over to __rmatmul__

    def __init__(self, weight: Array) -> None:
        self._weight, self.shape, self.dtype = weight, weight.shape, weight.dtype

    @property
    def T(self) -> "TiledWeight":
        """Itself: only the product with the transpose is ever taken."""
        return self

    def __rmatmul__(self, x: Array) -> Array:
        return multiply_tiles(x, self._weight)


def tile_weights(params: Parameters) -> Parameters:
    """The parameters for writing, with every weight that a step multiplies by taken in tiles."""
    tile: Callable[[Array], Any] = TiledWeight
    layers = tuple(
        layer._replace(weight_ih=tile(layer.weight_ih), weight_hh=tile(layer.weight_hh))
        for layer in params.layers
    )
    projection = None if params.projection is None else tile(params.projection)
    return params._replace(layers=layers, projection=projection, output=tile(params.output))


# ---- the network ----


class Network:
    """A model's weights with its vocabulary: it reads a text, and goes on from it a character at a time."""

    def __init__(self, weights: Mapping[str, Array], vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._params = tile_weights(read_parameters(weights))
        self._conditions = weights.get("conditions.weight")
        self._start: State | None = None
        self._guidance = 0.0
        self.commonness = _commonness(vocabulary)

    def after(self, prefix: Sequence[int], *, apart: Sequence[int] = (), guidance: float = 0.0) -> "Network":
        """The same network, whose poems begin when it has read a prefix (poetgen.corpus.conditions).

        With `guidance` s its logits are z + s (z - a), where a are those after the prefix `apart` (Ho & Salimans
        2022, "Classifier-free diffusion guidance"): what the one prefix says and the other does not weighs 1 + s.
        """
        if not prefix:
            return self
        told = copy(self)
        told._start, told._guidance = self._read(prefix), guidance
        if guidance:
            told._start = (*told._start, *self._read(apart))
        return told

    def _read(self, prefix: Sequence[int]) -> State:
        """The state (1, ...) after a prefix."""
        state = language_model.init_state(self._params, 1)
        size = len(self.vocabulary)
        # conditions are read as characters are, from a table of their own
        rows = None if self._conditions is None else self._conditions.astype(np.float32)
        for number in prefix:
            params, row = self._params, number
            if number >= size and rows is not None:
                params, row = self._params._replace(embedding=rows), number - size
            _, state = language_model.step(params, [row], state)
        return state

    def step(self, ids: Sequence[int] | Array, state: State | None = None) -> tuple[Array, State]:
        """Read one token of each poem; without a state the first. Shapes: (B,) -> logits of the next (B, V).

        Under guidance a state has the layers after the one prefix, then those after the other.
        """
        if state is None and self._start is not None:
            state = language_model.select_rows(self._start, [0] * len(ids))
        before = language_model.init_state(self._params, len(ids)) if state is None else state
        layers = len(self._params.layers)
        logits, after = language_model.step(self._params, ids, before[:layers])
        if self._guidance:
            plain, rest = language_model.step(self._params, ids, before[layers:])
            logits, after = logits + np.float32(self._guidance) * (logits - plain), (*after, *rest)
        return logits, after

    def follow(self, text: str) -> tuple[Array, State, float]:
        """Logits (1, V) and state after `text`, and its log-probability as the beginning of a poem."""
        logits, state = self.step([self.vocabulary.begin])
        total = 0.0
        for number in self.vocabulary.encode(text):
            total += float(log_softmax(logits)[0, number])
            logits, state = self.step([number], state)
        return logits, state, total

    def log_probabilities(self, bodies: Sequence[str]) -> Array:
        """Those of whole poems, their ends included, all of one length: (B,)."""
        known = self.vocabulary
        ids = np.array([[known.begin, *known.encode(body), known.end] for body in bodies])
        total, state = np.zeros(len(ids)), None
        for before, after in zip(ids.T[:-1], ids.T[1:], strict=True):
            logits, state = self.step(before, state)
            total += log_softmax(logits)[np.arange(len(ids)), after]
        return total


def _commonness(vocabulary: Vocabulary) -> Array:
    """The logarithm of each hanzi's share of the training text, 0 for other tokens: float32 (V,).

    Hanzi seen fewer than FEW times count as seen so often: what is hardly known gains no more by being rare.
    """
    counts = np.maximum(vocabulary.counts, FEW)
    counts[: vocabulary.first_hanzi] = counts[vocabulary.first_hanzi :].sum()
    commonness: Array = np.log(counts / counts[vocabulary.first_hanzi :].sum()).astype(np.float32)
    return commonness


@dataclass(frozen=True)
class Prefix:
    """Where every poem of a prompt begins: its text read by the network, logits (1, V) and state after it."""

    text: str
    ids: tuple[int, ...]
    logits: Array
    state: State
    log_probability: float

    @classmethod
    def read(cls, text: str, network: Network) -> "Prefix":
        """Read a text in corpus characters."""
        return cls(text, tuple(network.vocabulary.encode(text)), *network.follow(text))


# ---- the processors ----


def count_processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux, where a container may grant fewer than there are
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_threads(work: Callable[[Given], Made], items: Iterable[Given], *, threads: int) -> Iterator[Made]:
    """`map` in threads, no further ahead than keeps all of them busy: NumPy's long loops run side by side."""
    if threads == 1:
        yield from map(work, items)
        return
    from concurrent.futures import Future, ThreadPoolExecutor

    ahead: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                ahead.append(pool.submit(work, item))
                if len(ahead) > threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:  # nobody wants the rest
            for waiting in ahead:
                waiting.cancel()
