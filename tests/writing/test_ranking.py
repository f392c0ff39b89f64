"""What makes one of several candidates the better poem."""

import pytest

from poetgen.corpus.line_index import LineIndex
from poetgen.verse.parallelism import score_couplets
from poetgen.writing import ranking
from poetgen.writing.ranking import (
    AVOIDED,
    PARALLEL,
    count_copied,
    count_doublings,
    count_forced,
    count_repeats,
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


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (LINES, 0),
        (("白日依山盡", "黃河入山流"), 1),
        (("天地", "天"), 1),
        (("天地", "地天"), 2),
        (("悠悠天地心",), 0),  # doubled, and so no repeat
        (("悠悠", "天悠"), 1),
        (("迴天", "地回"), 1),  # one word in two spellings
    ],
)
def test_a_hanzi_comes_again_in_any_spelling_but_not_side_by_side(lines, found):
    assert count_repeats(lines) == found


@pytest.mark.parametrize(
    ("lines", "price"),
    [
        (LINES, 0),
        (("白日依山盡", "黃河入山流", *LINES[2:]), 8 * (1 - 20**2 / 3500)),
        (("白日依山盡", "黃山入山流", *LINES[2:]), 8 * (2 - 20**2 / 3500)),
        (("悠悠依山盡", *LINES[1:]), 3 * (1 - 20 / 150)),
        (("悠悠依山盡", "黃河入冥冥", *LINES[2:]), 3 * (2 - 20 / 150)),
    ],
)
def test_what_comes_oftener_than_in_poems_of_that_length_costs_nats(lines, price):
    assert scored(*lines) == pytest.approx((-80 - price) / 20)


def test_copied_lines_cost_nats_but_for_those_of_the_prompt():
    known = LineIndex.of(["白日依山盡，黃河入海流。"])
    assert [count_copied(LINES, known, given=given) for given in (0, 4, 5, 9, 10)] == [10, 10, 5, 5, 0]
    assert count_copied(LINES, None) == 0
    assert score(LINES, -80.0, known=known, word_prices={}, given=5) == pytest.approx((-80 - 3 * 5) / 20)


FORCED = [
    ("離山山山山", "平", 0),  # 平 is no rare tone of 離
    ("離山山山山", "仄", 0),
    ("山離山山山", "仄", 1),
    ("山山離山山", "仄", 0),
    ("山山山離山", "仄", 1),
    ("山山山山離", "仄", 1),
]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(("line", "tone", "forced"), FORCED)
def test_a_rare_tone_is_forced_at_even_places_and_at_an_end_without_rhyme(
    monkeypatch: pytest.MonkeyPatch, line, tone, forced, place
):
    monkeypatch.setattr(ranking, "load_rare_tones", lambda: {"離": "仄"})
    lines, tones = ["山" * 5] * 3, ["平" * 5] * 3
    lines[place], tones[place] = line, line.replace("離", tone).replace("山", "平")
    forced *= line[-1] == "山" or place != 1  # the second line ends in a rhyme, which has readings of its own
    assert count_forced(lines, tones) == forced
    before = 5 * place + line.index("離")
    assert count_forced(lines, tones, given=before) == forced
    assert count_forced(lines, tones, given=before + 1) == 0


def test_a_first_line_that_rhymes_has_the_readings_of_a_rhyme(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ranking, "load_rare_tones", lambda: {"離": "仄"})
    lines = ["山河天地離", "日月東西海"]
    assert [count_forced(lines, ["平平仄仄仄", "平平仄仄" + end]) for end in "仄平"] == [0, 1]


def test_doubled_hanzi_in_two_tones_are_forced_wherever_they_stand(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ranking, "load_rare_tones", dict)
    for place in range(4):
        line = "山" * place + "冥冥" + "天" * (3 - place)
        tones = ["平" * 5, "平" * (place + 1) + "仄" + "平" * (3 - place)]
        assert count_forced(["日月東西海", line], tones) == 1
        assert count_forced(["日月東西海", line], ["平" * 5] * 2) == 0
        assert count_forced(["日月東西海", line], tones, given=5 + place + 2) == 0
    priced = score(LINES, -80.0, known=None, word_prices={}, tones=["平平仄平仄"] * 4)
    assert priced == scored(*LINES)
    forced = score(("冥冥依山盡", *LINES[1:]), -80.0, known=None, word_prices={}, tones=["平仄平平仄"] * 4)
    assert forced == pytest.approx(scored("冥冥依山盡", *LINES[1:]) - AVOIDED / 20)
