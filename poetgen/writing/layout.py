"""How a poem stands on the page."""

from collections.abc import Sequence
from itertools import zip_longest

BLANK = "\u3000"  # as wide as a hanzi


def horizontal(lines: Sequence[str], marks: str) -> str:
    """Two lines a row, as couplets are printed: 牀前明月光，疑是地上霜。"""
    closed = [line + mark for line, mark in zip(lines, marks, strict=True)]
    return "\n".join("".join(closed[k : k + 2]) for k in range(0, len(closed), 2))


def vertical(lines: Sequence[str], marks: str) -> str:
    """As on paper: one column a line, from right to left, its mark at its foot, a blank between columns."""
    columns = [line + mark for line, mark in zip(lines, marks, strict=True)]
    rows = zip_longest(*reversed(columns), fillvalue=BLANK)
    return "\n".join(BLANK.join(row).rstrip(BLANK) for row in rows)
