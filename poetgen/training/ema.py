"""A running average of the weights: what is validated and saved, while the raw weights go on learning."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


class WeightAverage:
    """Exponential moving average (Polyak & Juditsky 1992 in spirit): average ← d·average + (1 - d)·weights.

    d rises from 0.1 to `decay` as (1 + step) / (10 + step), so that early averages forget the start. With
    `decay` 0 there is none, and `applied` leaves the weights as they are.
    """

    def __init__(self, parameters: Iterable[Tensor], decay: float) -> None:
        self.decay = decay
        self.parameters = list(parameters)
        self.values = [p.detach().clone() for p in self.parameters] if decay else []

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after step 1, 2, ..."""
        if self.values:
            weight = 1 - min(self.decay, (1 + step) / (10 + step))
            torch._foreach_lerp_(self.values, [p.detach() for p in self.parameters], weight)

    @contextmanager
    def apply(self) -> Iterator[None]:
        """The model has the averaged weights inside this context, its own again afterwards."""
        own = [p.detach().clone() for p in self.parameters] if self.values else []
        self._copy(self.values)
        try:
            yield
        finally:
            self._copy(own)

    def load(self, values: list[Tensor]) -> None:
        """Go on from saved averages."""
        for mine, saved in zip(self.values, values, strict=True):
            mine.copy_(saved)

    @torch.no_grad()
    def _copy(self, values: list[Tensor]) -> None:
        for parameter, value in zip(self.parameters, values, strict=False):
            parameter.copy_(value)
