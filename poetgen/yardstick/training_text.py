"""What the training poems hold, beside which others are measured: words, and runs of hanzi that come again."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.corpus.dataset import EncodedPoems
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.writing.ranking import PAUSE

Array = npt.NDArray[Any]
FEWEST = 5  # times that two hanzi must have come side by side to be a word
FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd: a product modulo 2^64 by it can be undone


class TrainingText:
    """The hanzi of some poems, one after the other, without marks."""

    def __init__(self, poems: EncodedPoems, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        ids = np.asarray(poems.ids, np.int64)
        is_hanzi = ids >= vocabulary.first_hanzi
        self._hanzi = ids[is_hanzi]
        self._ends = np.cumsum(is_hanzi)[np.repeat(poems.offsets[1:], poems.lengths)[is_hanzi] - 1]
        follows = np.concatenate([[False], is_hanzi[:-1]])[is_hanzi]  # a hanzi in its line
        pairs = self._hanzi[:-1] * len(vocabulary) + self._hanzi[1:]
        self._pairs, self._times = np.unique(pairs[follows[1:]], return_counts=True)
        self._counts = np.bincount(self._hanzi, minlength=len(vocabulary))

    # ---- words ----

    def pmi(self, first: str, second: str) -> float:
        """ln P(first second) / P(first) P(second); -inf for what comes side by side less than FEWEST times."""
        a, b = self.vocabulary.encode(first + second)
        number = a * len(self.vocabulary) + b
        place = int(self._pairs.searchsorted(number))
        is_there = place < len(self._pairs) and self._pairs[place] == number
        if not is_there or self._times[place] < FEWEST:
            return -np.inf
        return float(np.log(self._times[place] * len(self._hanzi) / (self._counts[a] * self._counts[b])))

    def breaks_rhythm(self, line: str) -> bool:
        """Whether a word lies across the pause: two hanzi there more tied than any others side by side."""
        pause = PAUSE.get(len(line))
        if pause is None:
            return False
        ties = [self.pmi(a, b) for a, b in pairwise(line)]
        across = ties.pop(pause - 1)
        return across > max(ties)

    # ---- runs ----

    def longest_runs(self, poems: Sequence[str]) -> list[int]:
        """Of each poem, given as hanzi alone, how many in a row stand so in one of these poems, over lines' ends.

        Runs are looked for from length to length, only where one shorter is there, by a sum modulo 2^64.
        """
        lengths = [len(poem) for poem in poems]
        encoded = np.array([number for poem in poems for number in self._encode(poem)], np.int64)
        own = _Runs(encoded, np.repeat(np.cumsum(lengths), lengths))
        theirs = _Runs(self._hanzi, self._ends)
        numbers, longest = np.repeat(np.arange(len(poems)), lengths), np.zeros(len(poems), int)
        for length in range(1, max(lengths, default=0) + 1):
            for runs in (own, theirs):
                runs.lengthen()
            own.keep(np.isin(own.sums, theirs.sums))
            theirs.keep(np.isin(theirs.sums, own.sums))
            longest[numbers[own.starts]] = length
        found: list[int] = longest.tolist()
        return found

    def _encode(self, poem: str) -> list[int]:
        """Numbers of hanzi; one that no training poem has is like none of theirs."""
        unknown, none = self.vocabulary.unknown, len(self.vocabulary)
        return [none if number == unknown else number for number in self.vocabulary.encode(poem)]


class _Runs:
    """Runs of one length: where they start in `hanzi`, and a sum of each; no run goes beyond its poem's end."""

    def __init__(self, hanzi: Array, ends: Array) -> None:
        self.hanzi, self.ends, self.length = hanzi.astype(np.uint64), ends, 0
        self.starts, self.sums = np.arange(len(hanzi)), np.zeros(len(hanzi), np.uint64)

    def lengthen(self) -> None:
        """Take one hanzi more; those that end their poem go."""
        self.keep(self.starts + self.length < self.ends[self.starts])
        self.sums = self.sums * FACTOR + self.hanzi[self.starts + self.length]
        self.length += 1

    def keep(self, chosen: Array) -> None:
        """These alone."""
        self.starts, self.sums = self.starts[chosen], self.sums[chosen]
