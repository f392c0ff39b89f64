"""Typed text has one plain form, and corpus characters are printed as an edition prints them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.errors import ConfigError
from poetgen.script.opencc import (
    OLD_FORMS,
    TABLES,
    WORDS_KEPT,
    is_simplified,
    normalize,
    other_forms,
    plain_forms,
    preferred_script,
    preferred_traditional,
    spellings,
    to_simplified,
)


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


@given(st.text())
def test_plain_forms_keep_the_length_and_are_normal(text):
    plain = plain_forms(text)
    assert len(plain) == len(text)
    assert plain_forms(plain) == plain
    assert plain_forms(plain[::-1]) == plain_forms(text[::-1])


def test_plain_forms_of_hanzi_only():
    assert plain_forms("⽉\uf914，ａ㍿が") == "月樂，ａ㍿が"


@pytest.mark.parametrize("edition", TABLES)
def test_a_spelling_is_that_of_one_character(edition):
    assert spellings("乾坤", edition) == spellings("乾", edition) + spellings("坤", edition)


def test_old_forms_are_printed_new():
    assert to_simplified("劒氣疎鴈爲說") == "剑气疏雁为说"


def test_preferred_script(monkeypatch):
    monkeypatch.delenv("POETGEN_SCRIPT", raising=False)
    assert preferred_script() == "traditional"
    monkeypatch.setenv("POETGEN_SCRIPT", "simplified")
    assert preferred_script() == "simplified"
    monkeypatch.setenv("POETGEN_SCRIPT", "Klingon")
    with pytest.raises(ConfigError, match="'Klingon'; set it to traditional, simplified, taiwan or hongkong"):
        preferred_script()


def test_other_forms_are_those_of_other_editions():
    found = other_forms(["風", "爲", "月", "，", "<end>"])
    assert found["風"] == ("风",)
    assert set(found["爲"]) >= {"为", "為"}
    assert found["月"] == found["，"] == found["<end>"] == ()


@pytest.mark.parametrize(
    ("locale", "script"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "simplified"),
        ({"LANG": "zh_SG"}, "simplified"),
        ({"LANG": "zh"}, "simplified"),
        ({"LANG": "zh-Hans-CN"}, "simplified"),
        ({"LANG": "zh_TW.UTF-8"}, "taiwan"),
        ({"LANG": "zh_HK.big5hkscs@x"}, "hongkong"),
        ({"LANG": "zh_MO"}, "hongkong"),
        ({"LANG": "zh_Hant"}, "traditional"),
        ({"LANG": "zh_Hant_TW"}, "taiwan"),
        ({"LANG": "en_US.UTF-8"}, "traditional"),
        ({"LANG": "zhx_CN"}, "traditional"),
        ({}, "traditional"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "traditional"),
        ({"LC_ALL": "", "LANG": "zh_CN.UTF-8"}, "simplified"),
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "zh_TW.UTF-8"}, "simplified"),
        ({"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "simplified"),
        ({"LC_CTYPE": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "simplified"),
        ({"LC_CTYPE": "zh_TW", "LC_MESSAGES": "zh_CN"}, "simplified"),
        ({"LC_CTYPE": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "simplified"),
        ({"POETGEN_SCRIPT": "traditional", "LC_ALL": "zh_CN.UTF-8"}, "traditional"),
        ({"POETGEN_SCRIPT": "hongkong", "LANG": "zh_CN.UTF-8"}, "hongkong"),
    ],
)
def test_the_locale_prefers_a_script_as_posix_has_it(monkeypatch, locale, script):
    for name in ("LC_ALL", "LC_MESSAGES", "LC_CTYPE", "LANG", "POETGEN_SCRIPT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in locale.items():
        monkeypatch.setenv(name, value)
    assert preferred_script() == script
    assert preferred_traditional() == ("traditional" if script == "simplified" else script)


@pytest.mark.parametrize(
    ("corpus", "printed"),
    [
        *[("看著人", "看着人"), ("著鞭", "着鞭"), ("深著衣", "深着衣"), ("著書", "著书"), ("名著", "名著")],
        *[("月沈沈", "月沉沉"), ("沈香亭", "沉香亭"), ("沈約", "沈约"), ("潘沈", "潘沈"), ("沈郎", "沈郎")],
        *[("淚痕乾", "泪痕干"), ("桑乾", "桑干"), ("乾坤", "乾坤"), ("乾德", "乾德"), ("承乾", "承乾")],
        *[("徵兵", "征兵"), ("休徵", "休征"), ("宮徵", "宫徵"), ("魏徵", "魏徵"), ("於菟", "於菟")],
        *[("餘霞", "余霞"), ("後庭", "后庭"), ("皇后", "皇后"), ("裏里", "里里"), ("著書看著", "著书看着")],
        *[("徵音", "徵音"), ("瞭然", "了然"), ("瞭望", "瞭望"), ("几案", "几案"), ("幾時", "几时")],
        *[("鍾期", "钟期"), ("蘋花", "苹花"), ("乾谿", "干溪"), ("甦醒", "苏醒"), ("不甦", "不苏")],
        *[
            ("白髮", "白发"),
            ("秋千", "秋千"),
            ("鞦韆", "秋千"),
            ("醜女", "丑女"),
            ("鬱金", "郁金"),
            ("鐘聲", "钟声"),
        ],
        *[("當罏", "当垆"), ("爛熳", "烂漫"), ("槍鎗", "枪枪"), ("讌飲", "宴饮"), ("嶮巇", "险巇")],
    ],
)
def test_simplified_print_goes_by_the_words_that_characters_stand_in(corpus, printed):
    assert to_simplified(corpus) == printed


@pytest.mark.parametrize(("char", "word"), [(c, w) for c, (_, ws) in WORDS_KEPT.items() for w in ws.split()])
def test_words_are_kept_wherever_they_stand(char, word):
    assert char in word
    kept = to_simplified(f"月{word}月")
    assert kept[1 + word.index(char)] == char
    assert all(map(is_simplified, kept))


def test_an_old_form_is_printed_as_a_new_one_that_stays():
    for old, new in OLD_FORMS.items():
        assert to_simplified(chr(old)) == to_simplified(new) != chr(old)
        assert is_simplified(to_simplified(new))
