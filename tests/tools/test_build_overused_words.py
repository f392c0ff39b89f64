"""Prices of words follow from what the chosen poems say too often."""

import math

import pytest

from tools.build_overused_words import (
    DOUBT,
    FEWEST,
    RAISE,
    TIMES,
    count_usual,
    count_words,
    learn_prices,
    leave_openings,
)

POETS = ["惆悵人間事", *["天地人間事"] * 19]


def test_words_are_counted_within_lines():
    assert count_words(["惆悵", "悵人"]) == {"惆悵": 1, "悵人": 1}
    assert count_usual(POETS)("惆悵") == 1 / 20


def test_poems_that_speak_as_poets_do_give_no_price():
    assert not learn_prices(lambda prices: [POETS] * 10, count_usual(POETS))


@pytest.mark.parametrize(("times", "is_priced"), [(FEWEST - 1, False), (FEWEST, True)])
def test_a_word_must_come_often_enough(times, is_priced):
    lines = ["惆悵"] * times + ["天地人間事"]
    assert ("惆悵" in learn_prices(lambda prices: [lines], count_usual(POETS))) == is_priced


def test_a_word_that_stays_is_raised_round_by_round():
    lines = ["惆悵人間事"] * 20
    found = learn_prices(lambda prices: [lines], count_usual(POETS))
    times = (20 + DOUBT) / (1 + DOUBT)
    assert times > TIMES
    assert found == pytest.approx(
        {"惆悵": 4 * RAISE * math.log(times)} | dict.fromkeys(["悵人"], found["悵人"])
    )


def test_a_price_rises_less_where_it_makes_the_word_rarer():
    def choose(prices):
        """Of thirty poems, candidates without the word are worse by half a nat to fifteen."""
        price = prices.get("惆悵", 0.0)
        return [["惆悵人間事" if worse / 2 > price else "天地人間事"] for worse in range(1, 31)]

    found = learn_prices(choose, count_usual(POETS))["惆悵"]
    staying = learn_prices(lambda prices: choose({}), count_usual(POETS))["惆悵"]
    assert 0 < found < staying
    assert choose({"惆悵": found}).count(["惆悵人間事"]) < 15


def test_what_begins_a_poem_or_a_couplet_does_not_speak_for_it():
    bits = [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]]
    assert list(leave_openings(bits)) == [[3], [4, 5, 6], [8, 9], [10, 11, 12]]
