"""Several processes train what one would have trained, and end together."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from poetgen.checkpoint import Checkpoint
from poetgen.compare.plan import plan_comparison
from poetgen.config import Config, from_dict
from poetgen.corpus.batches import make_batch
from poetgen.corpus.dataset import Dataset, EncodedPoems
from poetgen.errors import ConfigError, TrainingError
from poetgen.training import ranks
from poetgen.training.events import Event, Started, ValidationReport
from poetgen.training.run_folder import RunFolder
from poetgen.training.trainer import run_training
from tests.processes import PATIENCE, end

# batches of two poems: of three processes one often has none, and of two the shares are unequal
SMALL = {
    "model.embedding_size": 6,
    "model.hidden_size": 7,
    "model.dropout": 0.0,
    "training.batch_size": 2,
    "training.bptt_length": 16,
    "training.steps": 30,
    "training.validate_every": 15,
    "training.device": "cpu",
}
DROPOUT = {"model.dropout": 0.3, "model.embedding_dropout": 0.2, "training.ema_decay": 0.9}


def settings(processes: int, **changes: Any) -> Config:
    given = {key.replace("__", "."): value for key, value in changes.items()}
    return Config().replace({**SMALL, "training.processes": processes, **given})


def trained(prepared: Dataset, path: Path, config: Config, **options: Any) -> list[Event]:
    return list(run_training(prepared, path, config, **options))


def stop_after(steps: int) -> Callable[[], bool]:
    asked = iter(range(1, 10**6))
    return lambda: next(asked) == steps


def weights(path: Path) -> dict[str, Any]:
    return dict(Checkpoint.load(path / "last.safetensors").weights)


@pytest.fixture(scope="module")
def alone(prepared: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("alone") / "run"
    trained(prepared, path, settings(1))
    return path


def test_several_processes_train_what_one_does(prepared: Dataset, tmp_path: Path, alone: Path) -> None:
    reports = trained(prepared, tmp_path / "run", settings(3))
    assert isinstance(reports[0], Started) and reports[0].computes_on == "cpu, 3 processes"
    mine, theirs = weights(tmp_path / "run"), weights(alone)
    for name in theirs:
        np.testing.assert_allclose(mine[name], theirs[name], rtol=0, atol=1e-5 * abs(theirs[name]).max())
    one, other = RunFolder(tmp_path / "run").records(), RunFolder(alone).records()
    assert [record["step"] for record in one] == [record["step"] for record in other]
    for mine, theirs in zip(one, other, strict=True):
        for key in ("loss", "validation_loss", "train_loss", "gradient_norm"):
            assert mine.get(key, 0) == pytest.approx(theirs.get(key, 0), rel=1e-5)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {path.name for path in alone.iterdir()}


@pytest.fixture(scope="module")
def stopped(prepared: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two processes that was stopped after eight steps."""
    path = tmp_path_factory.mktemp("stopped") / "run"
    trained(prepared, path, settings(2).replace(DROPOUT), should_stop=stop_after(8))
    return path


def test_stopped_it_goes_on_to_the_same_bits(prepared: Dataset, tmp_path: Path, stopped: Path) -> None:
    config = settings(2).replace(DROPOUT)
    trained(prepared, tmp_path / "whole", config)
    shutil.copytree(stopped, tmp_path / "run")
    assert RunFolder(tmp_path / "run").load_state()["progress"]["step"] == 8
    trained(prepared, tmp_path / "run", config, resume=True)
    mine, theirs = weights(tmp_path / "run"), weights(tmp_path / "whole")
    assert all((mine[name] == theirs[name]).all() for name in theirs)
    one, other = (RunFolder(tmp_path / name).load_state() for name in ("run", "whole"))
    for mine, theirs in zip(
        [one["random"], *one["random_of_others"]], [other["random"], *other["random_of_others"]], strict=True
    ):
        assert torch.equal(mine["cpu"], theirs["cpu"])
    assert not torch.equal(one["random"]["cpu"], one["random_of_others"][0]["cpu"])


def test_another_number_of_processes_goes_on_and_says_so(
    prepared: Dataset, tmp_path: Path, stopped: Path
) -> None:
    shutil.copytree(stopped, tmp_path / "run")
    reports = trained(prepared, tmp_path / "run", settings(1).replace(DROPOUT), resume=True)
    assert isinstance(reports[0], Started) and reports[0].step == 8
    assert reports[0].messages == (
        "trained by 2 processes so far, now by 1 process: the same batches, but other dropout",
    )
    assert isinstance(reports[-2], ValidationReport) and reports[-2].step == 30


def test_a_process_that_dies_ends_all_with_a_sentence(prepared: Dataset, tmp_path: Path) -> None:
    reports = run_training(prepared, tmp_path / "run", settings(2, training__steps=10**6))
    for report in reports:
        if isinstance(report, ValidationReport):
            break
    ranks.children[0].kill()
    told = r"one of the 2 processes was ended by signal 9; continue with: poetgen train --resume run; .*best\.saf"
    with pytest.raises(TrainingError, match=told):
        list(reports)
    assert not ranks.children and ranks.world_size() == 1
    again = settings(2, training__steps=10**6).replace({"training.processes": 1})
    rest = trained(prepared, tmp_path / "run", again, resume=True, should_stop=stop_after(2))
    assert isinstance(rest[0], Started) and rest[0].step == 15


# ---- whole commands ----


@pytest.fixture
def start(prepared: Dataset, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """`start(launcher, words…)`: train without end; what still runs is ended afterwards."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "prepared").symlink_to(prepared.path)
    started: list[subprocess.Popen[bytes]] = []

    def begin(launcher: tuple[str, ...], *more: Any) -> subprocess.Popen[bytes]:
        words: list[Any] = [*launcher, *(["--"] if launcher == TORCHRUN else [])]
        words += ["train", "--home", tmp_path, "--run", "moon", "--patience", 0, "--epochs", 10**6, *more]
        small = [f"{key}={value}" for key, value in SMALL.items() if key != "training.steps"]
        words += [word for setting in small for word in ("--set", setting)]
        with (tmp_path / "stdout").open("wb") as stdout, (tmp_path / "stderr").open("wb") as stderr:
            started.append(
                subprocess.Popen(
                    [*map(str, words)],
                    stdout=stdout,  # no pipe: what the others keep open would be waited for
                    stderr=stderr,
                    env=os.environ | {"OMP_NUM_THREADS": "1"},
                    start_new_session=True,
                )
            )
        until = time.monotonic() + PATIENCE
        while not (tmp_path / "checkpoints" / "moon" / "best.safetensors").exists():
            assert started[-1].poll() is None, output(tmp_path)
            assert time.monotonic() < until, output(tmp_path)
            time.sleep(0.05)
        return started[-1]

    yield begin
    for process in started:
        descendants = find_descendants(process.pid)
        end(process)
        for one in descendants:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)


def output(folder: Path) -> tuple[str, str]:
    """What the command has printed so far, on stdout and on stderr."""
    stdout, stderr = ((folder / name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
    return stdout, stderr


def others(parent: int) -> list[int]:
    """The processes that this one has started."""
    found = Path(f"/proc/{parent}/task/{parent}/children")
    return [*map(int, found.read_text(encoding="ascii").split())] if found.exists() else []


def find_descendants(parent: int) -> list[int]:
    """What this process has started, and what those have."""
    return [one for child in others(parent) for one in (child, *find_descendants(child))]


def is_gone(process: int) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


COMMAND = (sys.executable, "-m", "poetgen")
TORCHRUN = (
    sys.executable,
    "-m",
    "torch.distributed.run",
    "--standalone",
    "--local-addr=127.0.0.1",  # the name of a machine need not lead to it
    "--nproc_per_node",
    "2",
    "-m",
    "poetgen",
)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc, to find the processes started")
def test_when_the_first_is_killed_the_others_end_and_the_run_goes_on(
    start: Callable[..., subprocess.Popen[bytes]], prepared: Dataset, tmp_path: Path
) -> None:
    process = start(COMMAND, "--processes", 2)
    [other] = others(process.pid)
    process.kill()
    process.wait(PATIENCE)
    assert is_gone(other)
    run = tmp_path / "checkpoints" / "moon"
    config = from_dict(RunFolder(run).read_config()["config"]).replace({"training.processes": 1})
    assert trained(prepared, run, config, resume=True, should_stop=stop_after(1))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_ctrl_c_saves_and_ends_all(start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    process = start(COMMAND, "--processes", 2)
    # the others hear nothing of it, not even in the first moments, when they do not ignore it yet
    assert all(os.getsid(other) == other for other in others(process.pid))
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all that it has begun
    status, (_, stderr) = process.wait(PATIENCE), output(tmp_path)
    assert status == 130, stderr
    assert "stopped and saved; to continue: poetgen train --resume moon" in stderr
    assert "Traceback" not in stderr
    assert len(RunFolder(tmp_path / "checkpoints" / "moon").load_state()["random_of_others"]) == 1


def test_of_those_that_torchrun_starts_one_speaks(
    start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process = start(TORCHRUN, "--steps", 20)
    status, (stdout, stderr) = process.wait(PATIENCE), output(tmp_path)
    assert status == 0, stderr
    assert re.fullmatch(r".*best\.safetensors  validation perplexity [\d.]+\n", stdout)
    assert len(re.findall(r"parameters on cpu, 2 processes", stderr)) == 1
    assert stderr.count("done: 20 steps done") == 1


# ---- what one process and several share ----


@given(st.lists(st.integers(2, 9), min_size=1, max_size=7), st.integers(2, 9))
def test_every_poem_of_a_batch_is_one_processs(lengths: list[int], processes: int) -> None:
    ids = np.arange(10, 10 + sum(lengths), dtype=np.uint16)
    batch = make_batch(EncodedPoems(ids, np.cumsum([0, *lengths])), np.arange(len(lengths)))
    shares = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ranks, "world_size", lambda: processes)
        for number in range(processes):
            patched.setattr(ranks, "rank", lambda number=number: number)
            shares.append(ranks.shard_batch(batch))
    found = [share for share in shares if share is not None]
    assert sum(share.tokens for share in found) == batch.tokens
    tokens = sorted(int(one) for share in found for one in share.targets[share.targets >= 10])
    assert tokens == ids.tolist()
    assert all(len(share.targets) == int(share.lengths.max()) for share in found)
    assert [share is None for share in shares] == [number >= len(lengths) for number in range(processes)]


def test_processors_are_those_this_process_may_use_or_else_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5, 7}, raising=False)
    assert ranks._processors() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    for counted, found in ((6, 6), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda counted=counted: counted)
        assert ranks._processors() == found


REFUSED = [
    (lambda prepared, path: trained(prepared, path, settings(2, training__backend="numpy")), "numpy"),
    (lambda *_: plan_comparison({"training.processes": 2}, {"model.hidden_size": [1, 2]}), "one process"),
    (lambda *_: plan_comparison({}, {"training.processes": [1, 2]}), "one process"),
]


@pytest.mark.parametrize(("attempt", "told"), REFUSED)
def test_what_several_processes_cannot_do_is_said_before_any_starts(
    prepared: Dataset, tmp_path: Path, attempt: Callable[[Dataset, Path], Any], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        attempt(prepared, tmp_path / "run")
    assert not ranks.children and not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="torch finds fewer than two GPUs here")
def test_two_gpus_train_what_one_does(prepared: Dataset, tmp_path: Path) -> None:
    for processes in (1, 2):
        config = settings(processes, training__device="cuda")
        trained(prepared, tmp_path / str(processes), config)
    mine, theirs = weights(tmp_path / "2"), weights(tmp_path / "1")
    for name in theirs:
        np.testing.assert_allclose(mine[name], theirs[name], rtol=0, atol=1e-4 * abs(theirs[name]).max())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU here")
def test_more_processes_than_gpus_are_refused(prepared: Dataset, tmp_path: Path) -> None:
    config = settings(torch.cuda.device_count() + 1, training__device="cuda")
    with pytest.raises(ConfigError, match="need as many GPUs"):
        trained(prepared, tmp_path / "run", config)
