"""Where a prepared folder is written: in a folder beside it, which then takes its place by one rename."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from poetgen.corpus.dataset import FILES, Dataset
from poetgen.errors import CorpusError
from poetgen.files import follow_links, list_strangers
from poetgen.locking import hold_lock


def check_place(path: Path) -> Path:
    """`path` in full, if a prepared folder may be put there. Raises CorpusError if something would be lost."""
    path = follow_links(path)
    if path.is_dir():
        is_ours = FILES.__contains__ if Dataset.is_at(path) else _is_nobodys
        _refuse_strangers(path, is_ours, "choose a new folder with --out")
    elif path.exists():
        raise CorpusError(f"{path} is a file; choose a new folder with --out")
    return path


def _is_nobodys(name: str) -> bool:
    return False


def _refuse_strangers(folder: Path, is_ours: Callable[[str], bool], remedy: str) -> None:
    if strangers := list_strangers(folder, is_ours):
        raise CorpusError(f"{folder} holds other files ({strangers[0]}); {remedy}")


@contextmanager
def replace_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder beside `path` that takes its place at the end; on failure the old one stays.

    A swap killed half-way is undone by the next call. Raises CorpusError, also while another process is here,
    and when something that is not ours would be lost.
    """
    partial, old, lock = _beside(path)
    busy = CorpusError(f"another poetgen prepare is writing {path}; wait until it has finished")
    try:
        with hold_lock(lock, busy=busy):
            for leftover in (partial, old):
                _check_leftover(leftover)
            _recover(path, partial, old)
            try:
                partial.mkdir()
                yield partial
                if path.exists():
                    check_place(path)  # again: writing takes a while
                    path.rename(old)
                partial.rename(path)
            finally:
                _recover(path, partial, old)
    except OSError as error:
        raise CorpusError(
            f"cannot write {path}: {error.strerror or error}; what was there is kept"
        ) from error


def clean_up(path: Path) -> None:
    """Remove what a process that was killed when it had prepared `path` has left beside it."""
    partial, old, lock = _beside(path)
    if any(leftover.exists() for leftover in (partial, old, lock)):
        with suppress(CorpusError, OSError), hold_lock(lock, busy=CorpusError("it is being written")):
            for leftover in (partial, old):
                _check_leftover(leftover)
            _recover(path, partial, old)


def _beside(path: Path) -> tuple[Path, Path, Path]:
    """Where a folder is written, where the one before it waits during the swap, and the lock."""
    return (
        path.with_name(f".{path.name}.partial"),
        path.with_name(f".{path.name}.old"),
        path.with_name(f".{path.name}.lock"),
    )


def _check_leftover(folder: Path) -> None:
    """Raises CorpusError for what no killed prepare has left where this one works."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise CorpusError(f"{folder} is in the way, and poetgen did not make it; move it elsewhere")
    if folder.is_dir():
        _refuse_strangers(folder, FILES.__contains__, "move them elsewhere: poetgen works in this folder")


def _recover(path: Path, partial: Path, old: Path) -> None:
    if old.exists() and not path.exists():
        old.rename(path)
    for leftover in (partial, old):
        shutil.rmtree(leftover, ignore_errors=True)
