"""Poems in plain text, in the layouts people use: which rows make a poem, which are its title and author.

Blank lines separate poems. Without any, rows that are whole poems are one each; rows without marks among marked
ones are headings, and a poem begins at each; other rows are one poem together.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

from poetgen.corpus.blocks import split_blocks
from poetgen.corpus.clean import Unusable, normalise_forms, strip_notes, strip_quotes, unwrap_restored
from poetgen.corpus.headings import BRACKETED_DYNASTY, is_labelled, parse_heading
from poetgen.poem.lineation import (
    close_up,
    cut_runs,
    has_marks,
    is_whole_poem,
    join_rows,
    open_strokes,
    punctuate,
    split_pieces,
)
from poetgen.poem.poem import is_hanzi

ONE_A_LINE, BLOCKS, ONE_POEM, BY_HEADINGS = (
    "one poem a line",
    "blank lines between poems",
    "",
    "a heading above each poem",
)
MOST_HEADINGS = 3  # rows above a poem: title, dynasty, author
MOST_TITLE = 40  # characters
_AUTHOR = re.compile(rf"((?:{BRACKETED_DYNASTY})?[^\s，。？！；,.;!?:：]{{2,4}})(?:[\s\u3000]+|[:：])(?=\S)")
_FIELDS = tuple(
    map(re.compile, (r"::", r"\t+", r"\s*[|｜]\s*", r"[\s\u3000]+"))
)  # what parts heading and verse in a row
_NUMBER = re.compile(
    r"\s*(?:[0-9]{1,6}\s*[.、．)）]\s*|[0-9]{1,6}\s+|[(（\[【][0-9一二三四五六七八九十百]+[)）\]】]\s*(?=\S)|[一二三四五六七八九十百]+、)"
)
_QUOTED_TITLE = re.compile(r"\s*([^，。？！；,.;!?《〈]{0,12}[《〈][^《》〈〉]*[》〉])(?:[\s,，:：]|$)*")
_FIRST = re.compile(r"(?P<common>.+?)\s*其一")
_LATER = re.compile(r"其[二三四五六七八九十百]+")


@dataclass(frozen=True)
class PlainPoem:
    """A poem as the text has it: `number` of its first row (from 1), heading parsed, verse as one marked body."""

    number: int
    title: str
    author: str
    body: str


class Row:
    """One row that is not blank: as it stands, and its verse without notes, quotes and numbering."""

    def __init__(self, number: int, text: str, *, headed: bool = True) -> None:
        self.number = number
        numbered = _NUMBER.match(text)
        self.raw = text[numbered.end() if numbered else 0 :].strip() or text.strip()
        heading, verse = _split_heading(self.raw) if headed else ([], self.raw)
        self.heading, self.text = heading, close_up(verse)
        self.bare = _bare(self.text)
        self.pieces = split_pieces(self.bare)
        self.is_marked = has_marks(self.bare) and not is_labelled(self.raw)

    @property
    def is_poem(self) -> bool:
        """Whether it is a whole poem by itself."""
        return is_whole_poem(self.pieces)


class PlainText(NamedTuple):
    """The layout of a text in words, its poems, and how many rows were left out as no verse."""

    layout: str
    poems: list[PlainPoem]
    left_out: int


def plain_poems(text: str, *, line_length: int | None = None) -> PlainText:
    """The poems of a text; `line_length` cuts verse that has no marks."""
    found = split_blocks(text)
    blocks = _attach_headings(
        [[Row(number, open_strokes(row)) for number, row in block] for block in found.blocks]
    )
    merged = [row for block in blocks for row in block]
    if len(blocks) > 1 and _is_spread_out(blocks, merged):
        blocks = [merged]
    layout, groups = (BLOCKS, blocks) if len(blocks) > 1 else _divide(blocks[0] if blocks else [])
    poems = [_poem(group, line_length) for group in groups]
    return PlainText(layout, list(_share_titles(poems)), found.left_out)


def _share_titles(poems: Sequence[PlainPoem]) -> Iterator[PlainPoem]:
    """其二 below a poem that was 絕句二首 其一 is 絕句二首 其二, by the same poet."""
    common, author = "", ""
    for poem in poems:
        first = _FIRST.fullmatch(poem.title)
        if first:
            common, author = first["common"], poem.author
        elif common and _LATER.fullmatch(poem.title):
            poem = replace(poem, title=f"{common} {poem.title}", author=poem.author or author)
        else:
            common = ""
        yield poem


def _attach_headings(blocks: list[list[Row]]) -> list[list[Row]]:
    """Blocks that are but a title and an author, put above the verse that follows them."""
    joined: list[list[Row]] = []
    pending: list[list[Row]] = []
    for k, block in enumerate(blocks):
        follower = blocks[k + 1] if k + 1 < len(blocks) else []
        if _is_heading_block(block, follower) and sum(map(len, pending)) + len(block) <= MOST_HEADINGS:
            pending.append(block)
            continue
        heads = [row for head in pending for row in head]
        is_headed = count_headings(heads + block) >= len(heads)
        joined += [heads + block] if is_headed else [*pending, block]
        pending = []
    return joined + pending


def _is_heading_block(block: Sequence[Row], follower: Sequence[Row]) -> bool:
    if len(block) > MOST_HEADINGS or not follower or not all(map(_may_be_heading, block)):
        return False
    if all(map(_may_be_heading, follower)) and not count_headings(follower):
        return len(follower) < 4 and any(len(row.pieces[0]) != len(block[0].pieces[0]) for row in follower)
    return follower[0].is_marked


def _may_be_heading(row: Row) -> bool:
    return is_labelled(row.raw) or (
        any(map(is_hanzi, row.bare)) and not row.is_marked and not row.is_poem and 1 <= len(row.pieces) <= 3
    )


def _is_spread_out(blocks: Sequence[Sequence[Row]], rows: Sequence[Row]) -> bool:
    """Whether one poem was typed with a blank line after every row."""
    if any(len(block) > 1 for block in blocks) or 2 * sum(row.is_poem for row in rows) >= len(rows):
        return False
    lengths = {len(piece) for row in rows for piece in row.pieces}
    return len(lengths) == 1 and lengths <= {4, 5, 6, 7}


def _divide(rows: Sequence[Row]) -> tuple[str, list[list[Row]]]:
    """The layout of rows without blank lines between them, and the poems they make."""
    if len(rows) < 2:
        return ONE_POEM, [list(rows)] if rows else []
    whole = sum(row.is_poem for row in rows)
    if whole == len(rows):
        return ONE_A_LINE, [[row] for row in rows]
    groups = _by_headings(rows)
    if len(groups) > 1:
        return BY_HEADINGS, groups
    if 2 * whole >= len(rows) and whole > 2 and count_headings(rows) == 0:
        return ONE_A_LINE, [[row] for row in rows]
    headings = count_headings(rows)
    if headings and len(rows) - headings > 2 and all(row.is_poem for row in rows[headings:]):
        return ONE_A_LINE, [[row] for row in rows[headings:]]  # the heading is the file's
    return ONE_POEM, [list(rows)]


def _by_headings(rows: Sequence[Row]) -> list[list[Row]]:
    """Groups that begin with rows which are not verse: without marks among marked ones, or of another length."""
    if any(row.is_marked for row in rows):
        is_head = [_may_be_heading(row) for row in rows]
        lengths = [len(row.pieces) for row in rows if row.is_marked]
        if sum(length == 1 for length in lengths) * 2 > len(lengths):
            return [list(rows)]  # verse with a mark after every second row
    else:
        counts = [len(row.pieces[0]) if len(row.pieces) == 1 else 0 for row in rows]
        usual = Counter(counts).most_common(1)[0][0]
        is_head = [count not in (usual, 2 * usual) for count in counts]
    groups: list[list[Row]] = []
    before = False
    for row, head in zip(rows, is_head, strict=True):
        if not groups or (head and not before):
            groups.append([])
        groups[-1].append(row)
        before = head
    if not is_head[0] or any(len(group) - count_headings(group) < 1 for group in groups):
        return [list(rows)]
    if not any(row.is_marked for row in rows) and any(_odd(group) for group in groups):
        return [list(rows)]
    return groups


def _odd(group: Sequence[Row]) -> bool:
    """Whether the verse of a group without marks is not an even number of lines, four at least."""
    lines = sum(len(row.pieces) for row in group[count_headings(group) :])
    return lines < 4 or lines % 2 == 1


def count_headings(rows: Sequence[Row]) -> int:
    """How many rows at the head of a poem are title and author.

    Where all rows from some row on have marks, those before, which have none; where no row has any, one, two or
    three without which alone the lines are of one length, or four or eight.
    """
    labelled = next((k for k, row in enumerate(rows) if not is_labelled(row.raw)), 0)
    if labelled:
        return labelled
    marked = [row.is_marked for row in rows]
    if any(marked):
        first = marked.index(True)
        if _is_marked_title(rows):
            first = 2
        below = (marked[k] or not rows[k].bare for k in range(first, len(rows)))  # a note among verse
        return first if all(below) and first <= MOST_HEADINGS else 0
    lengths = [[len(piece) for piece in row.pieces] for row in rows]
    if len({length for some in lengths for length in some}) == 1:
        counts = [sum(map(len, lengths[k:])) for k in (0, 1)]
        return 1 if counts[0] % 2 and counts[1] in (4, 8) else 0
    ends = range(1, min(MOST_HEADINGS, len(rows) - 1) + 1)
    alike = [k for k in ends if len({length for some in lengths[k:] for length in some}) == 1]
    found = next((k for k in alike if sum(map(len, lengths[k:])) % 2 == 0), 0)
    if found or len(rows) < 2:
        return found
    return 1 if rows[1].is_poem and len(rows) == 2 and not rows[0].is_poem else 0


def _is_marked_title(rows: Sequence[Row]) -> bool:
    """Whether the first row is a title that asks or exclaims, with the author below: 何處？ 李白."""
    first, second, *verse = rows if len(rows) > 2 else [*rows, *rows, *rows][:3]
    is_open = first.bare.endswith(("？", "！", "?", "!")) and len(first.pieces) == 1
    if not is_open or second.is_marked or len(second.pieces) != 1 or not all(row.is_marked for row in verse):
        return False
    usual = {len(piece) for row in verse for piece in row.pieces}
    return len(second.pieces[0]) < min(usual)


def _poem(rows: Sequence[Row], line_length: int | None) -> PlainPoem:
    count = count_headings(rows)
    heads, verse = [row.raw for row in rows[:count]], list(rows[count:])
    verse[1:] = [Row(row.number, row.raw, headed=False) if row.heading else row for row in verse[1:]]
    heads += [part for row in verse[:1] for part in row.heading]
    title, author = parse_heading(heads)
    if any(row.is_marked for row in verse):
        body = join_rows([row.text for row in verse])
        pieces = [piece for row in verse for piece in row.pieces]
        lines = list(cut_runs(pieces, line_length))
        body = body if lines == pieces else punctuate(lines)
    else:
        body = punctuate(list(cut_runs([piece for row in verse for piece in row.pieces], line_length)))
    return PlainPoem(rows[0].number, title, author, body)


def _split_heading(row: str) -> tuple[list[str], str]:
    """(title and author, verse) of one row that holds both, such as 《title》verse or title:verse."""
    if close_up(row) != row:
        return [], row
    quoted = _QUOTED_TITLE.match(row)
    if quoted and row[quoted.end() :].strip():
        author = _AUTHOR.match(row[quoted.end() :])
        verse = row[quoted.end() :]
        if author and is_whole_poem(split_pieces(_bare(verse[author.end() :]))):
            return [quoted[1], author[1]], verse[author.end() :]
        return [quoted[1]], verse
    for pattern in _FIELDS:
        for count in range(MOST_HEADINGS, 0, -1):
            *heads, verse = pattern.split(row, maxsplit=count)
            if len(heads) == count and _are_headings(heads, verse):
                return heads, verse
    title, _, verse = row.partition("：")
    if verse and not title.endswith(("曰", "云")) and _are_headings([title], verse):
        return [title], verse  # 歌曰：and what follows is verse
    title, _, verse = row.partition(":")
    return ([title], verse) if verse.strip() and title.strip() and not has_marks(title) else ([], row)


def _are_headings(heads: Sequence[str], verse: str) -> bool:
    """Whether what stands before verse in one row is not verse: no marks, and another length."""
    pieces = split_pieces(_bare(verse))
    if any(has_marks(head) or len(head) > MOST_TITLE or not head.strip() for head in heads):
        return False
    if not is_whole_poem(pieces) or (len(pieces) % 2 and len(pieces) > 1):
        return False
    is_alike = set(map(len, pieces)) == set(map(len, heads))
    return not is_alike or (len(heads) == 1 and len(pieces) in (4, 8))


def _bare(row: str) -> str:
    """A row without notes, quotation marks and the brackets of restored characters; blanks kept, one for many."""
    row = strip_quotes(row)
    with suppress(Unusable):  # a bracket without its partner stays, to be reported
        row = strip_notes(row)
    return unwrap_restored(" ".join(map(normalise_forms, row.split())))
