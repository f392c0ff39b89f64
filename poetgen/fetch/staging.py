"""Where a fetch lands: DEST.partial while it goes on, then DEST by one rename."""

import hashlib
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from fnmatch import fnmatchcase
from pathlib import Path

from poetgen.errors import CorpusError
from poetgen.fetch import manifest as manifests
from poetgen.fetch.manifest import FileDigest, digest_of
from poetgen.files import partial_of
from poetgen.locking import hold_lock

LARGEST_FILE = 256 * 2**20  # bytes; the largest volume has one MiB


class Damaged(CorpusError):
    """What has arrived is not what the commit says: only a fresh start repairs it."""


class Oversized(CorpusError):
    """A file that no corpus has: what has arrived is of no use to a next run."""


class Staging:
    """The folder `dest` and, beside it, `partial`: git's `git`, new `files-…`, the `old` corpus during a swap.

    `patterns` are the files that a fetch brings.
    """

    def __init__(self, dest: Path, patterns: Sequence[str]) -> None:
        self.dest, self.patterns = dest, patterns
        self.partial = dest.with_name(dest.name + ".partial")
        self.git_dir = self.partial / "git"
        self._old = self.partial / "old"
        self.sparse_checkout = "".join(f"/{pattern}\n" for pattern in patterns).encode()
        self._lock = dest.with_name(dest.name + ".lock")

    def hold_lock(self) -> AbstractContextManager[None]:
        """Hold this place alone. Raises CorpusError when another process does, OSError when it cannot be."""
        busy = CorpusError(f"another poetgen fetch is writing {self.dest}; wait until it has finished")
        return hold_lock(self._lock, busy=busy)

    def clean_up(self) -> None:
        """Remove what a fetch killed after its work was done left beside a complete corpus."""
        if self.partial.exists() or self._lock.exists():
            with suppress(CorpusError, OSError), self.hold_lock():  # in use or write-protected: no harm
                self.refuse_strangers()
                self.discard()

    def refuse_strangers(self) -> None:
        """Raise CorpusError when a folder holds what no fetch has put there, for it would be lost."""
        strangers = [path.name for path in (self.dest, self.partial) if path.exists() and not path.is_dir()]
        if self.partial.is_dir():
            strangers += [
                path.name for path in sorted(self.partial.iterdir()) if not self._is_left_over(path)
            ]
        strangers += self._strangers_in_corpus()
        if strangers:
            raise CorpusError(
                f"{self.dest} holds what poetgen did not fetch ({strangers[0]}); "
                "move it elsewhere or choose another --home"
            )

    def _strangers_in_corpus(self) -> list[str]:
        """All but the files that its manifest names; a damaged one names none, and we know ours by their names."""
        names = names_below(self.dest)
        if manifests.NAME not in names:
            return names
        recorded = manifests.Manifest.read(self.dest)
        return [name for name in names if not self._is_fetched(name, recorded)]

    def _is_fetched(self, name: str, recorded: manifests.Manifest | None) -> bool:
        """Whether a fetch has put this there: a plain file of such a name, and no link or pipe in its place."""
        path = self.dest / name
        is_plain = path.is_file() and not path.is_symlink()
        return is_plain and self._is_ours(name) and self._is_recorded(name, recorded)

    def _is_ours(self, name: str) -> bool:
        """Whether a fetch brings files of this name."""
        return any(fnmatchcase(partial_of(name) or name, ours) for ours in (*self.patterns, manifests.NAME))

    @staticmethod
    def _is_recorded(name: str, recorded: manifests.Manifest | None) -> bool:
        return recorded is None or name in recorded.files or manifests.NAME in (name, partial_of(name))

    def _is_left_over(self, path: Path) -> bool:
        """Whether a killed fetch has left this in `partial`."""
        if path.is_symlink() or not path.is_dir():
            return False
        if path == self.git_dir:
            return self._is_our_clone()
        if path == self._old:
            return all(map(self._is_ours, names_below(path)))  # perhaps half removed
        return re.fullmatch("files-[0-9a-f]{8}", path.name) is not None

    def _is_our_clone(self) -> bool:
        """Whether we began this repository, or nobody has put anything in it."""
        try:
            return (self.git_dir / "info" / "sparse-checkout").read_bytes() == self.sparse_checkout
        except OSError:
            return all(
                name in ("HEAD", "config", "info/attributes") or name.endswith(".lock")
                for name in names_below(self.git_dir)
            )

    def recover(self) -> None:
        """Undo a swap that was killed half-way; remove what nobody can use."""
        if self._old.exists() and not self.dest.exists():
            self._old.rename(self.dest)
        for leftover in (self._old, *self.partial.glob("files-*")):
            remove(leftover)

    def publish(self, folder: Path) -> None:
        """Put `folder` in the place of `dest`. Raises CorpusError when what others put there would be lost."""
        self.refuse_strangers()  # again: a fetch takes a while
        if self.dest.exists():
            self.dest.rename(self._old)
        try:
            folder.rename(self.dest)
        except OSError:
            self.recover()
            raise
        self.discard()

    def discard(self) -> None:
        """Remove `partial`; a clone is first renamed, so that what a fault leaves of it is known for ours."""
        self.discard_clone()
        remove(self.partial)

    def discard_clone(self) -> None:
        """Remove git's part of it."""
        with suppress(OSError):
            if self.git_dir.exists():
                self.git_dir.rename(files := self.partial / f"files-{secrets.token_hex(4)}")
                remove(files)


def names_below(folder: Path) -> list[str]:
    """Every file in `folder` and its folders, hidden ones and links too."""
    inside = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in inside)


def check_files(folder: Path, blobs: dict[str, str]) -> dict[str, FileDigest]:
    """The marks of the files in `folder`, once they are exactly the blobs (path → git's id) of the commit.

    Raises Damaged, or Oversized before it reads such a file.
    """
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    if found != set(blobs):
        raise Damaged(f"git checked out {len(found)} files instead of {len(blobs)}; run poetgen fetch again")
    checked = {}
    for path, blob in sorted(blobs.items()):
        if (folder / path).stat().st_size > LARGEST_FILE:
            raise Oversized(
                f"{path} has {(folder / path).stat().st_size / 2**20:,.0f} MiB, far more than a volume of poems; "
                "give --url a chinese-poetry repository"
            )
        content = (folder / path).read_bytes()
        if hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() != blob:
            raise Damaged(f"{path} is not what its commit says; run poetgen fetch again")
        checked[path] = digest_of(content)
    return checked


def remove(folder: Path) -> None:
    """Remove a folder of our own; what cannot be removed does no harm."""
    if sys.platform == "win32":  # git protects its packs, and Windows does not remove protected files
        for path in folder.rglob("*"):
            path.chmod(stat.S_IWRITE)
    shutil.rmtree(folder, ignore_errors=True)
