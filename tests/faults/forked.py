"""Commands in forks of this process, where everything is imported: how each ended, and what it said."""

import contextlib
import os
import pkgutil
import select
import signal
import sys
import time
import traceback
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import poetgen
from poetgen.cli import poetgen as command_line
from poetgen.plots.style import font_families, load_matplotlib
from poetgen.verse.rhymes import RhymeTable

SECONDS = 60  # that a command may take
LONGEST = 1500  # characters of a sentence
Strike = Callable[[int], None]
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir")  # audit events, beside open


@dataclass
class Ended:
    """How a command ended: its exit status, negative for a signal, None when it ran too long."""

    status: int | None
    stdout: str
    stderr: str

    @property
    def fault(self) -> str:
        """What is wrong with such an end; empty when nothing is."""
        lines = self.stderr.strip().splitlines() or [""]
        last = lines[-1]
        if self.status is None:
            return f"still running after {SECONDS} s"
        if self.status not in (0, 1, 2, 130):
            return f"ended with {self.status}: {last[:200]}"
        if "Traceback" in self.stderr or "Warning:" in self.stderr:
            return f"a traceback or warning: {last[:200]}"
        if any(map(is_obeyed, self.stdout + self.stderr)):
            return "a control character"
        # check counts the poems it could judge after it has told of one that it could not
        if self.status and not any(line.startswith(("Error: ", "stopped", "failed: ")) for line in lines):
            return f"no sentence: {last[:200]!r}"
        return f"a sentence of {len(last)} characters" if len(last) > LONGEST else ""


def is_obeyed(char: str) -> bool:
    """Whether a terminal would obey a character instead of showing it."""
    return char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Cs")


def import_everything() -> None:
    """Every module of the package, and what a command loads before anything else, so that forks need not."""
    for module in pkgutil.walk_packages(poetgen.__path__, "poetgen."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    import_module("torch._dynamo")  # which optimizers load when they are first made
    load_matplotlib()
    font_families()
    RhymeTable.load()


def run(words: list[str], folder: Path, strike: Strike | None = None) -> Ended:
    """`poetgen words` in `folder`; `strike` is told the number of each file operation below it, before it is done.

    A file operation is opening to write, renaming, removing, or making a folder, as Python's audit events have it.
    """
    pipes = [os.pipe() for _ in range(2)]
    child = os.fork()
    if not child:
        _be_command(words, folder, [write for _, write in pipes], strike)
    for _, write in pipes:
        os.close(write)
    said = _read_all([read for read, _ in pipes], child)
    _, status = os.waitpid(child, 0)
    texts = [text.decode(errors="backslashreplace") for text in said or (b"", b"")]
    return Ended(None if said is None else os.waitstatus_to_exitcode(status), *texts)


def _read_all(pipes: list[int], child: int) -> list[bytes] | None:
    """What comes out of the pipes until they are closed; None, and the child killed, when that takes too long."""
    said = {pipe: b"" for pipe in pipes}
    is_open, end = list(pipes), time.monotonic() + SECONDS
    while is_open and time.monotonic() < end:
        for pipe in select.select(is_open, [], [], 1)[0]:
            said[pipe] += (part := os.read(pipe, 2**16))
            if not part:
                is_open.remove(pipe)
    if is_open:
        os.kill(child, signal.SIGKILL)
    for pipe in pipes:
        os.close(pipe)
    return None if is_open else list(said.values())


def _be_command(words: list[str], folder: Path, pipes: list[int], strike: Strike | None) -> None:
    code = 70
    try:
        os.chdir(folder)
        for number, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), *pipes)):
            os.dup2(descriptor, number)
        sys.stdin, sys.stdout, sys.stderr = (
            open(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
            for number, mode in ((0, "r"), (1, "w"), (2, "w"))
        )
        sys.argv = ["poetgen", *words]
        if strike:
            sys.addaudithook(_hear(f"{folder}{os.sep}", strike))
        command_line.main(words, prog_name="poetgen")
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _hear(below: str, strike: Strike) -> Callable[[str, tuple[Any, ...]], None]:
    count = 0

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if event not in (*CHANGES, "open") or not isinstance(arguments[0], str | bytes | os.PathLike):
            return
        writes = event != "open" or bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        path = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100 (resolving would look at the disk)
        if writes and path.startswith(below):
            count += 1
            strike(count)

    return hear
