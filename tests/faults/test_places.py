"""Links that lead in a circle and pipes, wherever a path is given; a disk that is full."""

import os
import sys
from pathlib import Path

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
