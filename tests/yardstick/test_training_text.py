"""Words and runs of the training poems, held against counts made one by one."""

import math
from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus.dataset import EncodedPoems
from poetgen.corpus.vocabulary import SPECIALS, Vocabulary
from poetgen.poem.poem import MARKS
from poetgen.yardstick.training_text import FEWEST, TrainingText

HANZI = "日月山川風花雪雲"
VOCABULARY = Vocabulary((*SPECIALS, *MARKS, *HANZI), [1] * (len(SPECIALS + tuple(MARKS)) + len(HANZI)), 1)
bodies = st.lists(
    st.text("日月山，", min_size=1, max_size=12).map(lambda body: "日" + body), min_size=1, max_size=4
)


def train(*poems: str) -> TrainingText:
    rows = [[*VOCABULARY.encode(poem), VOCABULARY.end] for poem in poems]
    return TrainingText(
        EncodedPoems(np.array(list(chain(*rows)), np.uint16), np.cumsum([0, *map(len, rows)])), VOCABULARY
    )


def longest_run(poem: str, others: list[str]) -> int:
    """By looking for every run of it."""
    texts = ["".join(char for char in other if char != "，") for other in others]
    runs = (poem[a:b] for a in range(len(poem)) for b in range(a, len(poem) + 1))
    return max((len(run) for run in runs if run and any(run in text for text in texts)), default=0)


@given(bodies, st.lists(st.text("日月山川", max_size=9), min_size=1, max_size=4))
def test_runs_are_as_long_as_those_found_one_by_one(training, poems):
    assert train(*training).longest_runs(poems) == [longest_run(poem, training) for poem in poems]


def test_a_run_goes_over_the_ends_of_lines_and_not_of_poems():
    text = train("日月，山川。", "風花，")
    assert text.longest_runs(["月山", "川風", "日月山川風", ""]) == [2, 1, 4, 0]


def test_what_no_training_poem_has_is_like_nothing():
    assert train("日月，").longest_runs(["雁日月雁", "雁"]) == [2, 0]


@given(bodies)
def test_words_are_counted_within_lines(training):
    text = train(*(training * FEWEST))
    lines = [line for body in training * FEWEST for line in body.split("，")]
    hanzi = "".join(lines)
    times = sum(pair == ("日", "月") for line in lines for pair in pairwise(line))
    expected = math.log(times * len(hanzi) / hanzi.count("日") / hanzi.count("月")) if times else -math.inf
    assert text.pmi("日", "月") == pytest.approx(expected)


def test_what_comes_side_by_side_too_seldom_is_no_word():
    assert train(*["日月，"] * (FEWEST - 1)).pmi("日", "月") == -math.inf
    assert train(*["日月，"] * FEWEST).pmi("日", "月") > 0


@pytest.mark.parametrize(
    ("line", "breaks"),
    [
        ("山日月川風", True),
        ("日月山川風", False),
        ("山川風日月花雪", True),
        ("山川日月風花雪", False),
        ("日月", False),
    ],
)
def test_a_word_across_the_pause_breaks_the_rhythm(line, breaks):
    assert train(*["日月，"] * FEWEST, "山川風花雪雲，").breaks_rhythm(line) == breaks


def test_a_word_elsewhere_that_is_as_tied_keeps_it():
    assert train(*["日月，"] * FEWEST, *["山川，"] * FEWEST).breaks_rhythm("風日月山川") is False
