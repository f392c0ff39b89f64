"""How often the poems use a character, and which one beside which: what tells 後 from 后 in typed text.

bigrams.npz beside this file holds the counts of the training poems and says in `about` how they were made
(tools/build_bigrams.py). Only those pairs are kept in which a character shares its spelling with another
in some edition: beside the others every reading is the same.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.corpus.vocabulary import SPECIALS, Vocabulary
from poetgen.files import written_whole
from poetgen.poem.poem import MARKS
from poetgen.script.opencc import TABLES, spellings

EDGE = "\n"  # stands for the beginning and the end of a line
# What every seen pair lends to the unseen (absolute discounting); chosen on the validation poems.
DISCOUNT = 0.9
_DATA = Path(__file__).with_name("bigrams.npz")

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Bigrams:
    """Counts of C characters, EDGE first, the rest by falling count, and of P pairs.

    `counts` (C,), `followers` (C,): how many different characters come next. The pairs that begin with character
    k are `starts[k]` to `starts[k + 1]` of `seconds` (P,), the numbers of what follows, rising, and `times` (P,).
    """

    characters: str
    counts: Array
    followers: Array
    starts: Array
    seconds: Array
    times: Array
    about: str = ""

    @classmethod
    def of(cls, lines: Iterable[str], about: str = "") -> "Bigrams":
        """Count whole lines of hanzi, without marks."""
        seen, pairs = Counter[str](), Counter[tuple[str, str]]()
        for line in lines:
            seen.update(line + EDGE)
            pairs.update(zip(EDGE + line, line + EDGE, strict=True))
        edges = seen.pop(EDGE, 0)
        hanzi = sorted(seen, key=lambda char: (-seen[char], char))
        kept = ambiguous(hanzi)
        number = {char: k for k, char in enumerate((EDGE, *hanzi))}
        rows = np.array(
            sorted((number[a], number[b], n) for (a, b), n in pairs.items() if a in kept or b in kept),
            np.int64,
        ).reshape(-1, 3)
        followers = Counter(number[before] for before, _ in pairs)
        return cls(
            EDGE + "".join(hanzi),
            np.array([edges, *(seen[char] for char in hanzi)], np.uint32),
            np.array([followers[k] for k in range(len(number))], np.uint16),
            np.searchsorted(rows[:, 0], np.arange(len(number) + 1)).astype(np.uint32),
            rows[:, 1].astype(np.uint16),
            rows[:, 2].astype(np.uint16),
            about,
        )

    @classmethod
    @cache
    def load(cls, path: Path = _DATA) -> "Bigrams":
        """The counts in a file, by default those of the training poems of 全唐詩 that come with poetgen."""
        with np.load(path, allow_pickle=False) as arrays:
            counts, followers, starts, seconds, times = (
                arrays[name] for name in ("counts", "followers", "starts", "seconds", "times")
            )
            texts = str(arrays["characters"]), str(arrays["about"])
        return cls(texts[0], counts, followers, starts, seconds, times, texts[1])

    def save(self, path: Path) -> None:
        """Write the file whole or not at all; the same counts give the same bytes."""
        with written_whole(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **{each.name: getattr(self, each.name) for each in fields(self)})

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """All the characters with their counts."""
        marks: Sequence[int] = [0] * len(SPECIALS + tuple(MARKS))
        return Vocabulary((*SPECIALS, *MARKS, *self.characters[1:]), [*marks, *self.counts[1:]], 1)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {char: number for number, char in enumerate(self.characters)}

    @cached_property
    def _total(self) -> int:
        return int(self.counts.sum())

    def pmi(self, before: str, after: str) -> float:
        """log p(after | before) / p(after), of characters or EDGE: 0 where one of them was never seen."""
        first, second = self._numbers.get(before), self._numbers.get(after)
        if first is None or second is None:
            return 0.0
        seen, lent = float(self.counts[first]), DISCOUNT * float(self.followers[first])
        share = float(self.counts[second]) / self._total
        return math.log((max(self._times(first, second) - DISCOUNT, 0.0) / share + lent) / seen)

    def _times(self, first: int, second: int) -> int:
        start, stop = self.starts[first : first + 2]
        place = start + np.searchsorted(self.seconds[start:stop], second)
        return int(self.times[place]) if place < stop and self.seconds[place] == second else 0


def ambiguous(characters: Sequence[str]) -> set[str]:
    """Those that some edition prints like another of them."""
    found: set[str] = set()
    for edition in TABLES:
        alike: dict[str, list[str]] = {}
        for char, spelling in zip(characters, spellings(characters, edition), strict=True):
            alike.setdefault(spelling, []).append(char)
        found.update(*(chars for chars in alike.values() if len(chars) > 1))
    return found
