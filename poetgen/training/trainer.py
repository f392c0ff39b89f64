"""One training from its start, or from where it was stopped, to its end; yields reports, prints nothing."""

import math
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from poetgen import __version__
from poetgen.config import Config
from poetgen.corpus.batches import Indices, epoch_batches
from poetgen.corpus.dataset import Dataset
from poetgen.errors import CheckpointError, TrainingError
from poetgen.measures import finite
from poetgen.training.events import (
    EpochReport,
    Finished,
    Progress,
    Report,
    Started,
    counted,
    perplexity,
)
from poetgen.training.loop import StepReport, train
from poetgen.training.optimizers import learning_rate_of
from poetgen.training.run_folder import RunFolder, check_resumable
from poetgen.training.schedules import learning_rate_share
from poetgen.training.task import LanguageModeling, Savable, Task, data_fingerprint

SECONDS_BETWEEN_SAVES = 30.0
STEPS_BETWEEN_RECORDS = 10


def run_training(
    prepared: Dataset,
    run_dir: Path,
    config: Config,
    *,
    resume: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Report]:
    """Train in `run_dir` until the settings, or `should_stop` asked after each step, say to stop.

    Raises what `open_run` raises, and TrainingError when the loss is no number.
    """
    with open_run(prepared, run_dir, config, resume=resume) as run:
        yield from run.reports(should_stop)


@contextmanager
def open_run(prepared: Dataset, run_dir: Path, config: Config, *, resume: bool = False) -> Iterator["Run"]:
    """A new run, or one to go on with, held for this process until the context ends.

    Raises CheckpointError when the folder is in use, already holds a run (or none, to resume) or began with
    other settings or data; ConfigError for settings that cannot be.
    """
    folder = RunFolder(run_dir)
    if resume:
        check_resumable(folder, config, data_fingerprint(prepared), where=str(prepared.path))
    run = Run(prepared, folder, config, is_new=not resume)  # first: no folder for settings that cannot be
    with opened(run, resume=resume):
        yield run


@contextmanager
def opened(run: "Trainer", *, resume: bool) -> Iterator[None]:
    """The run in its folder, begun or restored, held for this process. Raises CheckpointError."""
    folder = run.folder
    with folder.locked():
        if resume:
            folder.sweep()
            run.restore()
        else:
            folder.check_new()
            folder.sweep()
            run.save()
            # last, because a run is there once its config is: killed before, the same command begins again
            folder.write_config(run.config.to_dict(), run.task.fingerprint(), __version__)
        yield


class Trainer:
    """A task in learning, its place in the data, and the folder that keeps both."""

    def __init__(self, task: Task, folder: RunFolder, config: Config) -> None:
        self.task, self.folder, self.config = task, folder, config
        self.settings, self.learner = config.training, task.learner
        self.progress = Progress()
        self.saved_at = time.monotonic()
        self.total_steps = self.settings.steps or self.settings.epochs * len(self.epoch_batches(1))
        self.record_every = min(STEPS_BETWEEN_RECORDS, 1 + self.total_steps // 100)

    # ---- the sequence ----

    def reports(self, should_stop: Callable[[], bool]) -> Iterator[Report]:
        """The run's reports from where it stands to its end; a finished run has nothing but its end to tell."""
        if not self.progress.finished:
            yield self.started()
        while not self.progress.finished:
            interrupted = yield from self.take_steps(should_stop)
            if interrupted:
                with self.learner.average.applied():
                    self.checkpoint(validation=None).save(self.folder.last)
                self.save()
                yield self.end("interrupted", interrupted=True)
                return
            self.save()  # validation may take long: a kill in it must not cost the steps before it
            yield self.finish_epoch()
        yield self.end(self.progress.finished, interrupted=False)

    def take_steps(self, should_stop: Callable[[], bool]) -> Generator[Report, None, bool]:
        """The steps left in this epoch, or in the budget; returns whether the user asked to stop."""
        at = self.progress
        order = self.epoch_batches(at.epoch)[at.position :] if not self.budget_exhausted() else []
        batches = (self.task.batch(indices) for indices in order)
        try:
            for report in train(
                self.learner,
                batches,
                learning_rate=self.learning_rate,
                first_step=at.step,
            ):
                self.record_step(report)
                yield report
                if self.budget_exhausted():
                    return False
                if should_stop():
                    return True
                if time.monotonic() - self.saved_at >= SECONDS_BETWEEN_SAVES:
                    self.save()
        except TrainingError as error:
            raise TrainingError(f"{error}; {self.last_good()}") from error
        return False

    def record_step(self, report: StepReport) -> None:
        """Count a step, average its weights, record it now and then."""
        self.progress.count(report)
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

    def finish_epoch(self) -> EpochReport:
        """Validate, keep the checkpoints, record the epoch, and decide whether the run goes on."""
        at = self.progress
        with self.learner.average.applied():
            loss = self.validate()
            is_best = loss < at.best_loss
            at.best_loss = min(loss, at.best_loss)
            at.epochs_without_better = 0 if is_best else at.epochs_without_better + 1
            checkpoint = self.checkpoint(validation=loss)
        report = EpochReport(
            epoch=at.epoch,
            step=at.step,
            train_loss=at.epoch_loss / max(1, at.epoch_tokens),
            validation_loss=loss,
            seconds=at.seconds,
            is_best=is_best,
            metrics=self.task.metrics(),
        )
        for path in self.checkpoints_to_write(report):
            checkpoint.save(path)
        self.folder.append(record_of_epoch(report))
        at.finished = self.reason_to_stop()
        at.next_epoch()
        self.save()
        return report

    def checkpoints_to_write(self, report: EpochReport) -> Iterator[Path]:
        """last always, best when it is, the epoch's own when asked for."""
        if self.settings.keep_epochs:
            yield self.folder.epoch_checkpoint(report.epoch, report.perplexity, self.settings.optimizer)
        if report.is_best:
            yield self.folder.best
        yield self.folder.last

    def budget_exhausted(self) -> bool:
        """Whether steps or minutes are used up."""
        minutes = self.settings.minutes
        return self.progress.step >= self.total_steps or 0 < 60 * minutes <= self.progress.seconds

    def reason_to_stop(self) -> str:
        """Why the run ends after this epoch; empty when it goes on."""
        at, settings = self.progress, self.settings
        if settings.target_perplexity and at.best_loss <= math.log(settings.target_perplexity):
            return f"validation perplexity reached {settings.target_perplexity:g}"
        if settings.patience and at.epochs_without_better >= settings.patience:
            return f"no better validation perplexity for {at.epochs_without_better} epochs"
        if at.step >= self.total_steps:
            done = counted(at.step, "step") if settings.steps else counted(at.epoch, "epoch")
            return f"{done} done"
        return f"{settings.minutes:g} minutes used" if self.budget_exhausted() else ""

    # ---- its parts ----

    def epoch_batches(self, epoch: int) -> list[Indices]:
        """The batches of an epoch."""
        return epoch_batches(
            self.task.texts,
            batch_size=self.settings.batch_size,
            max_tokens=self.settings.batch_size * self.settings.bptt_length,
            seed=self.settings.seed,
            epoch=epoch,
        )

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

    def validate(self) -> float:
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
            messages=tuple(self.task.messages),
        )

    def middling_batch(self) -> Indices:
        """The batch with the median number of tokens."""
        order = sorted(self.epoch_batches(1), key=lambda indices: int(self.task.texts.lengths[indices].sum()))
        return order[len(order) // 2]

    def end(self, reason: str, *, interrupted: bool) -> Finished:
        """The report that closes a session."""
        return Finished(reason, self.folder.best, perplexity(self.progress.best_loss), interrupted)

    def last_good(self) -> str:
        """Where the newest usable model is, for error messages."""
        there = [path for path in (self.folder.best, self.folder.last) if path.exists()]
        return f"the last good checkpoint is {there[0]}" if there else "no checkpoint was written before it"

    # ---- what is kept ----

    def checkpoint(self, *, validation: float | None) -> Savable:
        """The model as it stands, with its card."""
        return self.task.checkpoint(self.folder.name, self.progress, validation=validation)

    def save(self) -> None:
        """Write state.pt."""
        self.folder.save_state({"progress": self.progress.to_dict(), **self.learner.state()})
        self.saved_at = time.monotonic()

    def restore(self) -> None:
        """Stand where state.pt says. Raises CheckpointError when it does not fit."""
        state = self.folder.load_state()
        try:
            self.progress = Progress.from_dict(state["progress"])
            self.learner.load_state(state)
        except (KeyError, IndexError, AttributeError, TypeError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())  # torch answers in several lines
            raise CheckpointError(
                f"{self.folder.state} does not fit this run ({reason:.200}); start another run"
            ) from error
        if not self.progress.finished:
            self.folder.forget_after(step=self.progress.step, epoch=self.progress.epoch)


class Run(Trainer):
    """A language model's course through prepared poems."""

    task: LanguageModeling

    def __init__(self, prepared: Dataset, folder: RunFolder, config: Config, *, is_new: bool = True) -> None:
        """Raises ConfigError for a device that is not there, CorpusError for a split without poems."""
        self.prepared = prepared
        super().__init__(LanguageModeling(prepared, config, is_new=is_new), folder, config)
        self.progress.parent = self.task.parent
        self.train_poems, self.validation_poems = self.task.texts, self.task.validation_poems
        self.loss_on = self.task.loss_on


def record_of_epoch(report: EpochReport) -> dict[str, Any]:
    """As metrics.jsonl has it."""
    values = asdict(report)
    metrics = values.pop("metrics")
    return {"kind": "epoch", **values, "perplexity": finite(report.perplexity), **metrics}
