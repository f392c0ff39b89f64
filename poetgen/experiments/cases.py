"""A derivative by hand beside what it is checked against; what every kind of case is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy.typing as npt
import torch
from torch import Tensor, nn

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Sizes:
    """What is drawn: B poems of T steps, inputs of E, states of H, all normal, the weights times `scale`."""

    hidden_size: int = 5
    input_size: int = 4
    steps: int = 4
    batch: int = 3
    scale: float = 0.5
    seed: int = 0


class Case(NamedTuple):
    """A derivative: by hand, and `value` as a function of the array `variable`, whose derivative it should be.

    `autograd` and `rtrl` are the same derivative found in other ways; None where a way does not apply.
    """

    part: str
    name: str
    byhand: Array
    value: Callable[[], Array | float]
    variable: Array
    autograd: Array | None = None
    rtrl: Array | None = None


class Problem(NamedTuple):
    """A layer, what it reads, and the gradient that comes from above: of every h, and of the last state."""

    params: Any
    x: Array
    state: Any
    dy: Array
    dstate: Any


def jacobian(f: Callable[[Tensor], Tensor], variable: Array) -> Array:
    """∂f/∂variable by torch.autograd, one backward pass for each number f gives."""
    found: Tensor = torch.autograd.functional.jacobian(f, torch.from_numpy(variable.copy()))  # type: ignore[no-untyped-call]
    return found.numpy()


def load_parameters(module: nn.Module, params: Any) -> Any:
    """A layer of the package's own model with these weights, in float64."""
    module.double().load_state_dict({name: torch.from_numpy(v) for name, v in params._asdict().items()})
    return module
