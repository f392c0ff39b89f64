"""對仗: what is scored, and that it tells couplets from lines put together by chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.verse.check import check_poem
from poetgen.verse.parallelism import LENGTHS, load_parallelism, middle_couplets, score_couplets

# 杜甫, 秋興八首 其一
AUTUMN = ["玉露凋傷楓樹林", "巫山巫峽氣蕭森", "江間波浪兼天湧", "塞上風雲接地陰"]
AUTUMN += ["叢菊兩開他日淚", "孤舟一繫故園心", "寒衣處處催刀尺", "白帝城高急暮砧"]
# middle couplets by six poets, each perfect in its kind
COUPLETS = [
    ("明月松間照", "清泉石上流"),
    ("感時花濺淚", "恨別鳥驚心"),
    ("星垂平野闊", "月湧大江流"),
    ("氣蒸雲夢澤", "波撼岳陽城"),
    ("無邊落木蕭蕭下", "不盡長江滾滾來"),
    ("身無彩鳳雙飛翼", "心有靈犀一點通"),
    ("三山半落青天外", "二水中分白鷺洲"),
    ("滄海月明珠有淚", "藍田日暖玉生煙"),
]


@pytest.mark.parametrize(("first", "second"), COUPLETS)
def test_famous_couplets_beat_their_lines_put_together_otherwise(first: str, second: str) -> None:
    table = load_parallelism()
    others = [
        line for pair in COUPLETS for line in pair if len(line) == len(first) and line not in (first, second)
    ]
    own = table.score(first, second)
    assert np.mean([own > table.score(first, other) for other in others]) > 0.8


def test_what_stands_opposite_counts_both_ways() -> None:
    table = load_parallelism()
    for first, second in COUPLETS:
        assert table.score(first, second) == pytest.approx(table.score(second, first))


def test_only_the_middle_couplets_of_regulated_octaves_are_scored() -> None:
    assert [number for number, *_ in middle_couplets(AUTUMN)] == [2, 3]
    assert [number for number, *_ in middle_couplets(AUTUMN + AUTUMN[:4])] == [2, 3, 4, 5]
    for lines in (AUTUMN[:4], AUTUMN[:7], [line[:6] for line in AUTUMN], [*AUTUMN[:7], "短"]):
        assert score_couplets(lines) == ()


def test_check_reports_it_and_breaks_no_rule_by_it() -> None:
    report = check_poem(AUTUMN)
    assert [one.couplet for one in report.couplets] == [2, 3]
    assert all(one.percentile > 40 for one in report.couplets)
    jumbled = [AUTUMN[k] for k in (0, 1, 2, 7, 4, 3, 6, 5)]
    assert {rule.name for rule in check_poem(jumbled).rules} == {rule.name for rule in report.rules}
    assert report.to_dict()["parallelism"][0]["couplet"] == 2


def test_percentiles_rise_from_0_to_100() -> None:
    table = load_parallelism()
    for length in LENGTHS:
        scores = np.linspace(-9, 9, 50)
        found = [table.percentile(score, length) for score in scores]
        assert found == sorted(found) and (found[0], found[-1]) == (0, 100)


@given(st.text(alphabet="山水風月龘A，", min_size=1, max_size=9), st.data())
def test_any_two_lines_of_one_length_have_a_finite_score(first: str, data: st.DataObject) -> None:
    second = data.draw(st.text(alphabet="山水風月龘A，", min_size=len(first), max_size=len(first)))
    assert np.isfinite(load_parallelism().score(first, second))


def test_lines_of_two_lengths_are_no_couplet() -> None:
    with pytest.raises(ValueError, match="no couplet"):
        load_parallelism().score("山", "山水")
