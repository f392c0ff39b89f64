"""Files that somebody has changed: one sentence, whatever they say; a pipe in place of one does not hang."""

import errno
import io
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from poetgen.checkpoint import Checkpoint
from poetgen.cli import poetgen as command_line
from poetgen.corpus.dataset import Dataset
from tests.faults.damage import mutate

SMALL = ["--embedding-size", 4, "--hidden-size", 4, "--device", "cpu", "--steps", 2]
EACH = 12  # mutations of every file; benchmarks/fault_campaign.py makes thousands


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, prepared: Dataset) -> Path:
    """A workspace with prepared poems and a run."""
    home = tmp_path_factory.mktemp("damage") / "home"
    shutil.copytree(prepared.path, home / "data" / "prepared")
    assert run(home, "train", "--run", "moon", *SMALL).exit_code == 0
    return home


# a file, and the command that reads it back
READ = {
    "data/prepared/prepared.json": ["evaluate", "--checkpoint", "moon", "--device", "cpu"],
    "data/prepared/vocabulary.txt": ["evaluate", "--checkpoint", "moon", "--device", "cpu"],
    "data/prepared/counts.npy": ["evaluate", "--checkpoint", "moon", "--device", "cpu"],
    "data/prepared/validation.ids.npy": ["evaluate", "--checkpoint", "moon", "--device", "cpu"],
    "data/prepared/validation.offsets.npy": ["evaluate", "--checkpoint", "moon", "--device", "cpu"],
    "checkpoints/moon/config.json": ["train", "--resume", "moon"],
    "checkpoints/moon/metrics.jsonl": ["train", "--resume", "moon"],
    "checkpoints/moon/state.pt": ["train", "--resume", "moon"],
    "checkpoints/moon/best.safetensors": [
        "generate",
        "月",
        "--seed",
        1,
        "--checkpoint",
        "moon",
        "--best-of",
        1,
    ],
}


def run(home: Path, *words: Any) -> Result:
    given = [*words[:1], "--home", home, *words[1:]]
    return CliRunner().invoke(command_line, list(map(str, given)))


def assert_a_sentence(result: Result, what: object) -> None:
    if not isinstance(result.exception, SystemExit | None):
        raise AssertionError(what) from result.exception
    assert "Traceback" not in result.output
    if result.exit_code:
        assert result.exit_code == 1 and result.stderr.splitlines()[-1].startswith("Error: "), (
            what,
            result.output,
        )


@pytest.mark.parametrize("name", READ)
def test_a_changed_file_is_read_or_told_of_in_a_sentence(whole: Path, tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    content = (whole / name).read_bytes()
    rng = random.Random(name)
    shutil.copytree(whole, home)
    for number in range(EACH):
        (home / name).write_bytes(mutate(content, rng))
        assert_a_sentence(run(home, *READ[name]), (name, number))


@pytest.mark.parametrize("name", READ)
def test_a_pipe_or_a_folder_in_the_place_of_a_file_does_not_hang(
    whole: Path, tmp_path: Path, name: str
) -> None:
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    (home / name).unlink()
    os.mkfifo(home / name)
    result = run(home, *READ[name])
    assert_a_sentence(result, name)
    assert result.exit_code == 1 or name.endswith("metrics.jsonl")  # only a picture is drawn of it
    (home / name).unlink()
    (home / name).mkdir()
    assert_a_sentence(run(home, *READ[name]), name)


@pytest.mark.parametrize("name", READ)
def test_a_file_that_may_not_be_read_is_no_damaged_one(
    whole: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = io.open

    def refuse(file: Any, *arguments: Any, **options: Any) -> Any:  # as root is never refused
        if file == whole / name or file == str(whole / name):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
        return opened(file, *arguments, **options)

    monkeypatch.setattr("io.open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    result = run(whole, *READ[name])
    assert_a_sentence(result, name)
    if not name.endswith("metrics.jsonl"):  # only a picture is drawn of it
        assert result.exit_code == 1
        assert result.stderr.splitlines()[-1] == f"Error: cannot read {whole / name}: Permission denied"


def test_weights_that_no_number_comes_of_are_told_of(
    tmp_path: Path, prepared: Dataset, make_checkpoint: Callable[..., Checkpoint]
) -> None:
    make_checkpoint(prepared.vocabulary, spread=1e37).save(tmp_path / "huge.safetensors")
    result = run(tmp_path, "generate", "月", "--checkpoint", tmp_path / "huge.safetensors")
    assert_a_sentence(result, "huge")
    assert "its training went astray" in result.stderr
    make_checkpoint(prepared.vocabulary, spread=2e5).save(tmp_path / "large.safetensors")
    for words in (
        ["--temperature", 0],
        ["--form", "free"],
        ["--form", "五絕"],
        ["--top-k", 3],
        ["--top-p", 0.5],
    ):
        result = run(tmp_path, "generate", "月", "--checkpoint", tmp_path / "large.safetensors", *words)
        assert result.exit_code == 0, result.output
