"""Two spellings of one word are one; words that only simplified print merges stay two."""

import pytest

from poetgen.poem.spellings import word_of
from poetgen.verse.rhymes import RhymeTable

TABLE = RhymeTable.load()


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
