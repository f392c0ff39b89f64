"""Results come in order, work runs only a little ahead, and errors arrive where they are due."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.writing.parallel import in_order, processors


@given(st.lists(st.integers(), max_size=30), st.integers(1, 4))
def test_is_map(items, threads):
    assert list(in_order(str, items, threads=threads)) == [str(item) for item in items]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_begins_no_more_than_keeps_the_threads_busy(threads):
    begun = []
    results = in_order(begun.append, range(50), threads=threads)
    next(results)
    results.close()
    assert 1 <= len(begun) <= threads + 1


def test_threads_work_side_by_side():
    meeting = threading.Barrier(2, timeout=20)
    assert sorted(in_order(lambda _: meeting.wait(), range(2), threads=2)) == [0, 1]


def test_an_error_comes_after_the_results_before_it():
    results = in_order(lambda n: 1 // n, [1, 1, 0, 1], threads=2)
    assert [next(results), next(results)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_some_processor_may_be_used():
    assert processors() >= 1
