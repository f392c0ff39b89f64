"""A poem without rules, seen through masks: what the writer asks of any draft."""

from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.corpus.vocabulary import Vocabulary
from poetgen.writing.draft import Draft, Follows

Array = npt.NDArray[Any]


class FreeMasks:
    """What may follow, as bool (V,) over a vocabulary; each made once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._made: dict[Follows, Array] = {}

    def of(self, follows: Follows) -> Array:
        """The mask of these tokens, not to be written to."""
        if follows not in self._made:
            mask = np.zeros(len(self.vocabulary), bool)
            mask[self.vocabulary.first_hanzi :] = follows.hanzi
            mask[self.vocabulary.encode(follows.marks)] = True
            mask[self.vocabulary.end] = follows.end
            self._made[follows] = mask
        return self._made[follows]


class FreeDraft:
    """A draft of free verse (poetgen.writing.draft) that takes tokens and shows masks."""

    def __init__(self, draft: Draft, masks: FreeMasks) -> None:
        self._draft, self._masks = draft, masks

    def mask(self) -> Array:
        """The tokens that may come next: bool (V,); never none."""
        return self._masks.of(self._draft.follows())

    def add(self, number: int) -> None:
        """Take a hanzi or a mark."""
        self._draft.add(self._masks.vocabulary.tokens[number])

    def copy(self) -> "FreeDraft":
        """The same state, to go on apart."""
        return FreeDraft(self._draft.copy(), self._masks)
