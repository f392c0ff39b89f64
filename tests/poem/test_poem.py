import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.poem.poem import Poem, is_hanzi, word_of
from poetgen.verse.rhymes import RhymeTable

HANZI = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=9)
TABLE = RhymeTable.load()


@given(st.lists(st.tuples(HANZI, st.sampled_from("，。？")), min_size=1, max_size=12))
def test_text_is_every_line_with_its_mark(pairs):
    poem = Poem("", "", tuple(line for line, _ in pairs), "".join(mark for _, mark in pairs))
    assert poem.text == "".join(line + mark for line, mark in pairs)
    assert poem.hanzi == sum(len(line) for line, _ in pairs)


@pytest.mark.parametrize(
    ("lines", "fragment"),
    [
        (("白日依山盡", "黃河入海流", "欲窮千里目", "更上一層樓"), False),  # 4 lines, 20 hanzi: just whole
        (("白日依山盡", "黃河入海流", "欲窮千里目"), True),
        (("白日依山", "黃河入海", "欲窮千里", "更上一層樓"), True),  # 17 hanzi
        (("落葉滿空山何處尋行跡", "落葉滿空山何處尋行跡"), True),  # 20 hanzi, 2 lines
    ],
)
def test_fragments_have_fewer_than_four_lines_or_twenty_hanzi(lines, fragment):
    assert Poem("", "", lines, "，" * len(lines)).is_fragment is fragment


@pytest.mark.parametrize(
    ("char", "is_one"), [("月", True), ("〇", True), ("𥫗", True), ("㙟", True), ("，", False)]
)
def test_what_is_a_hanzi(char, is_one):
    assert is_hanzi(char) is is_one


@pytest.mark.parametrize("char", list("aＡ1□○●ア\ue829。 ⿰"))
def test_what_is_no_hanzi(char):
    assert not is_hanzi(char)


@pytest.mark.parametrize("word", ["迴回廻", "閑閒", "臺台", "劒劍", "雁鴈", "猨猿", "爲為", "裏裡"])
def test_spellings_of_one_word(word):
    assert len({word_of(char) for char in word}) == 1
    known = [TABLE.groups(char) for char in word if TABLE.groups(char)]
    assert frozenset.intersection(*known)


@pytest.mark.parametrize(
    "pair", ["後后", "雲云", "里裏", "發髮", "征徵", "餘余", "鐘鍾", "才纔", "斗鬬", "只隻", "游遊"]
)
def test_words_of_their_own(pair):
    assert word_of(pair[0]) != word_of(pair[1])


def test_any_other_character_is_itself():
    assert [word_of(char) for char in "月x，"] == list("月x，")
