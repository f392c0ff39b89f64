"""A prepared split → batches of (T, B) ids: bucketed by length, in a seeded order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

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

    inputs: Tensor
    targets: Tensor
    lengths: Tensor
    prefix: Tensor | None = None

    @property
    def tokens(self) -> int:
        """Real tokens, padding and prefixes excluded."""
        return int(self.lengths.sum()) - (0 if self.prefix is None else int(self.prefix.sum()))

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        prefix = None if self.prefix is None else self.prefix.to(device)
        return Batch(self.inputs.to(device), self.targets.to(device), self.lengths.to(device), prefix)

    def segments(self, length: int) -> Iterator["Batch"]:
        """The batch in pieces of at most `length` steps; a poem that has ended has length 0 in later pieces."""
        for start in range(0, len(self.inputs), length):
            part = slice(start, start + length)
            lengths = (self.lengths - start).clamp(0, length)
            prefix = None if self.prefix is None else (self.prefix - start).clamp(0, length)
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


def make_batch(poems: EncodedPoems, indices: Indices) -> Batch:
    """Gather these poems into one padded batch."""
    lengths = poems.lengths[indices]
    targets = np.full((len(indices), int(lengths.max())), Vocabulary.pad, dtype=np.int64)
    for row, k in enumerate(indices):
        targets[row, : lengths[row]] = poems[int(k)]
    inputs = np.full_like(targets, Vocabulary.begin)
    inputs[:, 1:] = targets[:, :-1]
    # past a poem's end the input is padding too: nothing there may depend on what the poem was
    inputs[np.arange(targets.shape[1]) >= lengths[:, None]] = Vocabulary.pad
    return Batch(time_first(inputs), time_first(targets), torch.from_numpy(lengths.astype(np.int64)))


def make_conditional_batch(poems: EncodedPoems, indices: Indices, prefixes: Sequence[Sequence[int]]) -> Batch:
    """As make_batch, each poem after its prefix of numbers that say what it is to be."""
    before = np.array([len(prefix) for prefix in prefixes], dtype=np.int64)
    lengths = poems.lengths[indices] + before
    targets = np.full((len(indices), int(lengths.max())), Vocabulary.pad, dtype=np.int64)
    inputs = np.full_like(targets, Vocabulary.pad)
    for row, (k, prefix) in enumerate(zip(indices, prefixes, strict=True)):
        first, last = len(prefix), lengths[row]
        targets[row, first:last] = poems[int(k)]
        inputs[row, :first], inputs[row, first] = prefix, Vocabulary.begin
        inputs[row, first + 1 : last] = targets[row, first : last - 1]
    return Batch(time_first(inputs), time_first(targets), torch.from_numpy(lengths), torch.from_numpy(before))


def time_first(ids: Indices) -> Tensor:
    """(B, T) -> (T, B)."""
    return torch.from_numpy(np.ascontiguousarray(ids.T))


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
        if prefixes is None:
            yield indices, make_batch(poems, indices)
        else:
            yield indices, make_conditional_batch(poems, indices, [prefixes[int(k)] for k in indices])
