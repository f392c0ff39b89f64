"""The linear layer, both ways; rows_times is x Wᵀ, and a row's bits depend on that row alone."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from poetgen.byhand import linear
from poetgen.byhand.differences import derivative, error
from poetgen.byhand.linear import BLOCK, LinearParameters, rows_times

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
    np.testing.assert_allclose(rows_times(x, weight), exact, rtol=0, atol=1e-5 * inputs**0.5)


@given(st.integers(1, 300), st.integers(1, 200), st.integers(1, 6))
def test_is_the_product_for_any_shape(outputs, inputs, batch):
    x, weight = made(outputs, inputs, batch)
    np.testing.assert_allclose(rows_times(x, weight), x @ weight.T, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("outputs", "inputs"), SIZES)
def test_a_row_is_the_same_bits_in_any_company(outputs, inputs):
    x, weight = made(outputs, inputs, 33)
    together = rows_times(x, weight)
    for rows in ([0], [32], [5, 4, 3], list(range(16))):
        assert (rows_times(np.ascontiguousarray(x[rows]), weight) == together[rows]).all()


def test_the_same_bits_for_any_number_of_threads():
    script = (
        "import numpy as np; from poetgen.byhand.linear import rows_times;"
        "r = np.random.default_rng(0);"
        "x, w = (r.normal(size=(n, 512)).astype('f') for n in (4, 7000));"
        "import hashlib; print(hashlib.sha256(rows_times(x, w).tobytes()).hexdigest())"
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


@given(st.lists(st.integers(1, 4), max_size=2), st.integers(1, 5), st.integers(1, 5), st.integers(0, 999))
def test_gradients_equal_finite_differences_and_torch(leading, inputs, outputs, seed):
    rng = np.random.default_rng(seed)
    params = LinearParameters(rng.normal(size=(outputs, inputs)), rng.normal(size=outputs))
    x, dy = rng.normal(size=(*leading, inputs)), rng.normal(size=(*leading, outputs))
    y, cache = linear.forward(params, x)
    grads, dx = linear.backward(params, cache, dy)
    leaves = [torch.from_numpy(value.copy()).requires_grad_() for value in (x, *params)]
    theirs = F.linear(*leaves)
    (theirs * torch.from_numpy(dy)).sum().backward()
    assert error(y, theirs.detach().numpy()) < 1e-12

    def loss():
        return (dy * linear.forward(params, x)[0]).sum()

    for found, leaf, variable in zip((dx, *grads), leaves, (x, *params), strict=True):
        assert error(found, leaf.grad.numpy()) < 1e-12
        assert error(found, derivative(loss, variable)) < 1e-7
