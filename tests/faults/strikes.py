"""A kill, and a disk that fails, at any file operation of a command; then the command again, as its user would."""

import os
import resource
import shutil
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.forked import Strike, run

# what may stand in a folder of ours and is not
STRANGERS = (".git/HEAD", ".env", "notes.txt")
FEW_BYTES = 64  # that still fit on a full disk


@dataclass(frozen=True)
class Scenario:
    """A command in a copy of `start`; `again` is what its user types after a fault, where the same is refused."""

    name: str
    words: list[str]
    start: Path
    again: tuple[str, ...] = ()


def kill() -> None:
    """Die, as by kill -9 or a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


def refuse() -> None:
    """A disk that refuses this operation."""
    raise OSError(28, "No space left on device")


def fill_disk() -> None:
    """A disk on which from now on no file grows: opened it is, and writing fails half-way."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (FEW_BYTES, resource.RLIM_INFINITY))


KINDS: dict[str, Callable[[], None]] = {"kill": kill, "failing disk": refuse, "full disk": fill_disk}


def at(number: int, act: Callable[[], None]) -> Strike:
    """`act` at the operation of this number."""

    def strike(now: int) -> None:
        if now == number:
            act()

    return strike


def count_operations(scenario: Scenario, folder: Path) -> int:
    """How many there are when nothing strikes. Raises RuntimeError when even so the command fails."""
    with tempfile.TemporaryFile() as counter:
        ended = run(scenario.words, copy(scenario.start, folder), lambda _: _write(counter.fileno()))
        if ended.status or ended.fault:
            raise RuntimeError(f"{scenario.name}: {ended.fault or ended.stderr}")
        return os.fstat(counter.fileno()).st_size


def _write(descriptor: int) -> None:
    os.write(descriptor, b".")


def strike_at(scenario: Scenario, folder: Path, number: int, kind: str) -> str:
    """What goes wrong, if anything, when a fault of this kind meets the operation of this number."""
    copy(scenario.start, folder)
    ended = run(scenario.words, folder, at(number, KINDS[kind]))
    is_killed = kind == "kill" and ended.status == -signal.SIGKILL
    return ("" if is_killed else ended.fault) or recover(scenario, folder)


def recover(scenario: Scenario, folder: Path) -> str:
    """The command again, later, as a user would; what is wrong then: it fails, leaves something, or lost ours."""
    for path in folder.rglob("*.partial"):
        if path.is_file():
            os.utime(path, (0, 0))
    ended = run(scenario.words, folder)
    if ended.status and scenario.again:
        ended = run(list(scenario.again), folder)
    if ended.status or ended.fault:
        return f"again: {ended.status} {ended.stderr.strip()[-200:]}"
    left = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if is_leftover(path.name)]
    gone = [name for name in STRANGERS if (folder / name).read_text(encoding="utf-8") != "mine"]
    return f"left behind: {left}" if left else f"lost: {gone}" if gone else ""


def is_leftover(name: str) -> bool:
    """Whether a file or folder has a name that nothing of ours has when its command has ended."""
    return name.endswith((".partial", ".lock", ".old")) or name == "lock"


def copy(start: Path, folder: Path) -> Path:
    """`folder`, made as `start` is."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(start, folder, symlinks=True)
    return folder
