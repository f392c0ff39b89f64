"""A comparison's folder: what it compares, a folder for each run, and the report.

comparison.json     the settings compared, and the poems they learn from
poems/              the poems, where they were prepared for this comparison
runs/NAME/          a run folder as `poetgen train` makes it, and at its end result.json
report.md report.json metrics.csv curves.png
lock                held by the operating system while a process compares here
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from poetgen import __version__
from poetgen.compare.plan import Plan, Run
from poetgen.compare.results import Result
from poetgen.config import flatten, from_dict, read_saved_settings
from poetgen.corpus.dataset import Dataset
from poetgen.errors import CheckpointError
from poetgen.files import read_json, refuse_unreadable, sweep_partials, write_json
from poetgen.locking import hold_lock
from poetgen.plain_values import check_table
from poetgen.training.run_folder import RunFolder


class ComparisonFolder:
    """The files of one comparison."""

    def __init__(self, path: Path) -> None:
        self.path, self.plan = path, path / "comparison.json"
        self.report, self.numbers = path / "report.md", path / "report.json"
        self.metrics, self.curves = path / "metrics.csv", path / "curves.png"

    @contextmanager
    def hold_lock(self) -> Iterator[None]:
        """Hold the comparison for this process, half-written files removed.

        What fails before it has begun leaves no folder. Entering raises CheckpointError when another process
        holds it.
        """
        busy = f"another process is comparing in {self.path}; wait for it, or choose another --out"
        is_new, parent_is_new = not self.path.exists(), not self.path.parent.exists()
        try:
            with hold_lock(self.path / "lock", busy=CheckpointError(busy)):
                sweep_partials(self.path)
                try:
                    yield
                finally:
                    if is_new and not self.plan.exists():
                        shutil.rmtree(self.path / "poems", ignore_errors=True)
        finally:
            for folder in (self.path,) * is_new + (self.path.parent,) * parent_is_new:
                with suppress(OSError):  # it is not empty
                    folder.rmdir()

    def check_place(self) -> None:
        """Raises CheckpointError when there are other files, which a comparison must not be mixed with."""
        if self.path.is_dir() and not self.plan.exists():
            strangers = sorted(file.name for file in self.path.iterdir() if not is_own(file))
            if strangers:
                raise CheckpointError(
                    f"{self.path} holds other files ({strangers[0]}); choose a new folder with --out"
                )
        elif self.path.exists() and not self.path.is_dir():
            raise CheckpointError(f"{self.path} is a file; choose a new folder with --out")

    def check_settings(self, plan: Plan) -> None:
        """Raises CheckpointError when another comparison began here; more seeds or values are the same."""
        if self.plan.exists():
            _check_same(self.path, self.read()["settings"], _settings(plan))

    def begin(self, plan: Plan, poems: Mapping[str, Dataset]) -> None:
        """Record what is compared. Raises CheckpointError when the poems are not those it began with."""
        prints = {label: prepared.fingerprint()["sha256"] for label, prepared in poems.items()}
        settings = _settings(plan)
        if self.plan.exists():
            before = self.read()
            for label, sha256 in before["poems"].items():
                if prints.get(label, sha256) != sha256:
                    raise CheckpointError(
                        f"the poems in {poems[label].path} are not those that {self.path} began with; "
                        "prepare them as before, or choose another --out"
                    )
            settings, prints = {**before["settings"], **settings}, {**before["poems"], **prints}
        write_json(self.plan, {"poetgen": __version__, "settings": settings, "poems": prints})

    def read(self) -> dict[str, Any]:
        """What began here. Raises CheckpointError."""
        with refuse_unreadable(self.plan, CheckpointError, remedy="choose another --out"):
            value = read_json(self.plan)
            for table in (*value["settings"].values(), value["settings"], value["poems"]):
                check_table("what it compares", table)
            return {"settings": value["settings"], "poems": value["poems"]}

    # ---- one run ----

    def run_path(self, run: Run) -> Path:
        """The folder of a run."""
        return self.path / "runs" / run.name

    def read_result(self, run: Run) -> Result | None:
        """What came of a run, None while it is not finished."""
        path = self.run_path(run) / "result.json"
        if not path.exists():
            return None
        with refuse_unreadable(path, CheckpointError, remedy="remove its folder to run it anew"):
            value = read_json(path)
            if from_dict(value["config"], str(path)) != run.config:
                raise ValueError("it had other settings")
            return Result.from_dict(value["result"])

    def finish(self, run: Run, result: Result) -> None:
        """Keep a result; what was kept only to go on with the run is removed."""
        write_json(
            self.run_path(run) / "result.json", {"config": run.config.to_dict(), "result": result.to_dict()}
        )
        self._remove_state(run)

    def clean_up(self, run: Run) -> None:
        """Remove what a process that was killed when it had finished a run has left in its folder."""
        folder = RunFolder(self.run_path(run))
        with folder.hold_lock():
            folder.sweep()
            self._remove_state(run)

    def _remove_state(self, run: Run) -> None:
        folder = RunFolder(self.run_path(run))
        for leftover in (folder.state, folder.last):
            with suppress(OSError):
                leftover.unlink(missing_ok=True)


def is_own(file: Path) -> bool:
    """Whether a comparison may have left this behind before it had begun."""
    return file.name.startswith(("poems", ".")) or file.name == "lock"


def _settings(plan: Plan) -> dict[str, dict[str, Any]]:
    return {variant.label: variant.config.to_dict() for variant in plan.variants}


def _check_same(path: Path, before: Mapping[str, Any], now: Mapping[str, dict[str, Any]]) -> None:
    common = [label for label in now if label in before]
    if not common:
        raise CheckpointError(f"{path} holds another comparison ({', '.join(before)}); choose another --out")
    for label in common:
        was, new = read_saved_settings(before[label], "comparison.json"), flatten(now[label], "config")
        for key in new:
            if was.get(key, new[key]) != new[key]:  # a key that came later has its default
                raise CheckpointError(
                    f"{path} holds a comparison in which {key} was {was[key]!r} and is now {new[key]!r}; "
                    "choose another --out"
                )
