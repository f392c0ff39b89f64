"""The training loop: a generator of step reports that touches no file and prints nothing."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from poetgen.errors import TrainingError
from poetgen.training.learner import Learner


@dataclass(frozen=True)
class StepReport:
    """One step: the summed natural-log loss of its real tokens (or texts), the gradient's norm before clipping."""

    step: int
    summed_loss: float
    tokens: int
    gradient_norm: float
    learning_rate: float
    seconds: float

    @property
    def loss(self) -> float:
        """Mean natural-log loss of a token."""
        return self.summed_loss / self.tokens

    def to_record(self, *, epoch: int, seconds: float) -> dict[str, Any]:
        """As metrics.jsonl has it, with the run's epoch and its seconds of training so far."""
        return {
            "kind": "step",
            "step": self.step,
            "epoch": epoch,
            "loss": self.loss,
            "gradient_norm": self.gradient_norm,
            "learning_rate": self.learning_rate,
            "seconds": seconds,
        }


def train(
    learner: Learner,
    batches: Iterable[Any],
    *,
    learning_rate: Callable[[int], float],
    first_step: int = 0,
) -> Iterator[StepReport]:
    """One optimizer step for each batch (anything with `tokens`); steps are numbered from `first_step` + 1.

    Raises TrainingError, before the weights are touched, when loss or gradient is no longer a number.
    """
    for step, batch in enumerate(batches, start=first_step + 1):
        started = time.perf_counter()
        rate = learning_rate(step - 1)
        loss = learner.compute_gradient(batch)
        norm = learner.clip_gradient()
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise TrainingError(
                f"the loss is no longer a number at step {step} (loss {loss:.4g}, gradient norm {norm:.4g}, "
                f"learning rate {rate:.4g}); try a lower --learning-rate"
            )
        learner.update(rate)
        yield StepReport(step, loss, batch.tokens, norm, rate, time.perf_counter() - started)
