"""The training loop: a generator of step reports that touches no file and prints nothing."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import Optimizer

from poetgen.corpus.batches import Batch
from poetgen.errors import TrainingError
from poetgen.model.language_model import LanguageModel


@dataclass(frozen=True)
class StepReport:
    """One step: the summed natural-log loss of its real tokens, and the gradient's norm before clipping."""

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


@dataclass(frozen=True)
class StepSettings:
    """How one step is made."""

    clip_norm: float
    segment_length: int
    precision: str


def train(
    model: LanguageModel,
    optimizer: Optimizer,
    batches: Iterable[Batch],
    *,
    settings: StepSettings,
    learning_rate: Callable[[int], float],
    first_step: int = 0,
) -> Iterator[StepReport]:
    """One optimizer step for each batch; steps are numbered from `first_step` + 1.

    Raises TrainingError, before the weights are touched, when loss or gradient is no longer a number.
    """
    model.train()
    device = next(model.parameters()).device
    for step, batch in enumerate(batches, start=first_step + 1):
        started = time.perf_counter()
        rate = learning_rate(step - 1)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        loss = accumulate_gradients(model, batch.to(device), settings)
        norm = nn.utils.clip_grad_norm_(model.parameters(), settings.clip_norm or math.inf).item()
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise TrainingError(
                f"the loss is no longer a number at step {step} (loss {loss:.4g}, gradient norm {norm:.4g}, "
                f"learning rate {rate:.4g}); try a lower --learning-rate"
            )
        optimizer.step()
        yield StepReport(step, loss, batch.tokens, norm, rate, time.perf_counter() - started)


def accumulate_gradients(model: LanguageModel, batch: Batch, settings: StepSettings) -> float:
    """Add the gradient of the batch's mean token loss to the parameters; return the summed loss.

    A long batch is read in segments: states are carried from one to the next, gradients are not (truncated
    BPTT), and the optimizer steps once for the whole.
    """
    states, total = None, 0.0
    for segment in batch.segments(settings.segment_length):
        loss, states = model.summed_loss(
            segment.inputs,
            segment.targets,
            states=states,
            lengths=segment.lengths,
            precision=settings.precision,
        )
        (loss / batch.tokens).backward()  # type: ignore[no-untyped-call]
        states = [(h.detach(), c.detach()) for h, c in states]
        total += loss.item()
    return total


@torch.no_grad()
def validation_loss(model: LanguageModel, batches: Iterable[Batch], segment_length: int) -> float:
    """Mean natural-log loss of a token, in float32 with dropout off; the sum is taken in float64."""
    model.eval()
    device = next(model.parameters()).device
    total, tokens = 0.0, 0
    for batch in batches:
        states = None
        for segment in batch.to(device).segments(segment_length):
            losses, states = model.token_losses(
                segment.inputs, segment.targets, states=states, lengths=segment.lengths
            )
            total += losses.sum(dtype=torch.float64).item()
        tokens += batch.tokens
    return total / tokens
