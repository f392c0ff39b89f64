"""Links that lead in a circle and pipes, wherever a path is given; a disk that is full."""

import errno
import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from poetgen.cli import poetgen as command_line
from poetgen.poem.poem import Poem

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")
GIVEN = (
    "check {}", "prepare {} --out out", "evaluate --poems {}", "show {}", "generate 月 --checkpoint {}",
    "generate --keep {} --rewrite 1", "classify train --labels {}", "train --vectors {}", "train --config {}.toml",
    "train --resume {}", "train --from {}", "fetch --url {}", "prepare poems.txt --vocabulary {} --out out",
    "classify predict 月 --checkpoint {}", "compare --source {} --optimizer sgd --optimizer adam --out out",
    "classify train --labels labels.csv --set classify.stop_words={}",
)  # fmt: skip
MADE = (
    "prepare poems.txt --out {}", "fetch --home {}", "prepare --home {}", "train --home {}",
    "compare --out {} --optimizer sgd --optimizer adam", "generate 月 --picture {}/poem.png",
    "gradients --steps 2 --out {}/reach.png",
)  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, poems: list[Poem], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("poems.txt").write_text("\n".join(poem.text for poem in poems), encoding="utf-8")
    Path("labels.csv").write_text("text,label\n月,a\n日,b\n雪,a\n花,b\n", encoding="utf-8")
    for name in ("loop", "loop.toml"):
        Path(name).symlink_to(name)
    for name in ("pipe", "pipe.toml"):
        os.mkfifo(name)
    return tmp_path


def fail(line: str) -> str:
    result = CliRunner().invoke(command_line, line.split())
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1 and "Traceback" not in result.output
    last: str = result.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    return last


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("line", [*GIVEN, *MADE])
def test_a_circle_of_links_is_told_of_in_a_sentence(line: str) -> None:
    fail(line.format("loop"))


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("line", GIVEN)
def test_a_pipe_is_not_waited_for(line: str) -> None:
    fail(line.format("pipe"))


def test_a_disk_that_is_full_is_told_plainly_and_leaves_nothing(place: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    there = sorted(place.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        said = fail("prepare poems.txt --out out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert said.startswith("Error: cannot write ") and said.endswith("File too large; what was there is kept")
    assert sorted(place.iterdir()) == there


READ = [
    line
    for line in GIVEN
    if not line.startswith(("train --resume", "train --from", "fetch", "generate --keep"))
]


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("line", READ)
def test_what_may_not_be_read_is_told_with_its_path_and_the_reason(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path("secret.toml") if ".toml" in line else Path("secret")
    path.write_text("月", encoding="utf-8")
    opened = io.open

    def refuse(file: Any, *arguments: Any, **options: Any) -> Any:  # as root is never refused
        if not isinstance(file, int) and Path(file).name == path.name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
        return opened(file, *arguments, **options)

    monkeypatch.setattr("io.open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    said = fail(line.format("secret"))
    assert path.name in said and "Permission denied" in said


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("line", ["prepare {} --out out", "evaluate --poems {}"])
def test_neither_is_a_folder_of_poems_that_may_not_be_looked_into(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (Path("poems") / "closed").mkdir(parents=True)
    (Path("poems") / "a.txt").write_text("白日依山盡，黃河入海流。欲窮千里目，更上一層樓。", encoding="utf-8")
    look = os.scandir

    def refuse(folder: Any) -> Any:
        if Path(folder).name == "closed":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        return look(folder)

    monkeypatch.setattr("os.scandir", refuse)
    said = fail(line.format("poems"))
    assert "poems/closed" in said and "Permission denied" in said
