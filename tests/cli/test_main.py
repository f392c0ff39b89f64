"""The command line as a whole: the list of commands, exit codes, errors, streams."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from poetgen import __version__
from poetgen.cli import COMMANDS, poetgen
from poetgen.errors import CheckpointError, PoetgenError


def shell(
    command: str, *, environment: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """A real shell with `poetgen` in it."""
    script = f'poetgen() {{ "{sys.executable}" -m poetgen "$@"; }}\nset -o pipefail\n{command}'
    package = str(Path(__file__).parents[2])
    inherited = {"PATH": os.environ["PATH"], "PYTHONPATH": package}
    return subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        encoding="utf-8",
        env=inherited | (environment or {}),
        cwd=cwd,
        check=False,
    )


def test_help_lists_every_command_and_where_to_begin() -> None:
    for arguments in (["--help"], ["-h"], []):
        result = CliRunner().invoke(poetgen, arguments)
        assert result.exit_code == (0 if arguments else 2)
        for name, meaning in COMMANDS.items():
            assert re.search(rf"^  {name} +{re.escape(meaning)}$", result.output, re.MULTILINE)
        assert "poetgen generate 月" in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_and_is_what_it_is_called(name: str) -> None:
    command = poetgen.get_command(click.Context(poetgen), name)
    assert command is not None and command.name == name
    result = CliRunner().invoke(poetgen, [name, "--help"])
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: poetgen {name}")
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name != "help":
            assert parameter.help, f"{name} {parameter.opts} has no help"


def test_the_version() -> None:
    assert CliRunner().invoke(poetgen, ["--version"]).output == f"poetgen, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["月"], "Try: poetgen generate 月"),
        (["明月 松", "--count", "2"], "Try: poetgen generate '明月 松' --count 2"),
        (["gen"], "Did you mean: generate?"),
        (["trian"], "Did you mean: train"),
        (["xyzzy"], "Try: poetgen --help"),
    ],
)
def test_a_call_without_a_command_is_told_the_one_that_was_meant(arguments: list[str], meant: str) -> None:
    result = CliRunner().invoke(poetgen, arguments)
    assert result.exit_code == 2
    assert meant in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["wirte"], ["show", "--jsn"], ["evaluate", "one", "two"]])
def test_a_command_that_is_none_is_a_usage_error(arguments: list[str]) -> None:
    result = CliRunner().invoke(poetgen, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Usage: ")


ERRORS = [
    (CheckpointError("no such model; train one"), "Error: no such model; train one\n"),
    (PermissionError(13, "Permission denied", "/some/where"), "Error: /some/where: Permission denied\n"),
    (OSError(28, "No space left on device"), "Error: No space left on device\n"),
]


@pytest.mark.parametrize(("error", "sentence"), ERRORS)
def test_an_error_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("poetgen.cli.show.find_checkpoint", failing)
    result = CliRunner().invoke(poetgen, ["show"])
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", sentence)


def test_a_fault_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("poetgen.cli.show.find_checkpoint", failing)
    assert isinstance(CliRunner().invoke(poetgen, ["show"]).exception, ZeroDivisionError)


def test_every_error_of_ours_is_a_poetgen_error() -> None:
    from poetgen import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert len(kinds) == 6
    assert all(issubclass(kind, PoetgenError) and kind.__doc__ for kind in kinds)


def test_hanzi_are_printed_under_the_plainest_locale(tmp_path: Path) -> None:
    for environment in ({"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"}):
        done = shell("poetgen --help", environment=environment)
        assert (done.returncode, done.stderr) == (0, "")
        assert "全唐詩" in done.stdout
    done = shell("poetgen show 月", environment={"LC_ALL": "C"}, cwd=tmp_path)
    assert done.returncode == 1
    assert "no checkpoint at 月" in done.stderr


def test_a_reader_that_leaves_early_is_no_error() -> None:
    done = shell("poetgen --help | true")
    assert done.stderr == ""
    assert "Traceback" not in done.stdout
