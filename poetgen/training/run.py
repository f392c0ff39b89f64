"""One training from its start, or from where it was stopped, to its end; yields reports, prints nothing."""

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict
from pathlib import Path

from poetgen import __version__
from poetgen.checkpoint import Checkpoint
from poetgen.config import Config
from poetgen.corpus.batches import Indices, epoch_order, in_order, make_batch
from poetgen.corpus.prepared import EncodedPoems, PreparedFolder
from poetgen.errors import CheckpointError, CorpusError, TrainingError
from poetgen.measures import finite
from poetgen.training.card import card_of
from poetgen.training.folder import RunFolder
from poetgen.training.learner import build_learner
from poetgen.training.loop import StepReport, train
from poetgen.training.optimizers import default_learning_rate
from poetgen.training.reports import (
    EpochReport,
    Finished,
    Progress,
    Report,
    Started,
    counted,
    perplexity,
)
from poetgen.training.resuming import check_resumable, data_fingerprint
from poetgen.training.schedules import learning_rate_share

SECONDS_BETWEEN_SAVES = 30.0
STEPS_BETWEEN_RECORDS = 10


def run_training(
    prepared: PreparedFolder,
    run_dir: Path,
    config: Config,
    *,
    resume: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Report]:
    """Train in `run_dir` until the settings, or `should_stop` asked after each step, say to stop.

    Raises CheckpointError when the folder is in use, already holds a run (or none, to resume) or began with
    other settings or data; ConfigError for settings that cannot be; TrainingError when the loss is no number.
    """
    folder = RunFolder(run_dir)
    if resume:
        check_resumable(folder, config, prepared)
    run = Run(prepared, folder, config)  # before the folder, which is not made for settings that cannot be
    with folder.locked():
        folder.sweep()
        if resume:
            run.restore()
        elif folder.config.exists():
            raise CheckpointError(
                f"{run_dir} already holds a run; go on with --resume {run_dir.name}, "
                "or choose another --run name"
            )
        else:
            run.save()
            # last, because a run is there once its config is: killed before, the same command begins again
            folder.write_config(config.to_dict(), data_fingerprint(prepared), __version__)
        yield from run.reports(should_stop)


class Run:
    """What learns, its place in the data, and the folder that keeps both."""

    def __init__(self, prepared: PreparedFolder, folder: RunFolder, config: Config) -> None:
        """Raises ConfigError for a device that is not there, CorpusError for a split without poems."""
        self.prepared, self.folder, self.config = prepared, folder, config
        self.settings = config.training
        self.train_poems = poems_of(prepared, "train")
        self.validation_poems = poems_of(prepared, "validation")
        self.learner = build_learner(len(prepared.vocabulary), config)
        self.progress = Progress()
        self.saved_at = time.monotonic()
        self.total_steps = self.settings.steps or self.settings.epochs * len(self.order(1))
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
        order = self.order(at.epoch)[at.position :] if not self.spent() else []
        batches = (make_batch(self.train_poems, indices) for indices in order)
        try:
            for report in train(
                self.learner,
                batches,
                learning_rate=self.learning_rate,
                first_step=at.step,
            ):
                self.take_in(report)
                yield report
                if self.spent():
                    return False
                if should_stop():
                    return True
                if time.monotonic() - self.saved_at >= SECONDS_BETWEEN_SAVES:
                    self.save()
        except TrainingError as error:
            raise TrainingError(f"{error}; {self.last_good()}") from error
        return False

    def take_in(self, report: StepReport) -> None:
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
            at.epoch, at.step, at.epoch_loss / max(1, at.epoch_tokens), loss, at.seconds, is_best
        )
        for path in self.checkpoints_to_write(report):
            checkpoint.save(path)
        self.folder.append({"kind": "epoch", **asdict(report), "perplexity": finite(report.perplexity)})
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

    def spent(self) -> bool:
        """Whether steps or minutes are used up."""
        minutes = self.settings.minutes
        return self.progress.step >= self.total_steps or 0 < 60 * minutes <= self.progress.seconds

    def reason_to_stop(self) -> str:
        """Why the run ends after this epoch; empty when it goes on."""
        at, settings = self.progress, self.settings
        if settings.stop_at and at.best_loss <= math.log(settings.stop_at):
            return f"validation perplexity reached {settings.stop_at:g}"
        if settings.patience and at.epochs_without_better >= settings.patience:
            return f"no better validation perplexity for {at.epochs_without_better} epochs"
        if at.step >= self.total_steps:
            return counted(at.step, "step") if settings.steps else counted(at.epoch, "epoch")
        return f"{settings.minutes:g} minutes used" if self.spent() else ""

    # ---- its parts ----

    def order(self, epoch: int) -> list[Indices]:
        """The batches of an epoch."""
        return epoch_order(
            self.train_poems,
            batch_size=self.settings.batch_size,
            max_tokens=self.settings.batch_size * self.settings.segment_length,
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
            final_rate=self.settings.final_rate,
        )
        return share * (self.settings.learning_rate or default_learning_rate(self.settings.optimizer))

    def validate(self) -> float:
        """Mean natural-log loss of a validation token, the unknown counted as in docs/measures.md.

        Raises TrainingError when it is no number.
        """
        poems, vocabulary = self.validation_poems, self.prepared.vocabulary
        length = self.settings.segment_length
        batches = (batch for _, batch in in_order(poems, batch_size=64, max_tokens=64 * length))
        unknown = int((poems.ids == vocabulary.unknown).sum())
        loss = self.learner.validation_loss(batches)
        loss += unknown * math.log(vocabulary.unknown_types) / len(poems.ids)
        if not math.isfinite(loss):
            raise TrainingError(
                f"the validation loss is no longer a number after step {self.progress.step}; {self.last_good()}"
            )
        return loss

    def started(self) -> Started:
        """What this sitting begins with, and how long it will take by the time of one batch."""
        steps_left = self.total_steps - self.progress.step
        batch = make_batch(self.train_poems, self.middling_batch())
        expected = self.learner.seconds_per_step(batch) * steps_left if steps_left else 0.0
        if self.settings.minutes:
            expected = min(expected, max(0.0, 60 * self.settings.minutes - self.progress.seconds))
        return Started(
            run=self.folder.path,
            parameters=self.learner.parameters,
            tokens=len(self.train_poems.ids),
            step=self.progress.step,
            total_steps=self.total_steps,
            expected_seconds=expected,
            computes_on=self.learner.computes_on,
        )

    def middling_batch(self) -> Indices:
        """The batch with the median number of tokens."""
        order = sorted(self.order(1), key=lambda indices: int(self.train_poems.lengths[indices].sum()))
        return order[len(order) // 2]

    def end(self, reason: str, *, interrupted: bool) -> Finished:
        """The report that closes a sitting."""
        return Finished(reason, self.folder.best, perplexity(self.progress.best_loss), interrupted)

    def last_good(self) -> str:
        """Where the newest usable model is, for error messages."""
        there = [path for path in (self.folder.best, self.folder.last) if path.exists()]
        return f"the last good checkpoint is {there[0]}" if there else "no checkpoint was written before it"

    # ---- what is kept ----

    def checkpoint(self, *, validation: float | None) -> Checkpoint:
        """The model as it stands, with its card."""
        card = card_of(self.folder.name, self.prepared, self.settings, self.progress, validation=validation)
        return Checkpoint(self.learner.weights(), self.prepared.vocabulary, self.config.to_dict(), card)

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


def poems_of(prepared: PreparedFolder, split: str) -> EncodedPoems:
    """A split that has poems. Raises CorpusError when it has none."""
    poems = prepared.split(split)
    if not len(poems):
        raise CorpusError(f"{prepared.path} has no {split} poems; prepare more, or with another --split")
    return poems
