"""CSV and TSV files: their rows, and which column holds the verse, the title, the author."""

import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from poetgen.corpus.records import AUTHOR_NAMES, BODY_NAMES, JOINTS, TITLE_NAMES, find_name, is_dynasty
from poetgen.poem.lineation import is_verse
from poetgen.poem.poem import is_hanzi

DELIMITERS = "\t,;|"
LARGEST_FIELD = min(sys.maxsize, 2**31 - 1)  # csv keeps its limit in a C long
_MOST = 0.8  # of the rows must be alike for a table without a header
_SEPARATOR = re.compile(r"\A\ufeff?sep=.(?=\r?\n)", re.IGNORECASE)  # Excel's own first line
_LINE_NAME = re.compile(
    r"(?:line|verse|row|句|行)\d{1,2}|第(?:\d{1,2}|[一二三四五六七八九十]{1,2})[句行]|[首次三末]句",
    re.IGNORECASE,
)


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
            if any(field.strip(" :-") for field in fields):  # of Markdown's |---|---| nothing is left
                yield reader.line_num, tuple(fields)
    finally:
        csv.field_size_limit(before)


def find_delimiter(text: str, names: Sequence[str], *, suffix: str = "") -> str | None:
    """The delimiter by which the first line has one of these names for a column."""
    first = _first_row(text)
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
    text = _SEPARATOR.sub("", text)
    delimiter = find_delimiter(text, BODY_NAMES, suffix=suffix) or _find_line_columns(text)
    if delimiter is not None:
        (_, header), *rows = read_rows(text, delimiter)
        return _join_lines(Table(tuple(name.strip() for name in header), tuple(rows), delimiter))
    first = _first_row(text)
    for delimiter in DELIMITERS if suffix in (".csv", ".tsv") else "\t|":
        if delimiter in first:
            table = Table(None, tuple(read_rows(text, delimiter)), delimiter)
            if find_columns(table) is not None:
                return table
    return None


def _first_row(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")


def _find_line_columns(text: str) -> str | None:
    """The delimiter by which the first row has a column for each verse line, as line1,line2 or 首句,次句."""
    first = _first_row(text)
    return next((each for each in DELIMITERS if len(_line_columns(first.split(each))) > 1), None)


def _line_columns(names: Sequence[str]) -> list[int]:
    return [k for k, name in enumerate(names) if _LINE_NAME.fullmatch(JOINTS.sub("", name.strip('"')))]


def _join_lines(table: Table) -> Table:
    """The table with one column `lines` in place of those that hold a line each."""
    lines = _line_columns(table.header or ())
    if len(lines) < 2 or find_name(table.header or (), BODY_NAMES) is not None:
        return table

    def join(fields: Sequence[str], joined: str) -> tuple[str, ...]:
        return (*(field for k, field in enumerate(fields) if k not in lines), joined)

    rows = [
        (number, join(fields, " ".join(fields[k] for k in lines if k < len(fields))))
        for number, fields in table.rows
    ]
    return Table(join(table.header or (), "lines"), tuple(rows), table.delimiter)


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
    with_hanzi = sum(any(map(is_hanzi, value)) and not is_dynasty(value) for value in values)
    return with_hanzi >= len(values) / 2
