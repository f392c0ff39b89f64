"""One training from its start, or from where it was stopped, to its end; yields reports, prints nothing."""

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from poetgen import __version__
from poetgen.config import Config, TrainingConfig
from poetgen.corpus.batches import Indices, epoch_batches
from poetgen.corpus.dataset import Dataset, EncodedPoems
from poetgen.errors import CheckpointError, TrainingError
from poetgen.training import ranks
from poetgen.training.events import (
    Finished,
    Progress,
    Report,
    Started,
    ValidationReport,
    counted,
)
from poetgen.training.loop import StepReport, train
from poetgen.training.optimizers import learning_rate_of
from poetgen.training.run_folder import ReadOnlyRunFolder, RunFolder, check_resumable
from poetgen.training.schedules import learning_rate_share
from poetgen.training.task import LanguageModeling, Task

SECONDS_BETWEEN_SAVES = 30.0
STEPS_BETWEEN_RECORDS = 10
DIVERGED = 1.0  # nats above the loss of a uniform guess
DIVERGED_VALIDATIONS = 3  # in a row end a run before its time


def run_training(
    prepared: Dataset,
    run_dir: Path,
    config: Config,
    *,
    resume: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Report]:
    """Train a language model in `run_dir` until the settings, or `should_stop` asked after each step, say to stop.

    `training.processes` of them, or those that torchrun started, share every batch (poetgen.training.ranks).
    Raises what `session` and LanguageModeling raise, and TrainingError when the loss is no number.
    """
    order = {
        "prepared": str(prepared.path),
        "run": str(run_dir),
        "config": config.to_dict(),
        "resume": resume,
    }
    with ranks.joined(config.training, order):
        # before there is a folder: none is made for settings that cannot be
        task = LanguageModeling(prepared, config, is_new=not resume)
        folder = RunFolder(run_dir) if ranks.rank() == 0 else ReadOnlyRunFolder(run_dir)
        with session(task, folder, config, resume=resume) as trainer:
            yield from trainer.reports(should_stop)


@contextmanager
def session(task: Task, folder: RunFolder, config: Config, *, resume: bool = False) -> Iterator["Trainer"]:
    """The trainer of a new run, or of one to go on with, its folder held for this process until the context ends.

    Raises CheckpointError when the folder is in use, already holds a run (or none, to resume) or began with
    other settings or data.
    """
    if resume:
        check_resumable(folder, config, task.fingerprint(), where=task.source)
    trainer = Trainer(task, folder, config)
    with folder.locked():
        trainer.restore() if resume else trainer.begin()
        yield trainer


class Trainer:
    """A task in learning, its place in the data, and the folder that keeps both."""

    def __init__(self, task: Task, folder: RunFolder, config: Config) -> None:
        self.task, self.folder, self.config = task, folder, config
        self.settings, self.learner = config.training, task.learner
        self.progress = Progress()
        self.messages = list(task.messages)
        self.saved_at = time.monotonic()
        self.steps_per_epoch = len(self.epoch_batches(1))
        self.total_steps = self.settings.steps or self.settings.epochs * self.steps_per_epoch
        self.record_every = min(STEPS_BETWEEN_RECORDS, 1 + self.total_steps // 100)

    # ---- the sequence ----

    def reports(self, should_stop: Callable[[], bool]) -> Iterator[Report]:
        """The run's reports from where it stands to its end; a finished run has nothing but its end to tell."""
        try:
            yield from self._reports(should_stop)
        except ranks.RankLost as error:
            raise TrainingError(
                f"{error}; continue with: {self.folder.command} --resume {self.folder.name}; {self.last_good()}"
            ) from error

    def _reports(self, should_stop: Callable[[], bool]) -> Iterator[Report]:
        if not self.progress.finished:
            yield self.started()
        while not self.progress.finished:
            interrupted = yield from self.take_steps(should_stop)
            if interrupted:
                with self.learner.average.applied():
                    self.write_checkpoint(None, [self.folder.last])
                self.save()
                yield self.end("interrupted", interrupted=True)
                return
            self.save()  # validation may take long: a kill in it must not cost the steps before it
            yield self.validate()
        yield self.end(self.progress.finished, interrupted=False)

    def take_steps(self, should_stop: Callable[[], bool]) -> Generator[Report, None, bool]:
        """Steps until a validation is due; returns whether the user asked to stop before."""
        at = self.progress
        while not self.is_validation_due():
            if at.position == self.steps_per_epoch:
                at.next_epoch()
            batches = map(self.task.batch, self.epoch_batches(at.epoch)[at.position :])
            try:
                for report in train(
                    self.learner, batches, learning_rate=self.learning_rate, first_step=at.step
                ):
                    # what the clock and the user say is for the first process to say
                    report = replace(report, seconds=ranks.agree(report.seconds)[0])
                    self.record_step(report)
                    yield report
                    stop, save = ranks.agree(should_stop(), self.is_save_due())
                    if stop and not self.budget_exhausted():
                        return True
                    if self.is_validation_due():
                        break
                    if save:
                        self.save()
            except ranks.RankLost:
                raise
            except TrainingError as error:
                raise TrainingError(f"{error}; {self.last_good()}") from error
        return False

    def is_validation_due(self) -> bool:
        """At the end of the budget, and every so many steps or, without such a number, at the ends of epochs."""
        at, every = self.progress, self.settings.validate_every
        if at.step == at.validated_step:
            return False
        at_epochs_end = at.position == self.steps_per_epoch and (not every or self.settings.keep_epochs)
        return self.budget_exhausted() or at_epochs_end or bool(every and at.step % every == 0)

    def is_save_due(self) -> bool:
        """Whether what has been learned since the last save is worth another."""
        return time.monotonic() - self.saved_at >= SECONDS_BETWEEN_SAVES

    def record_step(self, report: StepReport) -> None:
        """Count a step, average its weights, record it now and then."""
        self.progress.count_step(report)
        self.learner.average.update(report.step)
        if report.step % self.record_every == 0 or report.step == 1:
            self.folder.append(
                {
                    "kind": "step",
                    "step": report.step,
                    "epoch": self.progress.epoch,
                    "loss": report.loss,
                    "gradient_norm": report.gradient_norm,
                    "learning_rate": report.learning_rate,
                    "seconds": self.progress.seconds,
                }
            )

    def validate(self) -> ValidationReport:
        """Measure the model, keep its checkpoints, record it, and decide whether the run goes on.

        Raises TrainingError for a run that has diverged and does not come back; its models are not kept.
        """
        with self.learner.average.applied():
            loss = self.validation_loss()
            # who learns the training texts by heart is as sure of what is wrong, and has not diverged
            has_diverged = min(loss, self.progress.mean_train_loss) > self.task.guess_loss + DIVERGED
            report = self.progress.count_validation(loss, is_usable=not has_diverged)
            report = replace(report, metrics=self.task.metrics(loss))
            if not has_diverged:
                self.write_checkpoint(loss, list(self.checkpoints_to_write(report)))
        self.folder.append(report.to_record())
        reason = self.reason_to_stop(report)
        given_up = self.progress.validations_without_better >= DIVERGED_VALIDATIONS
        if has_diverged and (reason or given_up):
            raise TrainingError(
                f"the training has diverged: a validation loss of {loss:.4g} is worse than a uniform guess, "
                f"{self.task.guess_loss:.4g}; try a lower --learning-rate; {self.last_good()}"
            )
        self.progress.finished = reason
        self.save()
        return report

    def checkpoints_to_write(self, report: ValidationReport) -> Iterator[Path]:
        """last always, best when it is, the epoch's own when asked for."""
        at_end = self.progress.position == self.steps_per_epoch or self.budget_exhausted()
        if self.settings.keep_epochs and at_end:
            label = self.task.label(report.validation_loss)
            yield self.folder.epoch_checkpoint(report.epoch, label, self.settings.optimizer)
        if report.is_best:
            yield self.folder.best
        yield self.folder.last

    def budget_exhausted(self) -> bool:
        """Whether steps or minutes are used up."""
        minutes = self.settings.minutes
        return self.progress.step >= self.total_steps or 0 < 60 * minutes <= self.progress.seconds

    def reason_to_stop(self, report: ValidationReport) -> str:
        """Why the run ends after this validation; empty when it goes on."""
        at, settings = self.progress, self.settings
        if reason := self.task.reached_target(report):
            return reason
        if settings.patience and at.validations_without_better >= settings.patience:
            kind = "validation" if settings.validate_every else "epoch"
            return f"no better validation loss for {counted(at.validations_without_better, kind)}"
        if at.step >= self.total_steps:
            done = counted(at.step, "step") if settings.steps else counted(at.epoch, "epoch")
            return f"{done} done"
        return f"{settings.minutes:g} minutes used" if self.budget_exhausted() else ""

    # ---- its parts ----

    def epoch_batches(self, epoch: int) -> list[Indices]:
        """The batches of an epoch."""
        return batches_of(self.task.texts, self.settings, epoch)

    def learning_rate(self, step: int) -> float:
        """The rate of step 0, 1, ...; a limit in minutes shortens the decay to fit."""
        done = step / self.total_steps
        if self.settings.minutes:
            done = max(done, self.progress.seconds / (60 * self.settings.minutes))
        share = learning_rate_share(
            step,
            progress=done,
            warmup_steps=min(self.settings.warmup_steps, self.total_steps // 10),
            schedule=self.settings.schedule,
            final_lr_fraction=self.settings.final_lr_fraction,
        )
        return share * learning_rate_of(self.settings)

    def validation_loss(self) -> float:
        """The task's validation loss. Raises TrainingError when it is no number."""
        loss = self.task.validation_loss()
        if not math.isfinite(loss):
            raise TrainingError(
                f"the validation loss is no longer a number after step {self.progress.step}; {self.last_good()}"
            )
        return loss

    def started(self) -> Started:
        """What this session begins with, and how long it will take by the time of one batch."""
        steps_left = self.total_steps - self.progress.step
        batch = self.task.batch(self.middling_batch())
        expected = self.learner.seconds_per_step(batch) * steps_left if steps_left else 0.0
        if self.settings.minutes:
            expected = min(expected, max(0.0, 60 * self.settings.minutes - self.progress.seconds))
        return Started(
            run=self.folder.path,
            parameters=self.learner.parameters,
            tokens=len(self.task.texts.ids),
            step=self.progress.step,
            total_steps=self.total_steps,
            expected_seconds=expected,
            computes_on=self.learner.computes_on,
            messages=tuple(self.messages),
        )

    def middling_batch(self) -> Indices:
        """The batch with the median number of tokens."""
        order = sorted(self.epoch_batches(1), key=lambda indices: int(self.task.texts.lengths[indices].sum()))
        return order[len(order) // 2]

    def end(self, reason: str, *, interrupted: bool) -> Finished:
        """The report that closes a session."""
        return Finished(reason, self.folder.best, self.progress.best_loss, interrupted)

    def last_good(self) -> str:
        """Where the newest usable model is, for error messages."""
        there = [path for path in (self.folder.best, self.folder.last) if path.exists()]
        return f"the last good checkpoint is {there[0]}" if there else "no checkpoint was written before it"

    # ---- what is kept ----

    def write_checkpoint(self, validation_loss: float | None, paths: Sequence[Path]) -> None:
        """Write the model as it stands, with its card, into these files."""
        if ranks.rank() == 0:
            self.folder.check_there()
            checkpoint = self.task.checkpoint(self.folder.name, self.progress, validation=validation_loss)
            for path in paths:
                checkpoint.save(path)

    def save(self) -> None:
        """Write state.pt. Raises CheckpointError for a run that was removed meanwhile."""
        self.folder.check_there()
        self._save_state()

    def _save_state(self) -> None:
        self.folder.save_state({"progress": self.progress.to_dict(), **self.learner.state()})
        self.saved_at = time.monotonic()

    def begin(self) -> None:
        """Make the folder of a new run. Raises CheckpointError when it has one, or something else."""
        self.folder.check_new()
        self.folder.sweep()
        self.progress.parent = self.task.parent
        self._save_state()
        # last, because a run is there once its config is: killed before, the same command begins again
        self.folder.write_config(
            self.config.to_dict(), self.task.fingerprint(), __version__, self.task.source
        )

    def restore(self) -> None:
        """Stand where state.pt says. Raises CheckpointError when it does not fit."""
        self.folder.sweep()
        state = self.folder.load_state()
        try:
            self.progress = Progress.from_dict(state["progress"])
            self.learner.load_state(state)
        except (KeyError, IndexError, AttributeError, TypeError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())  # torch answers in several lines
            raise CheckpointError(
                f"{self.folder.state} does not fit this run ({reason:.200}); start another run"
            ) from error
        self.messages += ranks.describe(1 + len(state.get("random_of_others", ())))
        if not self.progress.finished:
            at = self.progress
            self.folder.forget_after(step=at.step, validated_step=at.validated_step)


def batches_of(texts: EncodedPoems, settings: TrainingConfig, epoch: int = 1) -> list[Indices]:
    """Which texts are in which batch of an epoch (1, 2, ...); how many batches there are is the same for all."""
    max_tokens = settings.batch_size * settings.bptt_length
    return epoch_batches(
        texts, batch_size=settings.batch_size, max_tokens=max_tokens, seed=settings.seed, epoch=epoch
    )
