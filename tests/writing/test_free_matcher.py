"""Whatever is chosen among what may follow, the poem comes out well formed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus.vocabulary import SPECIALS, Vocabulary
from poetgen.poem.poem import COMMA, MARKS
from poetgen.writing.constraints import SHORTEST
from poetgen.writing.free_matcher import MarkedMatcher, UnmarkedMatcher

VOCABULARY = Vocabulary((*SPECIALS, *MARKS, "月"), [9] * (len(SPECIALS) + len(MARKS) + 1), 0)


def finished(matcher, begun, choose):
    """A random walk through what is allowed: the text at its end, as the lines have it."""
    matcher.write(begun)
    assert matcher.can_complete
    while True:
        options = np.flatnonzero(matcher.allowed()).tolist()
        assert options, matcher.lines()
        assert matcher.is_complete == (options == [VOCABULARY.end])
        choice = choose(st.sampled_from(options))
        if choice == VOCABULARY.end:
            return "".join(line + mark for line, mark in zip(*matcher.lines(), strict=True))
        matcher.accept(choice)


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
    lines, marks = check(finished(MarkedMatcher(VOCABULARY, max_length), "", data.draw), max_length)
    assert {len(line) for line in lines} <= {5, 7}
    assert len(set(map(len, lines))) == 1
    assert len(lines) >= (4 if max_length >= 20 else 2)
    assert set(marks[::2]) == {COMMA}
    assert set(marks[1::2]) <= {"。", "？"}


@given(st.data(), st.lists(st.integers(1, 12), max_size=4), st.integers(0, 12), st.integers(SHORTEST, 80))
def test_any_prompt_that_fits_is_completed(data, lengths, rest, max_length):
    begun = "".join("月" * n + "，。"[k % 2] for k, n in enumerate(lengths)) + "月" * rest
    matcher = MarkedMatcher(VOCABULARY, max_length)
    matcher.write(begun)
    if matcher.can_complete:
        check(finished(MarkedMatcher(VOCABULARY, max_length), begun, data.draw), max_length)


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
    matcher = MarkedMatcher(VOCABULARY, max_length)
    matcher.write(begun)
    assert matcher.can_complete is fits


def test_a_short_limit_keeps_four_lines_by_keeping_lines_short():
    matcher = MarkedMatcher(VOCABULARY, 20)
    for _ in range(5):
        matcher.write("月")
    assert matcher.follows() == (False, COMMA, False)


@given(st.data(), st.integers(SHORTEST, 80), st.integers(0, 10))
def test_unmarked_poems_break_into_pairs_of_fives_or_sevens(data, max_length, begun):
    matcher = UnmarkedMatcher(VOCABULARY, max_length)
    finished(matcher, "月" * begun, data.draw)
    lines, marks = matcher.lines()
    text = "".join(lines)
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) in (5, 7)
    assert marks == "，。" * (len(lines) // 2)
    assert len(text) <= max_length
    assert len(text) >= min(20, max_length // 10 * 10)


def test_forks_go_on_apart():
    matcher = MarkedMatcher(VOCABULARY, 40)
    matcher.write("月")
    other = matcher.fork()
    other.write("月")
    assert (matcher.lines()[0], other.lines()[0]) == (("月",), ("月月",))


def test_a_question_may_close_a_couplet_and_no_first_line():
    question, stop, comma = VOCABULARY.encode("？。，")
    matcher = MarkedMatcher(VOCABULARY, 40)
    matcher.write("月月月月月")
    allowed = matcher.allowed()
    assert allowed[comma] and not allowed[question] and not allowed[stop]
    matcher.write("，月月月月月")
    allowed = matcher.allowed()
    assert allowed[question] and allowed[stop] and not allowed[comma]
