"""Labelled texts as numbers: what a classifier learns from, and the batches it reads them in."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from poetgen.classify.labels import Labelled
from poetgen.classify.split import (
    PARTS,
    TEST,
    TRAIN,
    VALIDATION,
    count_near_duplicates,
    stratified_group_split,
)
from poetgen.classify.tokens import SPECIALS, Tokeniser, TokenVocabulary, is_mark
from poetgen.corpus.batches import Indices, time_first
from poetgen.corpus.dataset import EncodedPoems

Pairs = npt.NDArray[np.int64]


def check_pairs(values: npt.NDArray[Any], vocab_size: int) -> Pairs:
    """Pairs of tokens as a file has them, among its other numbers. Raises ValueError for what are none."""
    if values.ndim != 2 or values.shape[1] != 2 or not np.isin(values, np.arange(vocab_size)).all():
        raise ValueError("its pairs are not pairs of its tokens")
    pairs = values.astype(np.int64)
    if (np.diff(pairs[:, 0] * vocab_size + pairs[:, 1]) <= 0).any():  # they are looked up by halving
        raise ValueError("its pairs are out of order")
    return pairs


@dataclass(frozen=True)
class LabelledBatch:
    """B texts of at most T tokens: ids (T, B) int64, padded; lengths (B,), labels (B,) int64.

    `features` (B, W) are there when what the layers make of a text is known beforehand.
    """

    ids: Tensor
    lengths: Tensor
    labels: Tensor
    features: Tensor | None = None

    @property
    def tokens(self) -> int:
        """What a loss is the mean over: for labels the texts, where for poems it is the tokens."""
        return len(self.labels)

    def to(self, device: torch.device) -> "LabelledBatch":
        """The same batch on another device."""
        features = None if self.features is None else self.features.to(device)
        return LabelledBatch(self.ids.to(device), self.lengths.to(device), self.labels.to(device), features)


@dataclass(frozen=True)
class Part:
    """The texts of train, validation or test: as they stand, as numbers, and their labels' numbers (texts,)."""

    texts: tuple[str, ...]
    encoded: EncodedPoems
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.texts)

    def batch(self, indices: Indices, features: Tensor | None = None) -> LabelledBatch:
        """These texts as one padded batch; `features` (texts, W) are those of all texts."""
        known = None if features is None else features[torch.from_numpy(indices.copy())]
        labels = torch.from_numpy(self.labels[indices])
        return LabelledBatch(*pad_texts(self.encoded, indices), labels, known)


def pad_texts(encoded: EncodedPoems, indices: Indices) -> tuple[Tensor, Tensor]:
    """ids (T, B) and lengths (B,) of these texts."""
    lengths = encoded.lengths[indices]
    ids = np.full((len(indices), int(lengths.max())), TokenVocabulary.pad, dtype=np.int64)
    for row, k in enumerate(indices):
        ids[row, : lengths[row]] = encoded[int(k)]
    return torch.from_numpy(time_first(ids)), torch.from_numpy(lengths)


def encode_texts(
    texts: Sequence[str], vocabulary: TokenVocabulary, tokeniser: Tokeniser, *, max_length: int
) -> EncodedPoems:
    """Texts as numbers, each begun with `<begin>`."""
    rows = [vocabulary.encode(tokeniser(text), limit=max_length) for text in texts]
    ids = np.array([number for row in rows for number in row], dtype=np.int32)
    return EncodedPoems(ids, np.cumsum([0, *map(len, rows)], dtype=np.int64))


@dataclass(frozen=True)
class LabelledTexts:
    """All that a classifier learns from: labels and vocabulary in order, and the three parts.

    `cut` says how many texts are longer than is read, `seen` how many of a file of validation texts are near
    duplicates of training texts.
    """

    labels: tuple[str, ...]
    tokeniser: Tokeniser
    vocabulary: TokenVocabulary
    parts: Mapping[str, Part]
    cut: int
    seen: int = 0

    @classmethod
    def build(
        cls,
        texts: Sequence[Labelled],
        tokeniser: Tokeniser,
        *,
        split: str,
        min_count: int,
        max_length: int,
        validation: Sequence[Labelled] = (),
    ) -> "LabelledTexts":
        """Hold out, then count: vocabulary and labels' order come from train. Raises CorpusError.

        Where there are texts to validate on, nothing is held out.
        """
        held: dict[str, list[Labelled]] = {TRAIN: list(texts), VALIDATION: list(validation), TEST: []}
        if not validation:
            numbers_of = stratified_group_split(texts, split)
            held = {part: [texts[k] for k in numbers] for part, numbers in numbers_of.items()}
        counts = Counter(text.label for text in held[TRAIN])
        labels = tuple(sorted(counts, key=lambda label: (-counts[label], label)))
        tokens = {text.text: tokeniser(text.text) for text in [*texts, *validation]}
        vocabulary = TokenVocabulary.build((tokens[text.text] for text in held[TRAIN]), min_count)
        place = {label: number for number, label in enumerate(labels)}
        parts = {
            part: Part(
                tuple(text.text for text in held[part]),
                encode_texts([t.text for t in held[part]], vocabulary, tokeniser, max_length=max_length),
                np.array([place[text.label] for text in held[part]], dtype=np.int64),
            )
            for part in PARTS
        }
        cut = sum(len(tokens[text.text]) > max_length for text in [*texts, *validation])
        return cls(labels, tokeniser, vocabulary, parts, cut, count_near_duplicates(validation, texts))

    def pairs(self) -> Pairs:
        """Neighbouring known tokens, no marks, that stand together twice or more in train: (P, 2), in order."""
        silent = [
            k for k, token in enumerate(self.vocabulary.tokens) if k < len(SPECIALS) or is_mark(token[0])
        ]
        encoded = self.parts[TRAIN].encoded
        before, after = encoded.ids[:-1].astype(np.int64), encoded.ids[1:].astype(np.int64)
        speaking = ~(np.isin(before, silent) | np.isin(after, silent))  # each text begins with a special
        codes, counts = np.unique(
            before[speaking] * len(self.vocabulary) + after[speaking], return_counts=True
        )
        return np.stack(np.divmod(codes[counts > 1], len(self.vocabulary)), axis=1)

    def fingerprint(self) -> dict[str, str]:
        """SHA-256 of labels, vocabulary and all texts as numbers."""
        digest = hashlib.sha256("\n".join((*self.labels, "", *self.vocabulary.tokens)).encode())
        for part in self.parts.values():
            for array in (part.encoded.offsets, part.encoded.ids, part.labels):
                digest.update(array.tobytes())
        return {"sha256": digest.hexdigest()}
