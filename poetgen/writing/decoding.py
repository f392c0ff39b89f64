"""Decoding: from the network's logits to characters, and from those to poems.

How a character is chosen (Sampling, sample), and how many poems are written side by side, each from a random
stream of its own (decode). What may be chosen, a matcher says.
"""

import math
import secrets
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from poetgen.byhand import language_model, softmax
from poetgen.byhand.language_model import State
from poetgen.errors import ConfigError
from poetgen.language import tr
from poetgen.poem.poem import QUESTION, STOP
from poetgen.writing.network import TILE, Network

if TYPE_CHECKING:
    from poetgen.writing.poem import Scansion

Array = npt.NDArray[Any]
CANDIDATES = 8  # as many as rows of a tile (poetgen.writing.network): a poem alone takes no longer for it
MOST_CANDIDATES = 10_000
MOST_GUIDANCE = 10
USUAL = -6.0  # the logarithm of a usual hanzi's share of the training text
# How the first OPENING hanzi of a poem, and the first of each later couplet, are drawn.
OPENING, OPENING_BOLDNESS, OPENING_TOP_P = 2, 1.9, 0.65
_BEYOND_UNICODE = sys.maxunicode  # so that no beginning ends like the number of a candidate


@dataclass(frozen=True)
class Sampling:
    """How poems are drawn: `count` of them from `seed`, each the best of `best_of` candidates.

    A character is chosen by probability^(1/temperature), among the `top_k` likeliest, and among those the
    fewest that hold `top_p` of the probability. Temperature 0 takes the likeliest; top_k 0 and top_p 1: all.

    A hanzi that the poem has already loses `repeat_penalty` nats beforehand, unless it has just been written and
    would be doubled (悠悠), not tripled. At 0 poems repeat themselves three to eight times as much as poets do.

    `common_penalty` times the logarithm of a hanzi's share of the training text is taken away too, which raises
    rare ones: a temperature below 1 sharpens what the context says, but also makes common hanzi commoner, until
    poems live on half the words of poets. At 1 - temperature a hanzi of which the context says nothing is as
    common as in the text; at 0 the model alone decides.

    A model that is told a title or poet follows it with the strength 1 + `guidance`
    (poetgen.writing.network.Network.after): at 0 as in training.

    Raises ConfigError for a value out of range.
    """

    temperature: float = 0.65  # bolder poems lose the thread, tamer ones repeat each other
    top_k: int = 0
    top_p: float = 1.0
    repeat_penalty: float = 1.5
    seed: int = 0
    count: int = 1
    best_of: int = CANDIDATES
    common_penalty: float = 0.35
    guidance: float = 0.5

    def __post_init__(self) -> None:
        fault = next(self._faults(), None)
        if fault:
            raise ConfigError(fault)

    def _faults(self) -> Iterator[str]:
        """What is out of range."""
        found = {**vars(self), "most": MOST_GUIDANCE, "most_candidates": MOST_CANDIDATES}
        if not 0 <= self.temperature < math.inf:
            yield tr("temperature must be 0 or more, not {temperature}; 0.65 is usual", **found)
        if self.top_k < 0:
            yield tr("top-k must be 0 (no limit) or more, not {top_k}", **found)
        if not 0 < self.top_p <= 1:
            yield tr("top-p must be above 0 and at most 1, not {top_p}", **found)
        if not 0 <= self.repeat_penalty < math.inf:
            yield tr("repeat-penalty must be 0 or more, not {repeat_penalty}; 1.5 is usual", **found)
        if not 0 <= self.common_penalty <= 1:
            yield tr("common-penalty must be 0 to 1, not {common_penalty}; 0.35 is usual", **found)
        if not 0 <= self.guidance <= MOST_GUIDANCE:
            yield tr("guidance must be 0 to {most}, not {guidance}; 0.5 is usual", **found)
        if self.seed < 0:
            yield tr("seed must be 0 or more, not {seed}", **found)
        if self.count < 1:
            yield tr("count must be at least 1, not {count}", **found)
        if not 1 <= self.best_of <= MOST_CANDIDATES:
            yield tr("best-of must be 1 to {most_candidates}, not {best_of}", **found)

    @property
    def is_greedy(self) -> bool:
        """Whether nothing is left to chance: the temperature is 0, or too small to divide by."""
        return bool(self.temperature < np.finfo(np.float32).tiny)

    @cached_property
    def of_opening(self) -> "Sampling":
        """How what begins a poem or a couplet is drawn: more evenly.

        Or most poems on 湖 would begin 湖上, and twice as many last couplets as in poems with 莫, 誰, 唯 or 若.
        """
        top_p = min(self.top_p, OPENING_TOP_P)
        return replace(self, temperature=self.temperature * OPENING_BOLDNESS, top_p=top_p)


def draw_seed() -> int:
    """A seed that nobody chose."""
    return secrets.randbelow(2**32)


def random_stream(seed: int, index: int, beginning: str = "", candidate: int = 0) -> np.random.Generator:
    """The randomness of poem `index`: its own, so that it does not depend on how many poems are asked for.

    The beginning takes part, or the poems of one seed for several prompts would run in parallel; so does the
    number of the candidate, where the best of several is sought.
    """
    key = (index, *map(ord, beginning), *([_BEYOND_UNICODE + candidate] if candidate else []))
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def sample(
    logits: Array,
    allowed: Array,
    *,
    sampling: Sampling,
    drawn: Array,
    written: tuple[Array, Array] | None = None,
) -> Array:
    """Choose one of the allowed ids in each row, by a number from [0, 1) for each.

    `written` are (rows, ids) that would come again. Shapes: (B, V), bool (B, V), (B,), two of (N,) -> (B,). What
    a row becomes does not depend on the others.
    """
    scores = np.where(allowed, logits, -np.inf)
    if written is not None:
        scores[written] -= sampling.repeat_penalty
    best = scores.argmax(axis=1)
    if sampling.is_greedy:
        return np.asarray(best)
    scores -= scores[np.arange(len(best)), best][:, None]
    with np.errstate(over="ignore"):  # a temperature near 0 sends all but the likeliest to -inf, rightly
        scores /= sampling.temperature
    if sampling.top_k or sampling.top_p < 1:
        for row in scores:
            row[_find_left_out(row, sampling)] = -np.inf
    return softmax.choose_by_weight(np.exp(scores, out=scores), drawn)


def raise_rare(logits: Array, commonness: Array, last: Sequence[int], *, penalty: float) -> Array:
    """Logits less `penalty` times the logarithm of each id's share of the training text, `commonness`.

    The `last` hanzi of each row, which may be doubled, gains no more than one of usual commonness: else rare ones
    would be doubled twice as often as in poems. Shapes: (B, V), (V,), (B,) -> (B, V).
    """
    if not penalty:
        return logits
    raised: Array = logits - np.float32(penalty) * commonness
    rows = np.arange(len(last))
    raised[rows, last] = logits[rows, last] - np.float32(penalty) * np.maximum(commonness[last], USUAL)
    return raised


def _find_left_out(scores: Array, sampling: Sampling) -> Array:
    """What top-k, then top-p, leave out; the rest by falling score, so that ties let no one extra in."""
    order = (-scores).argsort(kind="stable")
    kept = order[: sampling.top_k or None]
    if sampling.top_p < 1:
        weights = np.exp(scores[kept], dtype=np.float64)
        before = weights.cumsum() - weights  # what the likelier ones hold: the first is always kept
        kept = kept[before < sampling.top_p * weights.sum()]
    return np.asarray(order[len(kept) :])


# ---- many poems side by side ----


class Matcher(Protocol):
    """What decoding needs to know of a poem in the making: what may follow, and what is written."""

    notes: tuple[str, ...]  # on what gave way to its beginning

    def allowed(self) -> Array:
        """The tokens that may come next: bool (V,), not to be written to; never none."""

    def accept(self, number: int) -> None:
        """Take a hanzi or a mark."""

    def fork(self) -> "Matcher":
        """The same state, to go on apart."""

    @property
    def is_complete(self) -> bool:
        """Whether only the end may follow."""

    def lines(self) -> tuple[tuple[str, ...], str]:
        """The lines in corpus characters, and the marks that close them."""

    def scansion(self) -> "Scansion | None":
        """How the lines are read; None where nothing is asked of them."""


@dataclass
class Candidate:
    """One poem being written: `ids` are its tokens so far.

    `opening` is the part of its log-probability that those hanzi have which begin the poem or a couplet and were
    drawn.
    """

    rng: np.random.Generator
    matcher: Matcher
    ids: list[int]
    log_probability: float
    is_done: bool = False
    opening: float = 0.0


def decode(
    network: Network, logits: Array, state: State, candidates: Sequence[Candidate], *, sampling: Sampling
) -> Sequence[Candidate]:
    """Write candidates to their end, all of which go on from logits (1, V) and state of one poem.

    The number of the first one, among all that are asked for, must be a multiple of TILE.
    """
    logits = np.repeat(logits, len(candidates), axis=0)
    state = language_model.select_rows(state, [0] * len(candidates))
    writing = list(candidates)
    while writing:
        _extend(network, writing, logits, sampling)
        going = [place for place in range(len(writing)) if not _tile_is_done(writing, place)]
        writing = [writing[place] for place in going]
        if writing:
            logits, state = network.step(
                [row.ids[-1] for row in writing], language_model.select_rows(state, going)
            )
    return candidates


def _tile_is_done(rows: Sequence[Candidate], place: int) -> bool:
    """Whether all poems that share the tile of this place are done."""
    first = place // TILE * TILE
    return all(row.is_done for row in rows[first : first + TILE])


def _extend(network: Network, rows: Sequence[Candidate], logits: Array, sampling: Sampling) -> None:
    """Choose the next token of each poem that is not done. logits (B, V)."""
    going = [place for place, row in enumerate(rows) if not row.is_done]
    logits = logits if len(going) == len(rows) else logits[going]
    rows = [rows[place] for place in going]
    allowed = np.stack([row.matcher.allowed() for row in rows])
    drawn = np.array([row.rng.random() for row in rows])
    written = _find_written(rows, network.vocabulary.first_hanzi)
    couplet_ends = network.vocabulary.encode(STOP + QUESTION)
    opens = np.array([_opens(row, couplet_ends) for row in rows])
    last = [row.ids[-1] if row.ids else network.vocabulary.begin for row in rows]
    raised = raise_rare(logits, network.commonness, last, penalty=sampling.common_penalty)
    ids = np.zeros(len(rows), np.intp)
    for drawing, chosen in ((sampling, ~opens), (sampling.of_opening, opens)):
        if chosen.any():
            found = sample(raised, allowed, sampling=drawing, drawn=drawn, written=written)
            ids[chosen] = found[chosen]
    losses, _ = softmax.forward(logits, ids)
    is_drawn = opens & (allowed.sum(axis=1) > 1)
    for row, number, loss, is_opening in zip(
        rows, ids.tolist(), losses.tolist(), is_drawn.tolist(), strict=True
    ):
        row.log_probability -= loss
        row.opening -= loss if is_opening else 0.0
        row.is_done = number == network.vocabulary.end
        if not row.is_done:
            row.ids.append(number)
            row.matcher.accept(number)


def _opens(row: Candidate, couplet_ends: Sequence[int]) -> bool:
    """Whether what comes next is among the first hanzi of the poem, or the first of a couplet."""
    return len(row.ids) < OPENING or row.ids[-1] in couplet_ends


def _find_written(rows: Sequence[Candidate], first_hanzi: int) -> tuple[Array, Array]:
    """(places, ids) of the hanzi that each poem has, but for a last one that may be doubled: two of (N,)."""
    pairs = [
        (place, number)
        for place, row in enumerate(rows)
        for number in set(row.ids)
        if number >= first_hanzi and (number != row.ids[-1] or [number] == row.ids[-2:-1])
    ]
    places, ids = np.array(pairs, np.intp).reshape(-1, 2).T
    return places, ids
