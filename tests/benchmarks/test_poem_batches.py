"""Batches without end, and a sentence where poems are too few for one."""

from itertools import islice

import pytest

from benchmarks.poem_batches import batches_by_length, shuffled_batches


@pytest.mark.parametrize("make", [shuffled_batches, batches_by_length])
def test_batches_go_on_after_every_poem_was_read(make, prepared):
    poems = prepared.split("train")
    enough = 2 * len(poems) // 7 + 2
    assert len([*islice(make(poems, 7), enough)]) == enough


def test_too_few_poems_for_a_batch_are_said(prepared):
    poems = prepared.split("train")
    with pytest.raises(SystemExit, match=f"{len(poems)} training poems make no batch of {len(poems) + 1}"):
        next(shuffled_batches(poems, len(poems) + 1))
