"""Losses of poems → perplexities as docs/measures.md defines them, with bootstrap intervals over poems."""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Interval = tuple[float, float]

FIGURES = ("ppl_token", "ppl_hanzi", "ppl_poem", "bits_per_hanzi")
LARGEST_LOSS = 700.0  # exp of about 710 is more than a float holds
RESAMPLES = 1000
BOOTSTRAP_SEED = 0
# resamples times poems whose draws are held in memory at once
DRAWS = 2**22


@dataclass(frozen=True)
class Figures:
    """The measures of some poems; None where there is nothing to measure, or no finite number to give."""

    ppl_token: float | None
    ppl_hanzi: float | None
    ppl_poem: float | None
    bits_per_hanzi: float | None
    intervals: Mapping[str, Interval | None]
    poems: int
    tokens: int
    hanzi: int
    out_of_vocabulary: int
    out_of_vocabulary_rate: float | None


@dataclass(frozen=True)
class PoemLosses:
    """What each poem cost, arrays of (poems,): natural-log losses, and how much text they are for."""

    loss: Floats
    hanzi_loss: Floats
    tokens: Counts
    hanzi: Counts
    unknown: Counts

    def __getitem__(self, chosen: npt.NDArray[np.bool_]) -> "PoemLosses":
        """These poems alone."""
        return PoemLosses(*(getattr(self, f.name)[chosen] for f in dataclasses.fields(self)))


def figures(losses: PoemLosses) -> Figures:
    """The measures of these poems."""
    poems, hanzi, unknown = len(losses.loss), int(losses.hanzi.sum()), int(losses.unknown.sum())
    columns = np.stack(
        [losses.loss, losses.hanzi_loss, perplexity_of_poems(losses), losses.tokens, losses.hanzi], axis=1
    )
    values = measures(columns.sum(0), poems)
    resampled = measures(bootstrap_sums(columns), poems)
    # one poem, drawn again and again, is always the same
    intervals = {name: interval(resampled[name]) if poems > 1 else None for name in FIGURES}
    return Figures(
        **{name: finite(float(value)) for name, value in values.items()},
        intervals=intervals,
        poems=poems,
        tokens=int(losses.tokens.sum()),
        hanzi=hanzi,
        out_of_vocabulary=unknown,
        out_of_vocabulary_rate=unknown / hanzi if hanzi else None,
    )


def perplexity_of_poems(losses: PoemLosses) -> Floats:
    """exp(mean token loss) of each poem, (poems,); infinite where that is too large a number."""
    with np.errstate(over="ignore"):
        return np.exp(losses.loss / losses.tokens)


def measures(sums: Floats, poems: int) -> dict[str, Floats]:
    """The four figures from sums over poems, (..., 5): loss, loss on hanzi, Σ ppl of poems, tokens, hanzi."""
    loss, hanzi_loss, poem_ppl, tokens, hanzi = np.moveaxis(sums, -1, 0)
    # no poems: 0 / 0; a model that knows nothing: exp of a large number
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return {
            "ppl_token": np.exp(loss / tokens),
            "ppl_hanzi": np.exp(hanzi_loss / hanzi),
            "ppl_poem": poem_ppl / np.float64(poems),
            "bits_per_hanzi": loss / hanzi / math.log(2),
        }


def bootstrap_sums(columns: Floats) -> Floats:
    """Sums over poems drawn with replacement: (poems, K) -> (RESAMPLES, K)."""
    if not len(columns):
        return np.zeros((RESAMPLES, columns.shape[1]))
    with np.errstate(invalid="ignore"):  # an infinite perplexity drawn 0 times
        return np.concatenate([times_drawn @ columns for times_drawn in draw_with_replacement(len(columns))])


def draw_with_replacement(count: int) -> Iterator[Counts]:
    """How often each of `count` things is drawn: RESAMPLES rows, in blocks (some of them, count)."""
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    at_once = max(1, DRAWS // count)
    for start in range(0, RESAMPLES, at_once):
        rows = min(at_once, RESAMPLES - start)
        draws = rng.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        yield np.bincount(draws.ravel(), minlength=rows * count).reshape(rows, count)


def interval(values: Floats) -> Interval | None:
    """Where the middle 95 % of these lie; None when they are not all finite."""
    if not np.isfinite(values).all():
        return None
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def perplexity(loss: float) -> float:
    """exp(loss), and infinity for a loss beyond what a float can hold."""
    return math.exp(loss) if loss < LARGEST_LOSS else math.inf


def finite(value: float) -> float | None:
    """JSON has no infinity: None stands for it."""
    return value if math.isfinite(value) else None
