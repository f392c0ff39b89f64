"""The runs of a comparison, one after the other, each on the same poems, batches and first weights."""

import math
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass

from poetgen.compare.folder import ComparisonFolder
from poetgen.compare.plan import TUNING, Plan, Run, Variant
from poetgen.compare.results import Point, Result
from poetgen.config import Config, from_dict
from poetgen.corpus.dataset import Dataset
from poetgen.errors import TrainingError
from poetgen.measures import finite
from poetgen.training.events import Finished, Started, smooth_losses
from poetgen.training.language_modeling import LanguageModeling
from poetgen.training.learner import build_learner
from poetgen.training.loop import StepReport
from poetgen.training.run_folder import RunFolder
from poetgen.training.schedules import Schedule
from poetgen.training.trainer import Trainer, open_session, shuffle_batches

VALIDATIONS = 20  # in a run
SMOOTHING = 0.8


@dataclass(frozen=True)
class RunStarted:
    """A run begins, or goes on after `step`."""

    run: Run
    number: int
    step: int
    total_steps: int


@dataclass(frozen=True)
class RunFinished:
    """A run has ended; `is_kept` if it had done so in an earlier session."""

    result: Result
    number: int
    is_kept: bool


ComparisonEvent = RunStarted | StepReport | RunFinished
ShouldStop = Callable[[], bool]


def check_settings(plan: Plan, poems: Mapping[str, Dataset]) -> None:
    """Raises ConfigError, before any hour is spent, for a setting that cannot learn here."""
    for variant in plan.variants:
        build_learner(len(poems[variant.label].vocabulary), variant.config)


def run_comparison(
    plan: Plan,
    poems: Mapping[str, Dataset],
    folder: ComparisonFolder,
    *,
    should_stop: ShouldStop = lambda: False,
) -> Iterator[ComparisonEvent]:
    """Make every run that is not made yet; a run stopped half-way goes on where it was last saved.

    Ends early, the run in hand saved, when `should_stop` says so. Raises CheckpointError for a run folder that
    cannot be used.
    """
    results: dict[str, Result] = {}
    multipliers = {variant.label: 1.0 for variant in plan.variants}
    for run, variant in plan_runs(plan, multipliers):
        if run.name in results:
            continue
        if should_stop():  # also where runs are so short that none of them is asked
            return
        result = folder.read_result(run)
        is_kept = result is not None
        if is_kept:
            folder.clean_up(run)
        if result is None:
            result = yield from make_run(
                run,
                poems[run.label],
                folder,
                number=len(results) + 1,
                training_poems=plan.options.training_poems,
                should_stop=should_stop,
            )
        if result is None:
            return
        results[run.name] = result
        yield RunFinished(result, len(results), is_kept)
        if plan.options.tune and run.seed == plan.seeds[0]:
            multipliers[variant.label] = best_multiplier(plan, variant, results)


def plan_runs(plan: Plan, multipliers: Mapping[str, float]) -> Iterator[tuple[Run, Variant]]:
    """Tries for learning rates with the first seed, then every setting with every seed at its best rate."""
    if plan.options.tune:
        for multiplier in TUNING:
            for variant in plan.variants:
                yield plan.run(variant, plan.seeds[0], multiplier), variant
    for seed in plan.seeds:
        for variant in plan.variants:
            yield plan.run(variant, seed, multipliers[variant.label]), variant


def best_multiplier(plan: Plan, variant: Variant, results: Mapping[str, Result]) -> float:
    """Of the multipliers tried so far the one with the lowest validation loss."""
    tried = {
        multiplier: results.get(plan.run(variant, plan.seeds[0], multiplier).name) for multiplier in TUNING
    }
    ranks = {multiplier: result.rank for multiplier, result in tried.items() if result}
    return min(ranks, key=lambda multiplier: ranks[multiplier])


def make_run(
    run: Run,
    prepared: Dataset,
    folder: ComparisonFolder,
    *,
    number: int,
    training_poems: bool = False,
    should_stop: ShouldStop = lambda: False,
) -> Generator[ComparisonEvent, None, Result | None]:
    """One run to its end; None when it was stopped before."""
    files = RunFolder(folder.run_path(run))
    resume = files.config.exists()
    config = choose_validations(run.config, prepared) if not resume else keep_validations(run.config, files)
    task = LanguageModeling(prepared, config, is_new=not resume)
    with open_session(task, files, config, resume=resume) as trainer:
        ended, diverged = "", ""
        try:
            for report in trainer.run(should_stop):
                match report:
                    case Started():
                        yield RunStarted(run, number, report.step, report.total_steps)
                    case StepReport():
                        yield report
                    case Finished(interrupted=True):
                        return None
                    case Finished():
                        ended = report.reason
        except TrainingError as error:
            ended = diverged = str(error).partition(";")[0]
        learned = training_loss(task) if training_poems and not diverged else None
        result = read_result(
            run,
            trainer,
            vocabulary_size=len(prepared.vocabulary),
            ended=ended,
            diverged=diverged,
            training_poems=learned,
        )
        folder.finish(run, result)
    return result


def choose_validations(config: Config, prepared: Dataset) -> Config:
    """Validated so many times in a run, but never so often that it would take longer than learning.

    Where the settings say how often, that is kept; a run measured in minutes is validated after its epochs.
    """
    settings = config.training
    if settings.validate_every or settings.minutes:
        return config
    poems, validation = prepared.split("train"), prepared.split("validation")
    schedule = Schedule(settings, len(shuffle_batches(poems, settings)))
    least = math.ceil(len(validation.ids) * schedule.steps_per_epoch / len(poems.ids))
    return config.replace(
        {"training.validate_every": max(1, least, math.ceil(schedule.total_steps / VALIDATIONS))}
    )


def keep_validations(config: Config, files: RunFolder) -> Config:
    """Validated as often as when the run began."""
    began = from_dict(files.read_config()["config"], str(files.config))
    return config.replace({"training.validate_every": began.training.validate_every})


def training_loss(task: LanguageModeling) -> float | None:
    """The loss on the training poems with dropout off, None where it is not a number."""
    with task.learner.average.apply():
        return finite(task.loss_on(task.texts))


def read_result(
    run: Run,
    trainer: Trainer,
    *,
    vocabulary_size: int,
    ended: str,
    diverged: str,
    training_poems: float | None,
) -> Result:
    """What a run has come to, read from its records."""
    records = trainer.folder.records()
    steps = [record for record in records if record["kind"] == "step"]
    seconds = {record["step"]: record["seconds"] for record in steps}
    training = [Point(step, seconds[step], loss) for step, loss in smooth_losses(steps, SMOOTHING)]
    validation = [
        Point(record["step"], record["seconds"], record["validation_loss"])
        for record in records
        if record["kind"] == "validation"
    ]
    guess = math.log(vocabulary_size)
    if not diverged and training and training[-1].loss > guess:
        diverged = "its final training loss is above that of a uniform guess"
    return Result(
        name=run.name,
        label=run.label,
        seed=run.seed,
        learning_rate=run.learning_rate,
        steps=trainer.progress.step,
        seconds=trainer.progress.seconds,
        ended=ended,
        diverged=diverged,
        parameters=trainer.learner.parameters,
        computes_on=trainer.learner.computes_on,
        training=tuple(training),
        validation=tuple(validation),
        training_poems=training_poems,
    )
