"""Which lines a corpus has: a sorted array of 32-bit sums, a few bytes a line, that answers yes or no.

A line that is not there is taken for one that is about once in ten thousand times.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from poetgen.poem.lineation import split_at_marks

if TYPE_CHECKING:
    from poetgen.corpus.dataset import EncodedPoems
    from poetgen.corpus.vocabulary import Vocabulary

Array = npt.NDArray[Any]
SHORTEST = 4  # hanzi: shorter lines come again by chance


class LineIndex:
    """The lines of some poems. `sums` (N,) uint32 are sorted and without doubles."""

    def __init__(self, sums: Array) -> None:
        self.sums = sums

    @classmethod
    def of(cls, bodies: Iterable[str]) -> "LineIndex":
        """The lines of poems given as bodies: hanzi with a mark after every line."""
        sums = {_sum(line) for body in bodies for line in split_at_marks(body) if len(line) >= SHORTEST}
        return cls(np.array(sorted(sums), np.uint32))

    @classmethod
    def build(cls, poems: "EncodedPoems", vocabulary: "Vocabulary") -> "LineIndex":
        """The lines of encoded poems, each closed by <end>."""
        return cls.of(vocabulary.decode(poems[k][:-1].tolist()) for k in range(len(poems)))

    def __len__(self) -> int:
        return len(self.sums)

    def __contains__(self, line: str) -> bool:
        if len(line) < SHORTEST or not len(self.sums):
            return False
        wanted = _sum(line)
        place = int(self.sums.searchsorted(np.uint32(wanted)))
        return place < len(self.sums) and int(self.sums[place]) == wanted


def _sum(line: str) -> int:
    return crc32(line.encode("utf-8"))
