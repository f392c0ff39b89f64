"""Poems in plain text, in the layouts people use: which rows make a poem, which are its title and author.

Blank lines separate poems. Without any, rows that are whole poems are one each; rows without marks among marked
ones are headings, and a poem begins at each; other rows are one poem together.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from poetgen.corpus.blocks import split_blocks
from poetgen.corpus.headings import is_labelled, parse_heading
from poetgen.corpus.rows import MOST_HEADINGS, Row
from poetgen.corpus.signatures import read_name
from poetgen.poem.lineation import cut_runs, join_rows, open_strokes, punctuate
from poetgen.poem.poem import is_hanzi

ONE_A_LINE, BLOCKS, ONE_POEM, BY_HEADINGS = (
    "one poem a line",
    "blank lines between poems",
    "",
    "a heading above each poem",
)
_FIRST = re.compile(r"(?P<common>.+?)\s*其一")
_LATER = re.compile(r"其[二三四五六七八九十百]+")


@dataclass(frozen=True)
class PlainPoem:
    """A poem as the text has it: `number` of its first row (from 1), heading parsed, verse as one marked body."""

    number: int
    title: str
    author: str
    body: str


class PlainText(NamedTuple):
    """The layout of a text in words, its poems, and how many rows were left out as no verse."""

    layout: str
    poems: list[PlainPoem]
    left_out: int


def plain_poems(text: str, *, line_length: int | None = None) -> PlainText:
    """The poems of a text; `line_length` cuts verse that has no marks."""
    found = split_blocks(text)
    rows = [
        [Row(number, part) for number, row in block for part in open_strokes(row)] for block in found.blocks
    ]
    blocks = _attach_headings(_attach_signatures(rows))
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


def _attach_signatures(blocks: list[list[Row]]) -> list[list[Row]]:
    """Blocks that end where a poem is signed; a row that is nothing but a signature signs the one above."""
    ended: list[list[Row]] = []
    for block in blocks:
        begun: list[Row] = []
        for row in block:
            above = begun[-1] if begun else ended[-1][-1] if ended else None
            if row is block[-1] and _is_below_verse(row, begun):
                row.signature, row.is_signature = read_name(row.raw), True
            if row.is_signature and above and above.is_marked:
                above.signature = above.signature or row.signature
            else:
                row.signature = [] if row.is_signature else row.signature
                begun.append(row)
            if row.signature and begun:
                ended.append(begun)
                begun = []
        ended += [begun] if begun else []
    return ended


def _is_below_verse(row: Row, above: Sequence[Row]) -> bool:
    """Whether a row is a name below marked verse, and no line of it."""
    if not above or not above[-1].is_marked or row.is_marked or not read_name(row.raw):
        return False
    return {len(piece) for piece in row.pieces}.isdisjoint(
        len(piece) for each in above for piece in each.pieces
    )


def _attach_headings(blocks: list[list[Row]]) -> list[list[Row]]:
    """Blocks that are but a title and an author, put above the verse that follows them."""
    joined: list[list[Row]] = []
    pending: list[list[Row]] = []
    for k, block in enumerate(blocks):
        follower, below = [*blocks[k + 1 : k + 3], [], []][:2]
        if _is_heading_block(block, follower, below) and sum(map(len, pending)) + len(block) <= MOST_HEADINGS:
            pending.append(block)
            continue
        heads = [row for head in pending for row in head]
        is_headed = count_headings(heads + block) >= len(heads)
        joined += [heads + block] if is_headed else [*pending, block]
        pending = []
    return joined + pending


def _is_heading_block(block: Sequence[Row], follower: Sequence[Row], below: Sequence[Row]) -> bool:
    if len(block) > MOST_HEADINGS or not follower or not all(map(_may_be_heading, block)):
        return False
    if len(block) == len(follower) == 1 and len(block[0].bare) < 4 and len(follower[0].bare) < 4:
        # a title and a poet of so few hanzi, whatever their lengths
        return bool(below) and below[0].is_marked
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
    heads += [part for row in verse for part in row.signature]
    title, author = parse_heading(heads)
    if any(row.is_marked for row in verse):
        body = join_rows([row.text for row in verse])
        pieces = [piece for row in verse for piece in row.pieces]
        lines = list(cut_runs(pieces, line_length))
        body = body if lines == pieces else punctuate(lines)
    else:
        body = punctuate(list(cut_runs([piece for row in verse for piece in row.pieces], line_length)))
    return PlainPoem(rows[0].number, title, author, body)
