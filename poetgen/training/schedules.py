"""How long a run is, when it is validated, and the learning rate of each step."""

import math

from poetgen.config import TrainingConfig
from poetgen.printable import pluralize
from poetgen.training.events import Progress


class Schedule:
    """What the settings make of a run whose epochs have `steps_per_epoch` steps."""

    def __init__(self, settings: TrainingConfig, steps_per_epoch: int) -> None:
        self.settings, self.steps_per_epoch = settings, steps_per_epoch
        self.total_steps = settings.steps or settings.epochs * steps_per_epoch

    def is_epoch_over(self, at: Progress) -> bool:
        """Whether every batch of the epoch was taken."""
        return at.position == self.steps_per_epoch

    def is_over(self, at: Progress) -> bool:
        """Whether steps or minutes are used up."""
        return at.step >= self.total_steps or 0 < 60 * self.settings.minutes <= at.seconds

    def is_validation_due(self, at: Progress) -> bool:
        """When the run is over, and every so many steps or, without such a number, at the ends of epochs."""
        every = self.settings.validate_every
        if at.step == at.validated_step:
            return False
        at_epochs_end = self.is_epoch_over(at) and (not every or self.settings.keep_epochs)
        return self.is_over(at) or at_epochs_end or bool(every and at.step % every == 0)

    def reason_to_stop(self, at: Progress) -> str:
        """Why the run ends after a validation; empty when it goes on."""
        settings, worse = self.settings, at.validations_without_better
        if settings.patience and worse >= settings.patience:
            kind = "validation" if settings.validate_every else "epoch"
            return f"no better validation loss for {pluralize(worse, kind)}"
        if at.step >= self.total_steps:
            done = pluralize(at.step, "step") if settings.steps else pluralize(at.epoch, "epoch")
            return f"{done} done"
        return f"{settings.minutes:g} minutes used" if self.is_over(at) else ""

    def learning_rate(self, step: int, seconds: float) -> float:
        """The rate of step 0, 1, ... after so many seconds; a limit in minutes shortens the decay to fit."""
        settings, progress = self.settings, step / self.total_steps
        if settings.minutes:
            progress = max(progress, seconds / (60 * settings.minutes))
        share = learning_rate_share(
            step,
            progress=progress,
            warmup_steps=min(settings.warmup_steps, self.total_steps // 10),
            schedule=settings.schedule,
            final_lr_fraction=settings.final_lr_fraction,
        )
        return share * settings.peak_learning_rate

    def seconds_left(self, at: Progress, seconds_per_step: float) -> float:
        """How long the rest will take, at most what is left of the minutes."""
        expected = (self.total_steps - at.step) * seconds_per_step
        if not self.settings.minutes:
            return expected
        return min(expected, max(0.0, 60 * self.settings.minutes - at.seconds))


def learning_rate_share(
    step: int, *, progress: float, warmup_steps: int, schedule: str, final_lr_fraction: float
) -> float:
    """The share of the peak for `step` (0, 1, ...) when `progress` (0 to 1) of the run is done.

    Linear warm-up from 1/warmup_steps to 1, times a decay from 1 to `final_lr_fraction`: constant (none), linear,
    or half a cosine (Loshchilov & Hutter 2017, equation 5, without restarts).
    """
    warmup = min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0
    progress = min(1.0, max(0.0, progress))
    if schedule == "constant":
        return warmup
    falling = 1 - progress if schedule == "linear" else (1 + math.cos(math.pi * progress)) / 2
    return warmup * (final_lr_fraction + (1 - final_lr_fraction) * falling)
