"""A prepared folder: numbered poems in memory-mappable arrays, read without torch.

prepared.json     format version, corpus (url, commit), corpus settings, sizes of each split
report.json       what every cleaning rule kept, changed and dropped
vocabulary.txt    one token a line, in id order
counts.npy        (V,) int64: how often train has each token
SPLIT.ids.npy     (tokens,) uint16 or int32: bodies, each closed by <end>, one after the other
SPLIT.offsets.npy (poems + 1,) int64: poem k is ids[offsets[k]:offsets[k + 1]]
SPLIT.poems.jsonl one poem a line: id, author, title, text
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import CorpusError

FORMAT_VERSION = 1
SPLITS = ("train", "validation", "test", "fragments")


@dataclass(frozen=True)
class EncodedPoems:
    """The poems of one split as numbers: ids (tokens,), offsets (poems + 1,)."""

    ids: npt.NDArray[Any]
    offsets: npt.NDArray[np.int64]

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
class PreparedFolder:
    """An open prepared folder."""

    path: Path
    vocabulary: Vocabulary
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, path: Path) -> "PreparedFolder":
        """Raises CorpusError when there is none, or it is of another version or damaged."""
        try:
            manifest = json.loads((path / "prepared.json").read_text(encoding="utf-8"))
            version = manifest["format_version"]
            tokens = (path / "vocabulary.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
            counts = np.load(path / "counts.npy", allow_pickle=False)
            vocabulary = Vocabulary(tokens, counts.tolist(), manifest["unknown_types"])
        except FileNotFoundError as error:
            raise CorpusError(f"no prepared poems at {path}; run: poetgen prepare") from error
        except (ValueError, KeyError, TypeError, EOFError, CorpusError) as error:
            raise CorpusError(f"{path} is damaged ({error}); run: poetgen prepare") from error
        if version != FORMAT_VERSION:
            raise CorpusError(f"{path} has format {version}, not {FORMAT_VERSION}; run: poetgen prepare")
        return cls(path, vocabulary, manifest)

    def split(self, name: str) -> EncodedPoems:
        """The poems of train, validation, test or fragments. Raises CorpusError."""
        try:
            ids = np.load(self.path / f"{name}.ids.npy", mmap_mode="r", allow_pickle=False)
            offsets = np.load(self.path / f"{name}.offsets.npy", allow_pickle=False)
        except FileNotFoundError as error:
            raise CorpusError(f"{self.path} has no {name} poems; run: poetgen prepare") from error
        except (ValueError, EOFError) as error:
            raise CorpusError(f"{self.path} is damaged ({error}); run: poetgen prepare") from error
        if len(offsets) == 0 or offsets[-1] != len(ids):
            raise CorpusError(f"{self.path} is damaged ({name} is cut short); run: poetgen prepare")
        return EncodedPoems(ids, offsets)
