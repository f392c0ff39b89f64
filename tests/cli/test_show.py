"""`poetgen show`, from the command line, with any card."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from poetgen.checkpoint import Checkpoint, released_path
from poetgen.cli import poetgen
from poetgen.cli.show import finite, lines, printable
from poetgen.corpus.dataset import Dataset

TEXT = st.text(max_size=12)
NUMBERS = st.integers() | st.floats() | st.booleans() | st.none()
CARDS = st.dictionaries(
    TEXT,
    st.recursive(
        NUMBERS | TEXT, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
    ),
    max_size=6,
)


@pytest.fixture
def file(tmp_path: Path, prepared: Dataset, make_checkpoint: Callable[..., Checkpoint]) -> Path:
    card = {
        "poetgen": "0.1.0",
        "corpus": {"url": "file:///made/up", "commit": "0123abc"},
        "splits": {"train": {"poems": 44}},
        "epoch": 3,
        "step": 1234,
        "validation": {"loss": 4.5, "ppl_token": 90.017},
    }
    path = tmp_path / "checkpoints" / "mine" / "best.safetensors"
    make_checkpoint(prepared.vocabulary, card=card).save(path)
    return path


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(poetgen, ["show", "--home", str(home), *arguments])


def test_a_person_reads_data_commit_configuration_sizes_and_perplexity(file: Path, tmp_path: Path) -> None:
    result = run(tmp_path, "mine")
    assert result.exit_code == 0
    loaded = Checkpoint.load(file)
    for line in (
        f"file: {file}",
        f"bytes: {file.stat().st_size:,}",
        f"parameters: {loaded.parameters:,}",
        "weights: float32",
        f"vocabulary_size: {len(loaded.vocabulary)}",
        "commit: 0123abc",
        "step: 1,234",
        "ppl_token: 90.017",
        "hidden_size: 8",
        "punctuation: keep",
        "tied: yes",
    ):
        assert line in [shown.strip() for shown in result.stdout.splitlines()], line


def test_a_program_reads_the_same_as_json(file: Path, tmp_path: Path) -> None:
    found = json.loads(run(tmp_path, str(file), "--json").stdout)
    loaded = Checkpoint.load(file)
    assert found["card"] == loaded.card
    assert found["config"] == loaded.config
    assert (found["parameters"], found["bytes"]) == (loaded.parameters, file.stat().st_size)


def test_without_a_name_it_is_the_released_model(file: Path, tmp_path: Path) -> None:
    assert json.loads(run(tmp_path, "newest", "--json").stdout)["file"] == str(file)
    for words in ([], ["tang"]):
        assert json.loads(run(tmp_path, *words, "--json").stdout)["file"] == str(released_path())


@given(CARDS)
def test_any_card_can_be_shown(card: dict[str, Any]) -> None:
    shown = [*map(printable, lines(card)), printable(json.dumps(finite(card), ensure_ascii=False))]
    assert shown == list(map(printable, shown))
    "\n".join(shown).encode("utf-8")
    assert json.loads(shown[-1]) == json.loads(json.dumps(finite(card), allow_nan=False))


def test_sentences_of_a_card_stand_on_lines_of_their_own() -> None:
    told = list(lines({"ancestors": ["First, that.", "Then this."], "sizes": [1000, 2]}))
    assert told == ["ancestors:", "  First, that.", "  Then this.", "sizes: 1,000, 2"]


def test_a_card_cannot_command_the_terminal() -> None:
    assert [*map(printable, lines({"title\n": "\x1b[2J月\r"}))] == ["title\\n: \\u001b[2J月\\r"]


@pytest.mark.parametrize("name", ["nothing", "folder", "picture.jpg"])
def test_what_is_no_checkpoint_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "checkpoints" / "folder").mkdir(parents=True)
    (tmp_path / "checkpoints" / "picture.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    result = run(tmp_path, name)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1
