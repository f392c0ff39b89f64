"""The language of messages, by POSIX's rules of locales, and the messages in it.

English is what stands in the code. The catalogues of Chinese lie in poetgen/locale; tools/build_messages.py
collects what they have to hold, and compiles them. None is read before a message is wanted in Chinese.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gettext import NullTranslations

CHINESE = {"zh", "cmn", "yue"}  # the languages of locales in which Chinese is read
LANGUAGE_VARIABLE = "POETGEN_LANGUAGE"
CATALOGUES = Path(__file__).with_name("locale")
DOMAIN = "poetgen"
SIMPLIFIED_CHINESE, TRADITIONAL_CHINESE = "zh_CN", "zh_TW"  # the catalogues there are
TRADITIONAL_PLACES = {"tw", "hk", "mo", "hant"}
ENGLISH = "en"
_reader: ContextVar[str] = ContextVar("reader", default="")
_is_simplified: ContextVar[bool | None] = ContextVar("is_simplified", default=None)


def locale_of(category: str) -> str:
    """The locale of a category, such as LC_MESSAGES: LC_ALL, else the category's own, else LANG; else ""."""
    names = ("LC_ALL", category, "LANG")
    return next((value for name in names if (value := os.environ.get(name))), "")


def locale_parts(name: str) -> list[str]:
    """zh_Hant_TW.UTF-8@x → zh, hant, tw: language, then script and territory where they are given."""
    return re.split("[_-]", re.split("[.@]", name, maxsplit=1)[0].lower())


def language() -> str | None:
    """The catalogue for a reader, else of POETGEN_LANGUAGE, else of the locale of messages; None for English."""
    name, *where = locale_parts(
        _reader.get() or os.environ.get(LANGUAGE_VARIABLE) or locale_of("LC_MESSAGES")
    )
    if name not in CHINESE:
        return None
    if _is_simplified.get() is not None:
        return SIMPLIFIED_CHINESE if _is_simplified.get() else TRADITIONAL_CHINESE
    return TRADITIONAL_CHINESE if TRADITIONAL_PLACES & {*where} else SIMPLIFIED_CHINESE


@contextmanager
def speaking_to(reader: str) -> Iterator[None]:
    """Messages for somebody who reads a language, such as zh-Hant or en, whatever this process's locale is."""
    token = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(token)


def preferred_language(header: str) -> str:
    """The one of ours that comes first in an Accept-Language header (RFC 9110, 12.5.4); English without any."""
    asked = []
    for place, part in enumerate(header.split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            asked.append((-float(weight or 1), place, tag.strip()))
        except ValueError:
            continue
    ours = (tag for weight, _, tag in sorted(asked) if weight and locale_parts(tag)[0] in {*CHINESE, ENGLISH})
    return next(ours, ENGLISH)


@contextmanager
def in_script(*, is_simplified: bool) -> Iterator[None]:
    """Chinese messages in the script of the poem that they are about."""
    token = _is_simplified.set(is_simplified)
    try:
        yield
    finally:
        _is_simplified.reset(token)


def tr(message: str, /, **values: Any) -> str:
    """A message in the user's language, `values` in the place of its {names}."""
    found = language()
    text = _catalogue(found).gettext(message) if found else message
    return text.format(**values) if values else text


def join_names(names: Iterable[str]) -> str:
    """Names one after the other, as the user's language lists them: 五絕, 七絕 or 五绝、七绝."""
    return ("、" if language() else ", ").join(names)


@contextmanager
def speak() -> Iterator[None]:
    """Have what click says in the user's language too, which it looks up as gettext's programs do."""
    found = language()
    if not found:
        yield
        return
    import gettext

    before, domain = os.environ.get("LANGUAGE"), gettext.textdomain()
    gettext.bindtextdomain(DOMAIN, str(CATALOGUES))
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = found
    try:
        yield
    finally:
        gettext.textdomain(domain)
        if before is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = before


@cache
def _catalogue(name: str) -> "NullTranslations":
    from gettext import translation

    return translation(DOMAIN, CATALOGUES, [name])
