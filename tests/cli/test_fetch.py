"""poetgen fetch at the command line."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from poetgen.cli import poetgen
from poetgen.cli.fetch import ProgressBar
from poetgen.fetch.fetch import FetchProgress

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
TANG = "全唐诗"


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("far")
    (tree / TANG).mkdir()
    for number in range(12):
        (tree / TANG / f"poet.tang.{number}000.json").write_bytes(os.urandom(9))
    git = ["git", "-C", str(tree), "-c", "user.name=corpus", "-c", "user.email=corpus@localhost"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Tang"]):
        subprocess.run([*git, *command], check=True)
    subprocess.run([*git, "config", "uploadpack.allowFilter", "true"], check=True)
    return tree


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(poetgen, ["fetch", "--home", str(home), *arguments])


def test_the_result_goes_to_stdout_and_all_else_to_stderr(far: Path, tmp_path: Path) -> None:
    result = run(tmp_path, "--url", str(far))
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{tmp_path / 'data' / 'corpus'}: 12 files, 0.0 MB, commit ")
    assert result.stdout.count("\n") == 1
    assert "12 of 12" in result.stderr
    assert result.stderr.endswith("Next, run: poetgen prepare\n")
    assert "(already there)" in run(tmp_path).stdout


def test_json(far: Path, tmp_path: Path) -> None:
    report = json.loads(run(tmp_path, "--url", str(far), "--json").stdout)
    assert set(report) == {
        "path",
        "url",
        "commit",
        "revision",
        "collections",
        "files",
        "bytes",
        "already_there",
    }
    assert (report["files"], report["bytes"], report["already_there"]) == (12, 108, False)
    assert Path(report["path"]).is_dir()
    assert json.loads(run(tmp_path, "--update", "--json").stdout)["already_there"]


@pytest.mark.parametrize("arguments", [["--url", "/nowhere"], ["--url", "ext::sh"], ["--revision", "-x"]])
def test_a_fault_is_one_sentence(tmp_path: Path, arguments: list[str]) -> None:
    result = run(tmp_path, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_an_interrupt_says_how_to_go_on(far: Path, tmp_path: Path) -> None:
    interrupted = (
        "import os, signal, poetgen.cli.fetch as command, poetgen.cli as cli\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "show = command.ProgressBar.show\n"
        "def hear(bar, told):\n"
        "    show(bar, told)\n"
        "    if told.done == 8 and told.total: os.kill(os.getpid(), signal.SIGINT)\n"
        "command.ProgressBar.show = hear\n"
        "cli.main()\n"
    )
    command = [sys.executable, "-c", interrupted, "fetch", "--url", str(far), "--home", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (130, "")
    assert ran.stderr.endswith(
        "Stopped; what has arrived is kept. To continue, run the same command again.\n"
    )
    assert not (tmp_path / "data" / "corpus").exists()
    assert run(tmp_path, "--url", str(far)).exit_code == 0


def test_a_bar_moves_at_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    bar = ProgressBar()
    for done in range(0, 21, 5):
        bar.show(FetchProgress("receiving 20 files", done, 20))
    bar.close()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert all(f"{done}/20" in shown.err for done in range(5, 21, 5))


def test_help_needs_no_git() -> None:
    code = (
        "import sys; from poetgen.cli import main; sys.argv = ['poetgen', 'fetch', '--help']\n"
        "try: main()\n"
        "except SystemExit: print('git' in sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--revision REV" in ran.stdout and ran.stdout.endswith("False\n")
