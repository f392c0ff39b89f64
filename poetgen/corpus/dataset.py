"""A prepared folder: numbered poems in memory-mappable arrays, read without torch.

prepared.json     format version, corpus (url, commit), corpus settings, sizes of each split
report.json       what every cleaning rule kept, changed and dropped
vocabulary.txt    one token a line, in id order
counts.npy        (V,) int64: how often train has each token
SPLIT.ids.npy     (tokens,) uint16 or int32: bodies, each closed by <end>, one after the other
SPLIT.offsets.npy (poems + 1,) int64: poem k is ids[offsets[k]:offsets[k + 1]]
SPLIT.poems.jsonl one poem a line: id, author, title, text
conditions.json   forms and poets that may be given as conditions (poetgen.corpus.conditions)
SPLIT.titles.npz  titles, poets and forms of the poems as numbers; both are missing in older folders
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from poetgen.config import flatten
from poetgen.corpus.arrays import load_array
from poetgen.corpus.conditions import LISTS, Conditions, ConditionTable, load_table
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import DAMAGE, ConfigError, CorpusError
from poetgen.files import check_file, follow_links, list_strangers, read_json
from poetgen.locking import hold_lock
from poetgen.plain_values import check_count, check_table

FORMAT_VERSION = 1
SPLITS = ("train", "validation", "test", "fragments")
FILES = frozenset(
    ["prepared.json", "report.json", "vocabulary.txt", "counts.npy", LISTS]
    + [
        f"{name}.{kind}"
        for name in SPLITS
        for kind in ("ids.npy", "offsets.npy", "poems.jsonl", "titles.npz")
    ]
)


@dataclass(frozen=True)
class EncodedPoems:
    """The poems of one split as numbers: ids (tokens,), offsets (poems + 1,), and what they are about."""

    ids: npt.NDArray[Any]
    offsets: npt.NDArray[np.int64]
    conditions: Conditions | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, k: int) -> npt.NDArray[Any]:
        """Poem k, its <end> included; its <begin> is not stored."""
        return self.ids[self.offsets[k] : self.offsets[k + 1]]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each poem, (poems,)."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class Dataset:
    """An open prepared folder."""

    path: Path
    vocabulary: Vocabulary
    manifest: Mapping[str, Any]
    conditions: ConditionTable | None = None

    @classmethod
    def open(cls, path: Path) -> "Dataset":
        """Raises CorpusError when there is none, or it is of another version or damaged."""
        try:
            manifest = check_table("prepared.json", read_json(path / "prepared.json"))
            version = manifest["format_version"]
            if version == FORMAT_VERSION:
                check_manifest(manifest)
            tokens = check_file(path / "vocabulary.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
            counts = load_array(path / "counts.npy")
            vocabulary = Vocabulary(tokens, counts.tolist(), manifest["unknown_types"])
        except FileNotFoundError as error:
            raise CorpusError(f"no prepared poems at {path}; run: poetgen prepare") from error
        except OSError as error:
            raise CorpusError(f"cannot read {error.filename or path}: {error.strerror or error}") from error
        except (*DAMAGE, CorpusError) as error:
            raise CorpusError(f"{path} is damaged ({error}); run: poetgen prepare") from error
        if version != FORMAT_VERSION:
            raise CorpusError(f"{path} has format {version}, not {FORMAT_VERSION}; run: poetgen prepare")
        return cls(path, vocabulary, manifest, load_table(path))

    def settings(self) -> dict[str, Any]:
        """What the poems were prepared with, as `corpus.key` values. Raises CorpusError when that is missing."""
        try:
            settings, size = self.manifest["settings"], self.manifest["splits"]["train"]
            if size["tokens"] < 1 or size["hanzi"] < 0:
                raise ValueError("no tokens to train on")
            return flatten({"corpus": settings}, "prepared.json")
        except (KeyError, TypeError, ValueError, ConfigError) as error:
            raise CorpusError(f"{self.path} is damaged ({error}); run: poetgen prepare") from error

    def split(self, name: str) -> EncodedPoems:
        """The poems of train, validation, test or fragments. Raises CorpusError."""
        try:
            ids = load_array(self.path / f"{name}.ids.npy")
            offsets = np.array(load_array(self.path / f"{name}.offsets.npy"), dtype=np.int64)
            table = self.conditions
            conditions = Conditions.load(self.path, name, table) if table else None
        except FileNotFoundError as error:
            raise CorpusError(f"{self.path} has no {name} poems; run: poetgen prepare") from error
        except OSError as error:
            raise CorpusError(
                f"cannot read {error.filename or self.path}: {error.strerror or error}"
            ) from error
        except (*DAMAGE, BadZipFile) as error:
            raise CorpusError(f"{self.path} is damaged ({error}); run: poetgen prepare") from error
        if len(offsets) == 0 or offsets[0] != 0 or offsets[-1] != len(ids) or np.any(np.diff(offsets) < 1):
            raise CorpusError(f"{self.path} is damaged ({name} is cut short); run: poetgen prepare")
        if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < len(self.vocabulary):
            raise CorpusError(f"{self.path} is damaged ({name} has unknown numbers); run: poetgen prepare")
        return EncodedPoems(ids, offsets, conditions)

    def fingerprint(self) -> dict[str, str]:
        """SHA-256 of the vocabulary and the training poems, which identifies this data."""
        poems = self.split("train")
        digest = hashlib.sha256("\n".join(self.vocabulary.tokens).encode())
        digest.update(poems.offsets.tobytes())
        digest.update(poems.ids.tobytes())
        return {"sha256": digest.hexdigest()}


def check_manifest(manifest: Mapping[str, Any]) -> None:
    """Raises ValueError or KeyError when prepared.json lacks what is read of it."""
    check_count("unknown_types", manifest["unknown_types"])
    corpus = check_table("corpus", manifest["corpus"])
    for name in ("url", "commit", "selection", "source"):
        if not isinstance(corpus.get(name), str | None):
            raise ValueError(f"corpus.{name} cannot be {corpus[name]!r:.60}")
    check_table("settings", manifest["settings"])
    for name, size in check_table("splits", manifest["splits"]).items():
        for what in ("poems", "tokens", "hanzi"):
            check_count(f"splits.{name}.{what}", check_table(f"splits.{name}", size)[what])


def check_place(path: Path) -> Path:
    """`path` in full, if a prepared folder may be put there. Raises CorpusError if something would be lost."""
    path = follow_links(path)
    if path.is_dir():
        is_ours = FILES.__contains__ if (path / "prepared.json").exists() else _is_nobodys
        _refuse_strangers(path, is_ours, "choose a new folder with --out")
    elif path.exists():
        raise CorpusError(f"{path} is a file; choose a new folder with --out")
    return path


def _is_nobodys(name: str) -> bool:
    return False


def _refuse_strangers(folder: Path, is_ours: Callable[[str], bool], remedy: str) -> None:
    if strangers := list_strangers(folder, is_ours):
        raise CorpusError(f"{folder} holds other files ({strangers[0]}); {remedy}")


@contextmanager
def replace_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder beside `path` that takes its place at the end; on failure the old one stays.

    A swap killed half-way is undone by the next call. Raises CorpusError, also while another process is here,
    and when something that is not ours would be lost.
    """
    partial, old, lock = _beside(path)
    busy = CorpusError(f"another poetgen prepare is writing {path}; wait until it has finished")
    try:
        with hold_lock(lock, busy=busy):
            for leftover in (partial, old):
                _check_leftover(leftover)
            _recover(path, partial, old)
            try:
                partial.mkdir()
                yield partial
                if path.exists():
                    check_place(path)  # again: writing takes a while
                    path.rename(old)
                partial.rename(path)
            finally:
                _recover(path, partial, old)
    except OSError as error:
        raise CorpusError(
            f"cannot write {path}: {error.strerror or error}; what was there is kept"
        ) from error


def clean_up(path: Path) -> None:
    """Remove what a process that was killed when it had prepared `path` has left beside it."""
    partial, old, lock = _beside(path)
    if any(leftover.exists() for leftover in (partial, old, lock)):
        with suppress(CorpusError, OSError), hold_lock(lock, busy=CorpusError("it is being written")):
            for leftover in (partial, old):
                _check_leftover(leftover)
            _recover(path, partial, old)


def _beside(path: Path) -> tuple[Path, Path, Path]:
    """Where a folder is written, where the one before it waits during the swap, and the lock."""
    return (
        path.with_name(f".{path.name}.partial"),
        path.with_name(f".{path.name}.old"),
        path.with_name(f".{path.name}.lock"),
    )


def _check_leftover(folder: Path) -> None:
    """Raises CorpusError for what no killed prepare has left where this one works."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise CorpusError(f"{folder} is in the way, and poetgen did not make it; move it elsewhere")
    if folder.is_dir():
        _refuse_strangers(folder, FILES.__contains__, "move them elsewhere: poetgen works in this folder")


def _recover(path: Path, partial: Path, old: Path) -> None:
    if old.exists() and not path.exists():
        old.rename(path)
    for leftover in (partial, old):
        shutil.rmtree(leftover, ignore_errors=True)
