"""One process holds a lock at a time, on every file system, and a dead holder holds nothing."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from poetgen.errors import PoetgenError
from poetgen.locking import hold_lock

fcntl = pytest.importorskip("fcntl")
BUSY = PoetgenError("busy")
KINDS = {
    "flock": None,
    "none, ENOSYS": errno.ENOSYS,
    "none, ENOTSUP": errno.ENOTSUP,
    "none, ENOLCK": errno.ENOLCK,
}
HOLD = """
import errno, fcntl, sys
from pathlib import Path
from poetgen.errors import PoetgenError
from poetgen.locking import hold_lock
def refuse(*_):
    raise OSError(int(sys.argv[2]), "no locks here")
if sys.argv[2] != "0":
    fcntl.flock = refuse
with hold_lock(Path(sys.argv[1]), busy=PoetgenError("busy")):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def code(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """With this error number flock answers; 0: it works."""

    def refuse(*_: object) -> None:
        raise OSError(request.param, os.strerror(request.param))

    if request.param:
        monkeypatch.setattr(fcntl, "flock", refuse)
    return request.param or 0


@pytest.mark.usefixtures("code")
def test_a_lock_is_held_once_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "lock"
    for _ in range(2):
        with hold_lock(path, busy=BUSY):
            with pytest.raises(PoetgenError, match="busy"), hold_lock(path, busy=BUSY):
                raise AssertionError
            assert path.exists()
        assert not list(path.parent.iterdir())


def test_another_process_is_refused_until_the_holder_is_dead(tmp_path: Path, code: int) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path), str(code)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(PoetgenError, match="busy"), hold_lock(path, busy=BUSY):
            raise AssertionError
        holder.kill()
    with hold_lock(path, busy=BUSY):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("code")
def test_a_failure_inside_releases_the_lock(tmp_path: Path) -> None:
    with pytest.raises(KeyError), hold_lock(tmp_path / "lock", busy=BUSY):
        raise KeyError
    with hold_lock(tmp_path / "lock", busy=BUSY):
        pass


@pytest.mark.usefixtures("code")
@pytest.mark.parametrize("content", ["mine", "12 monkeys\n", None])
def test_a_lock_file_that_is_not_ours_is_neither_taken_nor_removed(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "lock"
    path.write_text(content) if content else path.mkdir()
    with pytest.raises(PoetgenError, match="poetgen did not make it"), hold_lock(path, busy=BUSY):
        raise AssertionError
    assert path.is_dir() or path.read_text() == content
