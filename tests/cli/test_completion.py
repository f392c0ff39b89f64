"""What a shell is offered: names that the commands take, of the workspace that is meant."""

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from poetgen.cli import poetgen
from poetgen.config_files import config_names, read_config_file
from poetgen.poem.form import FREE, parse_forms
from poetgen.verse.rhyme_books import BOOKS, parse_book
from poetgen.verse.rhymes import parse_group


def offered(*words: object, incomplete: str = "") -> list[str]:
    """What is offered after these words for what has been begun; `<file>` for the shell's own files."""
    completion = ShellComplete(poetgen, {}, "poetgen", "_POETGEN_COMPLETE")
    items = completion.get_completions(list(map(str, words)), incomplete)
    return ["<file>" if item.type == "file" else item.value for item in items]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A workspace with a finished run, a stopped one, and one of a classifier."""
    for name in (
        "moon/best.safetensors", "moon/state.pt", "river/state.pt", "classifiers/poets/best.safetensors",
        "classifiers/poets/state.pt", "empty/config.json",
    ):  # fmt: skip
        path = tmp_path / "checkpoints" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


@pytest.mark.parametrize("begun", ["", "wu", "五"])
def test_every_form_offered_is_one(begun: str) -> None:
    wanted = offered("generate", "--form", incomplete=begun)
    assert wanted and all(form == FREE or parse_forms(form) for form in wanted)
    for command in ("check", "prepare"):
        forms = offered(command, "--form", incomplete=begun)
        assert forms and all(form.startswith(begun) and parse_forms(form) for form in forms)
        assert set(forms) <= {*wanted} - {FREE}
    assert offered("check", "--form", incomplete="律") == ["律詩"]


def test_rhyme_books_are_offered_in_either_script() -> None:
    assert [parse_book(name) for name in offered("generate", "--rhyme-book")] == [*BOOKS]
    assert offered("check", "--rhyme-book", incomplete="词") == ["词林正韵"]
    assert offered("rhyme", "--rhyme-book", incomplete="x") == ["xinyun"]


def test_rhymes_are_those_of_the_book() -> None:
    assert len(offered("generate", "--rhyme")) == 30 + 2
    assert offered("generate", "--rhyme", incomplete="東") == ["東"]
    assert offered("generate", "--rhyme", incomplete="东") == ["东"] and parse_group("东") == "東"
    modern = offered("generate", "--rhyme-book", "xinyun", "--rhyme")
    assert [parse_group(group, "新韻") for group in modern[:-2]] == modern[:-2]
    assert modern[-2:] == ["auto", "off"] == offered("generate", "--rhyme")[-2:]


def test_names_are_offered_in_the_script_begun_else_in_the_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered("generate", "--form", incomplete="律诗") == ["律诗"]
    assert "五絕" in offered("generate", "--form", incomplete="五")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert "五绝" in offered("check", "--form", incomplete="五")
    assert offered("generate", "--form", incomplete="五絕") == ["五絕"]
    assert {"东", "阳", "删"} < {*offered("generate", "--rhyme")}


@pytest.mark.parametrize("command", [["train"], ["compare"], ["prepare"], ["classify", "train"]])
def test_configs_are_the_shipped_ones_or_files(command: list[str]) -> None:
    assert offered(*command, "--config") == config_names()
    assert offered(*command, "--config", incomplete="ti") == ["tiny"] and read_config_file("tiny")
    assert offered(*command, "--config", incomplete="./") == ["<file>"]


def test_models_are_the_runs_of_the_workspace(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in (
        ["generate", "--checkpoint"], ["evaluate", "--checkpoint"], ["show"],
        ["train", "--from"], ["prepare", "--vocabulary"], ["classify", "train", "--checkpoint"],
    ):  # fmt: skip
        monkeypatch.setenv("POETGEN_HOME", str(home))
        assert offered(*words) == ["tang", "newest", "moon"]
        assert offered(*words, incomplete="mo") == ["moon"]
        assert offered(*words, incomplete="elsewhere/") == ["<file>"]
    assert offered("classify", "predict", "--checkpoint") == ["poets"]
    monkeypatch.setenv("POETGEN_HOME", str(home / "nowhere"))
    assert offered("train", "--from") == ["tang", "newest"]
    assert offered("train", "--home", home, "--from") == ["tang", "newest", "moon"]


def test_what_can_be_resumed(home: Path) -> None:
    assert offered("train", "--home", home, "--resume") == ["moon", "river"]
    assert offered("classify", "train", "--home", home, "--resume") == ["poets"]


def test_a_shell_is_told() -> None:
    asked = {
        "_POETGEN_COMPLETE": "fish_complete",
        "COMP_WORDS": "poetgen train --config ",
        "COMP_CWORD": "ti",
    }
    result = CliRunner().invoke(poetgen, [], env=asked, prog_name="poetgen", catch_exceptions=False)
    assert result.exit_code == 0 and "plain,tiny" in result.output.splitlines()
