"""The laws of what is counted in poems."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus.line_index import LineIndex
from poetgen.poem.lineation import split_lines
from poetgen.poem.poem import Poem
from poetgen.yardstick.figures import FEWEST_OPENINGS, FIGURES, measure_poems

STORK = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"
SNOW = "千山鳥飛絕，萬徑人蹤滅。孤舟簑笠翁，獨釣寒江雪。"


def made(*bodies: str) -> list[Poem]:
    return [Poem("", "", *split_lines(body)) for body in bodies]


def measured(*bodies: str) -> dict[str, float | None]:
    return measure_poems(made(*bodies))


def test_every_figure_is_measured_and_none_else():
    assert set(measured(STORK)) == {figure.name for figure in FIGURES}


def test_of_no_poems_nothing_can_be_said():
    assert {value for name, value in measured().items() if name not in ("poems", "characters")} == {None}
    assert measured()["poems"] == measured()["characters"] == 0


def test_rules_are_those_of_the_judge():
    stork, broken = measured(STORK), measured(STORK.replace("樓", "月"), STORK)
    assert (stork["form"], stork["rhyme"], stork["tone"]) == (1, 1, 1)
    assert broken["rhyme"] == 0.5
    assert measured("白日依山盡，黃河入海。")["form"] == 0


def test_few_words_are_seen():
    few, many = measured(STORK, STORK), measured(STORK, SNOW)
    assert few["characters"] == 20
    assert many["characters"] == len(set(STORK + SNOW) - set("，。"))
    assert many["commonest"] == 1


@pytest.mark.parametrize(
    ("line", "doublings", "across"),
    [("悠悠依山盡", 250, 0), ("白日日山盡", 250, 250), ("白日依山山", 250, 0), ("白日依山盡", 0, 0)],
)
def test_doublings_are_told_from_those_across_the_pause(line, doublings, across):
    found = measured(STORK.replace("白日依山盡", line))
    assert (found["doublings"], found["caesura_doublings"]) == (doublings, across)


def test_seasons_are_counted_among_poems_that_have_one():
    spring, autumn = STORK.replace("白日", "春日"), STORK.replace("白日", "秋日")
    both = spring.replace("黃河", "秋河")
    assert measured(STORK)["both_seasons"] is None
    assert measured(STORK, spring, autumn)["both_seasons"] == 0
    assert measured(STORK, spring, both)["both_seasons"] == 0.5


def test_negations_are_counted():
    assert measured(STORK.replace("白日", "不未"))["negations"] == 50


def test_runs_that_come_again_are_counted_within_lines():
    assert measured(STORK, SNOW)["repeated_3"] == 0
    assert measured(STORK, STORK)["repeated_5"] == 0.5
    half = STORK.replace("黃河入海流", "黃日依山流")  # 日依山 comes again: one run of three in twelve
    assert measured(half)["repeated_3"] == pytest.approx(1 / 12)


def test_poems_that_open_alike_are_counted_by_their_first_hanzi():
    alike, few = [STORK] * FEWEST_OPENINGS, [SNOW] * (FEWEST_OPENINGS - 1)
    assert measured(*few)["same_opening"] is None
    assert measured(*alike, *few)["same_opening"] == 1
    other = [STORK.replace("白日", "白月")] * FEWEST_OPENINGS
    assert measured(*alike, *other)["same_opening"] == 0.5
    assert measured(*alike, *other)["openings"] == pytest.approx(2 / len(alike + other))


def test_copies_are_counted_where_the_lines_are_known():
    known = LineIndex.of([STORK])
    assert measured(STORK)["copied_lines"] is None
    assert measure_poems(made(STORK, SNOW), known)["copied_lines"] == 0.5


@given(st.integers(0, 1000))
def test_the_order_of_poems_says_nothing(seed):
    poems = made(STORK, SNOW, STORK.replace("白日", "春春"), SNOW.replace("千山", "秋不"))
    order = np.random.default_rng(seed).permutation(len(poems))
    assert measure_poems([poems[k] for k in order]) == measure_poems(poems)
