"""Processes that tests start: none is waited for without end, and none outlives its test."""

import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from typing import Any

PATIENCE = 120  # seconds, on the slowest of machines


def read_until(terminal: int, wanted: str, patience: float = PATIENCE) -> str:
    """What a terminal shows up to and with `wanted`, and what came along with it."""
    shown, end = b"", time.monotonic() + patience
    while wanted not in shown.decode(errors="ignore"):
        left = end - time.monotonic()
        assert left > 0 and select.select([terminal], [], [], left)[0], f"{wanted!r} never came: {shown!r}"
        shown += os.read(terminal, 4096)
    return shown.decode(errors="ignore")


def end(process: "subprocess.Popen[Any]") -> None:
    """Kill a process, and with it the group that it leads; what it still had to say is heard by nobody."""
    with suppress(OSError):
        if os.name != "nt" and os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait(PATIENCE)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            with suppress(OSError):
                pipe.close()
