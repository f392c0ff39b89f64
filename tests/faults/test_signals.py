"""Ctrl-C ends everything with 130, in a line or in silence; streams that are closed lose nothing."""

import os
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import click
import pytest
from click.testing import CliRunner

import poetgen.__main__
from poetgen.cli import COMMANDS
from poetgen.cli import poetgen as command_line
from poetgen.poem.poem import Poem

POEM = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(poetgen.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
SELF = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
MAIN = f"{sys.executable} -m poetgen"


def shell(command: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, env=ENVIRONMENT | environment, check=False
    )


def interrupt_the_work(frame: FrameType, event: str, _: object) -> None:
    """Ctrl-C at the first function of the package that a command calls, outside the command line and imports."""
    package, file = Path(poetgen.__file__).parent, Path(frame.f_code.co_filename)
    is_work = (
        package in file.parents and "cli" not in file.parts and file.name not in ("language.py", "extras.py")
    )
    outer: FrameType | None = frame
    while is_work and outer is not None:
        is_work = not outer.f_code.co_filename.startswith("<frozen importlib")
        outer = outer.f_back
    if event == "call" and is_work:
        raise KeyboardInterrupt


@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_ends_every_command_with_130_and_a_line(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = {
        "generate": ["月"],
        "classify": ["predict", "月"],
        "check": [POEM],
        "score": [POEM],
        "rhyme": ["月"],
        "tone": ["月"],
        "fetch": ["--url", str(tmp_path)],
        "prepare": [str(tmp_path)],
        "compare": ["--optimizer=sgd", "--optimizer=adam"],
    }
    monkeypatch.chdir(tmp_path)
    command = command_line.get_command(click.Context(command_line), name)
    assert command is not None
    invoke = command.invoke

    def interrupted(ctx: click.Context) -> Any:
        sys.setprofile(interrupt_the_work)
        try:
            return invoke(ctx)
        finally:
            sys.setprofile(None)

    monkeypatch.setattr(command, "invoke", interrupted)
    result = CliRunner().invoke(command_line, [name, *words.get(name, [])])
    assert (result.exit_code, result.stdout) == (130, "")
    [line] = result.stderr.splitlines()
    assert line.lower().startswith("stopped")


def test_ctrl_c_outside_of_any_command_is_silent_or_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(poetgen.cli, "prepare_streams", interrupted)
    with pytest.raises(SystemExit) as end:
        poetgen.__main__.main()
    assert end.value.code == 130
    monkeypatch.setattr(command_line, "make_context", interrupted)
    result = CliRunner().invoke(command_line, ["show"])
    assert (result.exit_code, result.stdout, result.stderr.strip()) == (130, "", "stopped")


def test_ctrl_c_within_an_import_is_silent(tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(SELF, encoding="utf-8")
    code = "import signal; from poetgen.__main__ import interrupt; signal.signal(signal.SIGINT, interrupt)\n"
    done = shell(
        f"cd {tmp_path}; {sys.executable} -c '{code}try: import interrupted\nexcept BaseException: pass'"
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
    done = shell(f"cd {tmp_path}; {sys.executable} -c '{code}{SELF}'")
    assert b"KeyboardInterrupt" in done.stderr


def test_a_closed_stderr_is_no_fault(tmp_path: Path, poems: list[Poem]) -> None:
    assert shell(f"{MAIN} check {POEM} 2>&-").stdout == shell(f"{MAIN} check {POEM}").stdout
    source = tmp_path / "poems.txt"
    source.write_text("\n".join(poem.text for poem in poems), encoding="utf-8")
    done = shell(f"{MAIN} prepare {source} --out {tmp_path / 'out'} 2>&- <&-")
    assert done.returncode == 0 and (tmp_path / "out" / "prepared.json").exists()
    opened = (tmp_path / "out" / "report.json").read_text(encoding="utf-8")
    assert "Written" not in opened  # the place of stderr was not given to a file


@pytest.mark.parametrize("words", ["generate 月 --count 9", f"check {POEM}", "show", "classify predict 月"])
def test_a_result_is_not_lost_on_a_closed_stdout(words: str) -> None:
    done = shell(f"{MAIN} {words} >&-")
    assert done.returncode == 1
    assert done.stderr.startswith(b"Error: standard output is closed, so the result would be lost; open it")
    assert shell(f"{MAIN} {words} >&- 2>&- <&-").returncode == 1


@pytest.mark.parametrize("encoding", ["gbk", "big5", "utf-8"])
def test_an_encoding_that_has_hanzi_is_kept(encoding: str) -> None:
    assert "白日依山盡" in shell(f"{MAIN} check {POEM}", PYTHONIOENCODING=encoding).stdout.decode(encoding)
