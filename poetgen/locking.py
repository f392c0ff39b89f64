"""One process at a time: a lock that the operating system drops when its holder dies."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from poetgen.errors import PoetgenError

if sys.platform == "win32":
    import msvcrt

    def _try_to_hold(file: BinaryIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try_to_hold(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(path: Path, *, busy: PoetgenError) -> Iterator[None]:
    """Hold the lock file `path`; raise `busy` at once when another process holds it.

    A killed process leaves the file behind, never the lock. Raises OSError when the file cannot be made, and
    PoetgenError for a file that holds something: it is none of ours, and would be removed.
    """
    file = _acquire(path, busy)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows keeps an open file; left behind it does no harm
            path.unlink()
        file.close()


def _acquire(path: Path, busy: PoetgenError) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        if path.exists() and not (path.is_file() and path.stat().st_size == 0):
            raise PoetgenError(
                f"{path} is in the way of a lock, and poetgen did not make it; move it elsewhere"
            )
        file = path.open("ab")
        try:
            _try_to_hold(file)
        except (BlockingIOError, PermissionError):
            file.close()
            raise busy from None
        # The last holder may have removed the file between our opening and our locking it.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()
