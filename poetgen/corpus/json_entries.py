"""The entries of a JSON file, in whichever shape people keep them: lists, lines, objects by poet or title."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from poetgen.corpus.records import AUTHOR_NAMES, BODY_NAMES, TITLE_NAMES, find_name
from poetgen.poem.lineation import is_verse
from poetgen.poem.poem import is_hanzi

# what stands before the value in a script, and what JavaScript allows that JSON does not
_SCRIPT = re.compile(
    r"\s*(?:(?:export\s+default|(?:export\s+)?(?:var|let|const)\s+\w+\s*=|[\w.]+\s*=)\s*)(?=[{\[])"
)
_COMMENT = re.compile(r"^[ \t]*//.*$", re.MULTILINE)
_BLANKS = re.compile(r"\s*")
_LAST_COMMA = re.compile(r",(?=\s*[}\]])")
_POET = re.compile(r"(?!.*[言絕绝律詩诗詞词曲卷集選选朝代])\S{2,4}")  # and no form, volume or dynasty


def is_json(text: str) -> bool:
    """Whether a text is JSON, JSON lines or a script with JSON in it, judged by its beginning."""
    text = _without_script(text).lstrip()
    if not text.startswith(("{", "[")):
        return False
    try:
        return isinstance(json.JSONDecoder().raw_decode(text)[0], dict | list)
    except (ValueError, RecursionError):
        return False


def parse_json(text: str) -> list[Any]:
    """The entries of a JSON list, of a list inside an object, or of JSON lines; a broken line is an error there.

    Raises ValueError (or RecursionError) when nothing can be read.
    """
    text = _without_script(text)
    try:
        return _entries(json.loads(text))
    except ValueError as error:
        first = error
    for repaired in (text, _LAST_COMMA.sub("", _COMMENT.sub("", text))):
        values = _parse_all(repaired)
        if values:
            return _entries(values[0]) if len(values) == 1 else values
    lines = [line for line in text.split("\n") if line.strip()]
    entries = [_parse_line(line) for line in lines]
    if len(lines) < 2 or all(isinstance(entry, ValueError) for entry in entries):
        raise first
    return entries


def _without_script(text: str) -> str:
    found = _SCRIPT.match(text)
    return text[found.end() :].rstrip(" \t\r\n;") if found else text


def _parse_all(text: str) -> list[Any]:
    """The objects and lists that follow each other in a text; none where anything else does."""
    values, at = [], _skip_blanks(text, 0)
    while at < len(text):
        try:
            value, at = json.JSONDecoder().raw_decode(text, at)
        except ValueError:
            return []
        if not isinstance(value, dict | list):
            return []
        values.append(value)
        at = _skip_blanks(text, at)
    return values


def _skip_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def _parse_line(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        return error


def _entries(value: Any) -> list[Any]:
    """The list that holds the records: the value itself, or what lies inside an object."""
    if isinstance(value, dict) and find_name(value, BODY_NAMES) is None:
        inside = list(_inside(value))
        if inside:
            return inside
    is_poem = isinstance(value, list) and all(isinstance(each, str) and not is_verse(each) for each in value)
    return value if isinstance(value, list) and not is_poem else [value]


def _inside(value: Mapping[str, Any]) -> Iterator[Any]:
    """The records that an object holds by title, by number or by poet; else those of its first list of objects."""
    inner = list(value.values())
    if len(inner) > 1 and all(map(_is_body, inner)) and all(any(map(is_hanzi, key)) for key in value):
        yield from ({"title": title, "paragraphs": body} for title, body in value.items())
    elif len(inner) > 1 and all(isinstance(each, dict) and each for each in inner):
        yield from (_named(each, TITLE_NAMES, key) for key, each in value.items())
    elif len(inner) > 1 and all(map(_is_list_of_objects, inner)):
        yield from (_named(one, AUTHOR_NAMES, key) for key, each in value.items() for one in each)
    else:
        for each in inner:
            if _is_list_of_objects(each):
                yield from each
                return
            if isinstance(each, dict) and (found := _entries(each)) != [each]:
                yield from found
                return


def _is_body(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(row, str) for row in value)
    return isinstance(value, str) and is_verse(value)


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _named(record: Mapping[str, Any], names: tuple[str, ...], key: str) -> Mapping[str, Any]:
    """The record with the key it stood under for title or author, where it has none and the key is a name."""
    is_name = any(map(is_hanzi, key))
    if names is AUTHOR_NAMES:
        is_name = is_name and _POET.fullmatch(key) is not None
    return {names[0]: key, **record} if is_name and find_name(record, names) is None else record
