"""A poem is printed in one script, in one spelling for each word, and with what was typed as it was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.poem.poem import word_of
from poetgen.script.bigrams import Bigrams
from poetgen.script.convert import print_lines
from poetgen.script.opencc import HONGKONG, SCRIPTS, SIMPLIFIED, TAIWAN, TRADITIONAL, to_script

HANZI = st.sampled_from(Bigrams.load().characters[1:1500] + "迴回閒閑臺台猨猿鴈雁爲為裏裡却卻")
lines = st.lists(st.text(HANZI, min_size=5, max_size=5), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("script", "printed"),
    [
        (TRADITIONAL, "爲裏却羣牀"),
        (SIMPLIFIED, "为里却群床"),
        (TAIWAN, "為裡卻群床"),
        (HONGKONG, "為裏卻羣牀"),
    ],
)
def test_each_script_prints_its_own_forms(script, printed):
    assert print_lines(["爲裏却羣牀"], script) == (printed,)


@given(lines, st.sampled_from(SCRIPTS))
def test_lines_keep_their_lengths(poem, script):
    assert [len(line) for line in print_lines(poem, script)] == [len(line) for line in poem]


@given(lines, st.sampled_from([TRADITIONAL, TAIWAN, HONGKONG]))
def test_no_word_is_spelled_in_two_ways(poem, script):
    used = set("".join(print_lines(poem, script)))
    assert len({word_of(char) for char in used}) == len(used)


@pytest.mark.parametrize(
    ("poem", "printed"),
    [
        (["客未迴家去", "故人回又回"], ("客未回家去", "故人回又回")),
        (["客未迴家去", "故人回"], ("客未迴家去", "故人迴")),
    ],
)
def test_the_commoner_spelling_is_taken_and_of_equals_the_first(poem, printed):
    assert print_lines(poem, TRADITIONAL) == printed


def test_what_was_typed_stays_and_the_rest_follows_it():
    assert print_lines(["爲君裏", "爲客"], TRADITIONAL, typed={0: "為"}) == ("為君裏", "為客")
    assert print_lines(["爲君裏", "爲客"], TAIWAN, typed={0: "爲"}) == ("為君裡", "為客")
    assert print_lines(["爲君裏"], SIMPLIFIED, typed={0: "爲", 2: "里"}) == ("为君里",)
    assert print_lines(["迴回廻"], TRADITIONAL, typed={0: "迴", 1: "回"}) == ("迴回迴",)


@given(st.text(HANZI, max_size=20))
def test_a_script_is_its_own_fixed_point(text):
    for script in (TAIWAN, HONGKONG):
        once = to_script(text, script)
        assert to_script(once, script) == once
