"""One training from its start, or from where it was stopped, to its end; yields events, prints nothing."""

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
from poetgen.training.events import Event, Finished, Progress, Started, ValidationReport
from poetgen.training.language_modeling import LanguageModeling
from poetgen.training.loop import StepReport, train
from poetgen.training.run_folder import ReadOnlyRunFolder, RunFolder, check_resumable
from poetgen.training.schedules import Schedule
from poetgen.training.task import Task

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
) -> Iterator[Event]:
    """Train a language model in `run_dir` until the settings, or `should_stop` asked after each step, say to stop.

    `training.processes` of them, or those that torchrun started, share every batch (poetgen.training.ranks).
    Raises what `open_session` and LanguageModeling raise, and TrainingError when the loss is not a number.
    """
    job = {
        "prepared": str(prepared.path),
        "run": str(run_dir),
        "config": config.to_dict(),
        "resume": resume,
    }
    with ranks.open_group(config.training, job):
        # before there is a folder: none is made for settings that cannot be
        task = LanguageModeling(prepared, config, is_new=not resume)
        folder = RunFolder(run_dir) if ranks.rank() == 0 else ReadOnlyRunFolder(run_dir)
        with open_session(task, folder, config, resume=resume) as trainer:
            yield from trainer.run(should_stop)


@contextmanager
def open_session(
    task: Task, folder: RunFolder, config: Config, *, resume: bool = False
) -> Iterator["Trainer"]:
    """The trainer of a new run, or of one to go on with, its folder held for this process until the context ends.

    Raises CheckpointError when the folder is in use, already holds a run (or none, to resume) or began with
    other settings or data.
    """
    if resume:
        check_resumable(folder, config, task.fingerprint(), where=task.source)
    trainer = Trainer(task, folder, config)
    with folder.hold_lock():
        trainer.restore() if resume else trainer.begin()
        yield trainer


class Trainer:
    """A task, the progress of learning it, and the folder that keeps both."""

    def __init__(self, task: Task, folder: RunFolder, config: Config) -> None:
        self.task, self.folder, self.config = task, folder, config
        self.settings, self.learner = config.training, task.learner
        self.schedule = Schedule(self.settings, len(shuffle_batches(task.texts, self.settings)))
        self.progress = Progress()
        self.messages = list(task.messages)
        self.saved_at = time.monotonic()
        self.record_every = min(STEPS_BETWEEN_RECORDS, 1 + self.schedule.total_steps // 100)

    # ---- the sequence ----

    def run(self, should_stop: Callable[[], bool]) -> Iterator[Event]:
        """The run's events from where it stands to its end; of a finished run nothing but its end.

        Raises TrainingError, which names the newest usable model, when it cannot go on.
        """
        try:
            yield from self._run(should_stop)
        except TrainingError as error:
            is_lost = isinstance(error, ranks.RankLost)
            advice = f"continue with: {self.folder.command} --resume {self.folder.name}; " if is_lost else ""
            raise TrainingError(f"{error}; {advice}{self.name_last_good()}") from error

    def _run(self, should_stop: Callable[[], bool]) -> Iterator[Event]:
        if not self.progress.finished:
            yield self.describe_start()
        while not self.progress.finished:
            interrupted = yield from self.take_steps(should_stop)
            if interrupted:
                with self.learner.average.apply():
                    self.write_checkpoint(None, [self.folder.last])
                self.save()
                yield Finished("interrupted", self.folder.best, self.progress.best_loss, interrupted=True)
                return
            self.save()  # validation may take long: a kill in it must not cost the steps before it
            yield self.validate()
        at = self.progress
        yield Finished(at.finished, self.folder.best, at.best_loss, interrupted=False)

    def take_steps(self, should_stop: Callable[[], bool]) -> Generator[Event, None, bool]:
        """Steps until a validation is due; returns whether the user asked to stop before."""
        at, schedule = self.progress, self.schedule
        while not schedule.is_validation_due(at):
            if schedule.is_epoch_over(at):
                at.next_epoch()
            for report in self.train_epoch():
                # what the clock and the user say is for the first process to say
                report = replace(report, seconds=ranks.broadcast(report.seconds)[0])
                self.record_step(report)
                yield report
                stop, save = ranks.broadcast(should_stop(), self.is_save_due())
                if stop and not schedule.is_over(at):
                    return True
                if schedule.is_validation_due(at):
                    break
                if save:
                    self.save()
        return False

    def train_epoch(self) -> Iterator[StepReport]:
        """A step for each batch that is left of the epoch."""
        at = self.progress
        batches = shuffle_batches(self.task.texts, self.settings, at.epoch)
        return train(
            self.learner,
            map(self.task.batch, batches[at.position :]),
            learning_rate=lambda step: self.schedule.learning_rate(step, at.seconds),
            first_step=at.step,
        )

    def is_save_due(self) -> bool:
        """Whether what has been learned since the last save is worth another."""
        return time.monotonic() - self.saved_at >= SECONDS_BETWEEN_SAVES

    def record_step(self, report: StepReport) -> None:
        """Count a step, average its weights, record it now and then."""
        self.progress.count_step(report)
        self.learner.average.update(report.step)
        if report.step % self.record_every == 0 or report.step == 1:
            self.folder.append(report.to_record(epoch=self.progress.epoch, seconds=self.progress.seconds))

    def validate(self) -> ValidationReport:
        """Measure the model, keep its checkpoints, record it, and decide whether the run goes on.

        Raises TrainingError for a run that has diverged and does not come back; its models are not kept.
        """
        with self.learner.average.apply():
            loss = self.validation_loss()
            # who learns the training texts by heart is as sure of what is wrong, and has not diverged
            has_diverged = min(loss, self.progress.mean_train_loss) > self.task.guess_loss + DIVERGED
            report = self.progress.count_validation(loss, is_usable=not has_diverged)
            report = replace(report, metrics=self.task.metrics(loss))
            if not has_diverged:
                self.write_checkpoint(loss, list(self.checkpoints_to_write(report)))
        self.folder.append(report.to_record())
        reason = self.task.reason_to_stop(report) or self.schedule.reason_to_stop(self.progress)
        given_up = self.progress.validations_without_better >= DIVERGED_VALIDATIONS
        if has_diverged and (reason or given_up):
            raise TrainingError(
                f"the training has diverged: a validation loss of {loss:.4g} is worse than a uniform guess, "
                f"{self.task.guess_loss:.4g}; try a lower --learning-rate"
            )
        self.progress.finished = reason
        self.save()
        return report

    def validation_loss(self) -> float:
        """The task's validation loss. Raises TrainingError when it is not a number."""
        loss = self.task.validation_loss()
        if not math.isfinite(loss):
            raise TrainingError(f"the validation loss is no longer a number after step {self.progress.step}")
        return loss

    # ---- what is reported ----

    def describe_start(self) -> Started:
        """What this session begins with, and how long it will take by the time of one batch."""
        at, schedule = self.progress, self.schedule
        has_steps_left = at.step < schedule.total_steps
        batch = self.task.batch(self.median_batch())
        seconds_per_step = self.learner.seconds_per_step(batch) if has_steps_left else 0.0
        return Started(
            run=self.folder.path,
            parameters=self.learner.parameters,
            tokens=len(self.task.texts.ids),
            step=at.step,
            total_steps=schedule.total_steps,
            expected_seconds=schedule.seconds_left(at, seconds_per_step),
            computes_on=self.learner.computes_on,
            messages=tuple(self.messages),
        )

    def median_batch(self) -> Indices:
        """The batch with the median number of tokens."""
        texts = self.task.texts
        by_tokens = sorted(
            shuffle_batches(texts, self.settings), key=lambda indices: int(texts.lengths[indices].sum())
        )
        return by_tokens[len(by_tokens) // 2]

    def name_last_good(self) -> str:
        """Where the newest usable model is, for error messages."""
        there = [path for path in (self.folder.best, self.folder.last) if path.exists()]
        return f"the last good checkpoint is {there[0]}" if there else "no checkpoint was written before it"

    # ---- what is kept ----

    def checkpoints_to_write(self, report: ValidationReport) -> Iterator[Path]:
        """last always, best when it is, the epoch's own when asked for."""
        at = self.progress
        if self.settings.keep_epochs and (self.schedule.is_epoch_over(at) or self.schedule.is_over(at)):
            label = self.task.label(report.validation_loss)
            yield self.folder.epoch_checkpoint(report.epoch, label, self.settings.optimizer)
        if report.is_best:
            yield self.folder.best
        yield self.folder.last

    def write_checkpoint(self, validation_loss: float | None, paths: Sequence[Path]) -> None:
        """Write the model as it stands, with its card, into these files."""
        if ranks.rank() == 0:
            self.folder.check_there()
            self.task.save_model(
                paths, run=self.folder.name, progress=self.progress, validation=validation_loss
            )

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
        self.messages += ranks.describe_change(1 + len(state.get("random_of_others", ())))
        if not self.progress.finished:
            at = self.progress
            self.folder.forget_after(step=at.step, validated_step=at.validated_step)


def shuffle_batches(texts: EncodedPoems, settings: TrainingConfig, epoch: int = 1) -> list[Indices]:
    """Which texts are in which batch of an epoch (1, 2, ...); how many batches there are is the same for all."""
    max_tokens = settings.batch_size * settings.bptt_length
    return epoch_batches(
        texts, batch_size=settings.batch_size, max_tokens=max_tokens, seed=settings.seed, epoch=epoch
    )
