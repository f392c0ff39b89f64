"""The scripts of hanzi: how each prints a character, and the plainest form of what was typed.

The corpus is traditional, in its own choice among variants (爲 not 為, 却 not 卻, 劒 beside 劍); convert.py reads
typed text as the corpus' own characters. OpenCC is imported only here, and only when a text has to be converted.
"""

import os
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from poetgen.errors import ConfigError, PromptError
from poetgen.language import CHINESE, locale_of, locale_parts, tr
from poetgen.poem.poem import is_hanzi
from poetgen.script.old_forms import FOREIGN_FORMS, KEPT_IN_TAIWAN, OLD_FORMS, WORDS_KEPT

if TYPE_CHECKING:
    from opencc import OpenCC

SCRIPTS = TRADITIONAL, SIMPLIFIED, TAIWAN, HONGKONG = "traditional", "simplified", "taiwan", "hongkong"
SCRIPT_VARIABLE = "POETGEN_SCRIPT"
INSTALL_OPENCC = "OpenCC is not installed; run: pip install 'opencc>=1.4,<2'"

# How others print the corpus' characters: each edition, and OpenCC's table that leads from the corpus to it.
TABLES = {SIMPLIFIED: "t2s", TAIWAN: "t2tw", HONGKONG: "t2hk", "Japan": "t2jp"}
# The locales in which people read each of them.
_TERRITORIES = {"tw": TAIWAN, "hk": HONGKONG, "mo": HONGKONG, "hant": TRADITIONAL}


def as_utf8(typed: str, name: str) -> str:
    """What was typed; a terminal without UTF-8 hands bytes over as lone surrogates. Raises PromptError."""
    try:
        return typed.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError as error:
        raise PromptError(
            tr("{name} is not valid UTF-8; set the terminal to UTF-8 and type it again", name=tr(name))
        ) from error


def normalize(text: str) -> str:
    """Unicode's compatibility forms made one (NFKC: ⽉ → 月); blanks and invisible characters dropped."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(char for char in plain if not char.isspace() and not _is_invisible(char))


def plain_forms(text: str) -> str:
    """Compatibility forms of single hanzi made one (⽉ → 月), everything else untouched: the length is kept."""
    if unicodedata.is_normalized("NFKC", text):
        return text
    plain = (unicodedata.normalize("NFKC", char) for char in text)
    return "".join(
        form if len(form) == 1 and is_hanzi(form) else char for char, form in zip(text, plain, strict=True)
    )


def _is_invisible(char: str) -> bool:
    is_selector = 0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF
    return is_selector or unicodedata.category(char) in ("Cc", "Cf")


def preferred_script() -> str:
    """The script that answers a prompt alike in all: POETGEN_SCRIPT, else that of the user's locale, else
    traditional. Raises ConfigError."""
    script = os.environ.get(SCRIPT_VARIABLE)
    if script and script not in SCRIPTS:
        raise ConfigError(
            tr(
                "{script_variable} is {script!r}; set it to {scripts} or {scripts2}",
                script_variable=SCRIPT_VARIABLE,
                script=script[:60],
                scripts=", ".join(SCRIPTS[:-1]),
                scripts2=SCRIPTS[-1],
            )
        )
    return script or script_of_locale() or TRADITIONAL


def preferred_traditional() -> str:
    """The script that answers what is traditional: that of Taiwan or Hong Kong where it is preferred."""
    script = preferred_script()
    return TRADITIONAL if script == SIMPLIFIED else script


def script_of_locale() -> str | None:
    """The script of a Chinese locale, be it that of messages or that of characters; None for any other."""
    for category in ("LC_MESSAGES", "LC_CTYPE"):
        language, *where = locale_parts(locale_of(category))
        if language in CHINESE:
            found = [_TERRITORIES[part] for part in where if part in _TERRITORIES]
            return next(
                (script for script in found if script != TRADITIONAL), found[0] if found else SIMPLIFIED
            )
    return None


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
    """Corpus characters as a simplified edition prints them; one character stays one character.

    What simplified print writes in two ways (著 or 着, 乾 or 干) is decided by OpenCC's words, then by ours.
    """
    modern = text.translate(OLD_FORMS)
    printed = convert(modern, "t2s")
    split = [place for place, char in enumerate(modern) if char in WORDS_KEPT]
    if not split:
        return printed
    chosen = list(printed)
    for place in split:
        char = modern[place]
        if printed[place] == convert(char, "t2s"):  # no word of OpenCC's
            chosen[place] = char if _stands_in_word(modern, place) else WORDS_KEPT[char][0]
    return "".join(chosen)


def _stands_in_word(text: str, place: int) -> bool:
    """Whether the character here is part of one of the words in which it is kept."""
    return any(
        text.startswith(word, place - word.index(text[place]))
        for word in WORDS_KEPT[text[place]][1].split()
        if place >= word.index(text[place])
    )


def is_simplified(char: str) -> bool:
    """Whether simplified print has a character as it is, at least in some words."""
    return char in WORDS_KEPT or to_simplified(char) == char


def to_script(text: str, script: str) -> str:
    """Corpus characters as one of SCRIPTS prints them, or an edition of TABLES; the length is kept."""
    if script == SIMPLIFIED:
        return to_simplified(text)
    if script in (TAIWAN, HONGKONG):
        modern = "".join(char if char in KEPT_IN_TAIWAN else char.translate(OLD_FORMS) for char in text)
        return convert(modern.translate(FOREIGN_FORMS), TABLES[script])
    return convert(text, TABLES[script]) if script in TABLES else text


def spellings(characters: Iterable[str], edition: str) -> list[str]:
    """How an edition (of TABLES) prints each character by itself."""
    # One a line, so that no phrase rule of OpenCC reaches from one character into the next.
    return to_script("\n".join(characters), edition).split("\n")


def other_forms(tokens: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """How other editions print tokens in the corpus' characters, simplified first: 風 → 风; 爲 → 为, 為."""
    printed = zip(*(spellings(tokens, edition) for edition in TABLES), strict=True)
    return {
        token: tuple(form for form in dict.fromkeys(forms) if form != token)
        for token, forms in zip(tokens, printed, strict=True)
    }
