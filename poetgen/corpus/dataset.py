"""A prepared folder, written and read: numbered poems in memory-mappable arrays, without torch.

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
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from poetgen.config import CorpusConfig, flatten
from poetgen.corpus.arrays import load_array, save_array
from poetgen.corpus.conditions import LISTS, Conditions, ConditionTable, load_table, save_table
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import DAMAGE, ConfigError, CorpusError
from poetgen.files import check_file, read_json, refuse_unreadable, write_json, write_text
from poetgen.plain_values import check_count, check_table
from poetgen.poem.lineation import split_lines
from poetgen.poem.poem import Poem

FORMAT_VERSION = 1
AGAIN = "run: poetgen prepare"
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

    @classmethod
    def of(cls, poems: Sequence[Poem], vocabulary: Vocabulary, *, punctuation: str) -> "EncodedPoems":
        """These poems, each closed by <end>."""
        rows = [[*vocabulary.encode(body(poem, punctuation)), vocabulary.end] for poem in poems]
        kind = np.uint16 if len(vocabulary) <= 2**16 else np.int32
        ids = np.concatenate([np.zeros(0, kind), *(np.array(row, kind) for row in rows)])
        return cls(ids, np.cumsum([0, *map(len, rows)], dtype=np.int64))

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

    @staticmethod
    def is_at(path: Path) -> bool:
        """Whether something was prepared there."""
        return (path / "prepared.json").exists()

    @classmethod
    def open(cls, path: Path) -> "Dataset":
        """Raises CorpusError when there is none, or it is of another version or damaged."""
        missing = f"no prepared poems at {path}; {AGAIN}"
        damage = (*DAMAGE, CorpusError)
        with refuse_unreadable(path, CorpusError, missing=missing, remedy=AGAIN, damage=damage):
            manifest = check_table("prepared.json", read_json(path / "prepared.json"))
            version = manifest["format_version"]
            if version == FORMAT_VERSION:
                check_manifest(manifest)
            tokens = check_file(path / "vocabulary.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
            counts = load_array(path / "counts.npy")
            vocabulary = Vocabulary(tokens, counts.tolist(), manifest["unknown_types"])
        if version != FORMAT_VERSION:
            raise CorpusError(f"{path} has format {version}, not {FORMAT_VERSION}; {AGAIN}")
        return cls(path, vocabulary, manifest, load_table(path))

    def settings(self) -> dict[str, Any]:
        """What the poems were prepared with, as `corpus.key` values. Raises CorpusError when that is missing."""
        try:
            settings, size = self.manifest["settings"], self.manifest["splits"]["train"]
            if size["tokens"] < 1 or size["hanzi"] < 0:
                raise ValueError("no tokens to train on")
            return flatten({"corpus": settings}, "prepared.json")
        except (KeyError, TypeError, ValueError, ConfigError) as error:
            raise CorpusError(f"{self.path} is damaged ({error}); {AGAIN}") from error

    def differences(self, wanted: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
        """(key, what the poems were prepared with, what is wanted) of each setting that is not as wanted."""
        found = self.settings()
        return [(key, found.get(key), value) for key, value in wanted.items() if found.get(key) != value]

    def poems(self, name: str) -> Iterator[Poem]:
        """Those of train, validation, test or fragments, to be read by people. Raises CorpusError."""
        path = self.path / f"{name}.poems.jsonl"
        missing = f"{self.path} has no {name} poems; {AGAIN}"
        with (
            refuse_unreadable(path, CorpusError, missing=missing, remedy=AGAIN),
            check_file(path).open(encoding="utf-8") as file,
        ):
            for line in file:
                row = json.loads(line)
                yield Poem(row["author"], row["title"], *split_lines(row["text"]), row["id"])

    def split(self, name: str) -> EncodedPoems:
        """The poems of train, validation, test or fragments. Raises CorpusError."""
        missing, damage = f"{self.path} has no {name} poems; {AGAIN}", (*DAMAGE, BadZipFile)
        with refuse_unreadable(self.path, CorpusError, missing=missing, remedy=AGAIN, damage=damage):
            ids = load_array(self.path / f"{name}.ids.npy")
            offsets = np.array(load_array(self.path / f"{name}.offsets.npy"), dtype=np.int64)
            table = self.conditions
            conditions = Conditions.load(self.path, name, table) if table else None
        if len(offsets) == 0 or offsets[0] != 0 or offsets[-1] != len(ids) or np.any(np.diff(offsets) < 1):
            raise CorpusError(f"{self.path} is damaged ({name} is cut short); {AGAIN}")
        if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < len(self.vocabulary):
            raise CorpusError(f"{self.path} is damaged ({name} has unknown numbers); {AGAIN}")
        return EncodedPoems(ids, offsets, conditions)

    def require(self, name: str) -> EncodedPoems:
        """`split`, with a poem in it at least. Raises CorpusError."""
        if not len(poems := self.split(name)):
            raise CorpusError(f"{self.path} has no {name} poems; prepare more, or with another --split")
        return poems

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


def write_dataset(
    folder: Path,
    splits: Mapping[str, Sequence[Poem]],
    vocabulary: Vocabulary,
    config: CorpusConfig,
    *,
    origin: Mapping[str, Any],
    conditions: Mapping[str, Conditions],
) -> dict[str, dict[str, Any]]:
    """Fill an empty folder; returns the size of each split. Raises PoetgenError or OSError.

    `origin` says where the poems are from, `conditions` what those of each split are about; without any, the
    folder is one of before there were conditions.
    """
    for name, poems in splits.items():
        encoded = EncodedPoems.of(poems, vocabulary, punctuation=config.punctuation)
        save_array(folder / f"{name}.ids.npy", encoded.ids)
        save_array(folder / f"{name}.offsets.npy", encoded.offsets)
        rows = ({"id": p.id, "author": p.author, "title": p.title, "text": p.text} for p in poems)
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        write_text(folder / f"{name}.poems.jsonl", text)
    for name, own in conditions.items():
        own.save(folder, name)
    if conditions:
        save_table(next(iter(conditions.values())).table, folder)  # all are told by one table
    write_text(folder / "vocabulary.txt", "".join(f"{token}\n" for token in vocabulary.tokens))
    save_array(folder / "counts.npy", np.array(vocabulary.counts, dtype=np.int64))
    sizes = {name: measure_sizes(poems, vocabulary, config.punctuation) for name, poems in splits.items()}
    manifest = {
        "format_version": FORMAT_VERSION,
        "unknown_types": vocabulary.unknown_types,
        "corpus": origin,
        "settings": asdict(config),
        "splits": sizes,
    }
    write_json(folder / "prepared.json", manifest)
    return sizes


def body(poem: Poem, punctuation: str) -> str:
    """What the model reads: the text, or the hanzi alone when marks are dropped."""
    return poem.text if punctuation == "keep" else "".join(poem.lines)


def measure_sizes(poems: Sequence[Poem], vocabulary: Vocabulary, punctuation: str) -> dict[str, Any]:
    """Poems, tokens (the end counted), hanzi, and hanzi the vocabulary lacks."""
    hanzi = sum(poem.hanzi for poem in poems)
    missing = sum(char not in vocabulary for poem in poems for line in poem.lines for char in line)
    return {
        "poems": len(poems),
        "tokens": sum(len(body(poem, punctuation)) + 1 for poem in poems),
        "hanzi": hanzi,
        "out_of_vocabulary": missing,
        "out_of_vocabulary_rate": missing / hanzi if hanzi else 0.0,
    }
