"""The embedding is a product with one-hot vectors, and so is its gradient."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from poetgen.byhand import embedding


@given(st.integers(1, 9), st.integers(1, 4), st.lists(st.integers(0, 8), max_size=30), st.integers(0, 99))
def test_rows_and_gradients_are_products_with_one_hot_vectors(vocabulary, width, ids, seed):
    rng = np.random.default_rng(seed)
    weight, ids = rng.normal(size=(vocabulary, width)), np.array(ids, int).reshape(-1) % vocabulary
    x, cache = embedding.forward(weight, ids)
    one_hot = np.eye(vocabulary)[ids].reshape(len(ids), vocabulary)
    np.testing.assert_array_equal(x, one_hot @ weight)
    dx = rng.normal(size=x.shape)
    np.testing.assert_allclose(embedding.backward(weight, cache, dx), one_hot.T @ dx, rtol=0, atol=1e-12)


def test_gradients_equal_torch_and_rows_not_read_stay_zero():
    rng = np.random.default_rng(0)
    weight, ids = rng.normal(size=(7, 3)), rng.integers(0, 5, size=(6, 4))  # 5 and 6 are never read
    x, cache = embedding.forward(weight, ids)
    dx = rng.normal(size=x.shape)
    leaf = torch.from_numpy(weight.copy()).requires_grad_()
    (F.embedding(torch.from_numpy(ids), leaf) * torch.from_numpy(dx)).sum().backward()
    found = embedding.backward(weight, cache, dx)
    np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=0, atol=1e-12)
    assert (found[5:] == 0).all()
