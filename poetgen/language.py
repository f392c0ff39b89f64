"""The user's locale, by POSIX's rules."""

import os
import re

CHINESE = {"zh", "cmn", "yue"}  # the languages of locales in which Chinese is read


def locale_of(category: str) -> str:
    """The locale of a category, such as LC_MESSAGES: LC_ALL, else the category's own, else LANG; else ""."""
    names = ("LC_ALL", category, "LANG")
    return next((value for name in names if (value := os.environ.get(name))), "")


def locale_parts(name: str) -> list[str]:
    """zh_Hant_TW.UTF-8@x → zh, hant, tw: language, then script and territory where they are given."""
    return re.split("[_-]", re.split("[.@]", name, maxsplit=1)[0].lower())
