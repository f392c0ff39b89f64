"""Poems in JSON: which key holds the verse, the title, the author; the names serve tables too.

Corpora of this field use many names, in both scripts; where none is known, the values are looked at.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from poetgen.poem.lineation import has_marks, is_verse, is_whole_poem, split_pieces


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


BODY_NAMES = _words(
    "paragraphs para paras content contents body text poem poetry verse verses lines 內容 内容 正文 詩文 诗文 "
    "全文 原文 詩句 诗句 詩歌 诗歌 詩詞 诗词 詩 诗 文本 詩歌內容 诗歌内容 正文內容 正文内容"
)
TITLE_NAMES = _words(
    "title name poemname poemtitle titlename rhythmic 題目 题目 標題 标题 詩題 诗题 題名 题名 "
    "詩名 诗名 篇名 題 题 詞牌 词牌 chapter"
)
AUTHOR_NAMES = _words("author poet writer authorname poetname 作者 詩人 诗人 作家 撰者 姓名")
ID_NAMES = ("id",)
DYNASTIES = _words(
    "先秦 秦 漢 汉 魏晉 魏晋 晉 晋 南北 隋 唐 五 宋 遼 辽 金 元 明 清 近 現 现"
)  # without 朝 and 代
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can write them, UTF-8 cannot
_KINDS = {str: "a text", list: "a list", bool: "true or false", type(None): "null"}
JOINTS = re.compile(r"[\s_-]+")


@dataclass(frozen=True)
class Record:
    """One poem as a file has it: its verse as `rows` of text, `key` the name they stood under."""

    rows: tuple[str, ...]
    title: str = ""
    author: str = ""
    id: str = ""
    key: str = ""


def find_name(names: Mapping[str, Any] | Sequence[str], wanted: Sequence[str]) -> str | None:
    """The first of the `wanted` names that is there, as it is written there: Author, author_name, authorName."""
    there = {JOINTS.sub("", str(name)).lower(): name for name in reversed(list(names))}
    return next((there[name] for name in wanted if name in there), None)


class NoRecord(ValueError):
    """Why a JSON value is not a poem."""


def read_entry(entry: Any) -> list[Record]:
    """The poems of a JSON value, several where its body is a list of objects. Raises NoRecord."""
    if isinstance(entry, ValueError):
        raise NoRecord(f"broken JSON ({entry})")
    if isinstance(entry, str) and is_verse(entry):
        entry = {"text": entry}
    if isinstance(entry, list) and entry and all(isinstance(line, str) for line in entry):
        entry = _by_place(entry) or {"lines": entry}
    if not isinstance(entry, dict):
        raise NoRecord(f"not an object but {_KINDS.get(type(entry), 'a number')}")
    key = find_body(entry)
    if key is None:
        there = ", ".join(map(str, entry)) or "nothing"
        raise NoRecord(f"no verse under any of its keys ({there:.60})")
    body = entry[key]
    if isinstance(body, list) and body and all(isinstance(part, dict) for part in body):
        found = [record for part in body for record in read_entry(_inherit(entry, part))]
        return _join_parts(found) if all(find_name(part, TITLE_NAMES) is None for part in body) else found
    rows = list(_rows(body))
    if not isinstance(body, str | list) or not all(isinstance(row, str) for row in rows):
        raise NoRecord(f"{key} is neither a text nor a list of texts")
    return [Record(tuple(rows), key=key, **_names(entry, key, rows))]


def _rows(body: Any) -> Iterator[Any]:
    """The texts of a body, of lists in lists too."""
    for row in body if isinstance(body, list) else [body]:
        if isinstance(row, list) and row and all(isinstance(part, str) for part in row):
            yield from row
        else:
            yield row


def _by_place(entry: list[str]) -> dict[str, str] | None:
    """A list such as [title, dynasty, author, verse] by names; None for a list of lines."""
    *names, body = entry
    if (
        not 1 <= len(names) <= 3
        or not is_verse(body)
        or any(is_verse(name) or has_marks(name) for name in names)
    ):
        return None
    names = [name for name in names if not is_dynasty(name)]
    return {**dict(zip(("title", "author"), names, strict=False)), "text": body}


def _join_parts(parts: list[Record]) -> list[Record]:
    """Parts that have no titles of their own: one poem of them, unless each is a poem."""
    if all(is_whole_poem(split_pieces(" ".join(part.rows))) for part in parts):
        return parts
    return [replace(parts[0], rows=tuple(row for part in parts for row in part.rows))]


def _inherit(entry: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """A part of an entry with the title and author it has not got itself."""
    missing = [
        name for names in (TITLE_NAMES, AUTHOR_NAMES) if find_name(part, names) is None for name in names
    ]
    return {**{name: value for name, value in entry.items() if str(name).lower() in missing}, **part}


def _names(entry: Mapping[str, Any], body: str, rows: Sequence[str]) -> dict[str, str]:
    """Title, author and id of a record, as far as it has them. Raises NoRecord."""
    rest = {key: value for key, value in entry.items() if key != body}
    values = {}
    for what, names in (("title", TITLE_NAMES), ("author", AUTHOR_NAMES), ("id", ID_NAMES)):
        key = find_name(rest, names)
        value = _name_of(rest[key]) if key is not None else ""
        if value is None:
            raise NoRecord(f"{key} is not a text")
        values[what] = value
    if any(map(_LONE_SURROGATE.search, (*rows, *values.values()))):
        raise NoRecord("half a character (a lone surrogate)")
    return values


def _name_of(value: Any) -> str | None:
    """A title or an author: a text, a number, {"name": …}, a list of names; None for anything else."""
    if isinstance(value, dict):
        key = find_name(value, ("name", *AUTHOR_NAMES, *TITLE_NAMES))
        value = None if key is None else value[key]
        return value if isinstance(value, str) else None
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "、".join(value)
    return value or "" if isinstance(value, str | None) else str(value) if type(value) is int else None


def is_dynasty(name: str) -> bool:
    """Whether it is 唐, 唐代, 唐朝 or the like."""
    return re.sub("[朝代\\s]", "", name) in DYNASTIES


def find_body(entry: Mapping[str, Any]) -> str | None:
    """The key of the verse: one of the names of the field, else the longest value that looks like verse."""
    known = [key for name in BODY_NAMES if (key := find_name(entry, (name,))) is not None]
    usable = [key for key in known if isinstance(entry[key], str | list)]
    if known:
        return (usable or known)[0]
    texts = {
        key: value if isinstance(value, str) else "\n".join(value)
        for key, value in entry.items()
        if isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value))
    }
    return max((key for key in texts if is_verse(texts[key])), key=lambda key: len(texts[key]), default=None)
