"""Files are written whole or not at all; data and runs lie where they should."""

import json
from pathlib import Path

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import poetgen
from poetgen.cli import COMMANDS
from poetgen.cli import poetgen as poetgen_command
from poetgen.cli.values import UserPath
from poetgen.config import Config
from poetgen.errors import PoetgenError
from poetgen.files import Workspace, expand_home, shipped_folder, write_json, write_text, write_whole
from poetgen.model_files import BEST, find_model


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_takes_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("old", encoding="utf-8")
    with write_whole(path) as temporary:
        temporary.write_text("new", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "old"
        assert temporary.parent == path.parent  # a rename within one file system
    assert path.read_text(encoding="utf-8") == "new"
    assert names(tmp_path) == ["poem.txt"]


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_what_was_there_stays_when_writing_fails(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(type(error)), write_whole(path) as temporary:
        temporary.write_text("ne", encoding="utf-8")
        raise error
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["poem.txt"]


def test_what_the_disk_refuses_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "poem.txt"
    with pytest.raises(PoetgenError, match=r"cannot write .*poem\.txt: No space left"), write_whole(path):
        raise OSError(28, "No space left on device")
    (tmp_path / "folder").mkdir()
    with pytest.raises(PoetgenError, match=r"cannot write .*folder"):
        write_text(tmp_path / "folder", "text")
    assert names(tmp_path) == ["folder"]


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b" / "poem.txt", "月\n")
    assert (tmp_path / "a" / "b" / "poem.txt").read_bytes() == "月\n".encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8")), st.integers() | st.text(st.characters(codec="utf-8"))
    )
)
def test_json_is_read_as_it_was_written(tmp_path: Path, value: dict[str, object]) -> None:
    write_json(tmp_path / "value.json", value)
    text = (tmp_path / "value.json").read_text(encoding="utf-8")
    assert json.loads(text) == value
    assert text.endswith("\n")


def test_the_workspace_is_home_else_the_environment_else_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POETGEN_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert Workspace.find().home == tmp_path
    monkeypatch.setenv("POETGEN_HOME", str(tmp_path / "there"))
    assert Workspace.find().home == tmp_path / "there"
    found = Workspace.find(tmp_path / "given")
    assert found.home == tmp_path / "given"
    assert (found.corpus, found.prepared, found.runs) == (
        tmp_path / "given" / "data" / "corpus",
        tmp_path / "given" / "data" / "prepared",
        tmp_path / "given" / "checkpoints",
    )


def test_shipped_folders_are_those_of_the_wheel_else_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shipped_folder("configs").is_dir()
    package = tmp_path / "poetgen"
    monkeypatch.setattr("poetgen.files.PACKAGE", package)
    assert shipped_folder("configs") == tmp_path / "configs"
    (package / "configs").mkdir(parents=True)
    assert shipped_folder("configs") == package / "configs"


def test_a_name_the_package_has_not_is_an_attribute_error() -> None:
    assert poetgen.PoetgenError is PoetgenError
    with pytest.raises(AttributeError, match="no attribute 'Poet'"):
        _ = poetgen.Poet


def test_a_tilde_is_the_home_folder_wherever_a_path_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("POETGEN_HOME", "~/poems")
    assert Workspace.find().home == tmp_path / "poems"
    assert Workspace.find("~/x").home == tmp_path / "x"
    assert expand_home("a~b") == "a~b"
    assert Config().replace({"training.start": "~/m"}).training.start == str(tmp_path / "m")
    assert UserPath(path_type=Path).convert("~/out", None, None) == tmp_path / "out"
    model = tmp_path / "best.safetensors"
    model.touch()
    assert find_model(tmp_path / "runs", Path("~/best.safetensors")) == model


def test_no_option_takes_a_path_without_seeing_to_the_tilde() -> None:
    for name in COMMANDS:
        command = poetgen_command.get_command(click.Context(poetgen_command), name)
        assert command is not None
        assert all(type(each.type) is not click.Path for each in command.params), name


def test_a_folder_of_a_runs_name_does_not_hide_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "checkpoints"
    (runs / "moon").mkdir(parents=True)
    (runs / "moon" / BEST).touch()
    (tmp_path / "moon").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_model(runs, Path("moon")) == runs / "moon" / BEST
    (tmp_path / "moon" / BEST).touch()
    assert find_model(runs, Path("moon")) == runs / "moon" / BEST  # a plain name is a run's
    assert find_model(runs, tmp_path / "moon") == tmp_path / "moon" / BEST
