"""Corpus lines → the lines of a poem in its script: what was typed as typed, and one spelling for one word."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from poetgen.poem.poem import word_of
from poetgen.script.opencc import SIMPLIFIED, TRADITIONAL, is_simplified, to_script


def print_lines(
    lines: Sequence[str], script: str, *, typed: Mapping[int, str] | None = None
) -> tuple[str, ...]:
    """Lines in corpus characters as one of SCRIPTS prints them, of the same lengths.

    `typed[k]`, the k-th hanzi as it was typed, stays so where the script may print it, and the same word elsewhere
    in the poem is spelled so too: 爲 beside a typed 為 is 為. Of two spellings in which the corpus writes one word
    (迴 and 回) a poem has the one that is in it more often.
    """
    printed = list(to_script("\n".join(lines), script).replace("\n", ""))
    kept = {k: char for k, char in (typed or {}).items() if _may_print(char, script)}
    for place, char in kept.items():
        printed[place] = char
    if script != SIMPLIFIED:  # which has one spelling for each, and 着 beside 著 for two words
        printed = _spell_alike(printed, kept)
    ends = [sum(map(len, lines[:k])) for k in range(len(lines) + 1)]
    return tuple("".join(printed[first:last]) for first, last in pairwise(ends))


def _may_print(char: str, script: str) -> bool:
    """Whether a script prints a character as it is, if not by the phrase rules of OpenCC."""
    if script == SIMPLIFIED:
        return is_simplified(char)
    return script == TRADITIONAL or to_script(char, script) == char


def _spell_alike(printed: Sequence[str], kept: Mapping[int, str]) -> list[str]:
    """Characters with one spelling for each word: the first that was typed, else the commonest, else the first."""
    spelling: dict[str, str] = {}
    for char in (
        *(kept[place] for place in sorted(kept)),
        *(char for char, _ in Counter(printed).most_common()),
    ):
        spelling.setdefault(word_of(char), char)
    return [kept.get(place) or spelling[word_of(char)] for place, char in enumerate(printed)]
