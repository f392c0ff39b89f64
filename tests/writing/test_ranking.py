"""What makes one of several candidates the better poem."""

import pytest

from poetgen.verse.parallelism import score_couplets
from poetgen.writing.ranking import (
    AVOIDED,
    PARALLEL,
    count_doublings,
    is_doubled_across,
    load_overused_words,
    parallelism,
    price_words,
    score,
)

LINES = ("白日依山盡", "黃河入海流", "欲窮千里目", "更上一層樓")
REGULATED = (
    "國破山河在", "城春草木深", "感時花濺淚", "恨別鳥驚心", "烽火連三月", "家書抵萬金", "白頭搔更短", "渾欲不勝簪",
)  # fmt: skip


def scored(*lines: str) -> float:
    return score(lines, -80.0, known=None, word_prices={})


@pytest.mark.parametrize(
    ("line", "doublings", "across"),
    [
        ("悠悠天地心", 1, False),
        ("天地心悠悠", 1, False),
        ("江水水悠悠", 2, True),
        ("日日日日日", 4, True),
        ("千里江山山水遠", 1, True),
        ("千里江江山水遠", 1, False),
        ("江水水", 1, False),
    ],
)
def test_doublings_are_counted_and_those_across_the_pause(line, doublings, across):
    assert (count_doublings(line), is_doubled_across(line)) == (doublings, across)


def test_a_doubling_costs_and_across_the_pause_far_more():
    within, across = scored("悠悠依山盡", *LINES[1:]), scored("白悠悠山盡", *LINES[1:])
    assert scored(*LINES) > within > across
    assert within - across == pytest.approx(AVOIDED / 20)


def test_spring_beside_autumn_is_taken_only_where_there_is_nothing_else():
    spring = scored("春日依山盡", *LINES[1:])
    assert spring == scored("秋日依山盡", *LINES[1:])
    assert scored("春日依山盡", "秋河入海流", *LINES[2:]) == pytest.approx(spring - AVOIDED / 20)


def test_parallel_middle_couplets_are_better_and_only_those():
    scrambled = (*REGULATED[:3], REGULATED[5], REGULATED[4], REGULATED[3], *REGULATED[6:])
    assert parallelism(REGULATED) > parallelism(scrambled)
    assert parallelism(LINES) == 0
    gained = PARALLEL * (parallelism(REGULATED) - parallelism(scrambled))
    assert scored(*REGULATED) - scored(*scrambled) == pytest.approx(gained)
    couplets = [couplet.score for couplet in score_couplets(REGULATED)]
    assert parallelism(REGULATED) == pytest.approx(sum(couplets) / 2)


def test_an_overused_word_costs_its_price_and_decides_between_equals():
    prices = load_overused_words()
    assert all(price > 0 and len(word) == 2 for word, price in prices.items())
    plain, overused = ("天地人山盡", *LINES[1:]), ("天惆悵山盡", *LINES[1:])
    cost = price_words(overused, prices) - price_words(plain, prices)
    assert cost >= prices["惆悵"] > 0
    dearer = score(plain, -80.0, known=None) - score(overused, -80.0, known=None)
    assert dearer == pytest.approx(cost / 20)


def test_a_word_is_priced_within_a_line_and_wherever_it_comes():
    prices = {"日依": 2.0, "盡黃": 5.0}
    assert price_words(LINES, prices) == 2
    assert price_words((*LINES, *LINES), prices) == 4
    assert scored(*LINES) - score(LINES, -80.0, known=None, word_prices=prices) == pytest.approx(2 / 20)
