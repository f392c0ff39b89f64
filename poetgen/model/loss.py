"""Cross-entropy of the output layer in chunks of rows, its gradient computed on the way forward.

The logits of a whole batch, (N, V), are by far the largest thing a language model makes. Here they exist for
a chunk of rows at a time: each chunk yields its loss and at once its part of the gradients, so nothing of that
size is kept for the backward pass.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

CHUNK = {"cpu": 256, "cuda": 4096}  # rows; a GPU needs many to be busy
LEAST = 1e-38  # a probability below is taken for this: float32 has no smaller ones of full precision


class _ChunkedCrossEntropy(torch.autograd.Function):
    """With p = softmax(x Wᵀ + b) and one-hot targets y: ∂loss/∂logits = p - y, hence ∂x, ∂W and ∂b."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, dtype: torch.dtype
    ) -> Tensor:
        w = weight.to(dtype)
        dx, dw, db = torch.empty_like(x), torch.zeros_like(weight), torch.zeros_like(bias)
        total = torch.zeros((), dtype=torch.float64, device=x.device)
        chunk = CHUNK[x.device.type]
        for start in range(0, len(x), chunk):
            part = slice(start, start + chunk)
            x_part, y = x[part].to(dtype), targets[part, None]
            p = (x_part @ w.t()).to(x.dtype).add_(bias).softmax(dim=1)
            total -= p.gather(1, y).clamp_(min=LEAST).log().sum()
            dlogits = p  # in its place, but for the targets
            dlogits.scatter_add_(1, y, dlogits.new_full((), -1).expand(y.shape))
            db += dlogits.sum(0)
            dlogits = dlogits.to(dtype)
            dx[part] = (dlogits @ w).to(x.dtype)
            dw += dlogits.t() @ x_part
        ctx.save_for_backward(dx, dw, db)
        return total.to(x.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dloss: Tensor) -> tuple[Tensor | None, ...]:
        dx, dw, db = ctx.saved_tensors
        return dx * dloss, dw * dloss, db * dloss, None, None


def summed_cross_entropy(
    x: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, *, dtype: torch.dtype | None = None
) -> Tensor:
    """Σ over rows of -log softmax(x Wᵀ + b)[target]: x (N, E), weight (V, E), bias (V), targets (N) -> ().

    `dtype` is that of the matrix products (torch.bfloat16 is faster where the processor has it); softmax, loss
    and sums keep x's. Not twice differentiable.
    """
    loss: Tensor = _ChunkedCrossEntropy.apply(x, weight, bias, targets, dtype or x.dtype)  # type: ignore[no-untyped-call]
    return loss
