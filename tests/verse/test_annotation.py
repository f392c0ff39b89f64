"""Tones and rhyme beside lines."""

from hypothesis import given
from hypothesis import strategies as st

from poetgen.verse.annotation import annotate, mark_entering
from poetgen.verse.check import check_poem
from poetgen.verse.rhymes import RhymeTable


def test_a_poem_everybody_knows():
    lines = annotate(("白日依山盡", "黃河入海流", "欲窮千里目", "更上一層樓"))
    assert [line.tones for line in lines] == ["入入平平仄", "平平入仄平", "入平平仄入", "仄仄入平平"]
    assert [line.rhyme for line in lines] == ["", "尤", "", "尤"]


@given(
    st.lists(
        st.text(st.sampled_from(sorted(RhymeTable.load())), min_size=5, max_size=5), min_size=4, max_size=4
    )
)
def test_only_the_entering_tone_is_told_otherwise_than_by_check(lines):
    for line, judged in zip(annotate(lines), check_poem(lines).lines, strict=True):
        assert line.tones.replace("入", "仄") == judged.tones
        assert (line.rhyme != "") == judged.rhymes


def test_a_character_that_is_oblique_in_two_ways_is_not_marked():
    table = RhymeTable.load()
    both = next(
        hanzi for hanzi in table if {"去", "入"} <= {reading.volume for reading in table.readings(hanzi)}
    )
    assert mark_entering(both, "仄") == "仄"
    assert mark_entering("月", "仄") == "入"
    assert mark_entering("月", "中") == "中"
