"""Runs side by side: what they share, how they end, and how they go on."""

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poetgen.checkpoint import Checkpoint
from poetgen.compare.folder import ComparisonFolder
from poetgen.compare.plan import Plan
from poetgen.compare.results import Result
from poetgen.compare.running import RunFinished, RunStarted, check_settings, run_comparison
from poetgen.config import BACKENDS, CELLS, INITIALIZATIONS, OPTIMIZERS
from poetgen.corpus.dataset import Dataset
from poetgen.errors import CheckpointError, ConfigError
from poetgen.evaluate import evaluate_split
from poetgen.optimizers import RULES
from poetgen.training.language_modeling import LanguageModeling
from poetgen.training.loop import StepReport
from poetgen.training.run_folder import RunFolder
from poetgen.training.trainer import Trainer, shuffle_batches

Planned = Callable[..., Plan]
Compared = Callable[[Plan, Path], list[Result]]


def without_time(result: Result) -> dict[str, Any]:
    values = result.to_dict()
    del values["seconds"]
    for kind in ("training", "validation"):
        values[kind] = [(point.step, point.loss) for point in getattr(result, kind)]
    return values


def test_every_optimizer_learns_at_its_own_rate(
    small_plan: Planned, compared: Compared, tmp_path: Path
) -> None:
    plan = small_plan(
        {"training.optimizer": list(OPTIMIZERS)},
        compare__seeds=1,
        training__epochs=4,
        training__warmup_steps=0,
    )
    results = compared(plan, tmp_path)
    assert [result.label for result in results] == list(OPTIMIZERS)
    for result in results:
        assert result.learning_rate == RULES[result.label].lr
        assert not result.diverged
        assert result.validation[-1].loss < result.validation[0].loss, result.label


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("model.initialization", INITIALIZATIONS),
        ("model.cell", CELLS),
        ("training.backend", BACKENDS),
        ("model.hidden_size", (3, 9)),
        ("training.batch_size", (5, 44)),
        ("model.tied", (True, False)),
    ],
)
def test_any_key_can_be_compared(
    key: str, values: tuple[Any, ...], small_plan: Planned, compared: Compared, tmp_path: Path
) -> None:
    plan = small_plan({key: list(values)}, compare__seeds=1)
    results = compared(plan, tmp_path)
    assert len(results) == len(values) == len({result.final for result in results if result.final})


def test_runs_of_a_seed_share_first_weights_and_batches(
    small_plan: Planned, prepared: Dataset, tmp_path: Path
) -> None:
    plan = small_plan({"training.optimizer": ["adam", "sgd"], "training.backend": ["torch", "numpy"]})
    weights: dict[int, list[Any]] = {}
    for seed, setting in itertools.product(plan.seeds, plan.variants):
        config = plan.run(setting, seed).config
        run = Trainer(LanguageModeling(prepared, config), RunFolder(tmp_path / "never"), config)
        epochs = [shuffle_batches(run.task.texts, config.training, epoch) for epoch in (1, 2)]
        order = [array.tolist() for epoch in epochs for array in epoch]
        weights.setdefault(seed, []).append((run.learner.weights(), order))
    for alike in weights.values():
        first, batches = alike[0]
        for other, its_batches in alike[1:]:
            assert its_batches == batches
            assert all(np.array_equal(first[name], other[name]) for name in first)
    (one, one_order), (other, other_order) = (alike[0] for alike in weights.values())
    assert one_order != other_order and not np.array_equal(*(w["embedding.weight"] for w in (one, other)))


def test_both_backends_come_to_the_same(small_plan: Planned, compared: Compared, tmp_path: Path) -> None:
    plan = small_plan(
        {"training.backend": ["torch", "numpy"]},
        compare__seeds=1,
        model__dropout=0.0,
        training__optimizer="sgd",
    )
    torch, numpy = compared(plan, tmp_path)
    assert [point.step for point in torch.validation] == [point.step for point in numpy.validation]
    for one, other in zip(torch.validation, numpy.validation, strict=True):
        assert one.loss == pytest.approx(other.loss, abs=1e-4)


def test_a_run_is_validated_some_twenty_times_and_at_its_end(
    small_plan: Planned, compared: Compared, tmp_path: Path
) -> None:
    plan = small_plan(compare__seeds=1, training__batch_size=2, training__epochs=3)
    result = compared(plan, tmp_path)[0]
    steps = [point.step for point in result.validation]
    assert steps == [*range(4, 66, 4), 66] and result.steps == 66
    assert [point.seconds for point in result.validation] == sorted(p.seconds for p in result.validation)


def test_validating_within_epochs_changes_nothing_of_a_run(
    small_plan: Planned, compared: Compared, tmp_path: Path
) -> None:
    given = {
        "compare__seeds": 1,
        "training__batch_size": 4,
        "model__dropout": 0.3,
        "training__ema_decay": 0.5,
    }
    often = compared(small_plan(**given), tmp_path / "often")
    seldom = compared(small_plan(**given, training__validate_every=10), tmp_path / "seldom")
    for one, other in zip(often, seldom, strict=True):
        assert len(one.validation) > len(other.validation) == 3
        assert {(p.step, p.loss) for p in other.validation} <= {(p.step, p.loss) for p in one.validation}


def test_a_run_astray_is_called_diverged_and_the_others_go_on(
    small_plan: Planned, compared: Compared, tmp_path: Path
) -> None:
    plan = small_plan(
        {"training.learning_rate": [2e9, 0.1, 1e3]}, compare__seeds=1, training__optimizer="sgd",
        training__clip_norm=0.0,
    )  # fmt: skip
    endless, sound, wild = compared(plan, tmp_path)
    assert "no longer a number" in endless.diverged
    assert not sound.diverged and sound.best
    assert wild.diverged
    assert [result.label for result in compared(plan, tmp_path)] == [s.label for s in plan.variants]


def test_what_is_finished_is_kept_and_what_is_missing_made(
    small_plan: Planned, compared: Compared, tmp_path: Path
) -> None:
    first = compared(small_plan(), tmp_path)
    stamps = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*") if file.is_file()}
    more = small_plan({"training.optimizer": ["adam", "sgd", "nadam"]}, compare__seeds=3)
    again = {result.name: result for result in compared(more, tmp_path)}
    assert len(again) == 9
    assert all(again[result.name] == result for result in first)
    assert all(file.stat().st_mtime_ns == stamp for file, stamp in stamps.items())


@pytest.mark.parametrize("after", [2, 7, 11, 16, 23])
def test_killed_anywhere_it_comes_to_the_same(
    after: int, small_plan: Planned, compared: Compared, prepared: Dataset, tmp_path: Path
) -> None:
    plan = small_plan(training__batch_size=10)
    poems = {setting.label: prepared for setting in plan.variants}
    events = run_comparison(plan, poems, ComparisonFolder(tmp_path / "killed"))
    for _ in range(after):
        next(events)
    events.close()  # type: ignore[attr-defined]
    whole = compared(plan, tmp_path / "whole")
    killed = compared(plan, tmp_path / "killed")
    assert [*map(without_time, killed)] == [*map(without_time, whole)]


def test_stopped_it_saves_and_goes_on_in_the_middle(
    small_plan: Planned, compared: Compared, prepared: Dataset, tmp_path: Path
) -> None:
    plan = small_plan(training__batch_size=10)
    poems = {setting.label: prepared for setting in plan.variants}
    told: list[Any] = []
    stop = run_comparison(
        plan, poems, ComparisonFolder(tmp_path / "cut"), should_stop=lambda: len(told) >= 15
    )
    for event in stop:
        told.append(event)
    assert isinstance(told[-1], StepReport) and sum(isinstance(event, RunFinished) for event in told) == 1
    again = list(run_comparison(plan, poems, ComparisonFolder(tmp_path / "cut")))
    assert isinstance(again[0], RunFinished) and again[0].is_kept
    begun = again[1]
    assert isinstance(begun, RunStarted) and begun.step == told[-1].step
    results = [event.result for event in again if isinstance(event, RunFinished)]
    whole = compared(plan, tmp_path / "whole")
    assert [*map(without_time, results)] == [*map(without_time, whole)]


def test_a_finished_run_leaves_its_best_model_and_nothing_to_go_on_with(
    small_plan: Planned, compared: Compared, tmp_path: Path
) -> None:
    compared(small_plan(compare__seeds=1), tmp_path)
    run = tmp_path / "runs" / "adam-seed-0"
    assert Checkpoint.load(run / "best.safetensors").config["training"]["optimizer"] == "adam"
    assert {file.name for file in run.iterdir()} == {
        "best.safetensors", "config.json", "metrics.jsonl", "result.json",
    }  # fmt: skip


def test_tuning_takes_the_rate_that_validates_best(
    small_plan: Planned, compared: Compared, tmp_path: Path
) -> None:
    plan = small_plan(
        {"training.optimizer": ["sgd", "adam"]}, compare__tune=True, training__learning_rate=0.01,
        training__warmup_steps=0,
    )  # fmt: skip
    results = compared(plan, tmp_path)
    assert len(results) == plan.number_of_runs == 8
    for setting in plan.variants:
        tries = [r for r in results if r.label == setting.label and r.seed == plan.seeds[0]]
        assert sorted(r.learning_rate for r in tries) == pytest.approx([0.01 / 3, 0.01, 0.03])
        best = min(tries, key=lambda result: result.rank)
        others = [r for r in results if r.label == setting.label and r.seed != plan.seeds[0]]
        assert [r.learning_rate for r in others] == [best.learning_rate]


def test_training_poems_are_measured_when_asked(
    small_plan: Planned, compared: Compared, prepared: Dataset, tmp_path: Path
) -> None:
    plan = small_plan(compare__seeds=1, compare__training_poems=True, model__dropout=0.5)
    for result in compared(plan, tmp_path):
        best = Checkpoint.load(tmp_path / "runs" / result.name / "best.safetensors")
        assert result.best == result.final, "the best model is the last, which was measured"
        expected = evaluate_split(best, prepared, "train").ppl_token
        assert result.training_poems and math.exp(result.training_poems) == pytest.approx(expected, rel=1e-4)
    assert compared(small_plan(compare__seeds=1), tmp_path / "b")[0].training_poems is None


def test_what_cannot_learn_is_named_before_any_run(small_plan: Planned, prepared: Dataset) -> None:
    plan = small_plan({"training.backend": ["torch", "numpy"]}, training__precision="bfloat16")
    with pytest.raises(ConfigError, match="numpy"):
        check_settings(plan, {setting.label: prepared for setting in plan.variants})


def test_a_damaged_result_is_named(small_plan: Planned, compared: Compared, tmp_path: Path) -> None:
    plan = small_plan(compare__seeds=1)
    compared(plan, tmp_path)
    file = tmp_path / "runs" / "sgd-seed-0" / "result.json"
    for text in (
        "",
        "{}",
        "[]",
        file.read_text(encoding="utf-8").replace('"hidden_size": 7', '"hidden_size": 8'),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(CheckpointError, match="remove its folder to run it anew"):
            compared(plan, tmp_path)


def test_a_stop_is_heard_between_runs_too_short_to_hear_it(
    small_plan: Planned, prepared: Dataset, tmp_path: Path
) -> None:
    plan = small_plan({"training.optimizer": ["adam", "sgd"]}, compare__seeds=5, training__steps=1)
    poems = {setting.label: prepared for setting in plan.variants}
    ended: list[RunFinished] = []
    runs = run_comparison(plan, poems, ComparisonFolder(tmp_path), should_stop=lambda: len(ended) == 2)
    for event in runs:
        if isinstance(event, RunFinished):
            ended.append(event)
    assert len(ended) == 2


def test_what_a_killed_process_left_is_removed_by_the_next(
    small_plan: Planned, compared: Compared, tmp_path: Path
) -> None:
    plan = small_plan(compare__seeds=1, training__epochs=1)
    before = [without_time(result) for result in compared(plan, tmp_path)]
    files = sorted(tmp_path.rglob("*"))
    left = [tmp_path / f".{name}.0123abcd.partial" for name in ("curves.png", "comparison.json")]
    for run in (tmp_path / "runs").iterdir():
        left += [
            run / name for name in ("lock", "state.pt", "last.safetensors", ".state.pt.0123abcd.partial")
        ]
    for path in left:
        path.touch()
    with ComparisonFolder(tmp_path).hold_lock():
        assert [without_time(result) for result in compared(plan, tmp_path)] == before
    assert sorted(tmp_path.rglob("*")) == files
