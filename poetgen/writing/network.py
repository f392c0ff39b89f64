"""The NumPy network as writing needs it: read a text, and go on from it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from poetgen.byhand import language_model
from poetgen.byhand.language_model import State, read_parameters
from poetgen.byhand.softmax import log_softmax
from poetgen.corpus.vocabulary import Vocabulary

Array = npt.NDArray[Any]


class Network:
    """A model's weights with its vocabulary, one character at a time."""

    def __init__(self, weights: Mapping[str, Array], vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._params = read_parameters(weights)

    def step(self, ids: Sequence[int] | Array, state: State | None = None) -> tuple[Array, State]:
        """Read one token of each poem; without a state the first. Shapes: (B,) -> logits of the next (B, V)."""
        before = language_model.start(self._params, len(ids)) if state is None else state
        return language_model.read(self._params, ids, before)

    def follow(self, text: str) -> tuple[Array, State, float]:
        """Logits (1, V) and state after `text`, and its log-probability as the beginning of a poem."""
        logits, state = self.step([self.vocabulary.begin])
        total = 0.0
        for number in self.vocabulary.encode(text):
            total += float(log_softmax(logits)[0, number])
            logits, state = self.step([number], state)
        return logits, state, total
