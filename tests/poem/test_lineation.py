"""Lines and marks: what is split can be joined again, and what is broken has lines of one length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.poem.lineation import (
    break_lines,
    copy_marks,
    punctuate,
    regular_marks,
    split_at_marks,
    split_lines,
)
from poetgen.poem.poem import MARKS

HANZI = st.text("日月山川風花雪雲", min_size=1, max_size=60)
TEXT = st.text("日月山川" + MARKS, max_size=40)


@given(TEXT)
def test_a_text_split_at_its_marks_has_all_its_hanzi_and_one_line_more_than_marks(text: str) -> None:
    lines = split_at_marks(text)
    assert "".join(lines) == "".join(char for char in text if char not in MARKS)
    assert len(lines) == 1 + sum(char in MARKS for char in text)


@given(HANZI, st.integers(1, 9))
def test_hanzi_broken_into_lines_keep_their_order_and_the_length_asked_for(hanzi: str, length: int) -> None:
    *closed, last = split_at_marks(break_lines(hanzi, length))
    assert "".join((*closed, last)) == hanzi
    assert {len(line) for line in closed} <= {length} and 1 <= len(last) <= length


@given(HANZI, st.integers(1, 9))
def test_copied_marks_are_those_of_the_other_text(hanzi: str, length: int) -> None:
    marked = break_lines(hanzi, length)
    assert copy_marks(hanzi, marked) == marked
    assert copy_marks(marked, marked) == marked


@given(TEXT)
def test_regular_marks_change_no_hanzi_and_alternate(text: str) -> None:
    marked = regular_marks(text)
    assert split_at_marks(marked) == split_at_marks(text)
    marks = "".join(char for char in marked if char in MARKS)
    assert all((mark == "，") == (k % 2 == 0) for k, mark in enumerate(marks))
    assert regular_marks(marked) == marked


@pytest.mark.parametrize("count", range(1, 9))
def test_punctuated_lines_are_split_again(count: int) -> None:
    lines = ("白日依山盡",) * count
    found, marks = split_lines(punctuate(lines))
    assert found == lines and marks[-1] == "。"
