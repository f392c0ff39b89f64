"""The blocks of a plain text: rows between blank ones, without what pages and editors put beside verse."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from poetgen.corpus.headings import begins_notes, is_note, without_body_label
from poetgen.corpus.lost import LACUNA
from poetgen.corpus.markup import remove_markup
from poetgen.poem.poem import is_hanzi

_RULER = re.compile(
    r"[-=*_~#—–·\s]{3,}|[%※§]{1,3}|[(（\[【第]?\s*[0-9]{1,6}\s*[)）\].、】首]?"
    r"|[(（\[【第]\s*[一二三四五六七八九十百]+\s*[)）\]】首]"
)
_SECTION = re.compile(
    r"[卷第]\s*[〇一二三四五六七八九十百\d]{1,5}\s*[卷章輯辑編编部]?|[五七六四]言(?:絕句|绝句|律詩|律诗|古詩|古诗|排律|樂府|乐府)"
)  # of a book
_LABEL_ALONE = re.compile(r"[A-Za-z_]{2,20}\s*[:：]")
Block = list[tuple[int, str]]


@dataclass
class Blocks:
    """Rows, each with its number in the text (from 1), in blocks; `left_out` counts the rows that are no verse."""

    blocks: list[Block] = field(default_factory=list)
    left_out: int = 0


def split_blocks(text: str) -> Blocks:
    """The rows between blank ones; a row of dashes or a number alone counts as blank.

    Notes are left out, addresses and dates, and where a text has hanzi, rows of letters alone: a translation, or
    the sounds above each line.
    """
    found = Blocks()
    for block in _divide(remove_markup(text)):
        kept = list(_without_notes(block))
        if any(map(_has_hanzi, kept)) or not any(map(is_hanzi, text)):
            kept = _without_letters(kept)
        is_section = len(kept) == 1 and _SECTION.fullmatch(kept[0][1].strip())
        if is_section or (len(kept) > 1 and all(map(_is_letters, kept))):
            kept = []
        found.left_out += len(block) - len(kept)
        found.blocks += [kept] if kept else []
    return found


def _divide(text: str) -> Iterator[Block]:
    block: Block = []
    for number, row in enumerate(text.splitlines(), start=1):
        if row.strip() and not _RULER.fullmatch(row.strip()):
            block.append((number, row))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _without_notes(block: Block) -> Iterator[tuple[int, str]]:
    for number, row in block:
        if begins_notes(row):
            return
        row = without_body_label(row)
        if row.strip() and not is_note(row) and not _LABEL_ALONE.fullmatch(row.strip()):
            yield number, row


def _without_letters(block: Block) -> Block:
    """A single row of letters at the head is a title; more of them are no part of the poem."""
    letters = [row for row in block if _is_letters(row)]
    if len(letters) == len(block) or (len(letters) == 1 and letters[0] == block[0]):
        return block
    return [row for row in block if not _is_letters(row)]


def _has_hanzi(row: tuple[int, str]) -> bool:
    return any(map(is_hanzi, row[1]))


def _is_letters(row: tuple[int, str]) -> bool:
    text = row[1]
    return any(map(str.isalpha, text)) and not any(
        is_hanzi(char) or char in (LACUNA, "?", "�") for char in text
    )
