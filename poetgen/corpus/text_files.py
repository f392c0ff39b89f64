"""The one reader of poems in files: JSON, JSON lines, CSV, TSV and plain text, in whichever layout and encoding.

Every command reads a file through this, so that the same file gives the same poems everywhere; a `ReadingReport`
says how it was read.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from poetgen.corpus.decoding import Decoded, decode_text, remove_invisible
from poetgen.corpus.json_entries import is_json, parse_json
from poetgen.corpus.lost import show_lost
from poetgen.corpus.markup import remove_markup
from poetgen.corpus.plain_text import plain_poems
from poetgen.corpus.reading import ReadingReport
from poetgen.corpus.records import NoRecord, Record, read_entry
from poetgen.corpus.tables import find_columns, read_table
from poetgen.language import tr
from poetgen.poem.lineation import cut_runs, has_marks, join_rows, open_strokes, punctuate, split_pieces

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
TABLE_SUFFIXES = (".csv", ".tsv")


@dataclass(frozen=True)
class RawPoem:
    """A poem as a file has it: `where` is its line, `:3`, or its index, `[3]`; the body has marks between lines.

    `number` counts from 1: the line in a text, the entry in JSON. Lost characters are □.
    """

    where: str
    number: int
    title: str
    author: str
    body: str
    id: str = ""


def read_poem_file(
    data: bytes, name: str, reading: ReadingReport, *, line_length: int | None = None
) -> Iterator[RawPoem]:
    """The poems of a file's bytes; `reading` counts them and lists what could not be read, `name` before it.

    The suffix of `name` says what kind a file is; other files are looked at. Raises CorpusError for what is no
    text.
    """
    yield from read_poem_text(decode_text(data, name), name, reading, line_length=line_length)


def read_poem_text(
    decoded: Decoded, name: str, reading: ReadingReport, *, line_length: int | None = None
) -> Iterator[RawPoem]:
    """The same of a text."""
    reading.files += 1
    reading.encodings[decoded.encoding] += 1
    reading.invisible += decoded.invisible
    text, suffix = decoded.text, PurePath(name).suffix.lower()
    if suffix in JSON_SUFFIXES or is_json(text):
        poems = _json_poems(text, name, reading, line_length)
    else:
        poems = _table_poems(text, suffix, name, reading, line_length) or _plain_poems(
            text, reading, line_length
        )
    for poem in poems:
        reading.poems += 1
        reading.titles += bool(poem.title)
        reading.authors += bool(poem.author)
        yield poem


def _json_poems(text: str, name: str, reading: ReadingReport, line_length: int | None) -> Iterator[RawPoem]:
    try:
        entries = parse_json(text)
    except (ValueError, RecursionError) as error:
        reading.faults.append(tr("{name}: broken JSON ({error})", name=name, error=error))
        return
    for index, entry in enumerate(entries):
        try:
            found = read_entry(entry)
        except (NoRecord, RecursionError) as error:
            reason = error if isinstance(error, NoRecord) else "lists in lists without end"
            reading.faults.append(f"{name}[{index}]: {reason}")
            continue
        for record in found:
            reading.layouts[tr("key {key}", key=record.key)] += 1
            yield _from_record(record, f"[{index}]", index + 1, line_length)


def _table_poems(
    text: str, suffix: str, name: str, reading: ReadingReport, line_length: int | None
) -> Iterator[RawPoem] | None:
    try:
        table = read_table(text, suffix)
    except csv.Error as error:
        reading.faults.append(tr("{name}: not readable as a table ({error})", name=name, error=error))
        return iter(())
    columns = find_columns(table) if table else None
    if table is None or columns is None:
        return None
    body = table.header[columns["body"]] if table.header else f"{columns['body'] + 1}"
    layout = tr("column {body}", body=body)

    def poems() -> Iterator[RawPoem]:
        for number, fields in table.rows:
            if len(fields) <= columns["body"]:
                reading.faults.append(
                    tr("{name}:{number}: no column {body}", name=name, number=number, body=body)
                )
                continue
            reading.layouts[layout] += 1
            last = table.header is not None and columns["body"] == len(table.header) - 1
            verse = table.delimiter.join(fields[columns["body"] :]) if last else fields[columns["body"]]
            named = {
                what: fields[k].strip() for what, k in columns.items() if what != "body" and k < len(fields)
            }
            yield _from_record(Record((verse,), **named), f":{number}", number, line_length)

    return poems()


def _plain_poems(text: str, reading: ReadingReport, line_length: int | None) -> Iterator[RawPoem]:
    layout, poems, left_out = plain_poems(text, line_length=line_length)
    reading.layouts[layout] += len(poems)
    reading.left_out += left_out
    for poem in poems:
        yield RawPoem(f":{poem.number}", poem.number, poem.title, poem.author, show_lost(poem.body))


def _from_record(record: Record, where: str, number: int, line_length: int | None) -> RawPoem:
    title, author = remove_invisible(record.title), remove_invisible(record.author)
    # in chinese-poetry's own files a note is a note: the counts of docs/ are of the poems as they stand there
    body = show_lost(_join_record(record, line_length), with_notes=record.key != "paragraphs")
    return RawPoem(where, number, title, author, body, record.id)


def _join_record(record: Record, line_length: int | None) -> str:
    """The body of a record; `paragraphs`, as chinese-poetry has them, stand as their editors punctuated them."""
    rows = _without_markup(record.rows)
    together = "".join(rows)
    if record.key == "paragraphs" and (has_marks(together) or (len(rows) < 2 and rows == _opened(rows))):
        return together
    rows = _opened(row.strip() for part in rows for row in part.splitlines() if row.strip())
    pieces = [piece for row in rows for piece in split_pieces(row)]
    lines = list(cut_runs(pieces, line_length))
    is_marked = any(map(has_marks, rows))
    return join_rows(rows) if is_marked and lines == pieces else punctuate(lines)


def _without_markup(rows: Sequence[str]) -> list[str]:
    """The rows that are shown, without a page's tags and entities."""
    if not any(sign in row for row in rows for sign in "<&"):
        return [*rows]
    return [row for part in rows for row in remove_markup(part).splitlines()]


def _opened(rows: Iterable[str]) -> list[str]:
    return [part for row in rows for part in open_strokes(row)]
