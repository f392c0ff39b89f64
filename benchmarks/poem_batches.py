"""Batches of prepared poems without end, as the baseline's user would make them and as poetgen does."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from poetgen.corpus.batches import Batch, epoch_batches, make_batch
from poetgen.corpus.dataset import EncodedPoems

TOKENS = 128  # a poem, of which a batch by length may have at most


def shuffled_batches(poems: EncodedPoems, batch_size: int, *, seed: int = 0) -> Iterator[Batch]:
    """Poems in any order, each batch padded to its longest. Exits where there are too few for one."""
    if len(poems) < batch_size:
        raise SystemExit(f"{len(poems)} training poems make no batch of {batch_size}; prepare more")
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(poems))
        for start in range(0, len(order) - batch_size + 1, batch_size):
            yield make_batch(poems, order[start : start + batch_size])


def batches_by_length(poems: EncodedPoems, batch_size: int) -> Iterator[Batch]:
    """Poems of like lengths together, epoch after epoch."""
    for epoch in count(1):
        for indices in epoch_batches(
            poems, batch_size=batch_size, max_tokens=batch_size * TOKENS, seed=0, epoch=epoch
        ):
            yield make_batch(poems, indices)
