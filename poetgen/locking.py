"""One process at a time: a lock that is gone when its holder dies."""

import errno
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from poetgen.errors import PoetgenError

if TYPE_CHECKING:
    from filelock import BaseFileLock

NO_LOCKS = (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)  # beside ENOSYS, which filelock looks after
_RECORD = re.compile(rb"[0-9]+\n[^\n]+\n([0-9]+\n)?")  # what a lock by its mere existence says of its holder


@contextmanager
def hold_lock(path: Path, *, busy: PoetgenError) -> Iterator[None]:
    """Hold the lock file `path`; raise `busy` at once when another process holds it.

    The operating system drops the lock of a killed process. Where a file system cannot lock (Lustre, some network
    disks), the file itself is the lock and names its holder; one whose holder is dead is taken over. Raises
    OSError when the file cannot be made, and PoetgenError for a file that is not ours, for it would be removed.
    """
    from filelock import SoftFileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    _refuse_strangers(path)
    try:
        lock = _acquire(path)
    except Timeout:
        raise busy from None
    try:
        yield
    finally:
        if not isinstance(lock, SoftFileLock):  # which removes its file itself
            with suppress(OSError):  # Windows keeps an open file; left behind it does no harm
                path.unlink()  # while it is held: later it may be another's
        lock.release()


def _acquire(path: Path) -> "BaseFileLock":
    from filelock import FileLock, SoftFileLock

    lock: BaseFileLock = FileLock(path, blocking=False, thread_local=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the file itself is the lock now
            lock.acquire()
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        with suppress(OSError):
            if path.stat().st_size == 0:  # made by the attempt; a lock that is held says by whom
                path.unlink()
        lock = SoftFileLock(path, blocking=False, thread_local=False)
        lock.acquire()
    return lock


def _refuse_strangers(path: Path) -> None:
    with suppress(FileNotFoundError):
        is_ours = path.is_file() and (path.stat().st_size == 0 or _RECORD.fullmatch(path.read_bytes()[:1024]))
        if path.exists() and not is_ours:
            raise PoetgenError(
                f"{path} is in the way of a lock, and poetgen did not make it; move it elsewhere"
            )
