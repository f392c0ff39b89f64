"""Many poems written side by side, each as if alone.

Poems stand in tiles (poetgen.byhand.linear), and leave by whole tiles only: a poem that has the same place in its
tile has the same bits whatever stands beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from poetgen.byhand import language_model, softmax
from poetgen.byhand.language_model import State
from poetgen.byhand.linear import TILE
from poetgen.writing.network import Network
from poetgen.writing.sampling import Sampling, sample

Array = npt.NDArray[Any]


class Masked(Protocol):
    """What is needed of a draft: it says what may follow, takes it, and can be copied."""

    def mask(self) -> Array:
        """The tokens that may come next: bool (V,), not to be written to; never none."""

    def add(self, number: int) -> None:
        """Take a hanzi or a mark."""

    def copy(self) -> "Masked":
        """The same state, to go on apart."""


@dataclass(frozen=True)
class Start:
    """Where every poem of a prompt begins: its text read, logits (1, V) and state after it."""

    text: str
    ids: tuple[int, ...]
    logits: Array
    state: State
    log_probability: float

    @classmethod
    def after(cls, text: str, network: Network) -> "Start":
        """Read a text."""
        return cls(text, tuple(network.vocabulary.encode(text)), *network.follow(text))

    def row(self, draft: Masked, rng: np.random.Generator) -> "Row":
        """A poem that goes on from here; `draft` has taken the text."""
        return Row(rng, draft.copy(), list(self.ids), self.log_probability)


@dataclass
class Row:
    """One poem being written."""

    rng: np.random.Generator
    draft: Masked
    ids: list[int]
    log_probability: float
    is_done: bool = False


def write_together(
    network: Network, start: Start, rows: Sequence[Row], *, sampling: Sampling
) -> Sequence[Row]:
    """Write rows of this start to their end.

    The number of the first one, among all poems that are asked for, must be a multiple of TILE.
    """
    logits = np.repeat(start.logits, len(rows), axis=0)
    state = language_model.select(start.state, [0] * len(rows))
    writing = list(rows)
    while writing:
        _extend(network, writing, logits, sampling)
        going = [place for place in range(len(writing)) if not _tile_is_done(writing, place)]
        writing = [writing[place] for place in going]
        if writing:
            logits, state = network.step(
                [row.ids[-1] for row in writing], language_model.select(state, going)
            )
    return rows


def _tile_is_done(rows: Sequence[Row], place: int) -> bool:
    """Whether all poems that share the tile of this place are done."""
    first = place // TILE * TILE
    return all(row.is_done for row in rows[first : first + TILE])


def _extend(network: Network, rows: Sequence[Row], logits: Array, sampling: Sampling) -> None:
    """Choose the next token of each poem that is not done. logits (B, V)."""
    going = [place for place, row in enumerate(rows) if not row.is_done]
    logits = logits if len(going) == len(rows) else logits[going]
    rows = [rows[place] for place in going]
    allowed = np.stack([row.draft.mask() for row in rows])
    drawn = np.array([row.rng.random() for row in rows])
    written = _written(rows, network.vocabulary.first_hanzi)
    ids = sample(logits, allowed, sampling=sampling, drawn=drawn, written=written)
    losses, _ = softmax.forward(logits, ids)
    for row, number, loss in zip(rows, ids.tolist(), losses.tolist(), strict=True):
        row.log_probability -= loss
        row.is_done = number == network.vocabulary.end
        if not row.is_done:
            row.ids.append(number)
            row.draft.add(number)


def _written(rows: Sequence[Row], first_hanzi: int) -> tuple[Array, Array]:
    """(places, ids) of the hanzi that each poem has, but for a last one that may be doubled: two of (N,)."""
    pairs = [
        (place, number)
        for place, row in enumerate(rows)
        for number in set(row.ids)
        if number >= first_hanzi and (number != row.ids[-1] or [number] == row.ids[-2:-1])
    ]
    places, ids = np.array(pairs, np.intp).reshape(-1, 2).T
    return places, ids
