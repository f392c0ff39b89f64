"""Texts with labels: those of prepared poems, and the choice among any."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from poetgen.corpus.conditions import UNKNOWN_POETS
from poetgen.corpus.dataset import Dataset
from poetgen.errors import ConfigError, CorpusError
from poetgen.poem.form import FORMS, form_name


@dataclass(frozen=True)
class Labelled:
    """A text and its label; `key` identifies it wherever it stands, the text itself when empty."""

    text: str
    label: str
    key: str = ""

    @property
    def identity(self) -> str:
        """What decides its place among others: the key, or the text."""
        return self.key or self.text


def label_poems(prepared: Dataset, criterion: str) -> list[Labelled]:
    """The poems of every split (fragments apart) by poet, or the four regular forms. Raises CorpusError."""
    texts = []
    for name in ("train", "validation", "test"):
        for poem in prepared.poems(name):
            label = poem.author if criterion == "poet" else form_name(poem.shape)
            if label not in UNKNOWN_POETS if criterion == "poet" else label in FORMS:
                texts.append(Labelled(poem.text, label, poem.id))
    return texts


def choose_texts(
    texts: Sequence[Labelled], *, classes: int = 0, most: int = 0, equal: bool = False
) -> list[Labelled]:
    """The texts of the `classes` most frequent labels (0: of all, but `most` at most), or `equal` parts of them.

    Equal parts are as many texts of each label as the rarest has; which ones is decided by their keys alone.
    Raises ConfigError for fewer labels than asked for or than two, CorpusError for a label that is seen once.
    """
    counts = Counter(text.label for text in texts)
    if len(counts) == 1:
        raise ConfigError(
            f"all texts have the label {next(iter(counts))!r:.60}; give texts of two labels or more"
        )
    if len(counts) < max(2, classes):
        raise ConfigError(
            f"there are {len(counts)} labels and {max(2, classes)} are to be classified; "
            "give more texts, or lower classify.classes"
        )
    kept = sorted(counts, key=lambda label: (-counts[label], label))[: classes or most or None]
    rarest = kept[-1]
    if counts[rarest] < 2:
        often = sum(counts[label] > 1 for label in kept)
        raise CorpusError(
            f"the label {rarest!r} is seen once, so it cannot be learned from one text and tried on another; "
            f"give more of its texts, or omit it{f' with --set classify.classes={often}' if often > 1 else ''}"
        )
    most = counts[rarest] if equal else len(texts)
    by_label: dict[str, list[int]] = {label: [] for label in kept}
    for k, text in enumerate(texts):
        if text.label in by_label:
            by_label[text.label].append(k)
    chosen = [k for places in by_label.values() for k in sorted(places, key=lambda k: _draw(texts[k]))[:most]]
    return [texts[k] for k in sorted(chosen)]


def choose_validation(
    texts: Sequence[Labelled], train: Sequence[Labelled], known: set[str]
) -> list[Labelled]:
    """The texts to validate on whose labels are among those chosen to `train` on.

    `known` are all labels of the file that is trained on: one that is missing there raises CorpusError, as does
    a choice that leaves nothing.
    """
    chosen = {text.label for text in train}
    if strange := next((text.label for text in texts if text.label not in known), None):
        raise CorpusError(
            f"no training text has the label {strange!r:.60} of a validation text; give some, or omit the label"
        )
    kept = [text for text in texts if text.label in chosen]
    if not kept:
        raise CorpusError("no validation text has one of the labels to classify by; raise classify.classes")
    return kept


def _draw(text: Labelled) -> bytes:
    return hashlib.sha256(f"poetgen equal:{text.identity}".encode()).digest()
