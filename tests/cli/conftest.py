"""Commands in processes of their own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import poetgen
from tests.processes import end

DRIVER = """
import time
from poetgen.training import run_folder, trainer
trainer.SECONDS_BETWEEN_SAVES = 0.03
append = run_folder.RunFolder.append
def slowly(self, record):
    append(self, record)
    time.sleep(0.01)
run_folder.RunFolder.append = slowly
from poetgen.cli import main
main()
"""


@pytest.fixture(scope="session")
def slow_poetgen() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command that saves often and takes its time, so that it can be stopped anywhere."""

    started: list[subprocess.Popen[str]] = []

    def start(*words: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, *map(str, words)],
            env=os.environ | {"PYTHONPATH": str(Path(poetgen.__file__).parents[1]), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        started.append(process)
        return process

    yield start
    for process in started:
        end(process)
