"""Memory that is used again."""

import torch

from poetgen.model.scratch import KEPT, Scratch

LIKE = torch.zeros(1)


def test_what_was_given_back_is_lent_again_in_another_shape() -> None:
    scratch = Scratch()
    first = scratch.take(4, 6, like=LIKE)
    scratch.give(first)
    second = scratch.take(5, 2, like=LIKE)
    assert second.shape == (5, 2) and second.data_ptr() == first.data_ptr()
    third = scratch.take(5, 2, like=LIKE)
    assert third.data_ptr() != first.data_ptr()
    scratch.give(second)
    assert scratch.take(24, like=LIKE).data_ptr() == first.data_ptr()  # the whole of it came back


def test_the_smallest_that_fits_is_lent() -> None:
    scratch = Scratch()
    large, small = scratch.take(100, like=LIKE), scratch.take(10, like=LIKE)
    scratch.give(large, small)
    assert scratch.take(9, like=LIKE).data_ptr() == small.data_ptr()
    assert scratch.take(9, like=LIKE).data_ptr() == large.data_ptr()


def test_another_type_is_never_lent() -> None:
    scratch = Scratch()
    scratch.give(scratch.take(10, like=LIKE))
    assert scratch.take(4, like=LIKE.double()).dtype == torch.float64


def test_only_the_largest_are_kept() -> None:
    scratch = Scratch()
    scratch.give(*[scratch.take(size, like=LIKE) for size in range(1, KEPT + 5)])
    assert sorted(map(len, scratch.free)) == [*range(5, KEPT + 5)]
