"""The eleven update rules by hand beside torch.optim: the same gradients, the same steps, the same parameters."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from poetgen.config import TrainingConfig
from poetgen.optimizers import RULES
from poetgen.training.numpy_learner import build_numpy_optimizer
from poetgen.training.optimizers import build_torch_optimizer

Array = npt.NDArray[Any]
STEPS = 50
SHAPE = (5, 4)


def optimizer_pairs(seed: int) -> Iterator[tuple[str, Array, Array]]:
    """For each rule at its own rate: its name, and what STEPS steps made of one array, by hand and by torch."""
    rng = np.random.default_rng(seed)
    theta, gradients = rng.normal(size=SHAPE), rng.normal(size=(STEPS, *SHAPE))
    for name in RULES:
        settings = TrainingConfig(optimizer=name)
        yield name, step_byhand(theta.copy(), gradients, settings), step_torch(theta, gradients, settings)


def step_byhand(theta: Array, gradients: Array, settings: TrainingConfig) -> Array:
    """θ after all steps, by poetgen.byhand.optimizers."""
    parameters: Mapping[str, Array] = {"θ": theta}
    optimizer = build_numpy_optimizer(parameters, settings)
    for g in gradients:
        optimizer.step({"θ": g})
    return theta


def step_torch(theta: Array, gradients: Array, settings: TrainingConfig) -> Array:
    """θ after all steps, by torch.optim (AdaBound, which it lacks, by ours for torch)."""
    parameter = torch.nn.Parameter(torch.from_numpy(theta.copy()))
    optimizer = build_torch_optimizer([parameter], settings)
    with float64_scalars():
        for g in gradients:
            parameter.grad = torch.from_numpy(g.copy())
            optimizer.step()
    return parameter.detach().numpy()


@contextmanager
def float64_scalars() -> Iterator[None]:
    """Inside this context torch keeps its optimizers' own numbers, as NAdam's product of μ, in float64 too."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
