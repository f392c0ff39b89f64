"""The two scripts of hanzi: typed text → the corpus' own characters, and back for print.

The corpus is traditional, in its own choice among variants (爲 not 為, 却 not 卻, 劒 beside 劍). What a typed
character may stand for is read off the vocabulary itself: every known character is folded to its simplified
form, and the fold turned round. OpenCC is imported only here, and only when a text has to be converted.
"""

import os
import unicodedata
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import ConfigError

if TYPE_CHECKING:
    from opencc import OpenCC

SCRIPTS = TRADITIONAL, SIMPLIFIED = "traditional", "simplified"
SCRIPT_VARIABLE = "POETGEN_SCRIPT"
INSTALL_OPENCC = "OpenCC is not installed; run: pip install 'opencc>=1.4,<2'"

# A form this many times rarer than its rival is a stray of the corpus (烟 床 为) or another print's glyph (為 裡).
STRAY = 20
# Among characters that both scripts use, the rival must be this much commoner to be what a lone one means.
CLEARLY = 2

# Old forms that OpenCC's t2s leaves alone, by how often the corpus has them: what a simplified edition prints.
_OLD_FORMS = str.maketrans(
    "疎劒鴈猨慙簷鬬徧媿嬾蘂堦臯皐珮廻覩飜煖秪髪暎桮歛檝呌竝遰顇隣牋荅燄羇巵珪逈鏁罇鵶"
    "緜僊隄缾壻毬棃栢麤帬筯醆牕窓窻鸎趂牓碁藂邨蹔彊懽粧椀盌汚蔕峩欵穉虵諠飡犂袴怱悤畧"
    "鼈輙胷搆廐蕚塲厓筭賸臙濬襃勅恡椶羗頴鉏碪匳旛嵓嵒嗁頳衞効徴",
    "疏剑雁猿惭檐斗遍愧懒蕊阶皋皋佩回睹翻暖只发映杯敛楫叫并递悴邻笺答焰羁卮圭迥锁樽鸦"
    "绵仙堤瓶婿球梨柏粗裙箸盏窗窗窗莺趁榜棋丛村暂强欢妆碗碗污蒂峨款稚蛇喧餐犁裤匆匆略"
    "鳖辄胸构厩萼场崖算剩胭浚褒敕吝棕羌颖锄砧奁幡岩岩啼赪卫效征",
)
# Glyphs that fonts and keyboards elsewhere give for a corpus character, which no OpenCC table joins.
_GLYPHS = dict(zip("眞淸靑卽旣尙鄕敎緖吿〇", "真清青即既尚鄉教緒告零", strict=True))
_DIGITS = dict(zip("0123456789", "零一二三四五六七八九", strict=True))


def normalize(text: str) -> str:
    """Unicode's compatibility forms made one (NFKC: ⽉ → 月); blanks and invisible characters dropped."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(char for char in plain if not char.isspace() and not _is_invisible(char))


def _is_invisible(char: str) -> bool:
    is_selector = 0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF
    return is_selector or unicodedata.category(char) in ("Cc", "Cf")


def preferred_script() -> str:
    """The script that answers a prompt alike in both: POETGEN_SCRIPT, else traditional. Raises ConfigError."""
    script = os.environ.get(SCRIPT_VARIABLE) or TRADITIONAL
    if script not in SCRIPTS:
        raise ConfigError(f"{SCRIPT_VARIABLE} is {script!r}; set it to {TRADITIONAL} or {SIMPLIFIED}")
    return script


@lru_cache
def _converter(name: str) -> "OpenCC | None":
    try:
        from opencc import OpenCC
    except ImportError:  # a machine set up for training only: traditional prompts can still be read
        return None
    return OpenCC(name)


def can_convert() -> bool:
    """Whether OpenCC is installed."""
    return _converter("t2s") is not None


def convert(text: str, name: str) -> str:
    """Convert by one of OpenCC's tables that keep the length, such as t2s; without OpenCC nothing changes."""
    converter = _converter(name)
    if converter is None:
        return text
    converted: str = converter.convert(text)
    return converted if len(converted) == len(text) else "".join(converter.convert(char) for char in text)


def to_simplified(text: str) -> str:
    """Corpus characters as a simplified edition prints them; one character stays one character."""
    return convert(text, "t2s").translate(_OLD_FORMS)


class Readings:
    """What typed characters may stand for among the characters of a vocabulary.

    On 500 held-out lines written in simplified characters the commonest candidate is right for 98.3 % of the
    characters; a model's choice among the candidates (poetgen.writing.prompt) for 98.8 % and more.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._count = vocabulary.count

    @cached_property
    def _folds(self) -> dict[str, list[str]]:
        """Simplified form → the known characters it prints, commonest first."""
        known = sorted(self._vocabulary.tokens[self._vocabulary.first_hanzi :], key=self._count, reverse=True)
        folds: dict[str, list[str]] = {}
        # One a line, so that no phrase rule of OpenCC reaches from one character into the next.
        for char, fold in zip(known, to_simplified("\n".join(known)).split("\n"), strict=True):
            folds.setdefault(fold, []).append(char)
        return folds

    def candidates(self, char: str) -> list[str]:
        """The known characters that `char` may stand for, commonest first; empty: the model cannot know it."""
        if to_simplified(char) == char and char in self._folds:
            return self._folds[char]
        variant = self._variant(char)
        if variant is not None:
            return [variant]
        return [char] if char in self._vocabulary else []

    def lone(self, char: str) -> str | None:
        """The one known character that `char` stands for when nothing beside it tells: the commonest candidate.

        A character that both scripts use stays itself unless the other is clearly commoner, or simplified
        spelling writes the other so (后 → 後, but 玩 stays, though the corpus prefers 翫).
        """
        candidates = self.candidates(char)
        if not candidates or char == candidates[0]:
            return char if candidates else None
        best = candidates[0]
        if char not in candidates or self._count(best) >= CLEARLY * self._count(char):
            return best
        return best if convert(char, "s2t") != char else char

    def is_only_simplified(self, char: str) -> bool:
        """Whether nobody writing traditional characters as the corpus does would have typed this one."""
        candidates = self.candidates(char)
        if to_simplified(char) != char or char not in self._folds or candidates[0] == char:
            return False
        return self._count(candidates[0]) >= STRAY * self._count(char) or char not in candidates

    def nearest(self, char: str) -> str | None:
        """A known character close to one that is not: a looser kinship, to be proposed and never assumed."""
        near = [_DIGITS.get(char, char), *self._folds.get(to_simplified(char), [])]
        return next((form for form in near if form in self._vocabulary), None)

    def _variant(self, char: str) -> str | None:
        """The corpus' form of a glyph used in Taiwan, Hong Kong or Japan, where its own is absent or a stray."""
        own = self._count(char)
        forms = {convert(char, name) for name in ("tw2t", "hk2t", "jp2t")} | {_GLYPHS.get(char, char)}
        best = max(sorted(forms - {char}), key=self._count, default=None)
        if best is None or best not in self._vocabulary:
            return None
        return best if char not in self._vocabulary or self._count(best) >= STRAY * own else None
