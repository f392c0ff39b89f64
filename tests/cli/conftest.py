"""What commands are tried on, what an answer to a fault looks like, and commands in processes of their own."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import poetgen
from poetgen.corpus.dataset import Dataset
from poetgen.poem.poem import Poem
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


@pytest.fixture
def home(tmp_path: Path, prepared: Dataset) -> Path:
    """A workspace with the shared poems, prepared."""
    shutil.copytree(prepared.path, tmp_path / "data" / "prepared")
    return tmp_path


@pytest.fixture
def fetched(tmp_path: Path, poems: list[Poem]) -> Path:
    """A workspace with sixty poems as they are fetched, and a record that is none."""
    folder = tmp_path / "data" / "corpus" / "全唐诗"
    folder.mkdir(parents=True)
    records = [{"author": p.author, "title": p.title, "id": p.id, "paragraphs": [p.text]} for p in poems]
    (folder / "poet.tang.0.json").write_text(json.dumps([*records, {"title": "無"}]), encoding="utf-8")
    return tmp_path


def assert_refused(result: Result, told: str) -> None:
    """One sentence at the end, exit 1, no traceback."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert re.search(told, result.stderr), result.stderr
    assert result.stderr.strip().splitlines()[-1].startswith("Error: ")


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
