"""The linear layer, both ways."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from poetgen.byhand import linear
from poetgen.byhand.finite_differences import derivative, error
from poetgen.byhand.linear import LinearParameters


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
