"""Files that a user names to be written: nothing that poetgen did not write is replaced, by any command."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from poetgen.cli import COMMANDS, poetgen
from poetgen.cli.output_files import check_poem_file
from poetgen.cli.values import OutputFile

POEM = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"
# a command that ends soon, for each option that takes the name of a file to write
COMMAND_OF = {
    ("generate", "-o"): ["月", "--form", "五絕", "--best-of", "1", "--seed", "1"],
    ("generate", "--picture"): ["月", "--form", "五絕", "--best-of", "1", "--seed", "1"],
    ("check", "--picture"): [POEM],
    ("score", "--picture"): [POEM],
    ("gradients", "--out"): ["--steps", "2", "--hidden-size", "2", "--scale", "1"],
    ("evaluate", "--out"): ["--written", "1"],  # drawn over what is its own in test_evaluate
}
DIARY = "今天去买菜，白菜很便宜，买了很多，回家做饭，很好吃。\n"
PHOTOGRAPH = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(300)
FOREIGN = {
    "photograph": PHOTOGRAPH,
    "program": b"print('moon')\n",
    "diary": DIARY.encode(),
    "table": "題目,作者\n登鸛雀樓,王之渙\n".encode(),
    "GBK": POEM.encode("gbk"),
    "record": b'{"lines": ["mine"]}\n',
}


def run(*words: object) -> Result:
    return CliRunner().invoke(poetgen, list(map(str, words)))


def refused(result: Result) -> str:
    assert isinstance(result.exception, SystemExit), result.exception
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1
    return result.stderr


def output_options() -> Iterator[tuple[str, str]]:
    for name in COMMANDS:
        command = poetgen.get_command(click.Context(poetgen), name)
        commands = [*command.commands.values()] if isinstance(command, click.Group) else [command]
        for param in (param for one in commands if one for param in one.params):
            if isinstance(param.type, OutputFile):
                yield name, param.opts[0]


def name_for(option: str, command: str) -> str:
    return "x.txt" if (command, option) == ("generate", "-o") else "x.png"


def test_every_option_that_names_a_file_to_write_is_tried_here() -> None:
    assert set(output_options()) == set(COMMAND_OF)


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize(("command", "option"), COMMAND_OF)
def test_a_file_of_somebody_else_is_not_replaced(
    tmp_path: Path, command: str, option: str, kind: str
) -> None:
    path = tmp_path / name_for(option, command)
    path.write_bytes(FOREIGN[kind])
    said = refused(run(command, *COMMAND_OF[command, option], option, path))
    assert str(path) in said and "is there already" in said and "choose another name, or remove it" in said
    assert path.read_bytes() == FOREIGN[kind]
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize(("command", "option"), COMMAND_OF)
def test_neither_is_a_folder_a_pipe_or_what_lies_behind_a_file(
    tmp_path: Path, command: str, option: str
) -> None:
    path = tmp_path / name_for(option, command)
    path.mkdir()
    assert "is a folder" in refused(run(command, *COMMAND_OF[command, option], option, path))
    path.rmdir()
    path.write_text("mine", encoding="utf-8")
    behind = refused(run(command, *COMMAND_OF[command, option], option, path / path.name))
    assert "cannot write" in behind and path.read_text(encoding="utf-8") == "mine"
    path.unlink()
    if sys.platform != "win32":
        os.mkfifo(path)
        assert "is not a plain file" in refused(run(command, *COMMAND_OF[command, option], option, path))
        assert path.is_fifo()


@pytest.mark.parametrize(("command", "option"), [pair for pair in COMMAND_OF if pair[0] != "evaluate"])
def test_what_it_wrote_itself_is_replaced_a_link_followed_and_a_folder_made(
    tmp_path: Path, command: str, option: str
) -> None:
    path = tmp_path / "new" / "folder" / name_for(option, command)
    words = [command, *COMMAND_OF[command, option], option]
    assert run(*words, path).exit_code == 0
    first = path.read_bytes()
    link = tmp_path / path.name
    link.symlink_to(path)
    path.write_bytes(first + b"\n")  # for instance opened and saved
    result = run(*words, link)
    assert result.exit_code == 0, result.output
    assert link.is_symlink() and path.read_bytes() == first
    path.write_bytes(b"")
    assert run(*words, path).exit_code == 0


def test_what_a_kill_left_half_written_is_swept_by_the_next_but_not_what_is_young(tmp_path: Path) -> None:
    old, young = (tmp_path / f".x.png.{digits}.partial" for digits in ("0123abcd", "4567abcd"))
    others = [
        tmp_path / ".y.png.0123abcd.partial",
        tmp_path / ".x.png.partial",
        tmp_path / ".x.png.own.partial",
    ]
    for path in (old, young, *others):
        path.touch()
    for path in (old, *others):
        os.utime(path, (0, 0))
    assert run("check", POEM, "--picture", tmp_path / "x.png").exit_code == 0
    assert set(tmp_path.iterdir()) == {young, *others, tmp_path / "x.png"}


def test_a_later_picture_replaces_nothing_either(tmp_path: Path) -> None:
    second = tmp_path / "x-2.png"
    second.write_bytes(PHOTOGRAPH)
    for command in ("check", "score"):
        result = run(command, POEM, POEM, "--picture", tmp_path / "x.png")
        assert result.exit_code == 1 and f"{second} is there already" in result.stderr
        assert second.read_bytes() == PHOTOGRAPH


@pytest.mark.parametrize(
    "way", [[], ["--vertical"], ["--annotate"], ["--json"], ["--form", "free"], ["--script", "simplified"]]
)
def test_poems_take_the_place_of_poems_however_they_were_printed(tmp_path: Path, way: list[str]) -> None:
    path = tmp_path / "poems.txt"
    words = ["generate", "月", "--best-of", "1", "--seed", "3", "--count", "2", *way, "-o", path]
    for _ in range(2):
        result = run(*words)
        assert result.exit_code == 0, result.output


def test_a_file_that_may_not_be_written_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.txt"
    path.write_text(POEM, encoding="utf-8")
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != path)  # root may do everything
    said = refused(run("generate", "月", "-o", path))
    assert said == f"Error: cannot write {path}: Permission denied\n"
    assert path.read_text(encoding="utf-8") == POEM


@given(st.text(min_size=1).filter(lambda text: any(char.isascii() and char.isalnum() for char in text)))
def test_no_text_with_a_letter_or_number_is_taken_for_poems(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "text"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(Exception, match="holds something else than poems"):
        check_poem_file(path)
