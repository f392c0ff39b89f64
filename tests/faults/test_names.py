"""Files and folders whose names are no UTF-8: they are read, written and told of like others."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from poetgen.cli import poetgen as command_line
from poetgen.corpus.dataset import Dataset
from poetgen.poem.poem import Poem

CAFE = "caf\udce9"  # the byte E9, which is é in Latin-1, as Python has it in a name
SMALL = ["--embedding-size", 4, "--hidden-size", 4, "--device", "cpu", "--steps", 2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")


@pytest.fixture
def home(tmp_path: Path, prepared: Dataset) -> Path:
    shutil.copytree(prepared.path, tmp_path / CAFE / "data" / "prepared")
    return tmp_path / CAFE


def succeed(*words: Any) -> str:
    result = CliRunner().invoke(command_line, list(map(str, words)))
    assert result.exit_code == 0, result.output
    return result.output


def test_compare(home: Path) -> None:
    small = [
        f"--set={key}" for key in ("model.embedding_size=4", "model.hidden_size=4", "training.device=cpu")
    ]
    words = ["--optimizer", "sgd", "--optimizer", "adam", "--steps", 1, "--seeds", 1, *small]
    for _ in range(2):
        succeed("compare", "--home", home, *words, "--out", home / CAFE)
    json.loads((home / CAFE / "report.json").read_text(encoding="utf-8"))


def test_train_with_vectors(home: Path) -> None:
    vectors = home / f"{CAFE}.txt"
    vectors.write_text("月 1 2 3 4\n日 4 3 2 1\n", encoding="utf-8")
    succeed("train", "--home", home, "--run", "moon", "--vectors", vectors, *SMALL)
    succeed("train", "--home", home, "--resume", "moon")
    best = shutil.copy(home / "checkpoints" / "moon" / "best.safetensors", home / f"{CAFE}.safetensors")
    for words in (
        ["show", best],
        ["evaluate", "--json", "--checkpoint", best],
        ["generate", "月", "--checkpoint", best],
    ):
        assert "caf\\udce9" in succeed(*words[:1], "--home", home, *words[1:])


def test_classify(home: Path) -> None:
    labels = [
        {"text": f"{day}{what}{'，很大' * k}，{'出门' * k}", "label": "甲" if what in "雨雪风" else "乙"}
        for day in ("今天", "明天", "昨天", "后天")
        for what in "雨雪风饭菜面"
        for k in range(2)
    ]
    (home / f"{CAFE}.json").write_text(json.dumps(labels), encoding="utf-8")
    measure = ["--measure-on", "validation"]
    keys = ("model.embedding_size=4", "model.hidden_size=4", "training.device=cpu", "training.steps=2")
    given = ["--labels", home / f"{CAFE}.json", "--run", "moon", *(f"--set={key}" for key in keys)]
    succeed("classify", "train", "--home", home, *given, *measure)
    succeed("classify", "train", "--home", home, "--resume", "moon", *measure)


def test_prepare_and_check(home: Path, poems: list[Poem]) -> None:
    source = home / f"{CAFE}.txt"
    source.write_text("\n".join(poem.text for poem in poems), encoding="utf-8")
    succeed("prepare", source, "--out", home / f"{CAFE}2")
    succeed("check", source)
    succeed("evaluate", "--poems", source, "--device", "cpu")


@pytest.mark.parametrize("command", ["check", "generate", "score", "tone"])
def test_a_script_of_bytes_that_are_no_utf_8_is_none(command: str) -> None:
    result = CliRunner().invoke(command_line, [command, "月", f"--script={CAFE}"])
    assert result.exit_code == 2
    assert "is not a choice; there are: traditional, simplified" in result.output
