"""`poetgen train`, from the command line: as its users meet it, and as they and the system stop it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

import poetgen.cli.training_progress as command
from poetgen.checkpoint import Checkpoint
from poetgen.cli import poetgen
from poetgen.cli.progress import duration
from poetgen.config import BACKENDS
from poetgen.corpus.dataset import Dataset
from poetgen.files import Workspace
from poetgen.poem.poem import Poem
from poetgen.training.run_folder import RunFolder
from tests.cli.conftest import assert_refused
from tests.processes import PATIENCE

Start = Callable[..., subprocess.Popen[str]]
SMALL = ["--device", "cpu", "--embedding-size", "6", "--hidden-size", "8", "--batch-size", "12"]


def run(home: Path, *arguments: Any) -> Result:
    return CliRunner().invoke(poetgen, ["train", "--home", str(home), *map(str, arguments)])


def begin(home: Path, name: str, *arguments: Any) -> Result:
    return run(home, "--run", name, *SMALL, *arguments)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_run_tells_its_size_its_epochs_and_its_best(home: Path) -> None:
    result = begin(home, "moon", "--epochs", 2, "--keep-epochs")
    assert result.exit_code == 0, result.output
    lines = result.stderr.splitlines()
    assert re.fullmatch(
        r"moon: [\d,]+ parameters on cpu, [\d,]+ tokens, 8 steps; about (\d+ min )?\d+ s", lines[0]
    )
    epochs = [line for line in lines if line.startswith("epoch")]
    losses = r"train loss \d\.\d{4}, validation loss \d\.\d{4}, perplexity [\d.]+"
    shape = rf"epoch \d, step \d: {losses}( \(best\))?, \d+ s"
    assert len(epochs) == 2 and all(re.fullmatch(shape, line) for line in epochs)
    assert "done: 2 epochs done" in lines
    assert len(lines) <= 7
    folder = home / "checkpoints" / "moon"
    best = Checkpoint.load(folder / "best.safetensors").card["validation"]["ppl_token"]
    assert result.stdout == f"{folder / 'best.safetensors'}  validation perplexity {best:.2f}\n"
    names = {"best.safetensors", "last.safetensors", "state.pt", "config.json", "metrics.jsonl", "curves.png"}
    assert names | {path.name for path in folder.glob("epoch-0[12]_ppl-*_adam.safetensors")} == {
        *files(folder)
    }
    assert len([*folder.glob("epoch-*")]) == 2


def test_a_run_without_a_name_is_called_by_date_and_optimizer(home: Path) -> None:
    for _ in range(2):
        assert run(home, *SMALL, "--optimizer", "nesterov", "--steps", 1).exit_code == 0
    names = sorted(path.name for path in (home / "checkpoints").iterdir())
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_nesterov", names[0]) and names[1] == f"{names[0]}-2"


def test_flags_win_over_set_and_set_over_the_file(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[model]\nhidden_size = 3\nembedding_size = 3\n[training]\nseed = 3\n", encoding="utf-8")
    given = ["--config", file, "--set", "model.hidden_size=4", "--set", "training.seed=4", "--seed", 5]
    assert run(home, "--run", "moon", *given, "--steps", 1, "--layers", 2, "--device", "cpu").exit_code == 0
    config = json.loads((home / "checkpoints" / "moon" / "config.json").read_text(encoding="utf-8"))["config"]
    assert config["model"]["embedding_size"] == 3 and config["model"]["hidden_size"] == 4
    assert config["model"]["num_layers"] == 2 and config["training"]["seed"] == 5


def test_every_flag_reaches_its_setting(home: Path) -> None:
    flags = {
        "optimizer": "sgd", "learning-rate": 0.5, "dropout": 0.1, "init": "xavier", "epochs": 3, "steps": 2,
        "minutes": 4.5, "stop-at": 1.5, "seed": 9, "precision": "bfloat16",
    }  # fmt: skip
    words = [word for name, value in flags.items() for word in (f"--{name}", value)]
    assert begin(home, "moon", *words, "--keep-epochs").exit_code == 0
    config = json.loads((home / "checkpoints" / "moon" / "config.json").read_text(encoding="utf-8"))["config"]
    found = {**config["model"], **config["training"]}
    expected = {name.replace("-", "_"): value for name, value in flags.items()}
    del expected["init"], expected["stop_at"]
    expected |= {
        "initialization": "xavier",
        "target_perplexity": 1.5,
        "keep_epochs": True,
        "hidden_size": 8,
        "batch_size": 12,
    }
    assert {name: found[name] for name in expected} == expected


def test_it_ends_with_commands_that_use_the_model(home: Path) -> None:
    result = begin(home, "moon", "--steps", 1)
    for what, words in (("write with it", "generate 月"), ("measure it", "evaluate")):
        assert f"to {what}: poetgen {words} --checkpoint moon --home {home}\n" in result.stderr


@pytest.mark.parametrize("name", ["tang", "newest"])
def test_a_run_takes_no_name_that_means_another_model(home: Path, name: str) -> None:
    assert_refused(begin(home, name, "--steps", 1), f"a run cannot be called {name}, which names the")


def test_by_hand_the_same_command_trains_stops_resumes_and_writes(home: Path) -> None:
    given = ["--backend", "numpy", "--optimizer", "nadam", "--epochs", 2, "--dropout", 0.2]
    result = begin(home, "moon", *given)
    assert result.exit_code == 0, result.output
    assert "on cpu, by NumPy" in result.stderr
    whole = Checkpoint.load(home / "checkpoints" / "moon" / "best.safetensors")
    assert whole.config["training"]["backend"] == "numpy"
    assert (home / "checkpoints" / "moon" / "curves.png").stat().st_size > 1000
    poem = CliRunner().invoke(poetgen, ["generate", "月", "--home", str(home), "--seed", "1"])
    assert poem.exit_code == 0 and poem.stdout.startswith("月"), poem.output
    assert_refused(begin(home, "sun", "--backend", "numpy", "--device", "cuda"), "omit --device cuda")
    assert_refused(run(home, "--resume", "moon", "--backend", "torch"), "training.backend was 'numpy'")


# ---- resuming ----


def test_resume_takes_the_newest_a_name_or_a_path(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for age, name in enumerate(["sun", "moon"]):
        assert begin(home, name, "--steps", 1).exit_code == 0
        os.utime(home / "checkpoints" / name / "state.pt", (1e9 - age, 1e9 - age))
    monkeypatch.chdir(home)
    for words, name in [
        (["--resume"], "sun"),
        (["--resume", "--device", "cpu"], "sun"),
        (["--resume", "moon"], "moon"),
        (["--resume", home / "checkpoints" / "moon"], "moon"),
        (["--resume", "checkpoints/moon"], "moon"),
    ]:
        result = run(home, *words)
        assert result.exit_code == 0, result.output
        assert f"{name} is finished already: 1 step done" in result.stderr
        assert result.stdout.startswith(str(home / "checkpoints" / name / "best.safetensors"))


def test_a_finished_run_is_left_as_it_is(home: Path) -> None:
    begin(home, "moon", "--steps", 1)
    before = files(home / "checkpoints" / "moon")
    assert run(home, "--resume", "moon").exit_code == 0
    assert files(home / "checkpoints" / "moon") == before


def test_resume_refuses_what_it_cannot_go_on_with(home: Path) -> None:
    assert_refused(run(home, "--resume"), "no run to resume in .*; start one with: poetgen train")
    assert_refused(run(home, "--resume", "moon"), "no run 'moon' in .*; start one with: poetgen train")
    begin(home, "sun", "--steps", 1)
    assert_refused(run(home, "--resume", "moon"), "no run 'moon' in .*; there are: sun")
    assert_refused(run(home, "--resume", ""), "no run '' in .*; there are: sun")
    assert_refused(begin(home, "sun"), "already holds a run; continue it with --resume sun")
    assert_refused(run(home, "--resume", "sun", "--epochs", 4), "training.epochs was 10 and is now 4")
    assert_refused(
        run(home, "--resume", "sun", "--set", "corpus.split=8:2"), "corpus.split was '96:2:2' and is now"
    )
    assert run(home, "--resume", "sun", "--run", "moon").exit_code == 2


def test_resume_refuses_poems_prepared_otherwise(
    home: Path, poems: list[Poem], write_prepared: Callable[..., Dataset]
) -> None:
    begin(home, "moon", "--steps", 1)
    parts = {"train": poems[:44], "validation": poems[44:]}
    for corpus, told in (
        ({"split": "8:2"}, "corpus.split was '96:2:2' and is now '8:2'"),
        ({}, "not those it began with"),
    ):
        shutil.rmtree(home / "data" / "prepared")
        write_prepared(home / "data" / "prepared", parts, **corpus)
        assert_refused(run(home, "--resume", "moon"), told)


@pytest.mark.parametrize("damage", [b"", b"garbage", b"PK\x03\x04"])
def test_a_damaged_run_is_named_and_refused(home: Path, damage: bytes) -> None:
    begin(home, "moon", "--steps", 1)
    folder = home / "checkpoints" / "moon"
    (folder / "state.pt").write_bytes(damage)
    assert_refused(run(home, "--resume", "moon"), r"state\.pt cannot be read \(\w+\); start another run")
    (folder / "state.pt").unlink()
    assert_refused(run(home, "--resume", "moon"), "nothing to resume")
    (folder / "config.json").write_bytes(damage)
    assert_refused(run(home, "--resume", "moon"), r"config\.json is damaged")


PARTS = ["progress", "model", "optimizer", "average"]


@pytest.mark.parametrize(
    ("backend", "key"), [("torch", "random"), *((name, key) for name in BACKENDS for key in PARTS)]
)
def test_a_state_that_does_not_fit_is_refused(home: Path, backend: str, key: str) -> None:
    begin(home, "moon", "--steps", 1, "--backend", backend, "--set", "training.ema_decay=0.9")
    folder = RunFolder(home / "checkpoints" / "moon")
    state = folder.load_state()
    for value in ({}, [torch.zeros(3)], None, 3):
        folder.save_state({**state, key: value})
        assert_refused(
            run(home, "--resume", "moon"), r"state\.pt does not fit this run \(.*\); start another run"
        )


@pytest.mark.parametrize("memory", ["exp_avg", "exp_avg_sq"])
def test_an_optimizers_memory_that_is_cut_short_is_refused_before_it_is_used(home: Path, memory: str) -> None:
    begin(home, "moon", "--steps", 1, "--optimizer", "adam")
    folder = RunFolder(home / "checkpoints" / "moon")
    state = folder.load_state()
    slots = state["optimizer"]["state"][0]
    slots[memory] = slots[memory][:1]
    folder.save_state(state)
    assert_refused(
        run(home, "--resume", "moon"), rf"state\.pt does not fit this run \({memory} must be of shape .*\)"
    )


# ---- what cannot be ----


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/tmp/a", "a\nb", "\udcff"])
def test_a_name_that_is_no_plain_name_is_refused(home: Path, name: str) -> None:
    assert_refused(begin(home, name, "--steps", 1), "a run cannot be called")
    assert not (home / "checkpoints").exists()


def test_a_chinese_name_is_a_name(home: Path) -> None:
    assert begin(home, "月下獨酌", "--steps", 1).exit_code == 0
    assert (home / "checkpoints" / "月下獨酌" / "curves.png").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--hidden-size", "0"], "model.hidden_size must be at least 1"),
        (["--set", "model.hiden_size=3"], "did you mean hidden_size"),
        (["--config", "nothing"], "no config 'nothing'; there are: .*tiny"),
        (["--set", "corpus.min_count=7"], "prepared with corpus.min_count = .*, not 7; run poetgen prepare"),
    ],
)
def test_settings_that_cannot_be_are_refused_and_leave_nothing(
    home: Path, words: list[str], told: str
) -> None:
    assert_refused(run(home, "--run", "moon", *words), told)
    assert not (home / "checkpoints").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA here")
def test_a_device_that_is_not_there_is_refused(home: Path) -> None:
    assert_refused(run(home, "--run", "moon", "--device", "cuda"), "use --device cpu")
    assert not (home / "checkpoints").exists()


def test_a_loss_that_is_no_number_ends_with_what_to_do_and_a_picture(home: Path) -> None:
    wild = ["--optimizer", "sgd", "--learning-rate", "1e9", "--set", "training.clip_norm=0"]
    result = begin(home, "moon", *wild)
    assert_refused(result, r"no longer a number at step \d+ .*learning rate .*; try a lower --learning-rate")
    assert (home / "checkpoints" / "moon" / "curves.png").exists()


def test_a_full_disk_is_one_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    assert_refused(begin(home, "moon", "--steps", 1), r"cannot write .*state\.pt: No space left on device")


def test_without_matplotlib_there_is_no_picture_and_it_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = begin(home, "moon", "--steps", 1)
    assert result.exit_code == 0 and "run: pip install 'matplotlib" in result.stderr
    assert not (home / "checkpoints" / "moon" / "curves.png").exists()


# ---- where the poems come from ----


def test_with_nothing_it_says_what_to_run(tmp_path: Path) -> None:
    assert_refused(run(tmp_path), "no poems below .*; run: poetgen fetch")
    (tmp_path / "data" / "corpus").mkdir(parents=True)
    assert_refused(run(tmp_path), "run: poetgen fetch")
    assert not (tmp_path / "checkpoints").exists()


def test_the_fetched_corpus_is_prepared_first(fetched: Path) -> None:
    words = ["--set", "corpus.split=8:1:1", "--set", "corpus.limit=50", "--steps", 1]
    assert_refused(
        begin(fetched, "moon", *words, "--set", "training.seed=-1"), "training.seed must be at least 0"
    )
    assert not (fetched / "data" / "prepared").exists()
    result = begin(fetched, "moon", *words)
    assert result.exit_code == 0, result.output
    assert "preparing the poems of" in result.stderr
    config = RunFolder(fetched / "checkpoints" / "moon").read_config()["config"]
    assert (config["corpus"]["split"], config["corpus"]["limit"]) == ("8:1:1", 50)
    assert "preparing" not in begin(fetched, "sun", "--steps", 1).stderr


@pytest.mark.parametrize("manifest", ["settings", "splits", "unknown_types"])
def test_a_damaged_prepared_folder_is_named(home: Path, manifest: str) -> None:
    path = home / "data" / "prepared" / "prepared.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    del values[manifest]
    path.write_text(json.dumps(values), encoding="utf-8")
    assert_refused(begin(home, "moon"), "is damaged .*; run: poetgen prepare")


def test_the_tiny_config_can_be_trained(home: Path) -> None:
    assert run(home, "--config", "tiny", "--run", "moon", "--steps", 2, "--device", "cpu").exit_code == 0


# ---- stopped and killed, for real ----

LONG = [
    "--epochs",
    "60",
    "--set",
    "training.patience=0",
    "--set",
    "training.ema_decay=0.9",
    "--dropout",
    "0.3",
]


@pytest.fixture
def start(slow_poetgen: Start) -> Start:
    return lambda home, *arguments: slow_poetgen("train", "--home", home, *arguments)


def wait_for_step(process: subprocess.Popen[str], folder: RunFolder, step: int) -> None:
    """Until the run has got that far."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if any(record["step"] >= step for record in folder.records()):
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    raise AssertionError(f"step {step} was never reached")


@pytest.fixture(scope="module")
def whole(prepared: Dataset, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The run when nothing stops it."""
    home = tmp_path_factory.mktemp("whole")
    shutil.copytree(prepared.path, home / "data" / "prepared")
    assert begin(home, "whole", *LONG).exit_code == 0
    return RunFolder(home / "checkpoints" / "whole")


def same_as_never_stopped(home: Path, name: str, other: RunFolder) -> None:
    """Finish the run here, and compare with one that nobody stopped."""
    assert run(home, "--resume", name).exit_code == 0
    one = RunFolder(home / "checkpoints" / name)
    mine, theirs = one.records(), other.records()
    for record in (*mine, *theirs):
        del record["seconds"]
    assert mine == theirs
    for path in ("best.safetensors", "last.safetensors"):
        left, right = (Checkpoint.load(folder.path / path).weights for folder in (one, other))
        assert all((left[key] == right[key]).all() for key in right)


def test_a_run_killed_twice_ends_as_if_never_killed(home: Path, start: Start, whole: RunFolder) -> None:
    folder = RunFolder(home / "checkpoints" / "moon")
    words = ["--run", "moon", *SMALL, *LONG]
    for step in (5, 131):
        process = start(home, *words)
        wait_for_step(process, folder, step)
        if step == 5:
            assert_refused(run(home, "--resume", "moon"), "another process is training in")
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        words = ["--resume", "moon"]
    assert not (folder.load_state()["progress"]["finished"])
    same_as_never_stopped(home, "moon", whole)
    assert not [*folder.path.glob(".*")]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_interrupted_or_terminated_it_saves_and_says_how_to_go_on(
    home: Path, start: Start, whole: RunFolder
) -> None:
    asked = {"ctrl-c": signal.SIGINT, "term": signal.SIGTERM}
    running = {name: start(home, "--run", name, *SMALL, *LONG) for name in asked}
    for name, number in asked.items():
        process, folder = running[name], RunFolder(home / "checkpoints" / name)
        wait_for_step(process, folder, 30)
        process.send_signal(number)
        _, told = process.communicate(timeout=PATIENCE)
        assert process.returncode == 128 + number
        assert f"stopped and saved; to continue: poetgen train --resume {name} --home {home}" in told
        assert "Traceback" not in told
        step = folder.load_state()["progress"]["step"]
        assert Checkpoint.load(folder.last).card["step"] == step >= 30
    same_as_never_stopped(home, "ctrl-c", whole)


def test_the_same_in_a_default_workspace_needs_no_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    workspace = Workspace.find()
    folder = RunFolder(workspace.runs / "my moon")
    assert command.resume_command(workspace, folder) == "poetgen train --resume 'my moon'"


def test_a_second_interrupt_ends_at_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def impatient(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("poetgen.cli.train.follow_training", impatient)
    result = begin(home, "moon")
    assert result.exit_code == 130
    assert "poetgen train --resume" in result.stderr


def test_a_duration_is_said_as_people_say_it() -> None:
    said = [duration(seconds) for seconds in (0.2, 42, 185, 7800)]
    assert said == ["0 s", "42 s", "3 min 5 s", "2 h 10 min"]


def test_a_model_that_no_memory_holds_is_refused(home: Path) -> None:
    for backend in ("torch", "numpy"):
        told = "parameters needs [0-9,]+ GiB of memory .* choose smaller sizes"
        assert_refused(run(home, "--hidden-size", 65536, "--backend", backend), told)
