"""How often the poems use a character, and which one beside which: what tells 後 from 后 in typed text.

For each edition that may have printed a text, its readings make a lattice, and the likeliest path through it is
found (Viterbi, 1967) by how often the corpus writes a character and which ones side by side. The edition that
explains the text best is taken to be the one it was typed in.

bigrams.npz beside this file holds the counts of the training poems and says in `about` how they were made
(tools/build_bigrams.py). Only those pairs are kept in which a character shares its spelling with another
in some edition: beside the others every reading is the same.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.corpus.vocabulary import SPECIALS, Vocabulary
from poetgen.files import write_whole
from poetgen.poem.poem import MARKS, is_hanzi, word_of
from poetgen.script.opencc import HONGKONG, SIMPLIFIED, TABLES, TAIWAN, convert, spellings
from poetgen.script.variants import OWN, VariantTable

# Nats it costs to take a text for one of an edition; chosen on the validation poems.
EDITIONS = {OWN: 0.0, TAIWAN: 1.5, HONGKONG: 1.5, SIMPLIFIED: 2.0, "Japan": 3.0}
# Nats by which OpenCC's dictionary speaks for a reading in a word (日历 for 日曆), and where only that is typed
# (放松 for 放鬆): it is a word of today. Of 9,139 validation lines the first loses seven.
IN_WORD, ALONE = 4.0, 9.0
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
        with write_whole(path) as temporary, temporary.open("wb") as file:
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


# ---- the likeliest reading of a text ----


@cache
def tang_variants() -> VariantTable:
    """The readings among all characters of the training poems of 全唐詩."""
    return VariantTable(Bigrams.load().vocabulary)


def most_likely_text(
    places: Iterable[Mapping[str, float]], score: Callable[[str, str], float], *, goes_on: bool = False
) -> tuple[str, float]:
    """The text with the highest sum of `score(before, after)` less the costs of its characters, and that sum.

    `places` give what may stand at each place with its cost. Before and after a line stands EDGE, and as such
    `score` sees everything that is not a hanzi; after the last line, nothing stands when the text `goes_on`.
    """
    paths = {EDGE: (0.0, "")}
    for place in places:
        longer = {}
        for char, cost in place.items():
            after = char if is_hanzi(char) else EDGE
            best, text = max((total + score(before, after), text) for before, (total, text) in paths.items())
            longer[after] = (best - cost, text + char)
        paths = longer
    if not goes_on:
        paths = {EDGE: max((total + score(last, EDGE), text) for last, (total, text) in paths.items())}
    total, text = max(paths.values())
    return text, total


def likeliest_reading(typed: str, variants: VariantTable, script: str | None, *, goes_on: bool) -> str:
    """The likeliest reading in the edition that explains the text best; see to_corpus in convert.py."""

    def score(before: str, after: str) -> float:
        return _pmi(before, after) + (variants.log_share(after) if after != EDGE else 0.0)

    best, found = float("-inf"), typed
    for edition, price in EDITIONS.items():
        if script is not None and (script == SIMPLIFIED) != (edition == SIMPLIFIED):
            continue
        alone = [variants.costs(char, edition) for char in typed]
        places = _prefer_words(typed, alone) if edition == SIMPLIFIED else alone
        text, total = most_likely_text(places, score, goes_on=goes_on)
        if total - price > best:  # of equals the first, which changes least
            best, found = total - price, text
    return found


def _prefer_words(typed: str, places: Sequence[Mapping[str, float]]) -> Sequence[Mapping[str, float]]:
    """The costs of simplified characters, less for what OpenCC reads otherwise in a word than by itself."""
    if len(typed) < 2 or not any(len(costs) > 1 for costs in places):
        return places  # the dictionary takes a while to read
    bonus = ALONE if len(typed) == 2 else IN_WORD
    words, alone = convert(typed, "s2t"), convert("\n".join(typed.replace("\n", " ")), "s2t").split("\n")
    return [
        {form: cost - bonus * (word_of(form) == word_of(word)) for form, cost in costs.items()}
        if word != each
        else costs
        for costs, word, each in zip(places, words, alone, strict=True)
    ]


@lru_cache(1 << 16)
def _pmi(before: str, after: str) -> float:
    return Bigrams.load().pmi(before, after)
