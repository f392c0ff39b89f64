"""Memory used again from batch to batch.

What a system lends anew it lends page by page, zeroed, on first touch: for large arrays that costs more than the
arithmetic done in them. So the large arrays of a step are kept, and lent to the next.
"""

import math

import torch
from torch import Tensor

KEPT = 8  # arrays that wait at most: the layers of a model take turns


class Scratch:
    """Flat arrays, lent out in any shape; what is not given back is simply forgotten."""

    def __init__(self) -> None:
        self.free: list[Tensor] = []

    def take(self, *shape: int, like: Tensor) -> Tensor:
        """An array of this shape, of `like`'s type and device, holding anything at all."""
        size = math.prod(shape)
        fits = [
            flat for flat in self.free
            if flat.dtype == like.dtype and flat.device == like.device and len(flat) >= size
        ]  # fmt: skip
        if not fits:
            return torch.empty(size, dtype=like.dtype, device=like.device).view(shape)
        smallest = min(fits, key=len)
        self.free = [flat for flat in self.free if flat is not smallest]
        return smallest[:size].view(shape)

    def give(self, *arrays: Tensor) -> None:
        """Take arrays back whose contents nobody will ask for again; the largest are kept."""
        whole = [torch.empty(0, dtype=a.dtype, device=a.device).set_(a.untyped_storage()) for a in arrays]
        self.free = sorted([*self.free, *whole], key=len, reverse=True)[:KEPT]
