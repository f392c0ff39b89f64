"""The chunked cross-entropy against torch's."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from poetgen.model import loss as chunked
from poetgen.model.loss import summed_cross_entropy

E, V = 7, 30
CHUNK = chunked.CHUNK["cpu"]
ROWS = (1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5)


def leaves(rows: int, dtype: torch.dtype = torch.float64, scale: float = 1.0) -> tuple[list[Tensor], Tensor]:
    torch.manual_seed(rows)
    shapes = ((rows, E), (V, E), (V,))
    tensors = [(scale * torch.randn(shape)).to(dtype).requires_grad_() for shape in shapes]
    return tensors, torch.randint(V, (rows,))


def gradients(loss: Tensor, tensors: list[Tensor]) -> tuple[Tensor, ...]:
    return torch.autograd.grad(1.7 * loss, tensors)  # a factor, so that the incoming gradient is seen to act


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_value_and_gradients_equal_torch(rows: int, dtype: torch.dtype, tolerance: float) -> None:
    (x, weight, bias), targets = leaves(rows, dtype)
    ours = summed_cross_entropy(x, weight, bias, targets)
    theirs = F.cross_entropy(F.linear(x, weight, bias), targets, reduction="sum")
    assert ours.dtype == dtype
    assert ours.item() == pytest.approx(theirs.item(), rel=tolerance)
    for mine, other in zip(
        gradients(ours, [x, weight, bias]), gradients(theirs, [x, weight, bias]), strict=True
    ):
        assert (mine - other).norm() <= tolerance * other.norm()


def test_no_row_costs_nothing() -> None:
    (x, weight, bias), targets = leaves(0)
    loss = summed_cross_entropy(x, weight, bias, targets)
    assert loss.item() == 0
    assert not any(gradient.any() for gradient in gradients(loss, [x, weight, bias]))


def test_extreme_logits_stay_finite() -> None:
    (x, weight, bias), targets = leaves(5, torch.float32, scale=1e4)
    loss = summed_cross_entropy(x, weight, bias, targets)
    assert math.isfinite(loss.item())
    assert all(gradient.isfinite().all() for gradient in gradients(loss, [x, weight, bias]))


def test_bfloat16_products_are_near() -> None:
    (x, weight, bias), targets = leaves(300, torch.float32)
    low = summed_cross_entropy(x, weight, bias, targets, dtype=torch.bfloat16)
    full = summed_cross_entropy(x, weight, bias, targets)
    assert low.dtype == torch.float32
    assert low.item() == pytest.approx(full.item(), rel=1e-2)
    for rough, exact in zip(
        gradients(low, [x, weight, bias]), gradients(full, [x, weight, bias]), strict=True
    ):
        assert (rough - exact).norm() < 2e-2 * exact.norm()


def test_a_second_derivative_is_refused() -> None:
    (x, weight, bias), targets = leaves(3)
    loss = summed_cross_entropy(x, weight, bias, targets)
    (gradient,) = torch.autograd.grad(loss**2, [x], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()
