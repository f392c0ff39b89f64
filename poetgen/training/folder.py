"""A run folder: everything one training writes, each file whole or not at all.

    config.json             settings and data the run began with
    metrics.jsonl           one record for every few steps, one for every epoch
    state.pt                all that is needed to go on: weights, optimizer, random state, place in the epoch
    best.safetensors        the model with the lowest validation perplexity
    last.safetensors        the model as it was last validated or stopped
    epoch-03_ppl-98.7_adam.safetensors   one per epoch, when asked for
    curves.png              losses and learning rate
    lock                    held by the operating system while a process trains here

`state.pt` alone decides where a run goes on: it holds the weights too, so one rename moves weights, optimizer
and place together, and a kill between any two files leaves the older state, which is whole.
"""

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from poetgen.errors import CheckpointError
from poetgen.files import write_json, write_text, written_whole

STATE_VERSION = 1


class RunFolder:
    """The files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config, self.metrics, self.state = (
            path / "config.json",
            path / "metrics.jsonl",
            path / "state.pt",
        )
        self.best, self.last = path / "best.safetensors", path / "last.safetensors"
        self.curves = path / "curves.png"

    @property
    def name(self) -> str:
        """The run's name, that of its folder."""
        return self.path.name

    def epoch_checkpoint(self, epoch: int, perplexity: float, optimizer: str) -> Path:
        """Where `--keep-epochs` puts an epoch's model."""
        return self.path / f"epoch-{epoch:02d}_ppl-{perplexity:.1f}_{optimizer}.safetensors"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process; the system lets go when the process ends, however it ends.

        Raises CheckpointError when another process trains here.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("a+b") as file:
            try:
                _lock(file.fileno())
            except OSError as error:
                raise CheckpointError(
                    f"another process is training in {self.path}; wait for it, or choose another name with --run"
                ) from error
            yield

    def write_config(self, config: Mapping[str, Any], data: Mapping[str, Any], version: str) -> None:
        """Record what the run began with."""
        write_json(self.config, {"poetgen": version, "config": config, "data": data})

    def read_config(self) -> dict[str, Any]:
        """What the run began with. Raises CheckpointError."""
        try:
            value = json.loads(self.config.read_text(encoding="utf-8"))
            return {"config": dict(value["config"]), "data": dict(value["data"])}
        except FileNotFoundError as error:
            raise CheckpointError(
                f"no run at {self.path}; start it with: poetgen train --run {self.name}"
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"{self.config} is damaged ({error}); start another run") from error

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one record to metrics.jsonl."""
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")

    def records(self) -> list[dict[str, Any]]:
        """All whole records; a line cut short by a kill is left out."""
        if not self.metrics.exists():
            return []
        found = []
        for line in self.metrics.read_text(encoding="utf-8").splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                found.append(record)
        return found

    def forget_after(self, *, step: int, epoch: int) -> None:
        """Drop records that a resumed run will make again: steps past `step`, epochs from `epoch` on."""
        limits = {"step": step, "epoch": epoch - 1}
        kept = [record for record in self.records() if record[record["kind"]] <= limits[record["kind"]]]
        write_text(self.metrics, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in kept))

    def save_state(self, state: Mapping[str, Any]) -> None:
        """Write state.pt: tensors and plain values only."""
        import torch

        with written_whole(self.state) as temporary:
            torch.save({"version": STATE_VERSION, **state}, temporary)

    def load_state(self) -> dict[str, Any]:
        """Read state.pt; nothing in it can execute. Raises CheckpointError."""
        import torch

        try:
            state = torch.load(self.state, map_location="cpu", weights_only=True)
            if state["version"] != STATE_VERSION:
                raise CheckpointError(f"{self.state} has version {state['version']}, not {STATE_VERSION}")
            return dict(state)
        except FileNotFoundError as error:
            raise CheckpointError(
                f"{self.path} has nothing to resume, stopped before its first save; remove it and start again"
            ) from error
        except CheckpointError:
            raise
        except Exception as error:  # torch.load has no one exception for a damaged file
            raise CheckpointError(
                f"{self.state} cannot be read ({type(error).__name__}); start another run"
            ) from error


def newest_run(runs: Path) -> RunFolder:
    """The run whose state was saved last. Raises CheckpointError when there is none."""
    states = sorted(runs.glob("*/state.pt"), key=lambda path: path.stat().st_mtime)
    if not states:
        raise CheckpointError(f"no run to resume in {runs}; start one with: poetgen train")
    return RunFolder(states[-1].parent)


def finite(value: float) -> float | None:
    """JSON has no infinity: None stands for it."""
    return value if math.isfinite(value) else None


def _lock(descriptor: int) -> None:
    """Take an exclusive lock or raise OSError at once."""
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
