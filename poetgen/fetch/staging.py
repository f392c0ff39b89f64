"""Where a fetch lands: DEST.partial while it goes on, then DEST by one rename."""

import hashlib
import shutil
import stat
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from fnmatch import fnmatchcase
from pathlib import Path

from poetgen.errors import CorpusError
from poetgen.fetch import manifest as manifests
from poetgen.fetch.manifest import FileMark, mark_of
from poetgen.locking import locked


class Damaged(CorpusError):
    """What has arrived is not what the commit says: only a fresh start mends it."""


class Landing:
    """The folder `dest` and, beside it, `partial`: git's `git`, new `files-…`, the `old` corpus during a swap."""

    def __init__(self, dest: Path) -> None:
        self.dest = dest
        self.partial = dest.with_name(dest.name + ".partial")
        self.git_dir = self.partial / "git"
        self._old = self.partial / "old"
        self._lock = dest.with_name(dest.name + ".lock")

    def locked(self) -> AbstractContextManager[None]:
        """Hold this landing alone. Raises CorpusError when another process does, OSError when it cannot be."""
        busy = CorpusError(f"another poetgen fetch is writing {self.dest}; wait until it has finished")
        return locked(self._lock, busy=busy)

    def sweep(self) -> None:
        """Remove what a fetch killed after its work was done left beside a complete corpus."""
        if self.partial.exists() or self._lock.exists():
            with suppress(CorpusError, OSError), self.locked():  # in use or write-protected: no harm
                remove(self.partial)

    def refuse_strangers(self, patterns: Sequence[str]) -> None:
        """Raise CorpusError when a folder holds what no fetch has put there, for it would be lost."""
        strangers = [path.name for path in (self.dest, self.partial) if path.exists() and not path.is_dir()]
        strangers += [path.name for path in self.partial.glob("*") if not self._is_ours(path.name)]
        inside = [
            path.relative_to(self.dest).as_posix() for path in self.dest.rglob("*") if not path.is_dir()
        ]
        known = (*patterns, manifests.NAME, ".*") if manifests.NAME in inside else (".*",)
        strangers += [path for path in inside if not any(fnmatchcase(path, pattern) for pattern in known)]
        if strangers:
            raise CorpusError(
                f"{self.dest} holds what poetgen did not fetch ({strangers[0]}); "
                "move it elsewhere or choose another --home"
            )

    @staticmethod
    def _is_ours(name: str) -> bool:
        return name in ("git", "old") or name.startswith("files-")

    def recover(self) -> None:
        """Undo a swap that was killed half-way; remove what nobody can use."""
        if self._old.exists() and not self.dest.exists():
            self._old.rename(self.dest)
        for leftover in (self._old, *self.partial.glob("files-*")):
            remove(leftover)

    def swap_in(self, folder: Path) -> None:
        """Put `folder` in the place of `dest`."""
        if self.dest.exists():
            self.dest.rename(self._old)
        try:
            folder.rename(self.dest)
        except OSError:
            self.recover()
            raise
        remove(self.partial)


def marks(folder: Path, blobs: dict[str, str]) -> dict[str, FileMark]:
    """The marks of the files in `folder`, once they are exactly the blobs (path → git's id) of the commit.

    Raises Damaged.
    """
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    if found != set(blobs):
        raise Damaged(f"git checked out {len(found)} files instead of {len(blobs)}; run poetgen fetch again")
    checked = {}
    for path, blob in sorted(blobs.items()):
        content = (folder / path).read_bytes()
        if hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() != blob:
            raise Damaged(f"{path} is not what its commit says; run poetgen fetch again")
        checked[path] = mark_of(content)
    return checked


def remove(folder: Path) -> None:
    """Remove a folder of our own; what cannot be removed does no harm."""
    if sys.platform == "win32":  # git protects its packs, and Windows does not remove protected files
        for path in folder.rglob("*"):
            path.chmod(stat.S_IWRITE)
    shutil.rmtree(folder, ignore_errors=True)
