"""What the update rules of `optimizers.py` share: the parameters, a state of each, and the step."""

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
State = dict[str, Array]

BELOW_ONE = ("alpha", "betas", "rho")  # settings that are the weight of the past in a running average


@dataclass(kw_only=True, eq=False)
class Optimizer:
    """Changes `parameters` in place, by gradients computed elsewhere; a rule is a subclass with an `update`.

    `lr` may be set before any step; `steps` counts them; `state` is what a rule remembers, by parameter, slot.
    Raises ValueError for a setting that cannot be.
    """

    slots: ClassVar[tuple[str, ...]] = ()  # the state of a parameter: arrays of its shape, zero at first

    parameters: Mapping[str, Array] = field(kw_only=False, repr=False)
    lr: float = 1e-3
    weight_decay: float = 0.0
    steps: int = field(default=0, init=False)
    state: dict[str, State] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            limit, words = (1.0, "at least 0 and below 1") if name in BELOW_ONE else (math.inf, "at least 0")
            numbers = value if isinstance(value, tuple | list) else (value,)
            if not all(0 <= float(number) < limit for number in numbers if isinstance(number, Real)):
                raise ValueError(f"{name} must be {words}, not {value}")
        for name, theta in self.parameters.items():
            if theta.dtype.kind != "f" or not theta.flags.writeable:
                raise ValueError(
                    f"{name} must hold floating-point numbers and be writable: it is changed in place"
                )
        self.state = {name: self.init_state(theta) for name, theta in self.parameters.items()}

    def init_state(self, theta: Array) -> State:
        """The state of a parameter before the first step."""
        return {slot: np.zeros_like(theta) for slot in self.slots}

    def update(self, g: Array, state: State) -> Array:
        """The rule: Δ, from the gradient and the state, which is brought forward in place. Shapes: θ's."""
        raise NotImplementedError

    def decay_weights(self, g: Array, theta: Array) -> Array:
        """The gradient with that of a penalty λ/2 ‖θ‖² (L2): g + λθ."""
        return g + self.weight_decay * theta

    def step(self, gradients: Mapping[str, Array]) -> None:
        """One step. Raises ValueError, before anything is changed, unless every parameter has its gradient."""
        check_shapes("the gradient", shapes(gradients), shapes(self.parameters))
        self.lr = float(self.lr)  # a NumPy scalar in double precision would pull float32 arrays up to itself
        self.steps += 1
        for name, theta in self.parameters.items():
            g = gradients[name]
            if self.weight_decay:
                g = self.decay_weights(g, theta)
            theta -= self.update(g, self.state[name])

    def state_dict(self) -> dict[str, Any]:
        """All that decides further steps beside settings and parameters: {"steps": t, "state": a copy of it}."""
        state = {
            name: {slot: np.array(array) for slot, array in own.items()} for name, own in self.state.items()
        }
        return {"steps": self.steps, "state": state}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`. Raises ValueError, before anything is changed, when it does not fit."""
        try:
            steps, state = operator.index(saved["steps"]), saved["state"]
            given, wanted = ({name: shapes(m) for name, m in s.items()} for s in (state, self.state))
            check_shapes("the state", given, wanted)
            arrays = [
                (own, np.asarray(state[name][slot], own.dtype))
                for name, slots in self.state.items()
                for slot, own in slots.items()
            ]
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(
                "this is not a state of an optimizer: give what state_dict() returned"
            ) from error
        if steps < 0:
            raise ValueError(f"the number of steps must be at least 0, not {steps}")
        self.steps = steps
        for own, array in arrays:
            own[...] = array


def average(past: Array, new: Array, beta: float) -> None:
    """past ← β past + (1 - β) new, in place."""
    past *= beta
    past += (1 - beta) * new


def shapes(arrays: Mapping[str, Array]) -> dict[str, tuple[int, ...]]:
    """Of each array, by name."""
    return {name: np.shape(array) for name, array in arrays.items()}


def check_shapes(what: str, given: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raises ValueError for the first name that is missing, unknown or of another shape."""
    for name in (*wanted, *given):
        if name not in given or name not in wanted:
            raise ValueError(f"{what} of {name} is {'missing' if name in wanted else 'of no parameter here'}")
        if given[name] != wanted[name]:
            raise ValueError(f"{what} of {name} must be of shape {wanted[name]}, not {given[name]}")
