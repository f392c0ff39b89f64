"""What the ends of lines may be read as: laws over any table and any poem."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.verse.rhyme_books import LEVEL, OBLIQUE, Reading
from poetgen.verse.rhyme_rules import BOTH_TONES, RhymePositions
from poetgen.verse.rhymes import RhymeTable

READINGS = [Reading(LEVEL, group) for group in "東冬江"] + [Reading(OBLIQUE, group) for group in "送屋"]
READINGS += [Reading(LEVEL, ""), Reading(OBLIQUE, "")]
SOME = st.lists(st.sampled_from(READINGS), max_size=4, unique=True)


@st.composite
def poems(draw: st.DrawFn) -> tuple[RhymePositions, RhymeTable]:
    """Four or six lines of characters that a made-up table may not know, may know well, and may know as seldom."""
    readings = {hanzi: tuple(draw(SOME)) for hanzi in "甲乙丙丁戊"}
    seldom = {
        hanzi: frozenset(draw(st.lists(st.sampled_from(every), max_size=len(every) - 1)))
        for hanzi, every in readings.items()
        if every
    }
    every = {reading for some in readings.values() for reading in some}
    only = {
        hanzi: frozenset(draw(st.lists(st.sampled_from(sorted(every)), max_size=2)))
        for hanzi in "甲乙"
        if every
    }
    table = RhymeTable(readings, seldom=seldom, rhyme_only=only)
    lines = ["日" + draw(st.sampled_from("甲乙丙丁戊己")) for _ in range(draw(st.sampled_from([4, 6])))]
    return RhymePositions(lines, table), table


def of_tone(readings, tone):
    return {reading.group for reading in readings if reading.group and reading.tone in tone}


@given(poems())
def test_a_line_that_rhymes_is_read_in_its_rhyme_and_any_other_as_it_may_be(drawn):
    ends, table = drawn
    for k, hanzi in enumerate(ends.hanzi):
        readings = table.readings(hanzi)
        if k % 2 == 1:
            inside = {reading.tone for reading in readings if reading.group == ends.group}
            wanted = inside if ends.rhymes(k) else {reading.tone for reading in readings}
        else:
            wanted = set(table.tones(hanzi)) | (
                {*ends.tone} if k == 0 and ends.group and ends.rhymes(0) else set()
            )
        assert set(ends.tones(k)) == (wanted or {LEVEL, OBLIQUE})
        assert ends.tones(k) == "".join(sorted(set(ends.tones(k)))), "in one order"


@given(poems(), st.sampled_from([LEVEL, OBLIQUE, BOTH_TONES]))
def test_the_groups_of_a_line_are_the_rhymes_or_its_usual_ones_or_all(drawn, tone):
    ends, table = drawn
    for k, hanzi in enumerate(ends.hanzi):
        every = of_tone(table.readings(hanzi), tone)
        usual = of_tone(table.readings(hanzi, usual=True), BOTH_TONES)
        if ends.group in every:
            assert ends.groups(k, tone) == (ends.group,)
        else:
            assert set(ends.groups(k, tone)) == (every & usual or every)


@given(poems())
def test_a_tone_is_seldom_where_no_usual_reading_has_it(drawn):
    ends, table = drawn
    for k, hanzi in enumerate(ends.hanzi):
        is_inside = k % 2 == 0 and not (k == 0 and ends.rhymes(0))
        at_end = {reading.tone for reading in table.readings(hanzi, usual=True)}
        usual = at_end & table.tones(hanzi, usual=True) if is_inside else at_end
        assert set(ends.seldom_tones(k)) == ({*ends.tones(k)} - usual if usual else set())
        assert ends.rhymes_seldom(k) == (ends.rhymes(k) and ends.group not in table.groups(hanzi, usual=True))


@given(poems())
def test_the_rhyme_is_the_group_of_most_even_lines(drawn):
    ends, table = drawn
    even = ends.hanzi[1::2]
    groups = {group for hanzi in even for group in table.groups(hanzi)}
    if not groups:
        assert ends.group is None and ends.tone == BOTH_TONES
        return

    def count(group, **usual):
        return sum(group in table.groups(hanzi, **usual) for hanzi in even)

    def weight(group):
        return count(group), count(group, usual=True), group in "東冬江", group in table.groups(ends.hanzi[0])

    assert weight(ends.group) == max(map(weight, groups))
    assert ends.tone == (LEVEL if ends.group in "東冬江" else OBLIQUE)
    assert ends.is_level == (ends.tone == LEVEL)


@pytest.mark.parametrize("order", ["甲乙", "乙甲"])
def test_of_equals_the_group_that_comes_first_is_the_rhyme(order):
    table = RhymeTable({"甲": (Reading(LEVEL, "東"),), "乙": (Reading(LEVEL, "江"),)})
    lines = ["日己", f"日{order[0]}", "日己", f"日{order[1]}"]
    assert RhymePositions(lines, table).group == table.readings(order[0])[0].group
