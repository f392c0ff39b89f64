"""對仗: what is scored, and that it tells couplets from lines put together by chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.verse.check import check_poem
from poetgen.verse.parallelism import (
    LENGTHS,
    ParallelismTable,
    load_parallelism,
    middle_couplets,
    score_couplets,
)

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


def test_a_pair_is_rated_by_what_was_counted_and_twelve_pairs_of_its_class() -> None:
    # three characters of two classes: 山 was seen 30 times opposite 水, of 40 times in all
    table = ParallelismTable(
        place={"山": 0, "水": 1, "紅": 2},
        counts=np.array([40.0, 50.0, 10.0]),
        classes=np.array([0, 0, 1]),
        pairs=np.array([1, 3]),
        pair_counts=np.array([30, 30]),
        class_pairs=np.array([[60.0, 20.0], [20.0, 5.0]]),
        percentiles={},
    )
    of_class = 60 / 80 / 80  # P(class | class) / P(class), in pairs
    seen = np.log((30 + 12 * of_class * 50) / (40 + 12) / (50 / 100))
    never = np.log((0 + 12 * (20 / 80 / 25) * 10) / (40 + 12) / (10 / 100))
    assert table.pmi("山", "水") == pytest.approx(seen)
    assert table.pmi("山", "紅") == pytest.approx(never)
    assert table.pmi("山", "龘") == table.pmi("龘", "山") == 0
    assert table.score("山龘", "水龘") == pytest.approx((seen + table.pmi("水", "山")) / 4)


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
