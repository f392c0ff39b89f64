"""Texts as web pages and notes have them: the rows that HTML, XML, Markdown and wikis show, without signs."""

import html
import re

_TAG = re.compile(r"</?\s*(?P<name>[A-Za-z][A-Za-z0-9:_-]*)(?:\s[^<>]*)?/?>")
_UNSEEN = [  # what a page holds and does not show: how it begins and how it ends
    (re.compile(begin, re.IGNORECASE), re.compile(end, re.IGNORECASE))
    for begin, end in (
        (r"<head\b", r"</head\s*>"), (r"<script\b", r"</script\s*>"), (r"<style\b", r"</style\s*>"),
        (r"<rt\b", r"</rt\s*>"), (r"<rp\b", r"</rp\s*>"), ("<!--", "-->"), ("<!doctype", ">"), (r"<\?", r"\?>"),
    )
]  # fmt: skip
_ROWS = {"br", "l", "line", "td", "th", "dt", "dd"}
_ROWS |= {"title", "author", "poet", "name", "dynasty", "content", "contents", "body", "text"}
_BLOCKS = {"p", "div", "li", "ul", "ol", "tr", "table", "pre", "h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS |= {"section", "article", "blockquote", "poem", "lg"}
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")

_TITLE_ROW = re.compile(r" {0,3}(#{1,6})[ \t\u3000]+(.*)")
_TITLE_SIGN = re.compile(r"#{1,6}(?=[^\s#])")
_BEFORE = re.compile(r"[ \t]*(?:>[ \t]?)*(?:[-*+•][ \t]+(?=\S))?")
_EMPHASIS = re.compile(r"(\*{1,3}|_{2,3}|~~|`)(?=\S)([^*_~`\n]+?)(?<=\S)\1")
_WIKI_TITLE = re.compile(r"(={2,6})([^=\n]+)\1\s*")
_WIKI = re.compile(r"'{2,5}(?=[^'\n]+'{2})|(?<=[^'])'{2,5}|\[\[(?:[^\[\]|\n]*\|)?(?P<shown>[^\[\]|\n]*)\]\]")
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)")
_TABLE_RULE = re.compile(r"\|?(?:\s*:?-{3,}:?\s*\|)+(?:\s*:?-{3,}:?)?|```.*")


def remove_markup(text: str) -> str:
    """The rows as a reader sees them; blank lines where a page begins a new block. Other texts stay as they are.

    Rows of Markdown keep their numbers. A heading right above a deeper one heads no poem and is left out.
    """
    if _TAG.search(text):
        for begin, end in _UNSEEN:
            text = _cut(text, begin, end)
        text = _TAG.sub(_break, text)
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    return "\n".join(_plain_rows(text.splitlines())) if re.search(r"[#>*_~`|•+=\[-]|''", text) else text


def _cut(text: str, begin: re.Pattern[str], end: re.Pattern[str]) -> str:
    """The text without each part that begins and ends so."""
    kept, at = [], 0
    while (first := begin.search(text, at)) and (last := end.search(text, first.end())):
        kept.append(text[at : first.start()])
        at = last.end()
    return "".join([*kept, text[at:]])


def _break(tag: re.Match[str]) -> str:
    name = tag["name"].lower()
    return "\n" if name in _ROWS else "\n\n" if name in _BLOCKS else ""


def _plain_rows(rows: list[str]) -> list[str]:
    plain: list[str] = []
    above: tuple[int, int] | None = (
        None  # the number and depth of a heading below which no verse has come yet
    )
    for number, row in enumerate(rows):
        row = row if _TABLE_RULE.fullmatch(row.strip()) is None else ""
        row = row[_end(_BEFORE, row) :].rstrip("\\ \t") if row.strip(" -*_=#~") else row
        title = _TITLE_ROW.fullmatch(row) or _WIKI_TITLE.fullmatch(row)
        if title:
            if above and above[1] < len(title[1]):
                plain[above[0]] = ""
            above = (number, len(title[1]))
        elif row.strip():
            above = None
        row = title[2].strip("# \t") if title else row[_end(_TITLE_SIGN, row) :]
        row = _WIKI.sub(lambda sign: sign["shown"] or "", row)
        plain.append(_LINK.sub(r"\1", _EMPHASIS.sub(r"\2", row)))
    return plain


def _end(pattern: re.Pattern[str], row: str) -> int:
    found = pattern.match(row)
    return found.end() if found else 0
