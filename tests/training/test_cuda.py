"""On CUDA: a run trains, goes on, and moves both ways between it and the CPU."""

from pathlib import Path
from typing import Any

import pytest
import torch

from poetgen.checkpoint import Checkpoint
from poetgen.config import Config
from poetgen.corpus.dataset import Dataset
from poetgen.evaluate import evaluate_split
from poetgen.training.events import Event, Finished, Started, ValidationReport
from poetgen.training.run_folder import RunFolder
from poetgen.training.trainer import run_training

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA on this machine")


def settings(device: str, **changes: Any) -> Config:
    small = {"model.embedding_size": 8, "model.hidden_size": 16, "training.batch_size": 12}
    more = {f"training.{key}": value for key, value in changes.items()}
    return Config().replace({**small, "training.epochs": 3, "training.device": device, **more})


def trained(
    prepared: Dataset, path: Path, config: Config, *, resume: bool = False, until: int = 10**9
) -> list[Event]:
    """Train, asking to stop after step `until`."""
    reports: list[Event] = []
    for report in run_training(
        prepared,
        path,
        config,
        resume=resume,
        should_stop=lambda: getattr(reports[-1] if reports else None, "step", 0) >= until,
    ):
        reports.append(report)
    return reports


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("optimizer", ["adam", "adagrad", "nesterov"])
def test_it_learns(prepared: Dataset, tmp_path: Path, optimizer: str, precision: str) -> None:
    config = settings("cuda", optimizer=optimizer, precision=precision, ema_decay=0.9, epochs=5)
    reports = trained(prepared, tmp_path / "run", config)
    started, end = reports[0], reports[-1]
    assert isinstance(started, Started) and started.computes_on == "cuda"
    assert isinstance(end, Finished) and not end.interrupted
    losses = [report.validation_loss for report in reports if isinstance(report, ValidationReport)]
    assert losses[-1] < losses[0]


def test_it_goes_on_where_it_stopped(prepared: Dataset, tmp_path: Path) -> None:
    config = settings("cuda", ema_decay=0.9)
    trained(prepared, tmp_path / "whole", config)
    trained(prepared, tmp_path / "run", config, until=5)
    trained(prepared, tmp_path / "run", config, resume=True)
    records = {name: RunFolder(tmp_path / name).records() for name in ("whole", "run")}
    assert [r["step"] for r in records["run"]] == [r["step"] for r in records["whole"]]
    mine, theirs = (Checkpoint.load(tmp_path / name / "last.safetensors").weights for name in records)
    for name, value in theirs.items():  # sums on CUDA need not come in one order, so not bit for bit
        torch.testing.assert_close(torch.tensor(mine[name]), torch.tensor(value), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("optimizer", ["adam", "adagrad", "sgd", "nadam"])
@pytest.mark.parametrize(("one", "other"), [("cpu", "cuda"), ("cuda", "cpu")])
def test_a_run_moves_between_devices(
    prepared: Dataset, tmp_path: Path, optimizer: str, one: str, other: str
) -> None:
    trained(prepared, tmp_path / "run", settings(one, optimizer=optimizer), until=5)
    reports = trained(prepared, tmp_path / "run", settings(other, optimizer=optimizer), resume=True)
    started, end = reports[0], reports[-1]
    assert isinstance(started, Started) and (started.computes_on, started.step) == (other, 5)
    assert isinstance(end, Finished) and end.reason == "3 epochs done"


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_checkpoint_measures_alike_on_both(prepared: Dataset, tmp_path: Path, device: str) -> None:
    trained(prepared, tmp_path / "run", settings(device))
    checkpoint = Checkpoint.load(tmp_path / "run" / "best.safetensors")
    here, there = (
        evaluate_split(checkpoint, prepared, "validation", device=name).to_dict() for name in ("cpu", "cuda")
    )
    assert here["ppl_token"] == pytest.approx(there["ppl_token"], rel=1e-5)
