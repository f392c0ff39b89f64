"""fetched.json: where a fetched corpus came from, and what every file of it must be."""

import hashlib
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from poetgen.errors import DAMAGE
from poetgen.files import check_file, read_json, write_json
from poetgen.plain_values import check_count

NAME = "fetched.json"


@dataclass(frozen=True)
class FileDigest:
    """What one file must be: its SHA-256 and its length in bytes."""

    sha256: str
    bytes: int


def digest_of(content: bytes) -> FileDigest:
    """The mark of this content."""
    return FileDigest(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def check_name(path: str) -> str:
    """A relative path that stays below its folder. Raises ValueError."""
    if "\0" in path or Path(path).is_absolute() or ".." in Path(path).parts:
        raise ValueError(f"{path:.60} is not a file of a corpus")
    return path


@dataclass(frozen=True)
class Manifest:
    """A fetched corpus: `revision` is what was asked for, `files` maps relative paths to their marks.

    `collections` are sorted; a manifest of before there were several has that of Tang.
    """

    url: str
    commit: str
    revision: str | None
    files: dict[str, FileDigest]
    collections: tuple[str, ...] = ("tang",)

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(mark.bytes for mark in self.files.values())

    @classmethod
    def read(cls, folder: Path) -> "Manifest | None":
        """The manifest in `folder`; None when there is none, or none that can be read."""
        try:
            raw = read_json(folder / NAME)
            files = {
                check_name(path): FileDigest(str(mark["sha256"]), check_count("bytes", mark["bytes"]))
                for path, mark in raw["files"].items()
            }
            revision = None if raw["revision"] is None else str(raw["revision"])
            collections = tuple(sorted(map(str, raw.get("collections", ["tang"]))))
            return cls(str(raw["url"]), str(raw["commit"]), revision, files, collections)
        except (OSError, *DAMAGE):
            return None

    def write(self, folder: Path) -> None:
        """Write `folder`/fetched.json, whole or not at all. Raises PoetgenError."""
        write_json(folder / NAME, asdict(self))

    def fault(self, folder: Path) -> str | None:
        """What is wrong with the files in `folder`, in a few words; None when each is as it was fetched."""
        for path, mark in self.files.items():
            try:
                # The size first: it tells a half-written file without reading it.
                same = (folder / path).stat().st_size == mark.bytes
                if not same or digest_of(check_file(folder / path).read_bytes()) != mark:
                    return f"{folder / path} has changed since it was fetched"
            except OSError as error:
                return f"{folder / path} cannot be read ({error.strerror})"
        return None

    def answers(self, url: str | None, revision: str | None) -> bool:
        """Whether this is the corpus asked for, as far as can be told without asking the repository."""
        if revision and re.fullmatch("[0-9a-f]{7,40}", revision) and self.commit.startswith(revision):
            return url in (None, self.url) or len(revision) == len(self.commit)
        return url in (None, self.url) and revision in (None, self.revision)
