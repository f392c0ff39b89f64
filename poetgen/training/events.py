"""What a run tells whoever listens, and where it stands."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from poetgen.measures import finite
from poetgen.plain_values import check_count, check_finite
from poetgen.training.loop import StepReport

LARGEST_LOSS = 700.0  # exp of about 710 is more than a float holds


@dataclass
class Progress:
    """Where a run stands; with weights, optimizer and random state it decides all that follows."""

    step: int = 0
    epoch: int = 1
    position: int = 0  # batches of this epoch already taken
    epoch_loss: float = 0.0
    epoch_tokens: int = 0
    seconds: float = 0.0  # of training, validation excluded, over all sessions
    best_loss: float = math.inf
    epochs_without_better: int = 0
    finished: str = ""
    parent: dict[str, Any] | None = None  # the card of the model whose weights the run began with

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "best_loss": finite(self.best_loss)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Progress":
        """Back from plain values. Raises KeyError, TypeError or ValueError for others."""
        best, finished = values["best_loss"], values["finished"]
        if type(finished) is not str:
            raise ValueError(f"finished cannot be {finished!r:.60}")
        counts = ("step", "position", "epoch_tokens", "epochs_without_better")
        checked = {
            **{name: check_count(name, values[name]) for name in counts},
            "epoch": check_count("epoch", values["epoch"], least=1),
            **{name: check_finite(name, values[name], least=0) for name in ("epoch_loss", "seconds")},
            "best_loss": math.inf if best is None else check_finite("best_loss", best, least=0),
        }
        return cls(**{**values, **checked})

    def count(self, report: StepReport) -> None:
        """Take in one step."""
        self.step = report.step
        self.position += 1
        self.epoch_loss += report.summed_loss
        self.epoch_tokens += report.tokens
        self.seconds += report.seconds

    def next_epoch(self) -> None:
        """Stand before the next epoch's first batch."""
        self.epoch += 1
        self.position, self.epoch_loss, self.epoch_tokens = 0, 0.0, 0


@dataclass(frozen=True)
class Started:
    """Before the first step of a session; `step` is 0 unless it resumes."""

    run: Path
    parameters: int
    tokens: int
    step: int
    total_steps: int
    expected_seconds: float
    computes_on: str
    messages: tuple[str, ...] = ()


@dataclass(frozen=True)
class EpochReport:
    """After an epoch, or at the end of a run inside one. Losses are natural-log means over tokens.

    `metrics` are what the validation measured besides.
    """

    epoch: int
    step: int
    train_loss: float
    validation_loss: float
    seconds: float
    is_best: bool
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def perplexity(self) -> float:
        """ppl_token on the validation poems."""
        return perplexity(self.validation_loss)


@dataclass(frozen=True)
class Finished:
    """The end of a session: why, and the best model so far. An interrupted run can be resumed."""

    reason: str
    best: Path
    best_perplexity: float
    interrupted: bool


def perplexity(loss: float) -> float:
    """exp(loss), and infinity for a loss beyond what a float can hold."""
    return math.exp(loss) if loss < LARGEST_LOSS else math.inf


def smoothed(steps: Sequence[dict[str, Any]], weight: float = 0.9) -> list[tuple[int, float]]:
    """Exponentially smoothed training loss, bias-corrected: (step, loss)."""
    smooth, total, points = 0.0, 0.0, []
    for record in steps:
        smooth = weight * smooth + (1 - weight) * record["loss"]
        total = weight * total + (1 - weight)
        points.append((record["step"], smooth / total))
    return points


def counted(number: int, what: str) -> str:
    """1 step, 2 steps."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


Report = Started | StepReport | EpochReport | Finished
