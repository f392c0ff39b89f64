"""Text in any script is read as the corpus' own, and what is the corpus' own stays."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus.vocabulary import SPECIALS, Vocabulary
from poetgen.poem.poem import MARKS, is_hanzi
from poetgen.script.bigrams import EDGE, Bigrams, ambiguous, most_likely_text, tang_variants
from poetgen.script.convert import acrostic_to_corpus, to_corpus
from poetgen.script.opencc import SIMPLIFIED, TABLES, TAIWAN, TRADITIONAL, spellings
from poetgen.script.variants import VariantTable

KNOWN = Bigrams.load().characters[1:]
# Characters that every edition prints as they are, and no other so.
FIXED = sorted(
    set(KNOWN) - ambiguous(KNOWN) - {b for t in TABLES for b in spellings(KNOWN, t) if b not in KNOWN}
)
typed = st.text(
    st.sampled_from(KNOWN[:2000]) | st.sampled_from("云后里余几干斗钟红叶发为群説，。\n"), max_size=30
)


@pytest.mark.parametrize(
    ("given", "read", "script"),
    [
        ("白发三千丈，缘愁似个长。", "白髮三千丈，緣愁似箇長。", SIMPLIFIED),
        ("远上寒山石径斜，白云生处有人家。", "遠上寒山石徑斜，白雲生處有人家。", SIMPLIFIED),
        ("床前看月光，疑是地上霜。", "牀前看月光，疑是地上霜。", TRADITIONAL),
        ("千里江陵一日还", "千里江陵一日還", SIMPLIFIED),
        ("誰爲表予心", "誰爲表予心", TRADITIONAL),
        ("夜來風雨聲", "夜來風雨聲", TRADITIONAL),
        ("眾鳥高飛盡，孤雲獨去閒。", "衆鳥高飛盡，孤雲獨去閒。", TRADITIONAL),
        ("為君持酒勸斜陽", "爲君持酒勸斜陽", TRADITIONAL),
        ("明月", "明月", TRADITIONAL),
        ("⽉明", "月明", TRADITIONAL),
    ],
)
def test_lines_that_everybody_knows(given, read, script):
    mapped = to_corpus(given)
    assert (mapped.text, mapped.script) == (read, script)


@pytest.mark.parametrize(
    ("given", "read", "notes"),
    [
        ("红", "紅", ()),
        ("云", "雲", ("云 read as 雲",)),
        ("云深", "雲深", ("云 read as 雲",)),
        ("皇后", "皇后", ()),
        ("花发", "花發", ()),
        ("秋千", "鞦韆", ("秋 read as 鞦", "千 read as 韆")),
        ("為君", "爲君", ()),
    ],
)
def test_only_what_may_surprise_is_told(given, read, notes):
    mapped = to_corpus(given)
    assert (mapped.text, mapped.notes) == (read, notes)
    assert mapped.changes == tuple((a, b) for a, b in zip(given, read, strict=True) if a != b)


@pytest.mark.parametrize(
    "given",
    [
        "床前",
        "床上",
        "群山",
        "群玉",
        "群芳",
        "疏雨",
        "吃茶",
        "疏影",
        "岩石",
        "痴人",
        "污泥",
        "台北",
        "粽子",
        "灶火",
        *("秋思", "江南", "中秋", "梅花", "西湖", "落日", "友人"),
    ],
)
def test_what_is_standard_in_taiwan_is_not_taken_for_simplified(given, monkeypatch):
    assert to_corpus(given).script == TRADITIONAL
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert to_corpus(given).script == SIMPLIFIED
    monkeypatch.setenv("LC_ALL", "zh_TW.UTF-8")
    assert to_corpus(given).script == TAIWAN


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("日历", "日曆"),
        ("茶几", "茶几"),
        ("放松", "放鬆"),
        ("船只", "船隻"),
        ("理发", "理髮"),
        *[
            ("白发", "白髮"),
            ("泪痕干", "淚痕乾"),
            ("秋千", "鞦韆"),
            ("丑女", "醜女"),
            ("钟声", "鐘聲"),
            ("钟期", "鍾期"),
        ],
        *[
            ("郁金", "鬱金"),
            ("几案", "几案"),
            ("几时", "幾時"),
            ("白苹花", "白蘋花"),
            ("瞭然", "瞭然"),
            ("乾坤", "乾坤"),
        ],
        ("皇后", "皇后"),
    ],
)
def test_words_of_today_go_back_by_the_dictionary(given, read):
    assert to_corpus(given).text == read


def test_what_is_traditional_is_answered_so_wherever_one_reads(monkeypatch):
    for locale, script in (("zh_CN", TRADITIONAL), ("zh_TW", TAIWAN), ("en_US", TRADITIONAL)):
        monkeypatch.setenv("LC_ALL", locale)
        assert to_corpus("紅葉").script == script
        assert to_corpus("红叶").script == SIMPLIFIED


@pytest.mark.parametrize("given", ["黄婷", "吴倩", "静", "争渡", "带月"])
def test_strays_of_a_corpus_are_simplified_where_all_else_is_alike(given):
    strays = {"黄": 3000, "吴": 900, "静": 900, "争": 400, "带": 300}  # as many as that of 全宋詩 has
    tokens = (*SPECIALS, *MARKS, *KNOWN, *(char for char in strays if char not in KNOWN))
    counts = [strays.get(token, Bigrams.load().vocabulary.count(token)) for token in tokens]
    variants = VariantTable(Vocabulary(tokens, counts, 1))
    read = to_corpus(given, variants)
    assert (read.script, read.notes) == (SIMPLIFIED, ())
    assert to_corpus("黄鶴樓", variants).script == TRADITIONAL


@pytest.mark.parametrize(("given", "notes"), [("凭栏", ()), ("猪", ()), ("马云", ("云 read as 雲",))])
def test_a_spelling_that_only_simplified_print_has_is_no_news(given, notes):
    assert to_corpus(given).notes == notes


def test_a_script_that_is_known_is_believed():
    assert to_corpus("云中", script=TRADITIONAL).text == "云中"
    assert to_corpus("云", script=TRADITIONAL).text == "云"
    assert to_corpus("眾", script=TRADITIONAL).text == "衆"
    assert to_corpus("皇后", script=SIMPLIFIED).script == SIMPLIFIED


def test_heads_of_lines_have_no_company():
    heads = acrostic_to_corpus("云后里")
    assert (heads.text, heads.script) == ("雲後里", SIMPLIFIED)
    assert acrostic_to_corpus("云后", script=TRADITIONAL).text == "云后"


def test_alike_in_both_follows_the_setting(monkeypatch):
    monkeypatch.setenv("POETGEN_SCRIPT", "simplified")
    assert to_corpus("明月").script == SIMPLIFIED
    assert to_corpus("明月長").script == TRADITIONAL


def test_a_vocabulary_of_its_own_has_the_last_word():
    """A corpus that writes 為 and not 爲, and 雲 never."""
    counts = {"為": 50, "君": 9, "云": 3, "發": 9, "髮": 1, "白": 9}
    readings = VariantTable(Vocabulary((*SPECIALS, *MARKS, *counts), [0] * 7 + [*counts.values()], 1))
    assert to_corpus("为君", readings).text == "為君"
    assert to_corpus("白云", readings).text == "白云"
    assert to_corpus("白发", readings).text == "白髮"
    assert to_corpus("君发", readings).text == "君發"


@given(st.text())
def test_any_text_keeps_its_length_and_all_that_is_no_hanzi(text):
    mapped = to_corpus(text)
    assert len(mapped.typed) == len(mapped.text) == len(text)
    assert all(a == b for a, b in zip(text, mapped.text, strict=True) if not is_hanzi(b))


@given(typed)
def test_read_again_it_stays(text):
    once = to_corpus(text)
    assert to_corpus(once.text, script=TRADITIONAL).text == once.text
    assert all(char in tang_variants() for char in once.text if is_hanzi(char))


@given(st.text(st.sampled_from(FIXED) | st.sampled_from(MARKS), min_size=2))
def test_what_nobody_prints_otherwise_stays(text):
    assert to_corpus(text).text == text
    assert to_corpus(text).changes == ()


PLACES = st.lists(
    st.dictionaries(st.sampled_from("雲云後后山，"), st.floats(0, 5), min_size=1, max_size=4), max_size=5
)


@given(PLACES, st.integers(0, 99), st.booleans())
def test_the_path_is_the_best_of_all(places, seed, goes_on):
    def score(before, after):
        return random.Random(f"{seed}{before}{after}").random()

    def total(text):
        seen = [EDGE, *(char if is_hanzi(char) else EDGE for char in text), *([] if goes_on else [EDGE])]
        costs = sum(place[char] for place, char in zip(places, text, strict=True))
        return sum(itertools.starmap(score, itertools.pairwise(seen))) - costs

    text, found = most_likely_text(places, score, goes_on=goes_on)
    assert found == pytest.approx(total(text))
    assert found == pytest.approx(max(total("".join(each)) for each in itertools.product(*places)))
