"""Texts with labels from any file: JSON, JSON lines, CSV or TSV, with or without a header, in any encoding."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from poetgen.classify.labels import Labelled
from poetgen.corpus.decoding import decode_text
from poetgen.corpus.json_entries import is_json, parse_json
from poetgen.corpus.records import BODY_NAMES, find_name
from poetgen.corpus.tables import DELIMITERS, find_delimiter, read_rows
from poetgen.corpus.text_files import JSON_SUFFIXES
from poetgen.errors import CorpusError
from poetgen.files import check_file, refuse_unreadable

TEXT, LABEL = "text", "label"  # the usual names; others of the field are found where these are not there
TEXT_NAMES = (TEXT, *BODY_NAMES, "review", "comment", "評論", "评论", "句子")
LABEL_NAMES = (
    *(LABEL, "labels", "category", "class", "tag", "author"),
    *("標籤", "标签", "類別", "类别", "分類", "分类", "作者"),
)
FASTTEXT = "__label__"  # what fastText puts before the label that begins a line
Tell = Callable[[str], None]


def read_labels(
    path: Path, *, text_column: str = TEXT, label_column: str = LABEL, tell: Tell = lambda _: None
) -> list[Labelled]:
    """Labelled texts of a file; `tell` is called with a line that says how it was read.

    Where the usual names of the columns are not there, others that the field uses are taken; a table of two
    columns without a header is read by position. Raises CorpusError, naming the record, for a file that is none
    such.
    """
    missing = f"no labelled texts at {path}; give a JSON or CSV file"
    with refuse_unreadable(path, CorpusError, missing=missing):
        data = check_file(path).read_bytes()
    decoded = decode_text(data, str(path))
    if not decoded.text.strip():
        raise CorpusError(f"{path} is empty; give a JSON or CSV file of texts and labels")
    columns = (text_column, label_column)
    if path.suffix.lower() in JSON_SUFFIXES or is_json(decoded.text):
        how, records = "", list(_json_records(path, decoded.text))
    elif decoded.text.lstrip().startswith(FASTTEXT):
        how, records = f"{FASTTEXT} before each label", list(_fasttext_records(decoded.text, columns))
    else:
        how, records = _table_records(path, decoded.text, columns)
    columns = _columns(records[0][1] if records else None, columns)
    texts = [_read_label(path, where, record, columns=columns) for where, record in records]
    if not texts:
        raise CorpusError(f"{path} has no labelled texts; give at least two of each label")
    encoding = "" if decoded.encoding == "UTF-8" else f"; read as {decoded.encoding}"
    tell(
        f"{path}: {len(texts):,} texts; {how or f'text under {columns[0]}, label under {columns[1]}'}{encoding}"
    )
    return texts


def _columns(record: Any, asked: tuple[str, str]) -> tuple[str, str]:
    """The names under which text and label stand: those asked for, or, for the usual ones, others of the field."""
    if not isinstance(record, dict):
        return asked
    text, label = asked
    if text == TEXT and text not in record:
        text = find_name(record, TEXT_NAMES) or text
    if label == LABEL and label not in record:
        label = find_name(record, LABEL_NAMES) or label
    return text, label


def _json_records(path: Path, content: str) -> Iterator[tuple[str, Any]]:
    try:
        records = parse_json(content)
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{path} is not readable JSON: {error}") from error
    for number, record in enumerate(records, start=1):
        if isinstance(record, ValueError):
            raise CorpusError(f"{path} record {number} is not readable JSON: {record}")
        yield f"record {number}", record


def _fasttext_records(content: str, columns: tuple[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Lines such as `__label__天气 今天下雨`; of several labels the first."""
    for number, line in enumerate(content.splitlines(), start=1):
        words = line.split()
        labels = [word.removeprefix(FASTTEXT) for word in words if word.startswith(FASTTEXT)]
        if words:
            text = " ".join(word for word in words if not word.startswith(FASTTEXT))
            yield f"line {number}", {columns[0]: text, columns[1]: labels[0] if labels else ""}


def _table_records(
    path: Path, content: str, columns: tuple[str, str]
) -> tuple[str, list[tuple[str, dict[str, str]]]]:
    """(how they were read where no header says it, the rows as objects)."""
    delimiter = find_delimiter(content, (columns[0].lower(),)) or (
        "\t" if path.suffix.lower() == ".tsv" else None
    )
    first = next((line for line in content.splitlines() if line.strip()), "")
    delimiter = delimiter or next((mark for mark in DELIMITERS if mark in first), ",")
    try:
        rows = list(read_rows(content, delimiter, strict=True))
    except csv.Error as error:
        raise CorpusError(f"{path} is not readable CSV: {error}") from error
    label = _headless_label([fields for _, fields in rows])
    if label is not None and not {*columns} & {*rows[0][1]}:
        how = f"no header; column {2 - label} taken for text, {label + 1} for label"
        return how, [(f"line {n}", {columns[0]: f[1 - label], columns[1]: f[label]}) for n, f in rows]
    header, records = [name.strip() for name in rows[0][1]], []
    for number, fields in rows[1:]:
        if len(fields) > len(header):
            raise CorpusError(
                f"{path} line {number} has more fields than the header; "
                "put texts that hold the delimiter in quotes"
            )
        records.append((f"line {number}", dict(zip(header, (*fields, *[""] * len(header)), strict=False))))
    return "", records


def _headless_label(rows: list[tuple[str, ...]]) -> int | None:
    """Which of two columns holds labels in a table without a header: the one whose first value comes again."""
    if any(len(fields) != 2 for fields in rows):
        return None
    again = [Counter(fields[k] for fields in rows)[rows[0][k]] > 1 for k in (0, 1)]
    return again.index(True) if sum(again) == 1 else None


def _read_label(path: Path, where: str, record: Any, *, columns: tuple[str, str]) -> Labelled:
    if not isinstance(record, dict):
        raise CorpusError(f"{path} {where} is not an object; give a list of objects with a text and a label")
    for column in columns:
        if column not in record:
            there = ", ".join(str(key) for key in record) or "nothing"
            raise CorpusError(
                f"{path} {where} has no {column!r} (there is: {there:.100}); "
                "name the columns: --set classify.text_column=… --set classify.label_column=…"
            )
    text, label = (record[column] for column in columns)
    if isinstance(label, int | float):
        label = str(label)
    if isinstance(text, list) and all(isinstance(line, str) for line in text) and columns[0] != TEXT:
        text = "\n".join(text)
    if not isinstance(text, str) or not isinstance(label, str) or not text.strip() or not label.strip():
        raise CorpusError(f"{path} {where} has no text or no label; fix or remove it")
    try:
        (text + label).encode("utf-8")
    except UnicodeEncodeError as error:
        raise CorpusError(f"{path} {where} holds half a character (a lone surrogate); fix it") from error
    return Labelled(text.strip(), label.strip())
