"""Batches: every poem once, in an order that (seed, epoch) decide, one character apart."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus.batches import (
    bucket_by_length,
    epoch_batches,
    make_batch,
    ordered_batches,
)
from poetgen.corpus.dataset import EncodedPoems
from poetgen.corpus.vocabulary import Vocabulary

LENGTHS = st.lists(st.integers(1, 300), min_size=1, max_size=80)
SIZES = st.tuples(st.integers(1, 20), st.integers(1, 2000))


def poems_of(lengths: Sequence[int]) -> EncodedPoems:
    """Poems of these many tokens, no two alike, none with a special inside."""
    rng = np.random.default_rng(0)
    rows = [[*rng.integers(Vocabulary.first_hanzi, 500, n - 1), Vocabulary.end] for n in lengths]
    ids = np.array([number for row in rows for number in row], dtype=np.uint16)
    return EncodedPoems(ids, np.cumsum([0, *lengths], dtype=np.int64))


@given(LENGTHS, SIZES, st.integers(0, 2**40), st.integers(0, 1000))
def test_an_epoch_has_every_poem_once_within_the_limits(
    lengths: list[int], sizes: tuple[int, int], seed: int, epoch: int
) -> None:
    poems, (batch_size, max_tokens) = poems_of(lengths), sizes
    batches = epoch_batches(poems, batch_size=batch_size, max_tokens=max_tokens, seed=seed, epoch=epoch)
    assert sorted(k for batch in batches for k in batch) == list(range(len(lengths)))
    for batch in batches:
        assert 1 <= len(batch) <= batch_size
        assert len(batch) == 1 or len(batch) * poems.lengths[batch].max() <= max_tokens


@given(LENGTHS, SIZES, st.integers(0, 2**40), st.integers(0, 1000))
def test_seed_and_epoch_alone_decide_the_order_and_no_epoch_has_more_batches(
    lengths: list[int], sizes: tuple[int, int], seed: int, epoch: int
) -> None:
    poems, (batch_size, max_tokens) = poems_of(lengths), sizes

    def order(epoch: int) -> list[list[int]]:
        batches = epoch_batches(poems, batch_size=batch_size, max_tokens=max_tokens, seed=seed, epoch=epoch)
        return [batch.tolist() for batch in batches]

    assert order(epoch) == order(epoch)
    assert sorted(map(len, order(epoch))) == sorted(map(len, order(epoch + 1)))


def test_epochs_and_seeds_differ() -> None:
    poems = poems_of([21] * 40 + [33] * 40)
    orders = [
        [
            batch.tolist()
            for batch in epoch_batches(poems, batch_size=8, max_tokens=999, seed=seed, epoch=epoch)
        ]
        for seed, epoch in ((0, 1), (0, 2), (1, 1), (1, 0))
    ]
    assert len({str(order) for order in orders}) == len(orders)


@given(LENGTHS, st.integers(1, 20))
def test_little_padding_is_computed(lengths: list[int], batch_size: int) -> None:
    """Sorted by length: what a batch pads is less than the spread of lengths times its size."""
    poems = poems_of(lengths)
    batches = bucket_by_length(poems.lengths, batch_size=batch_size, max_tokens=10**9)
    ranges = sorted((int(poems.lengths[b].min()), int(poems.lengths[b].max())) for b in batches)
    for (_, high), (low, _) in pairwise(ranges):
        assert high <= low


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12))
def test_inputs_are_the_targets_one_step_later_and_all_else_is_padding(lengths: list[int]) -> None:
    poems = poems_of(lengths)
    indices = np.arange(len(lengths))[::-1].copy()
    batch = make_batch(poems, indices)
    assert batch.inputs.shape == batch.targets.shape == (max(lengths), len(lengths))
    assert batch.inputs.dtype == batch.targets.dtype == batch.lengths.dtype == np.int64
    assert batch.tokens == sum(lengths)
    for column, k in enumerate(indices):
        n = lengths[k]
        target, given = batch.targets[:, column].tolist(), batch.inputs[:, column].tolist()
        assert target[:n] == poems[k].tolist()
        assert given[:n] == [Vocabulary.begin, *target[: n - 1]]
        assert set(target[n:]) | set(given[n:]) <= {Vocabulary.pad}
        assert target[n - 1] == Vocabulary.end


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(1, 50))
def test_segments_cover_a_batch_exactly(lengths: list[int], length: int) -> None:
    batch = make_batch(poems_of(lengths), np.arange(len(lengths)))
    segments = list(batch.segments(length))
    assert all(len(segment.inputs) <= length for segment in segments)
    assert np.array_equal(np.concatenate([segment.inputs for segment in segments]), batch.inputs)
    assert np.array_equal(np.concatenate([segment.targets for segment in segments]), batch.targets)
    assert np.array_equal(np.stack([segment.lengths for segment in segments]).sum(0), batch.lengths)
    for segment in segments:
        real = np.arange(len(segment.inputs))[:, None] < segment.lengths
        assert (segment.targets[real] != Vocabulary.pad).all()
        assert (segment.targets[~real] == Vocabulary.pad).all()


def test_measuring_goes_through_every_poem_unshuffled() -> None:
    poems = poems_of([5, 9, 9, 2, 70])
    parts = list(ordered_batches(poems, batch_size=2, max_tokens=40))
    assert sorted(k for indices, _ in parts for k in indices) == [0, 1, 2, 3, 4]
    again = list(ordered_batches(poems, batch_size=2, max_tokens=40))
    assert all(np.array_equal(one[0], other[0]) for one, other in zip(parts, again, strict=True))
    for indices, batch in parts:
        assert batch.lengths.tolist() == poems.lengths[indices].tolist()


def test_a_prefix_is_read_before_begin_and_never_scored() -> None:
    poems = poems_of([3, 5])
    batch = make_batch(poems, np.array([1, 0]), [[90, 91], []])
    assert batch.prefix is not None and batch.prefix.tolist() == [2, 0]
    assert batch.lengths.tolist() == [7, 3]
    assert batch.tokens == 8
    first, second = poems[1].tolist(), poems[0].tolist()
    assert batch.inputs[:, 0].tolist() == [90, 91, Vocabulary.begin, *first[:-1]]
    assert batch.targets[:, 0].tolist() == [Vocabulary.pad] * 2 + first
    assert batch.inputs[:, 1].tolist() == [Vocabulary.begin, *second[:-1]] + [Vocabulary.pad] * 4
    parts = list(batch.segments(4))
    assert [part.prefix.tolist() for part in parts if part.prefix is not None] == [[2, 0], [0, 0]]
    assert sum(part.tokens for part in parts) == batch.tokens


def test_without_prefixes_a_conditional_batch_is_the_ordinary_one() -> None:
    poems = poems_of([3, 5, 2])
    indices = np.array([1, 0, 2])
    plain, conditional = make_batch(poems, indices), make_batch(poems, indices, [[]] * 3)
    assert np.array_equal(plain.inputs, conditional.inputs) and np.array_equal(
        plain.targets, conditional.targets
    )
    assert np.array_equal(plain.lengths, conditional.lengths) and plain.tokens == conditional.tokens


def epochs_of(lengths: Sequence[int], batch_size: int) -> list[list[list[int]]]:
    """The batches of two epochs."""
    poems = poems_of(lengths)
    return [
        [
            batch.tolist()
            for batch in epoch_batches(poems, batch_size=batch_size, max_tokens=10**6, seed=1, epoch=epoch)
        ]
        for epoch in (1, 2)
    ]


def test_batches_of_all_lengths_come_mixed_and_otherwise_in_every_epoch() -> None:
    # a poem of each length is a batch, so nothing but their order can differ
    first, second = epochs_of(range(2, 42), batch_size=1)
    assert sorted(first) == sorted(second) and first != second
    assert first not in (sorted(first), sorted(first, reverse=True))


def test_poems_of_one_length_are_dealt_anew_in_every_epoch() -> None:
    # all in one batch, so nothing but the order within can differ
    [first], [second] = epochs_of([21] * 40, batch_size=40)
    assert sorted(first) == sorted(second) and first != second
    assert first not in (sorted(first), sorted(first, reverse=True))
