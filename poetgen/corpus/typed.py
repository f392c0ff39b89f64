"""Poems as people type, paste and save them: with or without marks, titles and blanks, one or several.

Blank lines part poems. Without any, rows that each hold four verse lines or more are a poem each, and other rows
are one poem together.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from poetgen.corpus.clean import Unusable, normalise_forms, strip_notes, strip_quotes
from poetgen.errors import PromptError
from poetgen.poem.form import FORMS
from poetgen.poem.poem import is_hanzi

LACUNA = "□"  # a lost character, kept as one that nobody can read
MOST_HANZI = 50  # in a verse line; more is prose, or verse without marks
MOST_LINES = 1000  # in a poem; the longest of 全唐詩 has 596
WHOLE_POEM = 4  # verse lines in a row that is a poem by itself
_MARKS = "，。？！；：、,.?!;:…"
_ENDS = re.compile(f"[{re.escape(_MARKS)}\\s]+")
_TITLE = re.compile(r"\s*[《〈]([^《》〈〉]*)[》〉](?:[\s,，:：]|$)*")
_BY_LENGTH = {length * count: length for length, count in FORMS.values()}
_HALVED = frozenset(2 * length for length, _ in FORMS.values())


@dataclass(frozen=True)
class TypedPoem:
    """A poem's verse lines, hanzi alone, as typed; `number` is that of its first row in the text."""

    number: int
    title: str
    lines: tuple[str, ...]


def typed_poems(text: str, *, line_length: int | None = None) -> Iterator[TypedPoem | PromptError]:
    """Each poem of a text, or in its place why it is none; `line_length` cuts verse that has no marks.

    Where that is not given, 20, 28, 40 or 56 hanzi in one run are 五絕 七絕 五律 七律.
    """
    rows = [row.strip() for row in text.removeprefix("\ufeff").splitlines()]
    blocks = list(_blocks(rows))
    if len(blocks) == 1 and len(blocks[0][1]) > 1:
        number, only = blocks[0]
        if all(len(_pieces(_verse(_parted(row)[1]))) >= WHOLE_POEM for row in only):
            blocks = [(number + k, [row]) for k, row in enumerate(only)]
    for number, block in blocks:
        try:
            yield _poem(number, block, line_length)
        except PromptError as error:
            yield error


def _blocks(rows: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """(number of its first row, rows) of each block between blank rows."""
    block: list[str] = []
    for number, row in enumerate([*rows, ""], start=1):
        if row:
            block.append(row)
        elif block:
            yield number - len(block), block
            block = []


def _poem(number: int, block: Sequence[str], line_length: int | None) -> TypedPoem:
    """Raises PromptError when the block holds no verse."""
    title, body = _parted(block[0])
    rows = [_verse(body), *map(_verse, block[1:])]
    titles = _titles(rows)
    if titles:
        title = " ".join(block[:titles])
    verse = {number + k: _pieces(row) for k, row in enumerate(rows) if k >= titles}
    pieces = [piece for found in verse.values() for piece in found]
    if len(pieces) > MOST_LINES:
        raise PromptError(f"row {number}: a poem of {len(pieces):,} lines; separate the poems by blank lines")
    if not any(map(is_hanzi, "".join(pieces))):
        raise PromptError(f"row {number}: no hanzi in {_shown(block[0])}; give a poem in Chinese characters")
    for row, found in verse.items():
        _check("".join(found), row)
    return TypedPoem(number, strip_quotes(title).strip(), tuple(_cut(pieces, line_length)))


def _parted(row: str) -> tuple[str, str]:
    """《title》 or title: before the verse of one row, and the verse."""
    found = _TITLE.match(row)
    if found:
        return found[1], row[found.end() :]
    title, _, body = row.partition(":")
    return (title, body) if body.strip() and not _ENDS.search(title.strip()) else ("", row)


def _verse(row: str) -> str:
    """A row without notes and quotation marks; blanks are kept, one for many."""
    row = strip_quotes(row)
    with suppress(Unusable):  # a bracket without its partner stays, to be told of
        row = strip_notes(row)
    return " ".join(map(normalise_forms, row.split()))


def _pieces(row: str) -> list[str]:
    return [piece for piece in _ENDS.split(row) if piece]


def _titles(rows: Sequence[str]) -> int:
    """How many rows at the head are title and author.

    Where all rows from some row on have marks, those before, which have none; where no row has any, one or two
    without which alone the lines are of one length, or four or eight.
    """
    marked = [any(mark in row for mark in _MARKS) for row in rows]
    if any(marked):
        first = marked.index(True)
        return first if all(marked[first:]) and first <= 2 else 0
    lengths = [[len(piece) for piece in _pieces(row)] for row in rows]
    if len({length for some in lengths for length in some}) == 1:
        counts = [sum(map(len, lengths[k:])) for k in (0, 1)]
        return 1 if counts[0] % 2 and counts[1] in (4, 8) else 0
    ends = [k for k in (1, 2) if len({length for some in lengths[k:] for length in some}) == 1]
    return next((k for k in ends if sum(map(len, lengths[k:])) % 2 == 0), 0)


def _check(verse: str, number: int) -> None:
    stray = next((char for char in verse if not is_hanzi(char) and char != LACUNA), "")
    if stray:
        raise PromptError(
            f"row {number}: {_shown(stray)} is not a hanzi; a poem is Chinese characters and marks only"
        )


def _cut(pieces: Sequence[str], line_length: int | None) -> Iterator[str]:
    """Pieces between marks into verse lines; raises PromptError for what is no verse."""
    lengths = set(map(len, pieces))
    length = line_length
    if length is None and len(pieces) == 1:
        length = _BY_LENGTH.get(len(pieces[0]))
    if length is None and len(lengths) == 1 and lengths <= _HALVED:
        length = lengths.pop() // 2  # a couplet between marks
    for piece in pieces:
        if length and len(piece) > length and len(piece) % length == 0:
            yield from (piece[k : k + length] for k in range(0, len(piece), length))
        elif len(piece) > MOST_HANZI:
            raise PromptError(
                f"{_shown(piece)} runs on for {len(piece):,} hanzi; put marks between its lines, or say the --form"
            )
        else:
            yield piece


def _shown(text: str) -> str:
    return repr(text if len(text) <= 12 else text[:12] + "…")
