"""Typed text in any script is read as the corpus' characters, and printed back."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus.hanzi import Readings, normalize, preferred_script, to_simplified
from poetgen.corpus.poem import MARKS
from poetgen.corpus.vocabulary import SPECIALS, Vocabulary
from poetgen.errors import ConfigError

# Real counts of the core volumes, commonest first within each class.
COUNTS = {
    **{"雲": 12561, "云": 695, "後": 3348, "后": 213, "里": 4035, "裏": 2869, "裡": 3, "餘": 2473, "余": 460},
    **{"幾": 3199, "几": 163, "乾": 751, "干": 707, "幹": 104, "鐘": 1000, "鍾": 300, "斗": 800, "鬬": 455},
    **{"牀": 894, "床": 40, "羣": 1536, "群": 13, "爲": 9343, "為": 4, "衆": 900, "說": 1600, "溫": 330},
    **{"劒": 1308, "劍": 400, "閑": 4500, "閒": 190, "却": 2500, "卻": 100, "翫": 165, "玩": 110, "真": 2500},
    **{
        "回": 2748,
        "迴": 2034,
        "發": 2240,
        "髮": 1228,
        "紅": 3000,
        "月": 9000,
        "龍": 1500,
        "胡": 700,
        "三": 5000,
    },
}


@pytest.fixture(scope="module")
def readings():
    hanzi = sorted(COUNTS, key=lambda char: -COUNTS[char])
    return Readings(Vocabulary((*SPECIALS, *MARKS, *hanzi), [0] * 7 + [COUNTS[char] for char in hanzi], 1))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        *[("月", "月"), ("红", "紅"), ("紅", "紅"), ("发", "發"), ("髮", "髮"), ("龙", "龍"), ("竜", "龍")],
        *[("后", "後"), ("里", "里"), ("云", "雲"), ("余", "餘"), ("几", "幾"), ("干", "乾"), ("斗", "斗")],
        *[("钟", "鐘"), ("闲", "閑"), ("却", "却"), ("卻", "卻"), ("剑", "劒"), ("劍", "劍"), ("回", "回")],
        *[("床", "牀"), ("群", "羣"), ("為", "爲"), ("众", "衆"), ("眾", "衆"), ("説", "說"), ("温", "溫")],
        *[("裡", "裏"), ("眞", "真"), ("玩", "玩"), ("鬍", None), ("囍", None), ("a", None)],
    ],
)
def test_lone_characters(readings, typed, read):
    assert readings.lone(typed) == read


def test_candidates_come_commonest_first(readings):
    assert readings.candidates("干") == ["乾", "干", "幹"]
    assert readings.candidates("乾") == ["乾"]
    assert readings.candidates("鬍") == []


@pytest.mark.parametrize(
    ("typed", "expected"), [("红", True), ("床", True), ("云", False), ("月", False), ("為", False)]
)
def test_only_simplified(readings, typed, expected):
    assert readings.is_only_simplified(typed) is expected


@pytest.mark.parametrize(
    ("typed", "near"), [("鬍", "胡"), ("3", "三"), ("囍", None), ("a", None), ("🌕", None)]
)
def test_nearest_known_form(readings, typed, near):
    assert readings.nearest(typed) == near


@given(st.sampled_from(sorted(COUNTS)))
def test_what_a_simplified_edition_prints_is_read_back_to_something_it_prints_so(char):
    hanzi = sorted(COUNTS)
    readings = Readings(Vocabulary((*SPECIALS, *MARKS, *hanzi), [0] * 7 + [COUNTS[c] for c in hanzi], 1))
    printed = to_simplified(char)
    read = readings.lone(printed)
    assert read is not None
    assert to_simplified(read) == printed


@given(st.text())
def test_simplifying_keeps_the_length(text):
    plain = normalize(text.encode("utf-8", "ignore").decode())
    assert len(to_simplified(plain)) == len(plain)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_normalizing_drops_blanks_and_the_invisible(text):
    plain = normalize(text)
    assert not any(char.isspace() or unicodedata.category(char) == "Cf" for char in plain)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [("⽉", "月"), (" 月\u3000\n光\u200b", "月光"), ("月\ufe00", "月"), ("，", ","), ("ｱ", "ア")],
)
def test_normal_forms(typed, plain):
    assert normalize(typed) == plain


def test_old_forms_are_printed_new():
    assert to_simplified("劒氣疎鴈爲說") == "剑气疏雁为说"


def test_preferred_script(monkeypatch):
    monkeypatch.delenv("POETGEN_SCRIPT", raising=False)
    assert preferred_script() == "traditional"
    monkeypatch.setenv("POETGEN_SCRIPT", "simplified")
    assert preferred_script() == "simplified"
    monkeypatch.setenv("POETGEN_SCRIPT", "Klingon")
    with pytest.raises(ConfigError, match="'Klingon'; set it to traditional or simplified"):
        preferred_script()
