"""Stopped or killed anywhere, a run that goes on ends where it would have ended: bit for bit on the CPU."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import torch

from poetgen.checkpoint import Checkpoint
from poetgen.config import FORMER_KEYS, OPTIMIZERS, Config
from poetgen.corpus.dataset import Dataset
from poetgen.errors import CheckpointError
from poetgen.poem.poem import Poem
from poetgen.training import trainer as trainer_module
from poetgen.training.events import FORMER_NAMES, Event, Finished
from poetgen.training.run_folder import RunFolder
from poetgen.training.trainer import run_training

# everything that has a memory or draws random numbers is on: dropouts, average, warm-up, cosine, clipping
SMALL = {
    "model.embedding_size": 6,
    "model.hidden_size": 7,
    "model.dropout": 0.3,
    "model.embedding_dropout": 0.2,
    "training.ema_decay": 0.9,
    "training.batch_size": 12,
    "training.epochs": 2,
    "training.warmup_steps": 3,
    "training.device": "cpu",
}
STEPS = 8  # of the run above: two epochs of four


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the package may catch it."""


def settings(**changes: Any) -> Config:
    return Config().replace({**SMALL, **{key.replace("__", "."): value for key, value in changes.items()}})


def whole(prepared: Dataset, path: Path, config: Config) -> list[Event]:
    return list(run_training(prepared, path, config))


def stopping_at(prepared: Dataset, path: Path, config: Config, *, steps: Iterable[int]) -> list[Event]:
    """Ask to stop after each of these steps, and go on."""
    reports: list[Event] = []
    at = 0

    def should_stop() -> bool:
        return at in wanted

    wanted, resume = set(steps), False
    while not (reports and isinstance(reports[-1], Finished) and not reports[-1].interrupted):
        for report in run_training(prepared, path, config, resume=resume, should_stop=should_stop):
            at = getattr(report, "step", at)
            reports.append(report)
        resume = True
    return reports


def abandoned(prepared: Dataset, path: Path, config: Config, *, after: int, resume: bool = False) -> bool:
    """Take some reports and vanish without a word; False when the run ended before."""
    reports = run_training(prepared, path, config, resume=resume)
    for _ in range(after):
        if next(reports, None) is None:
            return False
    reports.close()  # type: ignore[attr-defined]
    return True


def without_time(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "seconds"}


def equal(one: Any, other: Any) -> bool:
    """Bit for bit, through nested plain values; times left aside."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            equal(one[key], other[key]) for key in one if key != "seconds"
        )
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def assert_same_run(one: Path, other: Path) -> None:
    """State, metrics and both checkpoints are the same, times aside."""
    first, second = RunFolder(one), RunFolder(other)
    assert equal(first.load_state(), second.load_state())
    assert [*map(without_time, first.records())] == [*map(without_time, second.records())]
    for left, right in ((first.best, second.best), (first.last, second.last)):
        mine, theirs = Checkpoint.load(left).weights, Checkpoint.load(right).weights
        assert all((mine[name] == theirs[name]).all() for name in theirs)


def assert_nothing_twice(path: Path) -> None:
    marks = [(record["kind"], record["step"]) for record in RunFolder(path).records()]
    assert len(set(marks)) == len(marks)
    assert not [*path.glob(".*")], "half-written files are left"


@pytest.fixture(scope="module")
def uninterrupted(prepared: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "whole"
    whole(prepared, path, settings())
    assert RunFolder(path).load_state()["progress"]["step"] == STEPS
    return path


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_stop_at_any_step_changes_nothing(
    prepared: Dataset, tmp_path: Path, uninterrupted: Path, step: int
) -> None:
    reports = stopping_at(prepared, tmp_path / "run", settings(), steps=[step])
    ends = [report for report in reports if isinstance(report, Finished)]
    # at its last step a run is at its end, whoever asks it to stop
    assert [end.interrupted for end in ends] == ([True, False] if step < STEPS else [False])
    assert_same_run(tmp_path / "run", uninterrupted)


VARIANTS = [
    {"training__validate_every": 3},
    {"training__validate_every": 3, "training__keep_epochs": True, "training__patience": 1},
    *({"training__optimizer": name} for name in OPTIMIZERS),
    *({"training__backend": "numpy", "training__optimizer": name} for name in OPTIMIZERS),
    {
        "training__backend": "numpy",
        "model__num_layers": 2,
        "model__tied": False,
        "training__bptt_length": 7,
    },
    {"training__backend": "numpy", "training__ema_decay": 0.0, "model__embedding_dropout": 0.0},
    {"training__schedule": "constant"},
    {"training__schedule": "linear", "training__warmup_steps": 0},
    {"training__bptt_length": 7},
    {"training__ema_decay": 0.0},
    {"training__precision": "bfloat16", "model__num_layers": 2},
    {"model__tied": False, "model__initialization": "orthogonal", "training__weight_decay": 0.01},
    {"training__steps": 6, "training__keep_epochs": True},
    {"training__patience": 1, "training__epochs": 4, "training__learning_rate": 1e-30},
]


@pytest.mark.parametrize("changes", VARIANTS, ids=lambda c: " ".join(f"{k[10:]}={v}" for k, v in c.items()))
def test_a_stop_after_every_single_step_changes_nothing(
    prepared: Dataset, tmp_path: Path, changes: dict[str, Any]
) -> None:
    config = settings(**changes)
    whole(prepared, tmp_path / "whole", config)
    stopping_at(prepared, tmp_path / "run", config, steps=range(100))
    assert_same_run(tmp_path / "run", tmp_path / "whole")
    assert_nothing_twice(tmp_path / "run")
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == sorted(
        p.name for p in (tmp_path / "whole").iterdir()
    )


def test_a_stop_between_the_segments_of_long_poems(
    tmp_path: Path, poems: list[Poem], write_prepared: Callable[..., Dataset]
) -> None:
    long = []
    for k in range(0, 40, 4):
        lines = tuple(line for poem in poems[k : k + 4] for line in poem.lines)
        long.append(Poem("", "", lines, "，。" * (len(lines) // 2), f"long-{k}"))
    prepared = write_prepared(tmp_path / "prepared", {"train": [*long, *poems[:9]], "validation": poems[50:]})
    config = settings(training__bptt_length=32, training__batch_size=4)
    whole(prepared, tmp_path / "whole", config)
    stopping_at(prepared, tmp_path / "run", config, steps=range(100))
    assert_same_run(tmp_path / "run", tmp_path / "whole")


@pytest.mark.parametrize("seconds_between_saves", [0.0, 1e9], ids=["saved each step", "saved each epoch"])
def test_a_run_that_vanishes_at_any_moment_changes_nothing(
    prepared: Dataset,
    tmp_path: Path,
    uninterrupted: Path,
    monkeypatch: pytest.MonkeyPatch,
    seconds_between_saves: float,
) -> None:
    monkeypatch.setattr(trainer_module, "SECONDS_BETWEEN_SAVES", seconds_between_saves)
    for after in range(1, STEPS + 3, 2):
        path = tmp_path / str(after)
        assert abandoned(prepared, path, settings(), after=after)
        abandoned(prepared, path, settings(), after=2, resume=True)
        list(run_training(prepared, path, settings(), resume=True))
        assert_same_run(path, uninterrupted)
        assert_nothing_twice(path)


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_a_kill_around_any_rename_leaves_what_can_go_on(
    prepared: Dataset, tmp_path: Path, uninterrupted: Path, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    monkeypatch.setattr(trainer_module, "SECONDS_BETWEEN_SAVES", 0.0)
    replace = Path.replace
    left = 0

    def dying(path: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left == 0 and not late:
            raise Killed
        done = replace(path, target)
        if left == 0:
            raise Killed
        return done

    for number in range(1, 100):
        left, path = number, tmp_path / str(number)
        monkeypatch.setattr(Path, "replace", dying)
        try:
            whole(prepared, path, settings())
            break  # fewer renames than that
        except Killed:
            monkeypatch.setattr(Path, "replace", replace)
        begun = RunFolder(
            path
        ).config.exists()  # before its config there is no run: the same command begins it
        list(run_training(prepared, path, settings(), resume=begun))
        assert_same_run(path, uninterrupted)
        assert_nothing_twice(path)
    assert number > STEPS + 6


def test_what_a_killed_process_left_half_written_is_swept(prepared: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "run"
    abandoned(prepared, path, settings(), after=3)
    (path / ".state.pt.0123abcd.partial").write_bytes(b"half")
    with RunFolder(path).metrics.open("a", encoding="utf-8") as file:
        file.write('{"kind": "step", "step": 3, "epo')
    list(run_training(prepared, path, settings(), resume=True))
    assert_nothing_twice(path)
    assert [r["epoch"] for r in RunFolder(path).records() if r["kind"] == "validation"] == [1, 2]


def test_a_finished_run_tells_its_end_and_changes_nothing(
    prepared: Dataset, tmp_path: Path, uninterrupted: Path
) -> None:
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in uninterrupted.iterdir()}
    (end,) = run_training(prepared, uninterrupted, settings(), resume=True)
    assert isinstance(end, Finished) and end.reason == "2 epochs done" and not end.interrupted
    assert before == {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in uninterrupted.iterdir()}


def test_a_state_of_other_kernels_is_taken_over(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # CUDA has no fused Adagrad: a state saved there, or here, must not decide how the other device steps
    config = settings(training__optimizer="adagrad")
    monkeypatch.setattr("poetgen.training.optimizers.FUSED", ())
    abandoned(prepared, tmp_path / "run", config, after=1)
    stopping_at(prepared, tmp_path / "twin", config, steps=[])
    monkeypatch.undo()
    list(run_training(prepared, tmp_path / "run", config, resume=True))
    mine, theirs = (Checkpoint.load(tmp_path / name / "last.safetensors").weights for name in ("run", "twin"))
    for name, value in theirs.items():
        torch.testing.assert_close(torch.tensor(mine[name]), torch.tensor(value), rtol=1e-4, atol=1e-6)
    (group,) = RunFolder(tmp_path / "run").load_state()["optimizer"]["param_groups"]
    assert group["fused"] is True


CHANGES = [
    ("model.dropout", 0.5),
    ("model.hidden_size", 9),
    ("training.seed", 7),
    ("training.epochs", 3),
    ("training.optimizer", "sgd"),
    ("training.backend", "numpy"),
    ("corpus.split", "8:2"),
]


@pytest.mark.parametrize(("key", "value"), CHANGES)
def test_other_settings_are_refused_by_key(
    prepared: Dataset, uninterrupted: Path, key: str, value: Any
) -> None:
    with pytest.raises(CheckpointError, match=rf"{key} was .* and is now {value!r}"):
        list(run_training(prepared, uninterrupted, settings().replace({key: value}), resume=True))


def test_every_changed_setting_is_named_and_the_device_may_change(
    prepared: Dataset, uninterrupted: Path
) -> None:
    changed = settings(training__seed=3, model__tied=False)
    with pytest.raises(CheckpointError, match=r"model\.tied was .*, training\.seed was"):
        list(run_training(prepared, uninterrupted, changed, resume=True))
    assert list(run_training(prepared, uninterrupted, settings(training__device="auto"), resume=True))


@pytest.mark.parametrize("after", [4, 5, 7])
def test_a_run_of_an_older_version_goes_on(
    prepared: Dataset, tmp_path: Path, uninterrupted: Path, after: int
) -> None:
    """Its config.json has the keys of its time, and its state.pt the names of its."""
    folder = RunFolder(tmp_path / "run")
    assert abandoned(prepared, folder.path, settings(), after=after)
    text = folder.config.read_text(encoding="utf-8")
    for former, key in FORMER_KEYS.items():
        text = text.replace(f'"{key.partition(".")[2]}"', f'"{former.partition(".")[2]}"')
    assert '"average"' in text
    folder.config.write_text(text.replace('"handwritten"', '"bptt"'), encoding="utf-8")
    state = folder.load_state()
    progress = {name: state["progress"][former] for name, former in FORMER_NAMES.items()}
    kept = {name: value for name, value in state["progress"].items() if name not in FORMER_NAMES.values()}
    if kept.pop("validated_step") == kept["step"] > 0:  # an epoch ended with its validation
        kept |= {"epoch": kept["epoch"] + 1, "position": 0}
    folder.save_state({**state, "progress": {**kept, **progress}})
    records = folder.metrics.read_text(encoding="utf-8")
    folder.metrics.write_text(records.replace('"validation"', '"epoch"'), encoding="utf-8")
    list(run_training(prepared, folder.path, settings(), resume=True))
    assert_same_run(folder.path, uninterrupted)


def test_other_poems_are_refused(
    tmp_path: Path, poems: list[Poem], write_prepared: Callable[..., Dataset], uninterrupted: Path
) -> None:
    other = write_prepared(tmp_path / "prepared", {"train": poems[:43], "validation": poems[44:]})
    with pytest.raises(CheckpointError, match="are not those it began with"):
        list(run_training(other, uninterrupted, settings(), resume=True))
