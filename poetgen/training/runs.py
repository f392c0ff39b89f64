"""The runs of a folder: which one is meant, and what a new one is called."""

from datetime import date
from pathlib import Path

from poetgen.checkpoint import RELEASED
from poetgen.errors import CheckpointError
from poetgen.files import expand_home, follow_links, number_name
from poetgen.model_files import NEWEST
from poetgen.training.run_folder import RunFolder

TAKEN = {RELEASED: "the released model", NEWEST: "the newest run"}


def newest_run(runs: Path, command: str = "poetgen train") -> RunFolder:
    """The run whose state was saved last. Raises CheckpointError when there is none."""
    states = [path for path in runs.glob("*/state.pt") if RunFolder(path.parent).config.exists()]
    states.sort(key=lambda path: (path.stat().st_mtime, path))
    if not states:
        raise CheckpointError(f"no run to resume in {runs}; start one with: {command}")
    return RunFolder(states[-1].parent, command)


def find_run(runs: Path, name: str | None, command: str = "poetgen train") -> RunFolder:
    """The run to go on with: the newest of `runs` (None), one of them by name, or any by path.

    Raises CheckpointError, saying which there are.
    """
    name = None if name is None else expand_home(name)
    folder = newest_run(runs, command) if name is None else RunFolder(runs / name, command)
    if name is not None and not folder.config.exists() and (Path(name) / folder.config.name).exists():
        folder = RunFolder(follow_links(Path(name)), command)
    if not folder.config.exists():
        names = sorted(path.parent.name for path in runs.glob(f"*/{folder.config.name}"))
        there = f"there are: {', '.join(names)}" if names else f"start one with: {command}"
        raise CheckpointError(f"no run {name!r} in {runs}; {there}")
    return folder


def new_run_path(runs: Path, name: str | None, kind: str) -> Path:
    """Where a new run goes; a run without a name is called by its date and what kind it is."""
    if name is not None:
        if name in ("", "..") or not name.isprintable() or Path(name).name != name:
            raise CheckpointError(f"a run cannot be called {name!r}; give a plain name such as --run moon")
        if name in (RELEASED, NEWEST):
            raise CheckpointError(
                f"a run cannot be called {name}, which names {TAKEN[name]}; choose another --run name"
            )
        return runs / name
    stem = f"{date.today().isoformat()}_{kind}"
    free = next(k for k in range(1, 10_000) if not (runs / number_name(stem, k)).exists())
    return runs / number_name(stem, free)
