"""What a typed character may stand for, by the characters of a vocabulary and their counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus.vocabulary import SPECIALS, Vocabulary
from poetgen.poem.poem import MARKS
from poetgen.script.opencc import HONGKONG, SIMPLIFIED, TABLES, TAIWAN, spellings, to_simplified
from poetgen.script.variants import FOREIGN, KEPT, OLD_FORM, OWN, VariantTable

# Real counts of the core volumes, commonest first within each class.
COUNTS = {
    **{"雲": 12561, "云": 695, "後": 3348, "后": 213, "里": 4035, "裏": 2869, "裡": 3, "餘": 2473, "余": 460},
    **{"幾": 3199, "几": 163, "乾": 751, "干": 707, "幹": 104, "鐘": 1000, "鍾": 300, "斗": 800, "鬬": 455},
    **{"牀": 894, "床": 40, "羣": 1536, "群": 13, "爲": 9343, "為": 4, "衆": 900, "說": 1600, "溫": 330},
    **{"劒": 1308, "劍": 400, "閑": 4500, "閒": 190, "却": 2500, "卻": 100, "翫": 165, "玩": 110, "真": 2500},
    **{"回": 2748, "迴": 2034, "發": 2240, "髮": 1228, "紅": 3000, "月": 9000, "龍": 1500, "胡": 700},
    **{"三": 5000, "零": 300},
}


def readings_of(counts):
    hanzi = sorted(counts, key=lambda char: -counts[char])
    return VariantTable(
        Vocabulary((*SPECIALS, *MARKS, *hanzi), [0] * 7 + [counts[char] for char in hanzi], 1)
    )


READINGS = readings_of(COUNTS)
EDITIONS = (OWN, *TABLES)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        *[("月", "月"), ("红", "紅"), ("紅", "紅"), ("发", "發"), ("髮", "髮"), ("龙", "龍"), ("竜", "龍")],
        *[("后", "後"), ("里", "里"), ("云", "雲"), ("余", "餘"), ("几", "幾"), ("干", "乾"), ("斗", "斗")],
        *[("钟", "鐘"), ("闲", "閑"), ("却", "却"), ("卻", "却"), ("剑", "劒"), ("劍", "劍"), ("回", "回")],
        *[("床", "牀"), ("群", "羣"), ("為", "爲"), ("众", "衆"), ("眾", "衆"), ("説", "說"), ("温", "溫")],
        *[("裡", "裏"), ("眞", "真"), ("玩", "玩"), ("〇", "零"), ("鬍", None), ("囍", None), ("a", None)],
    ],
)
def test_lone_characters(typed, read):
    assert READINGS.lone(typed) == read


def test_candidates_come_commonest_first():
    assert READINGS.candidates("干") == ["乾", "干", "幹"]
    assert READINGS.candidates("乾") == ["乾"]
    assert READINGS.candidates("鬍") == []


@pytest.mark.parametrize(
    ("typed", "expected"), [("红", True), ("床", True), ("云", False), ("月", False), ("為", False)]
)
def test_only_simplified(typed, expected):
    assert READINGS.is_only_simplified(typed) is expected


@pytest.mark.parametrize(
    ("typed", "near"), [("鬍", "胡"), ("3", "三"), ("囍", None), ("a", None), ("🌕", None)]
)
def test_nearest_known_form(typed, near):
    assert READINGS.nearest(typed) == near


@pytest.mark.parametrize(
    ("typed", "edition", "costs"),
    [
        ("云", OWN, {"云": 0}),
        ("云", SIMPLIFIED, {"雲": 0, "云": 0}),
        ("剑", SIMPLIFIED, {"劍": 0, "劒": OLD_FORM}),
        ("紅", SIMPLIFIED, {"紅": KEPT}),
        ("群", TAIWAN, {"羣": 0, "群": 0}),
        ("爲", TAIWAN, {"爲": KEPT}),
        ("說", HONGKONG, {"說": KEPT}),
        ("説", HONGKONG, {"說": 0}),
        ("红", OWN, {"紅": FOREIGN}),
        ("眞", TAIWAN, {"真": FOREIGN}),
        ("囍", SIMPLIFIED, {"囍": 0}),
        ("，", TAIWAN, {"，": 0}),
    ],
)
def test_what_a_character_may_stand_for_in_an_edition_and_what_that_costs(typed, edition, costs):
    assert READINGS.costs(typed, edition) == costs


@given(st.sampled_from(sorted(COUNTS)))
def test_what_a_simplified_edition_prints_is_read_back_to_something_it_prints_so(char):
    printed = to_simplified(char)
    read = READINGS.lone(printed)
    assert read is not None
    assert to_simplified(read) == printed


@given(st.sampled_from(sorted(COUNTS)), st.sampled_from(sorted(TABLES)), st.sampled_from(EDITIONS))
def test_whatever_an_edition_prints_can_be_read_as_it_was_and_in_none_as_a_stranger(char, edition, other):
    (printed,) = spellings(char, edition)
    assert READINGS.costs(printed, edition)[char] <= KEPT
    assert all(form in READINGS for form in READINGS.costs(printed, other))
    assert READINGS.candidates(printed)


def test_the_commoner_has_the_larger_share_and_every_share_is_one():
    assert READINGS.log_share("雲") > READINGS.log_share("云") > READINGS.log_share("囍") > float("-inf")


def test_a_simplified_corpus_reads_traditional_characters_as_its_own():
    readings = readings_of({"红": 10, "爱": 20, "月": 30, "后": 5})
    assert [readings.lone(char) for char in "紅愛月後后鬍"] == ["红", "爱", "月", "后", "后", None]
    assert readings.is_plain("愛", "爱")
    assert readings.costs("愛", OWN) == {"爱": FOREIGN}
    assert READINGS.lone("愛") is None
