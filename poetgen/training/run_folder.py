"""A run folder: everything one training writes, each file whole or not at all.

    config.json             settings and data the run began with
    metrics.jsonl           one record for every few steps, one for every validation
    state.pt                all that is needed to go on: weights, optimizer, random state, place in the epoch
    best.safetensors        the model with the lowest validation perplexity
    last.safetensors        the model as it was last validated or stopped
    epoch-03_ppl-98.7_adam.safetensors   one per epoch, when asked for
    curves.png              losses and learning rate
    lock                    held by the operating system while a process trains here

`state.pt` alone decides where a run goes on: it holds the weights too, so one rename moves weights, optimizer
and place together, and a kill between any two files leaves the older state, which is whole.
"""

import io
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from poetgen.config import Config, flatten, read_saved_settings
from poetgen.errors import DAMAGE, CheckpointError, PoetgenError
from poetgen.files import (
    check_file,
    list_strangers,
    read_json,
    refuse_unreadable,
    sweep_partials,
    write_json,
    write_text,
    write_whole,
)
from poetgen.locking import hold_lock
from poetgen.plain_values import check_count, check_finite, check_table

STATE_VERSION = 1
MEASURES = {  # of a record, by its kind: what is read again
    "step": ("loss", "learning_rate", "seconds"),
    "validation": ("validation_loss", "seconds"),
}
CHANGEABLE = {"training.device", "training.processes"}  # settings that may be others when a run goes on


class RunFolder:
    """The files of one run, begun and gone on with by `command`."""

    def __init__(self, path: Path, command: str = "poetgen train") -> None:
        self.path, self.command = path, command
        self.config, self.metrics = path / "config.json", path / "metrics.jsonl"
        self.state, self.curves = path / "state.pt", path / "curves.png"
        self.best, self.last = path / "best.safetensors", path / "last.safetensors"

    @property
    def name(self) -> str:
        """The run's name, that of its folder."""
        return self.path.name

    def epoch_checkpoint(self, epoch: int, label: str, optimizer: str) -> Path:
        """Where `--keep-epochs` puts an epoch's model; `label` says how good it is."""
        return self.path / f"epoch-{epoch:02d}_{label}_{optimizer}.safetensors"

    def hold_lock(self) -> AbstractContextManager[None]:
        """Hold the run for this process; the system lets go when the process ends, however it ends.

        Entering raises CheckpointError when another process trains here.
        """
        busy = f"another process is training in {self.path}; wait for it, or choose another name with --run"
        return hold_lock(self.path / "lock", busy=CheckpointError(busy))

    def sweep(self) -> None:
        """Remove half-written files that a killed process left; only for who holds the lock."""
        sweep_partials(self.path)

    def check_new(self) -> None:
        """Raises CheckpointError when a new run here would be mixed with what it has not made, or write over it.

        A run killed before its config was there has left a state before its first step, and nobody loses that.
        """
        own = {"lock", self.config.name, *([self.state.name] if self._is_before_first_step() else [])}
        if self.config.exists():
            raise CheckpointError(
                f"{self.path} already holds a run; continue it with --resume {self.name}, "
                "or choose another --run name"
            )
        if strangers := list_strangers(self.path, own.__contains__):
            raise CheckpointError(
                f"{self.path} holds what no run began ({strangers[0]}); choose another --run name"
            )

    def _is_before_first_step(self) -> bool:
        if not self.state.exists():
            return True  # perhaps one half-written, under its temporary name
        try:
            return bool(self.load_state()["progress"]["step"] == 0)
        except (CheckpointError, KeyError, TypeError):
            return False

    def write_config(
        self, config: Mapping[str, Any], data: Mapping[str, Any], version: str, source: str = ""
    ) -> None:
        """Record what the run began with; `source` is where its texts lay."""
        write_json(self.config, {"poetgen": version, "config": config, "data": data, "source": source})

    def read_config(self) -> dict[str, Any]:
        """What the run began with. Raises CheckpointError."""
        missing = f"no run at {self.path}; start it with: {self.command} --run {self.name}"
        with refuse_unreadable(self.config, CheckpointError, missing=missing, remedy="start another run"):
            value = read_json(self.config)
            tables = {name: check_table(name, value[name]) for name in ("config", "data")}
            return {**tables, "source": str(value.get("source", ""))}

    def check_there(self) -> None:
        """Raises CheckpointError when somebody has removed the run while it went on."""
        if not self.config.exists():
            raise CheckpointError(
                f"{self.config} was removed while the run went on, so it cannot be kept; start another run"
            )

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one record to metrics.jsonl. Raises PoetgenError when the disk refuses."""
        try:
            with self.metrics.open("a", encoding="utf-8", newline="\n") as file:
                file.write(line_of(record))
        except OSError as error:
            self.check_there()
            raise PoetgenError(
                f"cannot write {self.metrics}: {error.strerror or error}; "
                f"fix that, then continue from the last save with: {self.command} --resume {self.name}"
            ) from error

    def records(self) -> list[dict[str, Any]]:
        """All whole records; a line cut short by a kill, or otherwise not ours, is left out."""
        if not self.metrics.exists():
            return []
        lines = check_file(self.metrics).read_text(encoding="utf-8", errors="replace").splitlines()
        return [record for line in lines if (record := record_of(line)) is not None]

    def forget_after(self, *, step: int, validated_step: int) -> None:
        """Drop records that a resumed run will make again: of steps and validations later than these."""
        limits = {"step": step, "validation": validated_step}
        kept = [record for record in self.records() if record["step"] <= limits[record["kind"]]]
        write_text(self.metrics, "".join(map(line_of, kept)))

    def save_state(self, state: Mapping[str, Any]) -> None:
        """Write state.pt: tensors and plain values only. Raises PoetgenError when the disk refuses."""
        import torch

        with write_whole(self.state) as temporary:
            # by way of memory: writing itself, torch says of a full disk only that an assertion failed
            file = io.BytesIO()
            torch.save({"version": STATE_VERSION, **state}, file)
            temporary.write_bytes(file.getvalue())

    def load_state(self) -> dict[str, Any]:
        """Read state.pt; nothing in it can execute. Raises CheckpointError."""
        from poetgen.training.saved_state import load_plain

        try:
            state = load_plain(check_file(self.state).read_bytes())
            if state["version"] != STATE_VERSION:
                raise CheckpointError(f"{self.state} has version {state['version']}, not {STATE_VERSION}")
            return dict(state)
        except FileNotFoundError as error:
            raise CheckpointError(
                f"{self.path} has nothing to resume, stopped before its first save; remove it and start again"
            ) from error
        except CheckpointError:
            raise
        except OSError as error:
            raise CheckpointError(f"cannot read {self.state}: {error.strerror or error}") from error
        except Exception as error:  # torch.load has no one exception for a damaged file
            raise CheckpointError(
                f"{self.state} cannot be read ({type(error).__name__}); start another run"
            ) from error


class ReadOnlyRunFolder(RunFolder):
    """The folder as all processes but the first have it: what changes it, or checks it, is the first's."""

    def hold_lock(self) -> AbstractContextManager[None]:
        """The first process holds it."""
        return nullcontext()

    def _leave(self, *_: Any, **__: Any) -> None:
        """Nothing is done."""

    sweep = check_new = check_there = write_config = append = forget_after = save_state = _leave


def check_resumable(folder: RunFolder, config: Config, fingerprint: Mapping[str, str], *, where: str) -> None:
    """Raises CheckpointError naming each setting, or the data, that is not as the run began."""
    saved = folder.read_config()
    began = type(config)().replace(read_saved_settings(saved["config"], str(folder.config)))
    before = flatten(began.to_dict(), "config")
    now = flatten(config.to_dict(), "config")
    changed = [key for key in before if before[key] != now[key] and key not in CHANGEABLE]
    if changed:
        listed = ", ".join(f"{key} was {before[key]!r} and is now {now[key]!r}" for key in changed)
        weights = f", from its weights with --from {folder.name}" if folder.command == "poetgen train" else ""
        raise CheckpointError(
            f"cannot resume {folder.name} with other settings: {listed}; start another --run{weights}"
        )
    if saved["data"] != fingerprint:
        raise CheckpointError(
            f"cannot resume {folder.name}: the texts in {where} are not those it began with; "
            "prepare them as before, or start another --run"
        )


def line_of(record: Mapping[str, Any]) -> str:
    """A record as a line of metrics.jsonl."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"


def record_of(line: str) -> dict[str, Any] | None:
    """A record from its line; None when it is not one, or lacks what is read of it."""
    try:
        record = check_table("the record", json.loads(line))
        if record["kind"] == "epoch":  # as older versions, which validated after epochs, called a validation
            record["kind"] = "validation"
        for name in ("step", "epoch"):
            check_count(name, record[name])
        for name in MEASURES[record["kind"]]:
            check_finite(name, record[name])
    except DAMAGE:
        return None
    return record
