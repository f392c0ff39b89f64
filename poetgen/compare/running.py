"""The runs of a comparison, one after the other, each on the same poems, batches and first weights."""

import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from poetgen.compare.folder import ComparisonFolder
from poetgen.compare.plan import TUNING, Job, Plan, Setting
from poetgen.compare.results import Point, Result
from poetgen.corpus.dataset import Dataset
from poetgen.errors import TrainingError
from poetgen.measures import finite
from poetgen.training.events import EpochReport, Finished, Started, smoothed
from poetgen.training.learner import build_learner
from poetgen.training.loop import StepReport
from poetgen.training.run_folder import RunFolder
from poetgen.training.trainer import Run, open_run

VALIDATIONS = 20  # in a run, those after its epochs not counted
SMOOTHING = 0.8


@dataclass(frozen=True)
class Beginning:
    """A run begins, or goes on after `step`."""

    job: Job
    number: int
    step: int
    total_steps: int
    expected_seconds: float


@dataclass(frozen=True)
class Ended:
    """A run has ended; `kept` if it had done so in an earlier session."""

    result: Result
    number: int
    kept: bool


Event = Beginning | StepReport | Ended
ShouldStop = Callable[[], bool]


def check_settings(plan: Plan, poems: Mapping[str, Dataset]) -> None:
    """Raises ConfigError, before any hour is spent, for a setting that cannot learn here."""
    for setting in plan.settings:
        build_learner(len(poems[setting.label].vocabulary), setting.config)


def run_comparison(
    plan: Plan,
    poems: Mapping[str, Dataset],
    folder: ComparisonFolder,
    *,
    should_stop: ShouldStop = lambda: False,
) -> Iterator[Event]:
    """Make every run that is not made yet; a run stopped half-way goes on where it was last saved.

    Ends early, the run in hand saved, when `should_stop` says so. Raises CheckpointError for a run folder that
    cannot be used.
    """
    results: dict[str, Result] = {}
    shares = {setting.label: 1.0 for setting in plan.settings}
    for job, setting in jobs(plan, shares):
        if job.name in results:
            continue
        if should_stop():  # also where runs are so short that none of them is asked
            return
        result = folder.result(job)
        kept = result is not None
        if result is None:
            result = yield from run_job(
                job,
                poems[job.label],
                folder,
                number=len(results) + 1,
                training_poems=plan.options.training_poems,
                should_stop=should_stop,
            )
        if result is None:
            return
        results[job.name] = result
        yield Ended(result, len(results), kept)
        if plan.options.tune and job.seed == plan.seeds[0]:
            shares[setting.label] = best_share(plan, setting, results)


def jobs(plan: Plan, shares: Mapping[str, float]) -> Iterator[tuple[Job, Setting]]:
    """Tries for learning rates with the first seed, then every setting with every seed at its best share."""
    if plan.options.tune:
        for share in TUNING:
            for setting in plan.settings:
                yield plan.job(setting, plan.seeds[0], share), setting
    for seed in plan.seeds:
        for setting in plan.settings:
            yield plan.job(setting, seed, shares[setting.label]), setting


def best_share(plan: Plan, setting: Setting, results: Mapping[str, Result]) -> float:
    """Of the shares tried so far the one with the lowest validation loss."""
    tried = {share: results.get(plan.job(setting, plan.seeds[0], share).name) for share in TUNING}
    ranks = {share: result.rank for share, result in tried.items() if result}
    return min(ranks, key=lambda share: ranks[share])


def run_job(
    job: Job,
    prepared: Dataset,
    folder: ComparisonFolder,
    *,
    number: int,
    training_poems: bool = False,
    should_stop: ShouldStop = lambda: False,
) -> Generator[Event, None, Result | None]:
    """One run to its end; None when it was stopped before."""
    path = folder.run(job)
    with open_run(prepared, path, job.config, resume=RunFolder(path).config.exists()) as run:
        points = folder.points(job, up_to=run.progress.step)
        pace = Pace(run, points + epoch_ends(run))
        ended, diverged = "", ""
        try:
            for report in run.reports(should_stop):
                match report:
                    case Started():
                        yield Beginning(job, number, report.step, report.total_steps, report.expected_seconds)
                    case StepReport():
                        yield report
                        now = Point(report.step, run.progress.seconds, report.loss)
                        if pace.is_due(now):
                            pace.last = now._replace(loss=validate(run))
                            points.append(pace.last)
                            folder.keep_points(job, points)
                    case Finished(interrupted=True):
                        return None
                    case Finished():
                        ended = report.reason
                    case EpochReport():
                        pace.last = Point(report.step, report.seconds, report.validation_loss)
        except TrainingError as error:
            ended = diverged = str(error).partition(";")[0]
        learned = training_loss(run) if training_poems and not diverged else None
        result = result_of(job, run, points, ended=ended, diverged=diverged, training_poems=learned)
        folder.finish(job, result)
    return result


def validate(run: Run) -> float:
    """The validation loss within an epoch."""
    with run.learner.average.applied():
        return run.validate()


def training_loss(run: Run) -> float | None:
    """The loss on the training poems with dropout off, None where it is no number."""
    with run.learner.average.applied():
        return finite(run.loss_on(run.train_poems))


class Pace:
    """When to validate within epochs: so many times a run, but never more than a run learns.

    Told by the step and the time of the last validation alone, so that a run that goes on keeps it.
    """

    def __init__(self, run: Run, validations: Sequence[Point]) -> None:
        self.run, self.epoch = run, len(run.epoch_batches(1))
        a_step = len(run.train_poems.ids) / self.epoch
        self.least = math.ceil(len(run.validation_poems.ids) / a_step)
        self.last = max(validations, default=Point(0, 0.0, math.inf))

    def passed(self, point: Point) -> int:
        """How many of the times had come by then."""
        minutes = self.run.settings.minutes
        spent = point.seconds / (60 * minutes) if minutes else 0.0
        return int(VALIDATIONS * max(point.step / self.run.total_steps, spent))

    def is_due(self, now: Point) -> bool:
        """Asked after every step; an epoch's end has a validation of its own."""
        if (
            now.step % self.epoch == 0
            or self.run.budget_exhausted()
            or now.step - self.last.step < self.least
        ):
            return False
        return self.passed(now) > self.passed(self.last)


def epoch_ends(run: Run) -> list[Point]:
    """The validations at the ends of epochs."""
    records = (record for record in run.folder.records() if record["kind"] == "epoch")
    return [Point(record["step"], record["seconds"], record["validation_loss"]) for record in records]


def result_of(
    job: Job, run: Run, points: list[Point], *, ended: str, diverged: str, training_poems: float | None
) -> Result:
    """What a run has come to, read from its records."""
    steps = [record for record in run.folder.records() if record["kind"] == "step"]
    seconds = {record["step"]: record["seconds"] for record in steps}
    training = [Point(step, seconds[step], loss) for step, loss in smoothed(steps, SMOOTHING)]
    guess = math.log(len(run.prepared.vocabulary))
    if not diverged and training and training[-1].loss > guess:
        diverged = "at the end it knew less than one who takes every character for equally likely"
    return Result(
        name=job.name,
        label=job.label,
        seed=job.seed,
        learning_rate=job.learning_rate,
        steps=run.progress.step,
        seconds=run.progress.seconds,
        ended=ended,
        diverged=diverged,
        parameters=run.learner.parameters,
        computes_on=run.learner.computes_on,
        training=tuple(training),
        validation=tuple(sorted(set(points + epoch_ends(run)))),
        training_poems=training_poems,
    )
