"""Poems in JSON and in tables: which key or column holds the verse, the title, the author.

Corpora of this field use many names, in both scripts; where none is known, the values are looked at.
"""

import csv
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from poetgen.poem.lineation import is_verse
from poetgen.poem.poem import is_hanzi


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


BODY_NAMES = _words(
    "paragraphs para paras content contents body text poem poetry verse verses lines 內容 内容 正文 詩文 诗文 "
    "全文 原文 詩句 诗句 詩歌 诗歌 詩詞 诗词 詩 诗 文本 詩歌內容 诗歌内容 正文內容 正文内容"
)
TITLE_NAMES = _words(
    "title name rhythmic 題目 题目 標題 标题 詩題 诗题 題名 题名 詩名 诗名 篇名 題 题 詞牌 词牌 chapter"
)
AUTHOR_NAMES = _words("author poet writer 作者 詩人 诗人 作家 撰者 姓名")
ID_NAMES = ("id",)
DYNASTIES = _words(
    "先秦 秦 漢 汉 魏晉 魏晋 晉 晋 南北 隋 唐 五 宋 遼 辽 金 元 明 清 近 現 现"
)  # without 朝 and 代
DELIMITERS = "\t,;|"
LARGEST_FIELD = min(sys.maxsize, 2**31 - 1)  # csv keeps its limit in a C long
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can write them, UTF-8 cannot
_KINDS = {str: "a text", list: "a list", bool: "true or false", type(None): "null"}
_MOST = 0.8  # of the rows must be alike for a table without a header


@dataclass(frozen=True)
class Record:
    """One poem as a file has it: its verse as `rows` of text, `key` the name they stood under."""

    rows: tuple[str, ...]
    title: str = ""
    author: str = ""
    id: str = ""
    key: str = ""


def is_json(text: str) -> bool:
    """Whether a text is JSON or JSON lines, judged by its beginning."""
    start = text.lstrip()[:1]
    if start not in ("{", "["):
        return False
    try:
        return isinstance(json.JSONDecoder().raw_decode(text.lstrip())[0], dict | list)
    except (ValueError, RecursionError):
        return False


def parse_json(text: str) -> list[Any]:
    """The entries of a JSON list, of a list inside an object, or of JSON lines; a broken line is an error there.

    Raises ValueError (or RecursionError) when nothing can be read.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        entries = [_parse_line(line) for line in lines]
        if len(lines) < 2 or all(isinstance(entry, ValueError) for entry in entries):
            raise error from None
        return entries
    return _entries(value)


def _parse_line(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        return error


def _entries(value: Any) -> list[Any]:
    """The list that holds the records: the value itself, or the first list of objects inside an object."""
    if isinstance(value, dict) and find_name(value, BODY_NAMES) is None:
        for inner in value.values():
            if isinstance(inner, list) and inner and all(isinstance(each, dict) for each in inner):
                return inner
            if isinstance(inner, dict) and (found := _entries(inner)) != [inner]:
                return found
        if len(value) > 1 and all(isinstance(each, str) and is_verse(each) for each in value.values()):
            return [{"title": title, "paragraphs": [body]} for title, body in value.items()]
    is_poem = isinstance(value, list) and all(isinstance(each, str) and not is_verse(each) for each in value)
    return value if isinstance(value, list) and not is_poem else [value]


def find_name(names: Mapping[str, Any] | Sequence[str], wanted: Sequence[str]) -> str | None:
    """The first of the `wanted` names that is there, as it is written there; capitals and blanks make no odds."""
    there = {str(name).strip().lower(): name for name in reversed(list(names))}
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
        entry = {"lines": entry}
    if not isinstance(entry, dict):
        raise NoRecord(f"not an object but {_KINDS.get(type(entry), 'a number')}")
    key = find_body(entry)
    if key is None:
        there = ", ".join(map(str, entry)) or "nothing"
        raise NoRecord(f"no verse under any of its keys ({there:.60})")
    body = entry[key]
    if isinstance(body, list) and body and all(isinstance(part, dict) for part in body):
        return [record for part in body for record in read_entry(_inherit(entry, part))]
    rows = [body] if isinstance(body, str) else body
    if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
        raise NoRecord(f"{key} is neither a text nor a list of texts")
    return [Record(tuple(rows), key=key, **_names(entry, key, rows))]


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
        values[what] = (rest[key] or "") if key is not None else ""
        if not isinstance(values[what], str):
            raise NoRecord(f"{key} is not a text")
    if any(map(_LONE_SURROGATE.search, (*rows, *values.values()))):
        raise NoRecord("half a character (a lone surrogate)")
    return values


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


@dataclass(frozen=True)
class Table:
    """Rows of a CSV or TSV file, each with the number of its last line; `header` is None where there is none."""

    header: tuple[str, ...] | None
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    delimiter: str


def read_rows(text: str, delimiter: str, *, strict: bool = False) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(line number, fields) of each row that is not empty. Raises csv.Error."""
    before = csv.field_size_limit(LARGEST_FIELD)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
        for fields in reader:
            if any(field.strip() for field in fields):
                yield reader.line_num, tuple(fields)
    finally:
        csv.field_size_limit(before)


def find_delimiter(text: str, names: Sequence[str], *, suffix: str = "") -> str | None:
    """The delimiter by which the first line has one of these names for a column."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    for delimiter in DELIMITERS:
        fields = first.split(delimiter)
        quoted = [field.strip().strip('"') for field in fields]
        if (len(fields) > 1 or suffix in (".csv", ".tsv")) and find_name(quoted, names) is not None:
            return delimiter
    return None


def read_table(text: str, suffix: str) -> Table | None:
    """The table that a text is, None when it is none. Raises csv.Error.

    It is one when its first line names a column of verse, or when nearly all its rows have as many columns, of
    which one and not all holds verse.
    """
    delimiter = find_delimiter(text, BODY_NAMES, suffix=suffix)
    if delimiter is not None:
        (_, header), *rows = read_rows(text, delimiter)
        return Table(tuple(name.strip() for name in header), tuple(rows), delimiter)
    first = next((line for line in text.splitlines() if line.strip()), "")
    for delimiter in DELIMITERS if suffix in (".csv", ".tsv") else "\t|":
        if delimiter in first:
            table = Table(None, tuple(read_rows(text, delimiter)), delimiter)
            if find_columns(table) is not None:
                return table
    return None


def find_columns(table: Table) -> dict[str, int] | None:
    """The numbers of the columns `body`, `title` and `author`, as far as they are there; None without a body."""
    if table.header is not None:
        named = {"body": BODY_NAMES, "title": TITLE_NAMES, "author": AUTHOR_NAMES}
        found = {what: find_name(table.header, names) for what, names in named.items()}
        return {what: table.header.index(name) for what, name in found.items() if name is not None}
    rows = [fields for _, fields in table.rows]
    [(width, often)] = Counter(map(len, rows)).most_common(1) or [(0, 0)]
    if width < 2 or often < _MOST * len(rows):
        return None
    rows = [fields for fields in rows if len(fields) == width]
    shares = [sum(is_verse(fields[k]) for fields in rows) / len(rows) for k in range(width)]
    body = max(range(width), key=shares.__getitem__)
    if shares[body] < _MOST or sum(share >= _MOST for share in shares) > 1:
        return None
    named_columns = [
        k for k in range(width) if k != body and _names_something([fields[k] for fields in rows])
    ]
    return {"body": body, **dict(zip(("title", "author"), named_columns, strict=False))}


def _names_something(values: Sequence[str]) -> bool:
    """Whether a column may be titles or authors: hanzi, and no dynasties."""
    plain = [re.sub("[朝代\\s]", "", value) for value in values]
    with_hanzi = sum(any(map(is_hanzi, value)) for value in plain)
    return with_hanzi >= len(values) / 2 and sum(v in DYNASTIES for v in plain) < _MOST * len(values)
