"""What learns in a run, whoever computes: a model, its optimizer and the running average of its weights."""

import math
import os
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from poetgen.checkpoint import parameter_shapes
from poetgen.config import Config
from poetgen.corpus.batches import Batch
from poetgen.errors import ConfigError
from poetgen.model.initialize import Rows
from poetgen.training.ema import WeightAverage

COPIES = 3  # of the weights in training, at the least: themselves, their gradient, an optimizer's memory


class Learner(Protocol):
    """Decided by configuration and seed, or by a saved state.

    `parameters` is how many numbers are learned, `computes_on` where and by what, for people to read.
    """

    parameters: int
    computes_on: str
    average: WeightAverage

    def compute_gradient(self, batch: Any) -> float:
        """Find the gradient of the batch's mean token loss, and forget the one before; return the summed loss.

        A long batch is read in segments: states are carried from one to the next, gradients are not (truncated
        BPTT).
        """

    def clip_gradient(self) -> float:
        """Shorten the gradient to `training.clip_norm`; return the norm it had."""

    def update(self, rate: float) -> None:
        """One step of the optimizer at this learning rate."""

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """A copy of the model's weights as they stand, for a checkpoint: a temperature is in them."""

    def state(self) -> dict[str, Any]:
        """Tensors and plain values that decide all further learning."""

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a saved state. Raises ValueError, RuntimeError or their like when it does not fit."""

    def seconds_per_step(self, batch: Any) -> float:
        """Time the gradient of a batch, the second of two, and leave no trace in the run."""


class LanguageModelLearner(Learner, Protocol):
    """A language model's."""

    def load_weights(self, weights: Mapping[str, npt.NDArray[Any]]) -> None:
        """Begin with these, named and shaped as the model's own."""

    def validation_loss(self, batches: Iterable[Batch]) -> float:
        """Mean natural-log loss of a token, in float32 with dropout off; the sum is taken in float64."""


def build_learner(
    vocab_size: int, config: Config, *, rows: Rows | None = None, condition_rows: int = 0
) -> LanguageModelLearner:
    """The learner of `training.backend`, its embedding begun with `rows`, with so many rows for conditions.

    Raises ConfigError for settings it cannot have.
    """
    check_fits_memory(sum(math.prod(shape) for shape in parameter_shapes(vocab_size, config.model).values()))
    if config.training.gradient != "bptt" and config.training.backend != "numpy":
        raise ConfigError(
            f"training.gradient is {config.training.gradient!r}, which is had by hand only; add --backend numpy"
        )
    if config.training.backend == "numpy":
        from poetgen.training.numpy_learner import NumPyLearner

        return NumPyLearner(vocab_size, config, rows=rows)
    from poetgen.training.torch_learner import TorchLanguageModelLearner

    return TorchLanguageModelLearner(vocab_size, config, rows=rows, condition_rows=condition_rows)


def divide_logits(weights: Mapping[str, npt.NDArray[Any]], temperature: float) -> dict[str, npt.NDArray[Any]]:
    """The weights of the model whose logits are those of `weights` divided by a temperature."""
    matrix = "projection.weight" if "projection.weight" in weights else "output.weight"
    divided = {name: weights[name] / np.float32(temperature) for name in (matrix, "output.bias")}
    return {**weights, **(divided if temperature != 1 else {})}


def check_fits_memory(numbers: int) -> None:
    """Raises ConfigError for a model of so many parameters that this machine has no memory for: weights, gradient,
    optimizer."""
    needed, there = 4 * numbers * COPIES, physical_memory()
    if needed > there:
        raise ConfigError(
            f"a model of {numbers:,} parameters needs {needed / 2**30:,.0f} GiB of memory to be trained, "
            f"and this machine has {there / 2**30:,.0f}; choose smaller sizes"
        )


def physical_memory() -> float:
    """In bytes; without end where the system does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # not on Windows
        return math.inf
