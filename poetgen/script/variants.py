"""What a typed character may stand for among those of a corpus.

Each edition (simplified, Taiwan, Hong Kong, Japan, or the corpus' own) prints a character in its way. Turned
round, and kept to the characters that are known, this says what may be meant; poetgen.script.convert chooses.
"""

import math
from collections.abc import Mapping
from functools import cached_property

from poetgen.corpus.vocabulary import Vocabulary
from poetgen.poem.poem import is_hanzi, word_of
from poetgen.script.opencc import (
    HONGKONG,
    SIMPLIFIED,
    TABLES,
    TAIWAN,
    WORDS_KEPT,
    convert,
    is_simplified,
    spellings,
    to_script,
    to_simplified,
)

OWN = "corpus"  # the edition that is the corpus itself
# Nats that a reading costs beside a plain one; all chosen on the validation poems.
OLD_FORM = 3.0  # an old form: 猿 is written so in both scripts, and may be 猨 all the same
KEPT = 5.0  # a character left as typed that the edition would print otherwise; an old form in Taiwan's print
FOREIGN = 8.0  # a character of another edition
SEEN = 0.05  # times that a character counts as seen which never was

# A form this many times rarer than its rival is a stray of the corpus (烟 床 为) or another print's glyph (為 裡).
STRAY = 20
# Among characters that both scripts use, the rival must be this much commoner to be what a lone one means.
CLEARLY = 2
# Fewer traditional characters than this share of its text, and a corpus is simplified itself.
FEW = 0.02

# Glyphs that fonts and keyboards elsewhere give for a corpus character, which no OpenCC table joins.
_GLYPHS = dict(zip("眞淸靑卽旣尙鄕敎緖吿〇", "真清青即既尚鄉教緒告零", strict=True))
_DIGITS = dict(zip("0123456789", "零一二三四五六七八九", strict=True))


class VariantTable:
    """The readings of typed characters in a vocabulary, whose counts say which are common."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._count = vocabulary.count
        self._spelled: dict[str, Mapping[str, Mapping[str, float]]] = {}

    def __contains__(self, char: object) -> bool:
        return char in self._vocabulary

    def candidates(self, char: str) -> list[str]:
        """The known characters that `char` may stand for, commonest first; empty: the model cannot know it."""
        simple = self._candidates_in(char, SIMPLIFIED)
        if simple and is_simplified(char):
            return sorted(simple, key=lambda form: (-self._count(form), form))
        variant = self._variant(char)
        if variant is not None:
            return [variant]
        return [char] if char in self._vocabulary else []

    def costs(self, char: str, edition: str) -> Mapping[str, float]:
        """What `char` may stand for in an edition (OWN, or one of TABLES), each with its cost; else itself."""
        if not is_hanzi(char):
            return {char: 0.0}
        costs = dict(self._candidates_in(char, edition))
        if char in self._vocabulary:
            costs.setdefault(char, 0.0 if edition == OWN else KEPT)
        if not costs:
            costs = {form: FOREIGN for form in sorted(self._elsewhere(char))}
        return costs or {char: 0.0}

    def log_share(self, char: str) -> float:
        """log p(char), without regard to its neighbours."""
        return math.log((self._count(char) + SEEN) / self._total)

    def lone(self, char: str, *, script: str | None = None) -> str | None:
        """The one known character that `char` stands for when nothing beside it tells: the commonest candidate.

        A character that both scripts use stays itself unless the other is clearly commoner, or simplified
        spelling writes the other so (后 → 後, but 玩 stays, though the corpus prefers 翫). In a traditional
        script it stays.
        """
        if script not in (None, SIMPLIFIED) and char in self:
            return self._variant(char) or char
        candidates = self.candidates(char)
        if not candidates or char == candidates[0]:
            return char if candidates else None
        best = candidates[0]
        if char not in candidates or self._count(best) >= CLEARLY * self._count(char):
            return best
        return best if convert(char, "s2t") != char else char

    def is_only_simplified(self, char: str) -> bool:
        """Whether nobody writing traditional characters as the corpus does would have typed this one."""
        simple = self._candidates_in(char, SIMPLIFIED)
        if not simple or not is_simplified(char):
            return False
        best = max(simple, key=self._count)
        is_stray = self._count(best) >= STRAY * self._count(char)
        return best != char and (is_stray or char not in simple)

    def is_plain(self, typed: str, read: str) -> bool:
        """Whether `read` is no more than the spelling of `typed` in the corpus' script."""
        if self.is_only_simplified(typed) or (self.is_simplified and to_simplified(typed) == read):
            return True
        return is_same_word(typed, read)

    def is_simplification(self, typed: str, read: str) -> bool:
        """Whether `typed`, read as `read`, is written so in simplified print alone."""
        if typed == read:
            return typed not in self and is_simplified(typed) and typed != convert(typed, "s2t")
        return to_simplified(read) == typed and not is_same_word(typed, read)

    def nearest(self, char: str) -> str | None:
        """A known character close to one that is not: a looser kinship, to be proposed and never assumed."""
        near = {_DIGITS.get(char, char)}
        if is_hanzi(char):
            near.update(self._candidates_in(to_simplified(char), SIMPLIFIED))
        return max(sorted(near & set(self._vocabulary.tokens)), key=self._count, default=None)

    def _variant(self, char: str) -> str | None:
        """The corpus' form of a glyph used in Taiwan, Hong Kong or Japan, where its own is absent or a stray."""
        best = max(sorted(self._elsewhere(char) - {char}), key=self._count, default=None)
        if best is None:
            return None
        is_stray = self._count(best) >= STRAY * self._count(char)
        return best if char not in self._vocabulary or is_stray else None

    def _elsewhere(self, char: str) -> set[str]:
        """What other editions print so, and what simplified corpora have instead."""
        editions = [edition for edition in TABLES if edition != SIMPLIFIED or char not in self]
        forms = {form for edition in editions for form in self._candidates_in(char, edition)}
        forms.add(_GLYPHS.get(char, char))
        if self.is_simplified:
            forms.add(to_simplified(char))
        return {form for form in forms if form in self._vocabulary}

    def _candidates_in(self, char: str, edition: str) -> Mapping[str, float]:
        """The known characters that an edition prints as `char`, with their costs; of its own, no corpus tells."""
        if edition == OWN:
            return {}
        if edition not in self._spelled:
            self._spelled[edition] = self._spell(edition)
        return self._spelled[edition].get(char, {})

    def _spell(self, edition: str) -> Mapping[str, Mapping[str, float]]:
        spelled: dict[str, dict[str, float]] = {}
        plain = convert("\n".join(self._known), TABLES[edition]).split("\n")
        for char, form in zip(self._known, plain, strict=True):
            spelled.setdefault(form, {})[char] = 0.0
        for char in WORDS_KEPT if edition == SIMPLIFIED else ():
            if char in self:
                spelled.setdefault(char, {})[char] = 0.0
        forms = self._simplified if edition == SIMPLIFIED else spellings(self._known, edition)
        for char, form in zip(self._known, forms, strict=True):
            spelled.setdefault(form, {}).setdefault(char, OLD_FORM if edition == SIMPLIFIED else KEPT)
        return spelled

    @property
    def _known(self) -> tuple[str, ...]:
        return self._vocabulary.tokens[self._vocabulary.first_hanzi :]

    @cached_property
    def _total(self) -> int:
        return max(1, sum(map(self._count, self._known)))

    @cached_property
    def _simplified(self) -> list[str]:
        """How simplified print has each of the known characters."""
        return spellings(self._known, SIMPLIFIED)

    @cached_property
    def is_simplified(self) -> bool:
        """Whether the corpus itself is in simplified characters, which no typed character need be turned from."""
        pairs = zip(self._known, self._simplified, strict=True)
        return sum(self._count(char) for char, form in pairs if char != form) < FEW * self._total


def is_same_word(typed: str, read: str) -> bool:
    """Whether two characters are one word in two spellings, such as those of Taiwan and Hong Kong (床 for 牀)."""
    if word_of(typed) == word_of(read):
        return True
    return typed in (to_script(read, TAIWAN), to_script(read, HONGKONG))
