"""A prepared split → batches of (T, B) ids: bucketed by length, in a seeded order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from poetgen.corpus.dataset import EncodedPoems
from poetgen.corpus.vocabulary import Vocabulary

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """B poems of at most T tokens: inputs begin with <begin>, targets end with <end>, one step apart.

    inputs, targets (T, B) int64, padded with <pad>; lengths (B,) int64, in tokens. What a poem is to be may stand
    before its <begin>: `prefix` (B,) says how many of its tokens are only read, their targets being <pad>; None:
    no poem has any.
    """

    inputs: Indices
    targets: Indices
    lengths: Indices
    prefix: Indices | None = None

    @property
    def tokens(self) -> int:
        """Real tokens, padding and prefixes excluded."""
        return int(self.lengths.sum()) - (0 if self.prefix is None else int(self.prefix.sum()))

    @property
    def is_scored(self) -> npt.NDArray[np.bool_]:
        """Which tokens count: those before a poem's end, and after its prefix: (T, B)."""
        steps = np.arange(len(self.inputs))[:, None]
        return (steps < self.lengths) & (steps >= (0 if self.prefix is None else self.prefix))

    def segments(self, length: int) -> Iterator["Batch"]:
        """The batch in pieces of at most `length` steps; a poem that has ended has length 0 in later pieces."""
        for start in range(0, len(self.inputs), length):
            part = slice(start, start + length)
            lengths = (self.lengths - start).clip(0, length)
            prefix = None if self.prefix is None else (self.prefix - start).clip(0, length)
            yield Batch(self.inputs[part], self.targets[part], lengths, prefix)


def bucket_by_length(
    lengths: Indices, *, batch_size: int, max_tokens: int, rng: np.random.Generator | None = None
) -> list[Indices]:
    """Numbers of poems in batches of nearly equal length; `rng` shuffles poems of one length, and batches.

    A batch has at most `batch_size` poems and, padding counted, `max_tokens` tokens (or a single poem).
    How many batches there are depends on the lengths alone.
    """
    ties = np.zeros(len(lengths)) if rng is None else rng.random(len(lengths))
    order = np.lexsort((ties, lengths))[::-1]
    batches, start = [], 0
    while start < len(order):
        longest = int(lengths[order[start]])
        stop = start + max(1, min(batch_size, max_tokens // max(1, longest)))
        batches.append(order[start:stop])
        start = stop
    if rng is not None:
        batches = [batches[k] for k in rng.permutation(len(batches))]
    return batches


def make_batch(
    poems: EncodedPoems, indices: Indices, prefixes: Sequence[Sequence[int]] | None = None
) -> Batch:
    """Gather these poems into one padded batch, each after its prefix of numbers that say what it is to be."""
    before = np.array([len(prefix) for prefix in prefixes or [()] * len(indices)], dtype=np.int64)
    lengths = poems.lengths[indices] + before
    longest = int(lengths.max())
    ids = np.full((len(indices), 1 + longest), Vocabulary.pad, dtype=np.int64)
    for row, (k, first) in enumerate(zip(indices, before, strict=True)):
        ids[row, :first] = prefixes[row] if prefixes else ()
        ids[row, first] = Vocabulary.begin
        ids[row, first + 1 : lengths[row] + 1] = poems[int(k)]
    inputs, targets, steps = ids[:, :-1].copy(), ids[:, 1:], np.arange(longest)
    # past a poem's end the input is padding too: nothing there may depend on what the poem was
    inputs[steps >= lengths[:, None]] = Vocabulary.pad
    targets[steps < before[:, None]] = Vocabulary.pad
    return Batch(time_first(inputs), time_first(targets), lengths, None if prefixes is None else before)


def time_first(ids: Indices) -> Indices:
    """(B, T) -> (T, B)."""
    return np.ascontiguousarray(ids.T)


def epoch_batches(
    poems: EncodedPoems, *, batch_size: int, max_tokens: int, seed: int, epoch: int
) -> list[Indices]:
    """The batches of one epoch, decided by (seed, epoch) alone, so that a resumed run finds its place."""
    rng = np.random.default_rng([seed, epoch])
    return bucket_by_length(poems.lengths, batch_size=batch_size, max_tokens=max_tokens, rng=rng)


def ordered_batches(
    poems: EncodedPoems, *, batch_size: int, max_tokens: int, prefixes: Sequence[Sequence[int]] | None = None
) -> Iterator[tuple[Indices, Batch]]:
    """Every poem once, unshuffled, for measuring, each after its prefix if there are any: (which, their batch)."""
    for indices in bucket_by_length(poems.lengths, batch_size=batch_size, max_tokens=max_tokens):
        yield indices, make_batch(poems, indices, prefixes and [prefixes[int(k)] for k in indices])
