"""How surprising each character of a poem is to a model: bits, -log2 P(character | all before it).

The model is given nothing but the poem. Lines end in turn with ， and 。 whatever was typed, so that poems can be
compared; the marks are read and not counted. A hanzi the model does not know costs its <unknown>, shared among all
that this stands for (docs/measures.md).

What is usual comes from the real poems of validation, that the released model has not learned from: for each form
the percentiles of their mean bits a hanzi. tools/build_surprise.py makes the table, surprise.json.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.byhand import softmax
from poetgen.checkpoint import Checkpoint
from poetgen.config import from_dict
from poetgen.poem.form import form_name
from poetgen.poem.lineation import punctuate
from poetgen.writing.network import Network

Array = npt.NDArray[Any]
FILE = "surprise.json"
TOGETHER = 64  # poems read side by side
BITS = 1 / math.log(2)  # in a nat


@dataclass(frozen=True)
class Surprise:
    """A poem's surprise: `bits` of each hanzi by line, their `mean`, and the `percentile` (0 to 100).

    The percentile is the share of real poems of that `form` (五絕, ...) that surprise less; None where the form
    has none, or the model is not the one that the percentiles were measured with.
    """

    form: str
    bits: tuple[tuple[float, ...], ...]
    mean: float
    percentile: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        rows = [[round(value, 2) for value in line] for line in self.bits]
        rank = None if self.percentile is None else round(self.percentile, 1)
        return {"form": self.form, "bits": rows, "bits_per_hanzi": round(self.mean, 3), "percentile": rank}


class SurpriseMeter:
    """A model that measures how surprising poems are."""

    def __init__(self, checkpoint: Checkpoint, usual: Mapping[str, Sequence[float]] | None = None) -> None:
        """`usual`: percentiles by form, by default those in the package if they are this model's."""
        self._network = Network(checkpoint.weights, checkpoint.vocabulary)
        self._keeps_marks = from_dict(checkpoint.config).corpus.punctuation == "keep"
        self.usual = load_usual(checkpoint) if usual is None else usual

    def measure(self, poems: Sequence[Sequence[str]]) -> list[Surprise]:
        """Of each poem, given as lines of hanzi in corpus characters. Raises ValueError for one without any."""
        if not all(any(lines) for lines in poems):
            raise ValueError("a poem without a hanzi surprises nobody")
        groups = [poems[k : k + TOGETHER] for k in range(0, len(poems), TOGETHER)]
        return [one for group in groups for one in self._measure(group)]

    def _measure(self, poems: Sequence[Sequence[str]]) -> list[Surprise]:
        texts = [self._tokens(lines) for lines in poems]
        nats = self._read(texts)
        return [
            self._describe(lines, nats[k, : len(text)], text)
            for k, (lines, text) in enumerate(zip(poems, texts, strict=True))
        ]

    def _tokens(self, lines: Sequence[str]) -> list[int]:
        return self._network.vocabulary.encode(punctuate(lines) if self._keeps_marks else "".join(lines))

    def _read(self, texts: Sequence[Sequence[int]]) -> Array:
        """Nats of each token, (poems, longest), 0 beyond the end."""
        vocabulary, longest = self._network.vocabulary, max(map(len, texts))
        ids = np.full((len(texts), longest), vocabulary.end)
        for row, text in zip(ids, texts, strict=True):
            row[: len(text)] = text
        nats = np.zeros(ids.shape)
        logits, state = self._network.step([vocabulary.begin] * len(texts))
        for place in range(longest):
            nats[:, place], _ = softmax.forward(logits, ids[:, place])
            if place + 1 < longest:
                logits, state = self._network.step(ids[:, place], state)
        nats[ids == vocabulary.unknown] += math.log(vocabulary.unknown_types)
        return nats

    def _describe(self, lines: Sequence[str], nats: Array, text: Sequence[int]) -> Surprise:
        vocabulary = self._network.vocabulary
        is_hanzi = [n == vocabulary.unknown or n >= vocabulary.first_hanzi for n in text]
        bits = nats[is_hanzi] * BITS
        ends = np.cumsum([len(line) for line in lines])
        by_line = tuple(tuple(map(float, part)) for part in np.split(bits, ends[:-1]))
        mean = float(bits.mean())
        lengths = set(map(len, lines))
        form = form_name((lengths.pop(), len(lines)) if len(lengths) == 1 else None)
        usual = self.usual.get(form)
        share = None if usual is None else float(np.interp(mean, usual, np.linspace(0, 100, len(usual))))
        return Surprise(form, by_line, mean, share)


def fingerprint(checkpoint: Checkpoint) -> str:
    """Which model it is: a sum of what it adds to each character's logit."""
    bias = np.ascontiguousarray(checkpoint.weights["output.bias"], "<f4")
    return hashlib.sha256(bias.tobytes()).hexdigest()[:16]


def load_usual(checkpoint: Checkpoint) -> Mapping[str, Sequence[float]]:
    """The percentiles, 0 to 100, of real poems by form, in bits a hanzi; none for another model than theirs."""
    table = json.loads((files("poetgen.yardstick") / FILE).read_text(encoding="utf-8"))
    forms: Mapping[str, Sequence[float]] = table["forms"] if table["model"] == fingerprint(checkpoint) else {}
    return forms
