"""Whatever is chosen among what may follow, the poem comes out well formed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.poem.poem import COMMA, MARKS
from poetgen.writing.draft import SHORTEST, MarkedDraft, UnmarkedDraft, break_lines


def finished(draft, begun, choose):
    """A random walk through what may follow: the text at its end."""
    text = begun
    for char in begun:
        draft.add(char)
    assert draft.fits
    while True:
        follows = draft.follows()
        options = ["月"] * follows.hanzi + list(follows.marks) + ["end"] * follows.end
        assert options, text
        choice = choose(st.sampled_from(options))
        if choice == "end":
            return text
        text += choice
        draft.add(choice)


def check(text, max_length):
    lines = "".join(" " if char in MARKS else char for char in text).split()
    marks = [char for char in text if char in MARKS]
    assert len(lines) == len(marks)
    assert text[-1] in "。？"
    assert len(lines) % 2 == 0
    assert sum(map(len, lines)) <= max_length
    return lines, marks


@given(st.data(), st.integers(SHORTEST, 60))
def test_free_poems_are_regular_verse(data, max_length):
    lines, marks = check(finished(MarkedDraft(max_length), "", data.draw), max_length)
    assert {len(line) for line in lines} <= {5, 7}
    assert len(set(map(len, lines))) == 1
    assert len(lines) >= (4 if max_length >= 20 else 2)
    assert set(marks[::2]) == {COMMA}
    assert set(marks[1::2]) <= {"。", "？"}


@given(st.data(), st.lists(st.integers(1, 12), max_size=4), st.integers(0, 12), st.integers(SHORTEST, 80))
def test_any_prompt_that_fits_is_completed(data, lengths, rest, max_length):
    begun = "".join("月" * n + "，。"[k % 2] for k, n in enumerate(lengths)) + "月" * rest
    draft = MarkedDraft(max_length)
    for char in begun:
        draft.add(char)
    if draft.fits:
        check(finished(MarkedDraft(max_length), begun, data.draw), max_length)


@pytest.mark.parametrize(
    ("begun", "max_length", "fits"),
    [
        ("月" * 7, 14, True),
        ("月" * 7, 13, False),
        ("月" * 8, 100, False),  # such a stretch is broken into lines before
        ("月月月月月，月月月月月。", 10, True),
        ("月月月月月，月月月月月。月", 19, False),
        ("月月月月月，月月月月月月", 100, False),
        ("月，月月，", 12, True),
    ],
)
def test_what_fits(begun, max_length, fits):
    draft = MarkedDraft(max_length)
    for char in begun:
        draft.add(char)
    assert draft.fits is fits


def test_a_short_limit_keeps_four_lines_by_keeping_lines_short():
    draft = MarkedDraft(20)
    for _ in range(5):
        draft.add("月")
    assert draft.follows() == (False, COMMA, False)


@given(st.data(), st.integers(SHORTEST, 80), st.integers(0, 10))
def test_unmarked_poems_break_into_pairs_of_fives_or_sevens(data, max_length, begun):
    text = finished(UnmarkedDraft(max_length), "月" * begun, data.draw)
    lines, marks = break_lines(text)
    assert "".join(lines) == text
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) in (5, 7)
    assert marks == "，。" * (len(lines) // 2)
    assert len(text) <= max_length
    assert len(text) >= min(20, max_length // 10 * 10)


def test_copies_go_on_apart():
    draft = MarkedDraft(40)
    draft.add("月")
    other = draft.copy()
    other.add("月")
    assert (draft.open, other.open) == (1, 2)
