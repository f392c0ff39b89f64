"""Any script in, any script out: typed text → the characters of a corpus, and a corpus' lines → those of a poem.

benchmarks/script_round_trip.py measures it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from poetgen.language import tr
from poetgen.poem.poem import is_hanzi, word_of
from poetgen.script.opencc import (
    HONGKONG,
    SIMPLIFIED,
    TRADITIONAL,
    convert,
    is_simplified,
    plain_forms,
    preferred_script,
    preferred_traditional,
    to_script,
)
from poetgen.script.variants import VariantTable


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

    @property
    def typed_lines(self) -> list[str]:
        """What was typed, by lines."""
        return self.typed.split("\n")

    @property
    def lines(self) -> list[str]:
        """What it was read as, by lines."""
        return self.text.split("\n")


def to_corpus(
    text: str, variants: VariantTable | None = None, *, script: str | None = None, goes_on: bool = False
) -> Conversion:
    """Read text in any script as a corpus' own characters; what is no hanzi stays, and so does the length.

    `variants` are those of a model's vocabulary, by default of all characters of 全唐詩. Whatever is no hanzi ends
    a line. `script` says which one the text is in, where that is known; a text alike in both is in the preferred
    one. `goes_on` when the last line may be only begun. Raises ConfigError.
    """
    variants = variants or _tang_variants()
    typed = plain_forms(text)
    if sum(map(is_hanzi, typed)) == 1:
        return _each_alone(typed, variants, script)
    from poetgen.script.bigrams import likeliest_reading  # one character has none beside it

    read = likeliest_reading(typed, variants, script, goes_on=goes_on)
    return _conversion(typed, read, variants, script)


def lines_to_corpus(lines: Iterable[str], variants: VariantTable | None = None) -> Conversion:
    """The same of the lines of a poem."""
    return to_corpus("\n".join(lines), variants)


def acrostic_to_corpus(
    text: str, variants: VariantTable | None = None, *, script: str | None = None
) -> Conversion:
    """The same of characters that do not stand side by side, such as the heads of an acrostic."""
    return _each_alone(plain_forms(text), variants or _tang_variants(), script)


def _tang_variants() -> VariantTable:
    from poetgen.script.bigrams import tang_variants  # a model has variants of its own

    return tang_variants()


def _each_alone(typed: str, variants: VariantTable, script: str | None) -> Conversion:
    read = "".join(variants.lone(char, script=script) or char if is_hanzi(char) else char for char in typed)
    return _conversion(typed, read, variants, script)


def script_of(texts: Iterable[str], variants: VariantTable) -> str:
    """The script of the first text that tells one; the preferred one where all are alike in both."""
    readings = (to_corpus(text, variants) for text in texts)
    told = (_script_told(read.typed, read.text, variants) for read in readings)
    return next(filter(None, told), preferred_script())


def _conversion(typed: str, read: str, variants: VariantTable, script: str | None) -> Conversion:
    script = script or _script_told(typed, read, variants) or preferred_script()
    changes = tuple(dict.fromkeys((a, b) for a, b in zip(typed, read, strict=True) if a != b))
    strange = [(a, b) for a, b in changes if _is_at_home_elsewhere(a) and not variants.is_plain(a, b)]
    notes = tuple(tr("{a} read as {b}", a=a, b=b) for a, b in strange)
    return Conversion(typed, read, script, changes, notes)


def _script_told(typed: str, read: str, variants: VariantTable) -> str | None:
    """Simplified where a character is written so in simplified print alone (云 for 雲, not 床 for 牀).

    None for what both scripts write alike.
    """
    pairs = [pair for pair in zip(typed, read, strict=True) if is_hanzi(pair[0])]
    if any(variants.is_simplification(a, b) for a, b in pairs):
        return SIMPLIFIED
    if not all(is_simplified(a) for a, _ in pairs):
        return preferred_traditional()
    return SIMPLIFIED if any(_is_stray(a, variants) for a, _ in pairs) else None


def _is_stray(char: str, variants: VariantTable) -> bool:
    """Whether who types this types simplified characters, though a corpus has it here and there.

    That of 全宋詩 writes 黄 吴 静 争 beside 黃 吳 靜 爭; that of 全唐詩, which tells here, hardly ever.
    """
    if variants.is_simplified or _is_at_home_elsewhere(char):
        return False
    return _tang_variants().is_only_simplified(char)


def _is_at_home_elsewhere(char: str) -> bool:
    """Whether Taiwan or Hong Kong have a character too (床 群 岩, 卧), be it for another word (云 后)."""
    if _is_in_big5(char):
        return True
    other = convert(char, "s2t")
    return char in (other, to_script(other, HONGKONG))


def _is_in_big5(char: str) -> bool:
    try:
        return bool(char.encode("big5"))
    except UnicodeEncodeError:
        return False


# ---- out: what was typed as typed, and one spelling for one word ----


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


def keeps_spelling(typed_in: str, script: str) -> bool:
    """Whether a poem in `script` has what was typed in another as it was typed: all but simplified print."""
    return typed_in != SIMPLIFIED or script == SIMPLIFIED


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
