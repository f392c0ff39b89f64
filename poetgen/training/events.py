"""The events of a run, and its progress."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from poetgen.measures import finite
from poetgen.plain_values import check_count, check_finite
from poetgen.training.loop import StepReport

# names in the state.pt of older runs, which validated at the ends of epochs
FORMER_NAMES = {
    "epoch_loss": "train_loss",
    "epoch_tokens": "train_tokens",
    "epochs_without_better": "validations_without_better",
}


@dataclass
class Progress:
    """Where a run stands; with weights, optimizer and random state it decides all that follows."""

    step: int = 0
    epoch: int = 1
    position: int = 0  # batches of this epoch already taken
    validated_step: int = 0  # that of the last validation
    train_loss: float = 0.0  # summed over the tokens since then
    train_tokens: int = 0
    seconds: float = 0.0  # of training, validation excluded, over all sessions
    best_loss: float = math.inf
    validations_without_better: int = 0
    finished: str = ""
    parent: dict[str, Any] | None = None  # the card of the model whose weights the run began with

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "best_loss": finite(self.best_loss)}

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> "Progress":
        """Back from plain values. Raises KeyError, TypeError or ValueError for others."""
        values = {FORMER_NAMES.get(name, name): value for name, value in saved.items()}
        best, finished = values["best_loss"], values["finished"]
        if type(finished) is not str:
            raise ValueError(f"finished cannot be {finished!r:.60}")
        parent = values.get("parent")
        if parent is not None and not (type(parent) is dict and parent):
            raise ValueError(f"parent cannot be {parent!r:.60}")
        counts = ("step", "position", "train_tokens", "validations_without_better")
        checked = {name: check_count(name, values[name]) for name in counts}
        # older runs validated at the ends of epochs alone
        validated = values.get("validated_step", checked["step"] - checked["position"])
        return cls(
            **{
                **values,
                **checked,
                "validated_step": check_count("validated_step", validated),
                "epoch": check_count("epoch", values["epoch"], least=1),
                **{name: check_finite(name, values[name], least=0) for name in ("train_loss", "seconds")},
                "best_loss": math.inf if best is None else check_finite("best_loss", best, least=0),
            }
        )

    @property
    def mean_train_loss(self) -> float:
        """Of a token, since the last validation."""
        return self.train_loss / max(1, self.train_tokens)

    def count_step(self, report: StepReport) -> None:
        """Take in one step."""
        self.step = report.step
        self.position += 1
        self.train_loss += report.summed_loss
        self.train_tokens += report.tokens
        self.seconds += report.seconds

    def count_validation(self, loss: float, *, is_usable: bool = True) -> "ValidationReport":
        """Take in a validation's loss, and sum those of steps anew. What is not usable is never the best."""
        report = ValidationReport(
            epoch=self.epoch,
            step=self.step,
            train_loss=self.mean_train_loss,
            validation_loss=loss,
            seconds=self.seconds,
            is_best=is_usable and loss < self.best_loss,
        )
        self.best_loss = loss if report.is_best else self.best_loss
        self.validations_without_better = 0 if report.is_best else self.validations_without_better + 1
        self.validated_step, self.train_loss, self.train_tokens = self.step, 0.0, 0
        return report

    def next_epoch(self) -> None:
        """Stand before the next epoch's first batch."""
        self.epoch, self.position = self.epoch + 1, 0


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
class ValidationReport:
    """After a validation. Losses are natural-log means over tokens, `train_loss` over those since the last one.

    `metrics` are what the task measured besides.
    """

    epoch: int
    step: int
    train_loss: float
    validation_loss: float
    seconds: float
    is_best: bool
    metrics: Mapping[str, float] = field(default_factory=dict)

    def to_record(self) -> dict[str, Any]:
        """As metrics.jsonl has it."""
        values = asdict(self)
        metrics = values.pop("metrics")
        return {"kind": "validation", **values, **{name: finite(value) for name, value in metrics.items()}}


@dataclass(frozen=True)
class Finished:
    """The end of a session: why, and the best model so far. An interrupted run can be resumed."""

    reason: str
    best: Path
    best_loss: float
    interrupted: bool


def smooth_losses(steps: Sequence[dict[str, Any]], weight: float = 0.9) -> list[tuple[int, float]]:
    """Exponentially smoothed training loss, bias-corrected: (step, loss)."""
    smooth, total, points = 0.0, 0.0, []
    for record in steps:
        smooth = weight * smooth + (1 - weight) * record["loss"]
        total = weight * total + (1 - weight)
        points.append((record["step"], smooth / total))
    return points


Event = Started | StepReport | ValidationReport | Finished
