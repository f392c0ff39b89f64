"""A run from its start to its end: what it reports, what it writes, when it stops."""

import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from poetgen.checkpoint import Checkpoint
from poetgen.config import OPTIMIZERS, Config
from poetgen.corpus.dataset import Dataset
from poetgen.corpus.line_index import LineIndex
from poetgen.errors import CheckpointError, ConfigError, CorpusError, PoetgenError, TrainingError
from poetgen.evaluate import evaluate_split
from poetgen.measures import perplexity
from poetgen.poem.poem import Poem
from poetgen.training.events import Event, Finished, Progress, Started, ValidationReport
from poetgen.training.language_modeling import LanguageModeling
from poetgen.training.loop import StepReport
from poetgen.training.run_folder import RunFolder
from poetgen.training.schedules import Schedule
from poetgen.training.trainer import Trainer, run_training


def settings(**changes: Any) -> Config:
    small = {"model.embedding_size": 6, "model.hidden_size": 8, "training.batch_size": 12}
    more = {f"training.{key}" if "." not in key else key: value for key, value in changes.items()}
    return Config().replace({**small, "training.device": "cpu", "training.epochs": 3, **more})


@pytest.fixture
def trained(prepared: Dataset, tmp_path: Path) -> Callable[..., list[Event]]:
    """`trained(**settings)` trains in tmp_path / "run" and gives all reports."""

    def train(**changes: Any) -> list[Event]:
        return list(run_training(prepared, tmp_path / "run", settings(**changes)))

    return train


def trainer_of(prepared: Dataset, path: Path, config: Config) -> Trainer:
    return Trainer(LanguageModeling(prepared, config), RunFolder(path), config)


def of(kind: type, reports: list[Event]) -> list[Any]:
    return [report for report in reports if isinstance(report, kind)]


def test_reports_come_in_order_and_agree_with_the_files(
    trained: Callable[..., list[Event]], prepared: Dataset, tmp_path: Path
) -> None:
    reports = trained()
    folder = RunFolder(tmp_path / "run")
    started, end = reports[0], reports[-1]
    assert isinstance(started, Started) and isinstance(end, Finished)
    assert (started.step, started.total_steps, started.tokens) == (0, 12, len(prepared.split("train").ids))
    weights = Checkpoint.load(folder.best).weights
    assert started.parameters == sum(array.size for array in weights.values())
    assert started.expected_seconds > 0
    assert [report.step for report in of(StepReport, reports)] == [*range(1, 13)]
    epochs = of(ValidationReport, reports)
    assert [epoch.step for epoch in epochs] == [4, 8, 12]
    records = [record for record in folder.records() if record["kind"] == "validation"]
    assert [record["validation_loss"] for record in records] == [epoch.validation_loss for epoch in epochs]
    assert end.best_loss == min(epoch.validation_loss for epoch in epochs)
    assert end.reason == "3 epochs done" and end.best == folder.best


def test_the_epochs_train_loss_is_the_mean_over_its_tokens(trained: Callable[..., list[Event]]) -> None:
    reports = trained(epochs=1)
    steps = of(StepReport, reports)
    mean = sum(step.summed_loss for step in steps) / sum(step.tokens for step in steps)
    assert of(ValidationReport, reports)[0].train_loss == pytest.approx(mean)


MEASURED = [{}, {"ema_decay": 0.9}, {"temperature": 3.0}, {"temperature": 0.5, "backend": "numpy"}]


@pytest.mark.parametrize("changes", MEASURED, ids=str)
def test_the_best_file_measures_as_it_was_validated(
    trained: Callable[..., list[Event]], prepared: Dataset, tmp_path: Path, changes: dict[str, Any]
) -> None:
    end = trained(**changes)[-1]
    best = Checkpoint.load(tmp_path / "run" / "best.safetensors")
    assert best.card["corpus"] == prepared.manifest["corpus"]
    assert best.card["validation"]["ppl_token"] == pytest.approx(perplexity(end.best_loss))
    measured = evaluate_split(best, prepared, "validation").to_dict()
    assert measured["ppl_token"] == pytest.approx(perplexity(end.best_loss), rel=1e-5)


def test_the_best_file_knows_the_lines_it_learned_from(
    trained: Callable[..., list[Event]], poems: list[Poem], prepared: Dataset, tmp_path: Path
) -> None:
    trained(epochs=1)
    lines = Checkpoint.load(tmp_path / "run" / "best.safetensors").lines
    assert lines is not None
    known = LineIndex(lines)
    learned = [line for poem in poems[:44] for line in poem.lines]
    readable = [line for line in learned if all(hanzi in prepared.vocabulary for hanzi in line)]
    assert readable
    assert all(line in known for line in readable)
    assert not any(line in known for poem in poems[44:] for line in poem.lines)


SHORT = [
    ({"steps": 1}, 1, "1 step done"),
    ({"steps": 5}, 5, "5 steps done"),
    ({"minutes": 1e-6}, 1, "1e-06 minutes used"),
    ({"epochs": 1}, 4, "1 epoch done"),
    ({"target_perplexity": 1e6}, 4, "validation perplexity reached 1e+06"),
    ({"target_perplexity": 1e6, "target_on": "training"}, 4, "training perplexity reached 1e+06"),
    ({"target_perplexity": 1e6, "validate_every": 1}, 1, "validation perplexity reached 1e+06"),
    (
        {"patience": 2, "epochs": 9, "learning_rate": 1e-30},
        12,
        "no better validation loss for 2 epochs",
    ),
]


@pytest.mark.parametrize(("changes", "steps", "reason"), SHORT, ids=str)
def test_every_run_ends_with_a_validation_and_a_best_file(
    trained: Callable[..., list[Event]], tmp_path: Path, changes: dict[str, Any], steps: int, reason: str
) -> None:
    reports = trained(**changes)
    assert isinstance(reports[-2], ValidationReport) and reports[-2].step == steps
    assert reports[-1].reason.partition(": ")[0] == reason and not reports[-1].interrupted
    assert math.isfinite(reports[-1].best_loss)
    card = Checkpoint.load(tmp_path / "run" / "best.safetensors").card
    assert card["validation"]["ppl_token"] == perplexity(reports[-1].best_loss)


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({"validate_every": 3}, [3, 6, 9, 12]),
        ({"validate_every": 5}, [5, 10, 12]),
        ({"validate_every": 5, "keep_epochs": True}, [4, 5, 8, 10, 12]),
        ({"validate_every": 100}, [12]),
        ({"validate_every": 5, "steps": 7}, [5, 7]),
    ],
    ids=str,
)
def test_it_validates_every_so_many_steps_and_at_the_end(
    trained: Callable[..., list[Event]], changes: dict[str, Any], steps: list[int]
) -> None:
    reports = trained(**changes)
    validations = of(ValidationReport, reports)
    assert [one.step for one in validations] == steps
    taken = of(StepReport, reports)
    for before, one in zip([0, *steps], validations, strict=False):
        since = [step for step in taken if before < step.step <= one.step]
        mean = sum(step.summed_loss for step in since) / sum(step.tokens for step in since)
        assert one.train_loss == pytest.approx(mean)


@pytest.mark.parametrize(("steps", "every"), [(12, 1), (99, 1), (150, 2), (899, 9), (10**6, 10)])
def test_about_a_hundred_steps_are_recorded_and_of_long_runs_every_tenth(
    prepared: Dataset, tmp_path: Path, steps: int, every: int
) -> None:
    assert trainer_of(prepared, tmp_path, settings(steps=steps)).record_every == every


def test_the_first_step_is_recorded_whatever_comes_later(
    trained: Callable[..., list[Event]], tmp_path: Path
) -> None:
    trained(steps=201, validate_every=500)
    records = [record for record in RunFolder(tmp_path / "run").records() if record["kind"] == "step"]
    assert [record["step"] for record in records] == [1, *range(3, 202, 3)]


@pytest.mark.parametrize(("asked", "end"), [(2, ("interrupted", True)), (3, ("3 steps done", False))])
def test_asked_to_stop_after_its_last_step_a_run_is_done(
    prepared: Dataset, tmp_path: Path, asked: int, end: tuple[str, bool]
) -> None:
    answers = iter([False] * (asked - 1) + [True])
    reports = list(
        run_training(prepared, tmp_path / "run", settings(steps=3), should_stop=lambda: next(answers))
    )
    assert (reports[-1].reason, reports[-1].interrupted) == end  # type: ignore[union-attr]
    assert [report.step for report in of(StepReport, reports)] == [*range(1, asked + 1)]


def test_validating_more_often_changes_nothing_learned(prepared: Dataset, tmp_path: Path) -> None:
    weights = []
    for every in (0, 1):
        config = settings(validate_every=every, epochs=2, **{"model.dropout": 0.3})
        list(run_training(prepared, tmp_path / f"{every}", config))
        weights.append(Checkpoint.load(tmp_path / f"{every}" / "last.safetensors").weights)
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])


def test_steps_decide_whatever_epochs_says(trained: Callable[..., list[Event]]) -> None:
    epochs = of(ValidationReport, trained(epochs=1, steps=20, patience=0))
    assert len(epochs) > 1 and epochs[-1].step == 20


def test_patience_counts_only_epochs_without_a_better_one(trained: Callable[..., list[Event]]) -> None:
    reports = trained(patience=1, epochs=5, learning_rate=0.01)
    epochs = of(ValidationReport, reports)
    worse = [epoch.is_best for epoch in epochs].index(False) if not all(e.is_best for e in epochs) else 4
    assert len(epochs) == worse + 1


def test_epochs_are_kept_by_number_perplexity_and_optimizer(
    trained: Callable[..., list[Event]], tmp_path: Path
) -> None:
    epochs = of(ValidationReport, trained(keep_epochs=True, optimizer="rmsprop"))
    kept = sorted(path.name for path in (tmp_path / "run").glob("epoch-*"))
    assert kept == [
        f"epoch-{e.epoch:02d}_ppl-{perplexity(e.validation_loss):.1f}_rmsprop.safetensors" for e in epochs
    ]
    assert all(re.fullmatch(r"epoch-0[123]_ppl-[\d.]+_rmsprop\.safetensors", name) for name in kept)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_lowers_the_loss_with_its_own_rate(
    trained: Callable[..., list[Event]], name: str
) -> None:
    first, *_, last = of(
        ValidationReport, trained(optimizer=name, epochs=6, patience=0, **{"model.dropout": 0.0})
    )
    assert last.validation_loss < first.validation_loss
    assert last.train_loss < first.train_loss


def test_the_same_seed_is_the_same_run_and_another_is_not(prepared: Dataset, tmp_path: Path) -> None:
    def weights(name: str, seed: int) -> Any:
        list(run_training(prepared, tmp_path / name, settings(seed=seed, epochs=1)))
        return Checkpoint.load(tmp_path / name / "last.safetensors").weights["embedding.weight"]

    one = weights("one", 0)
    assert (one == weights("two", 0)).all()
    assert not (one == weights("three", 1)).all()


def test_measuring_draws_no_random_number_and_leaves_the_weights(prepared: Dataset, tmp_path: Path) -> None:
    run = trainer_of(prepared, tmp_path / "run", settings(ema_decay=0.9))
    before = [torch.get_rng_state(), *(p.detach().clone() for p in run.learner.model.parameters())]
    run.describe_start()
    with run.learner.average.apply():
        run.validation_loss()
    for one, other in zip(before, [torch.get_rng_state(), *run.learner.model.parameters()], strict=True):
        assert torch.equal(one, other.detach())
    assert all(p.grad is None for p in run.learner.model.parameters())


def test_a_loss_that_is_no_number_stops_with_step_rate_and_what_is_left(
    prepared: Dataset, tmp_path: Path
) -> None:
    wild = settings(optimizer="sgd", learning_rate=1e9, clip_norm=0.0, epochs=20, schedule="constant")
    told = r"at step \d+ \(loss .*, gradient norm .*, learning rate .*\); try a lower --learning-rate; "
    with pytest.raises(TrainingError, match=told + "no checkpoint was written"):
        list(run_training(prepared, tmp_path / "run", wild))
    assert RunFolder(tmp_path / "run").load_state()["progress"]["step"] == 0


def test_a_loss_that_is_no_number_later_names_the_last_good_checkpoint(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rate = Schedule.learning_rate
    wild = lambda schedule, step, seconds: rate(schedule, step, seconds) if step < 6 else 1e38  # noqa: E731
    monkeypatch.setattr(Schedule, "learning_rate", wild)
    with pytest.raises(TrainingError, match=r"at step 8 .*last good checkpoint is .*best\.safetensors"):
        list(run_training(prepared, tmp_path / "run", settings()))
    assert Checkpoint.load(tmp_path / "run" / "best.safetensors").card["step"] == 4


def test_a_run_worse_than_a_uniform_guess_is_called_diverged_and_leaves_no_model(
    trained: Callable[..., list[Event]], tmp_path: Path
) -> None:
    assert (perplexity(0.0), perplexity(1e4)) == (1.0, math.inf)
    told = (
        r"has diverged: a validation loss of \S+ is worse than a uniform guess, \S+; try a lower --learning"
    )
    with pytest.raises(TrainingError, match=told):
        trained(optimizer="sgd", learning_rate=1e6, steps=3, keep_epochs=True)
    folder = RunFolder(tmp_path / "run")
    (record,) = [record for record in folder.records() if record["kind"] == "validation"]
    assert record["perplexity"] is None and not record["is_best"]
    assert not list(folder.path.glob("*.safetensors"))


def test_a_diverged_run_is_given_up_before_its_time(
    trained: Callable[..., list[Event]], tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="has diverged"):
        trained(optimizer="sgd", learning_rate=1e6, epochs=50, validate_every=1, patience=0)
    assert (
        RunFolder(tmp_path / "run").load_state()["progress"]["step"] == 4
    )  # the first step was taken from sound weights


def test_learning_by_heart_is_not_called_diverged(
    trained: Callable[..., list[Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LanguageModeling, "validation_loss", lambda task: task.guess_loss + 5)
    end = trained(epochs=5, patience=0)[-1]
    assert end.reason == "5 epochs done" and end.best.exists()


def test_a_run_that_is_wild_at_first_may_come_back(
    trained: Callable[..., list[Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poetgen.training.trainer.DIVERGED", -9.0)
    wild = iter([True, True, False, True])
    monkeypatch.setattr(LanguageModeling, "guess_loss", property(lambda _: 0.0 if next(wild) else 99.0))
    validations = of(ValidationReport, trained(validate_every=4, epochs=3))
    assert [one.is_best for one in validations] == [False, False, True]


def test_fifty_poems_are_enough(
    tmp_path: Path, poems: list[Poem], write_prepared: Callable[..., Dataset]
) -> None:
    splits = {"train": poems[:48], "validation": poems[48:49], "test": poems[49:50]}
    fifty = write_prepared(tmp_path / "prepared", splits, min_count=2)
    end = [*run_training(fifty, tmp_path / "run", settings(batch_size=64))][-1]
    assert isinstance(end, Finished) and math.isfinite(end.best_loss)


@pytest.mark.parametrize("missing", ["train", "validation"])
def test_a_split_without_poems_is_named_and_leaves_no_folder(
    tmp_path: Path, poems: list[Poem], write_prepared: Callable[..., Dataset], missing: str
) -> None:
    splits = {name: poems[:9] for name in ("train", "validation") if name != missing}
    empty = write_prepared(tmp_path / "prepared", splits)
    with pytest.raises(CorpusError, match=f"has no {missing} poems"):
        list(run_training(empty, tmp_path / "run", settings()))
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA here")
def test_a_device_that_is_not_there_is_refused(prepared: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="torch finds no CUDA here; use --device cpu"):
        list(run_training(prepared, tmp_path / "run", settings(device="cuda")))
    assert not (tmp_path / "run").exists()


def test_a_run_is_not_written_over(trained: Callable[..., list[Event]], tmp_path: Path) -> None:
    trained(steps=1)
    before = (tmp_path / "run" / "state.pt").read_bytes()
    with pytest.raises(CheckpointError, match="already holds a run; continue it with --resume run"):
        trained(steps=1)
    assert (tmp_path / "run" / "state.pt").read_bytes() == before


def test_one_process_at_a_time(prepared: Dataset, tmp_path: Path) -> None:
    first = run_training(prepared, tmp_path / "run", settings())
    next(first)
    for resume in (False, True):
        with pytest.raises(CheckpointError, match="another process is training in"):
            next(run_training(prepared, tmp_path / "run", settings(), resume=resume))
    first.close()  # type: ignore[attr-defined]
    assert [*run_training(prepared, tmp_path / "run", settings(), resume=True)]


@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_a_full_disk_is_one_sentence_and_leaves_the_older_state(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    save, calls = torch.save, 0

    def full(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(28, "No space left on device")
        save(*arguments)

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(PoetgenError, match=r"cannot write .*state\.pt: No space left on device"):
        list(run_training(prepared, tmp_path / "run", settings(epochs=2)))
    monkeypatch.undo()
    begun = RunFolder(tmp_path / "run").config.exists()
    assert begun == (call > 1)
    end = [*run_training(prepared, tmp_path / "run", settings(epochs=2), resume=begun)][-1]
    assert isinstance(end, Finished) and not end.interrupted
    assert not [*(tmp_path / "run").glob(".*")]


def test_a_better_validation_begins_patience_anew() -> None:
    progress = Progress()
    waited = []
    for loss in (5.0, 6.0, 5.5, 4.0, 4.0, 4.5, 3.0):
        progress.count_validation(loss)
        waited.append(progress.validations_without_better)
    assert waited == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_minutes_shorten_the_decay_to_fit(prepared: Dataset, tmp_path: Path, schedule: str) -> None:
    config = settings(minutes=2.0, epochs=1000, schedule=schedule, final_lr_fraction=0.1, warmup_steps=0)
    trainer = trainer_of(prepared, tmp_path / "run", config)
    peak = trainer.schedule.learning_rate(0, 0.0)
    found = [trainer.schedule.learning_rate(1, seconds) / peak for seconds in (0, 60, 120)]
    assert found == pytest.approx([1.0, 0.55, 0.1], abs=0.01)


@pytest.mark.parametrize("kind", [Started, StepReport, ValidationReport])
def test_a_run_that_was_removed_meanwhile_ends_in_a_sentence_and_is_not_begun_anew(
    prepared: Dataset, tmp_path: Path, kind: type
) -> None:
    with pytest.raises(CheckpointError, match=r"config\.json was removed while the run went on"):
        for report in run_training(prepared, tmp_path / "run", settings(epochs=2)):
            if isinstance(report, kind):
                shutil.rmtree(tmp_path / "run", ignore_errors=True)
    assert not (tmp_path / "run" / "best.safetensors").exists()
