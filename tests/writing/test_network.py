"""Products whose rows do not touch each other, and threads whose results come in order."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.writing.decoding import CANDIDATES
from poetgen.writing.network import BLOCK, TILE, TiledWeight, count_processors, map_in_threads

# outputs, inputs: one block, whole blocks, blocks and a rest, rows longer than a block
SIZES = [(1, 1), (7, 3), (64, 256), (7250, 64), (401, 300), (3, BLOCK + 1)]


def made(outputs: int, inputs: int, batch: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(outputs + inputs)
    return rng.normal(size=(batch, inputs)).astype(np.float32), rng.normal(size=(outputs, inputs)).astype(
        np.float32
    )


@pytest.mark.parametrize(("outputs", "inputs"), SIZES)
def test_is_the_product(outputs, inputs):
    x, weight = made(outputs, inputs, 3)
    exact = x.astype(np.float64) @ weight.T.astype(np.float64)
    np.testing.assert_allclose(x @ TiledWeight(weight).T, exact, rtol=0, atol=1e-5 * inputs**0.5)


@given(st.integers(1, 300), st.integers(1, 200), st.integers(1, 6))
def test_is_the_product_for_any_shape(outputs, inputs, batch):
    x, weight = made(outputs, inputs, batch)
    np.testing.assert_allclose(x @ TiledWeight(weight).T, x @ weight.T, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("outputs", "inputs"), SIZES)
def test_a_row_is_the_same_bits_in_any_company(outputs, inputs):
    x, weight = made(outputs, inputs, 33)
    together = x @ TiledWeight(weight).T
    for rows in ([0], [32], [5, 4, 3], list(range(16))):
        alone = np.ascontiguousarray(x[rows]) @ TiledWeight(weight).T
        assert (alone == together[rows]).all()


def test_the_same_bits_for_any_number_of_threads():
    script = (
        "import numpy as np; from poetgen.writing.network import TiledWeight;"
        "r = np.random.default_rng(0);"
        "x, w = (r.normal(size=(n, 512)).astype('f') for n in (4, 7000));"
        "import hashlib; print(hashlib.sha256((x @ TiledWeight(w).T).tobytes()).hexdigest())"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2", "3")
    }
    assert len(printed) == 1


@given(st.lists(st.integers(), max_size=30), st.integers(1, 4))
def test_is_map(items, threads):
    assert list(map_in_threads(str, items, threads=threads)) == [str(item) for item in items]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_begins_no_more_than_keeps_the_threads_busy(threads):
    begun = []
    results = map_in_threads(begun.append, range(50), threads=threads)
    next(results)
    results.close()
    assert 1 <= len(begun) <= threads + 1


def test_threads_work_side_by_side():
    meeting = threading.Barrier(2, timeout=20)
    assert sorted(map_in_threads(lambda _: meeting.wait(), range(2), threads=2)) == [0, 1]


def test_an_error_comes_after_the_results_before_it():
    results = map_in_threads(lambda n: 1 // n, [1, 1, 0, 1], threads=2)
    assert [next(results), next(results)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_some_processor_may_be_used():
    assert count_processors() >= 1


def test_a_poem_alone_takes_no_longer_for_its_candidates():
    assert CANDIDATES == TILE
