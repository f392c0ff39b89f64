"""Files and folders: written whole or not at all, and where they lie."""

import errno
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from time import time
from typing import Any

from poetgen.errors import DAMAGE, PoetgenError

PACKAGE = Path(__file__).parent
SIGNATURE = "poetgen"  # in every picture, so that it can be told from those of others
SIGNATURES = (f"Software\0{SIGNATURE}".encode(), f'data-software="{SIGNATURE}"'.encode())  # in PNG, in SVG


STALE = 60.0  # seconds after which nobody writes a half-written file any more
_PARTIAL = re.compile(r"\.(.+)\.[0-9a-f]{8}\.partial")


def partial_of(name: str) -> str | None:
    """The name of the file that `name` is the half-written beginning of, None when it is none of ours."""
    match = _PARTIAL.fullmatch(name)
    return match[1] if match else None


def sweep_partials(folder: Path) -> None:
    """Remove the half-written files that a killed process left in `folder`; only for who holds its lock."""
    for leftover in folder.glob(".*.partial"):
        if partial_of(leftover.name):
            with suppress(OSError):
                leftover.unlink()


def sweep_stale_partials(path: Path) -> None:
    """Remove what killed processes left half-written beside `path`; what is young may be another's at work."""
    for leftover in path.parent.glob(f".{escape(path.name)}.*.partial"):
        with suppress(OSError):
            if partial_of(leftover.name) == path.name and time() - leftover.stat().st_mtime > STALE:
                leftover.unlink()


def list_strangers(folder: Path, is_ours: Callable[[str], bool]) -> list[str]:
    """The names in `folder` that are not plain files of ours; hidden files and links count."""
    with os.scandir(folder) as entries:
        return sorted(
            entry.name
            for entry in entries
            if not (entry.is_file(follow_symlinks=False) and is_ours(partial_of(entry.name) or entry.name))
        )


def check_file(path: Path) -> Path:
    """`path`, unless it is a pipe in the place of a file, which to open may wait for ever. Raises OSError.

    What the system itself offers below /dev, such as a shell's <(command), is open already.
    """
    if path.exists() and not path.is_file() and not path.is_dir() and path.parts[:2] != ("/", "dev"):
        raise OSError(errno.EINVAL, "it is not a plain file", str(path))
    return path


def read_table_rows(path: Path) -> list[str]:
    """The rows of a table that comes with the package, without the comments on it."""
    return [row for row in path.read_text(encoding="utf-8").splitlines() if not row.startswith("#")]


def number_name(stem: str, number: int) -> str:
    """What a file or folder is called beside others of its name: stem, stem-2, stem-3, ..."""
    return stem if number == 1 else f"{stem}-{number}"


def read_json(path: Path) -> Any:
    """What is in a JSON file of ours. Raises OSError, or what DAMAGE lists when it is damaged."""
    value = json.loads(check_file(path).read_text(encoding="utf-8"))
    # of half characters only those are let through that stand for bytes of a file's name
    json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape")
    return value


@contextmanager
def refuse_unreadable(
    path: Path,
    kind: type[PoetgenError],
    *,
    missing: str = "",
    remedy: str = "",
    damage: tuple[type[Exception], ...] = DAMAGE,
) -> Iterator[None]:
    """What reading a file inside may raise becomes a `kind`, in one sentence.

    `missing` is said of a file that is not there; `remedy` ends what is said of one that is damaged, which is what
    any of `damage` means.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise kind(missing or f"cannot read {path}: {error.strerror or error}") from error
    except OSError as error:
        raise kind(f"cannot read {error.filename or path}: {error.strerror or error}") from error
    except damage as error:
        raise kind(f"{path} is damaged ({error}); {remedy}") from error


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON that UTF-8 can hold: bytes of a name that are no UTF-8, half characters to Python, are escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return text.encode("utf-8", "backslashreplace").decode()


def follow_links(path: Path) -> Path:
    """`path` in full, its links followed. Raises OSError for links that lead in a circle."""
    try:
        return path.resolve()
    except RuntimeError as error:  # as Python says it before 3.13
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from error


def expand_home(path: str) -> str:
    """The path with a ~ at its beginning put in full, which no shell does in --out=~/x."""
    with suppress(RuntimeError):  # the home of nobody
        return str(Path(path).expanduser()) if path.startswith("~") else path
    return path


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success it takes the name `path`, on failure it vanishes.

    Raises PoetgenError when the disk is full, read-only or otherwise refuses.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise PoetgenError(f"cannot write {path}: {error.strerror or error}; nothing was changed") from error
    finally:
        with suppress(OSError):  # when this fails too, the write has already been reported
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all. Raises PoetgenError."""
    with write_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write readable UTF-8 JSON, whole or not at all. Raises PoetgenError."""
    write_text(path, to_json(value, indent=1) + "\n")


def shipped_folder(folder: str) -> Path:
    """The folder `configs` or `checkpoints` as it was shipped: in a wheel, or at the top of a checkout."""
    inside = PACKAGE / folder
    return inside if inside.is_dir() else PACKAGE.parent / folder


@dataclass(frozen=True)
class Workspace:
    """Where a user's data and runs lie: below the current folder, `--home` or POETGEN_HOME."""

    home: Path
    data: Path | None = None

    @classmethod
    def find(cls, home: str | Path | None = None) -> "Workspace":
        """The workspace at `home`, else at POETGEN_HOME, else in the current folder."""
        return cls(Path(expand_home(str(home or os.environ.get("POETGEN_HOME") or Path.cwd()))))

    @property
    def corpus(self) -> Path:
        """The fetched corpus."""
        return self.home / "data" / "corpus"

    @property
    def prepared(self) -> Path:
        """The prepared folder, that of `data` where it was named."""
        return self.data or self.home / "data" / "prepared"

    @property
    def runs(self) -> Path:
        """The folder of training runs."""
        return self.home / "checkpoints"

    @property
    def classifiers(self) -> Path:
        """The folder of classifiers' runs, apart from the models that write."""
        return self.runs / "classifiers"
