"""Any script in: typed text → the characters of a corpus, by the company they keep.

For each edition that may have printed the text, its readings make a lattice, and the likeliest path through it is
found (Viterbi, 1967) by how often the corpus writes a character and which ones side by side. The edition that
explains the text best is taken to be the one it was typed in. benchmarks/script_round_trip.py measures it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from poetgen.language import tr
from poetgen.poem.poem import is_hanzi, word_of
from poetgen.script.bigrams import EDGE, Bigrams
from poetgen.script.opencc import (
    HONGKONG,
    SIMPLIFIED,
    TAIWAN,
    convert,
    is_simplified,
    plain_forms,
    preferred_script,
    preferred_traditional,
)
from poetgen.script.variants import OWN, VariantTable

# Nats it costs to take a text for one of an edition; chosen on the validation poems.
EDITIONS = {OWN: 0.0, TAIWAN: 1.5, HONGKONG: 1.5, SIMPLIFIED: 2.0, "Japan": 3.0}
# Nats by which OpenCC's dictionary speaks for a reading in a word (日历 for 日曆), and where only that is typed
# (放松 for 放鬆): it is a word of today. Of 9,139 validation lines the first loses seven.
IN_WORD, ALONE = 4.0, 9.0


@dataclass(frozen=True)
class Conversion:
    """`typed` (compatibility forms made one) read as `text`, place for place.

    `script` is the one it was typed in; `changes` are the pairs that differ, each once; `notes` tell those that go
    beyond the plain conversion of what only the other script writes.
    """

    typed: str
    text: str
    script: str
    changes: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def to_corpus(
    text: str, variants: VariantTable | None = None, *, script: str | None = None, goes_on: bool = False
) -> Conversion:
    """Read text in any script as a corpus' own characters; what is no hanzi stays, and so does the length.

    `variants` are those of a model's vocabulary, by default of all characters of 全唐詩. Whatever is no hanzi ends
    a line. `script` says which one the text is in, where that is known; a text alike in both is in the preferred
    one. `goes_on` when the last line may be only begun. Raises ConfigError.
    """
    variants = variants or tang_variants()
    typed = plain_forms(text)
    if sum(map(is_hanzi, typed)) == 1:
        return _each_alone(typed, variants, script)
    read = _best_reading(typed, variants, script, goes_on=goes_on)
    return _conversion(typed, read, variants, script or _script(typed, read, variants))


def acrostic_to_corpus(
    text: str, variants: VariantTable | None = None, *, script: str | None = None
) -> Conversion:
    """The same of characters that do not stand side by side, such as the heads of an acrostic."""
    return _each_alone(plain_forms(text), variants or tang_variants(), script)


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


def _best_reading(typed: str, variants: VariantTable, script: str | None, *, goes_on: bool) -> str:
    """The likeliest reading in the edition that explains the text best."""

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


def _each_alone(typed: str, variants: VariantTable, script: str | None) -> Conversion:
    read = "".join(variants.lone(char, script=script) or char if is_hanzi(char) else char for char in typed)
    return _conversion(typed, read, variants, script or _script(typed, read, variants))


def _conversion(typed: str, read: str, variants: VariantTable, script: str) -> Conversion:
    changes = tuple(dict.fromkeys((a, b) for a, b in zip(typed, read, strict=True) if a != b))
    notes = tuple(tr("{a} read as {b}", a=a, b=b) for a, b in changes if not variants.is_plain(a, b))
    return Conversion(typed, read, script, changes, notes)


def _script(typed: str, read: str, variants: VariantTable) -> str:
    """Simplified where a character is written so in simplified print alone (云 for 雲, not 床 for 牀)."""
    pairs = [pair for pair in zip(typed, read, strict=True) if is_hanzi(pair[0])]
    if any(variants.is_simplification(a, b) for a, b in pairs):
        return SIMPLIFIED
    return preferred_script() if all(is_simplified(a) for a, _ in pairs) else preferred_traditional()
