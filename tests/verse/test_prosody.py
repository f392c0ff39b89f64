"""Tokens' tones and rhymes as masks: each says of every token what the rhyme table says of its character."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus.vocabulary import SPECIALS, Vocabulary
from poetgen.poem.poem import MARKS
from poetgen.verse.prosody import (
    ALL_GROUPS,
    EITHER,
    GROUP_BITS,
    LEVEL_BIT,
    LEVEL_GROUPS,
    OBLIQUE_BIT,
    OBLIQUE_GROUPS,
    TONES_IN,
    Array,
    TokenProsody,
    places,
)
from poetgen.verse.rhyme_books import EVERY_GROUP, LEVEL, OBLIQUE, reading_in
from poetgen.verse.rhymes import RhymeTable

# two spellings of 回, hanzi of two tones (看 過 中) or of two at the end alone (望), 囧 of none; 峰 is not seen
HANZI, NEW = "東風中迴月看過落回白日望囧", "峰"
FIRST = len(SPECIALS) + len(MARKS)
VOCABULARY = Vocabulary((*SPECIALS, *MARKS, *HANZI), [9] * (FIRST + len(HANZI)), 1).extend(NEW)
TABLE = RhymeTable.load().undisputed
PROSODY = TokenProsody(VOCABULARY)
GROUP_SETS = st.integers(0, ALL_GROUPS)


def numbers(mask: Array) -> set[int]:
    return set(np.flatnonzero(mask).tolist())


def number(hanzi: str) -> int:
    return VOCABULARY.encode(hanzi)[0]


def masks(prosody: TokenProsody) -> list[Array]:
    """All that say who may stand somewhere."""
    masks = [prosody.hanzi, prosody.level_alone, *prosody.having, *prosody.inside_with, *prosody.members]
    return [*masks, prosody.rhyming_in(ALL_GROUPS)]


@given(st.sets(st.integers(0, 200)))
def test_places_are_those_of_the_bits(found: set[int]) -> None:
    assert list(places(sum(2**place for place in found))) == sorted(found)


def test_every_group_has_a_bit_and_a_tone() -> None:
    assert [bit for _, bit in GROUP_BITS.items()] == [2**place for place in range(len(EVERY_GROUP))]
    assert sum(GROUP_BITS.values()) == ALL_GROUPS == LEVEL_GROUPS + OBLIQUE_GROUPS
    for place, group in enumerate(EVERY_GROUP):
        assert (LEVEL_GROUPS >> place & 1) == (reading_in(group).tone == LEVEL)
    assert TONES_IN == {
        0: "",
        LEVEL_BIT: LEVEL,
        OBLIQUE_BIT: OBLIQUE,
        LEVEL_BIT + OBLIQUE_BIT: LEVEL + OBLIQUE,
    }
    assert EITHER == LEVEL_BIT + OBLIQUE_BIT


def test_a_token_has_the_tones_and_rhymes_of_its_usual_readings() -> None:
    bits = {LEVEL: LEVEL_BIT, OBLIQUE: OBLIQUE_BIT}
    for k, token in enumerate(VOCABULARY.tokens):
        readings = TABLE.readings(token, usual=True)
        at_end = {reading.tone for reading in readings}
        inside = at_end if len(at_end) < 2 else TABLE.tones(token, usual=True)
        assert PROSODY.at_end[k] == sum(bits[tone] for tone in at_end)
        assert PROSODY.inside[k] == sum(bits[tone] for tone in inside)
        assert set(places(PROSODY.groups[k])) == {EVERY_GROUP.index(one.group) for one in readings}
        assert PROSODY.is_unknown(k) == (not readings)
    assert PROSODY.is_unknown(number("囧")) and not PROSODY.is_unknown(number("東"))
    both = number("望"), number("看")
    assert [(PROSODY.at_end[k], PROSODY.inside[k]) for k in both] == [(EITHER, OBLIQUE_BIT), (EITHER, EITHER)]


def test_another_table_is_read_where_one_is_given() -> None:
    table = RhymeTable.load(book="新韻")
    assert TokenProsody(VOCABULARY, table).groups != PROSODY.groups
    assert TokenProsody(VOCABULARY, table).table is table


def test_masks_say_of_seen_tokens_what_the_lists_say() -> None:
    seen = range(VOCABULARY.seen)
    assert numbers(PROSODY.hanzi) == set(range(FIRST, FIRST + len(HANZI)))
    assert numbers(PROSODY.level_alone) == {k for k in seen if PROSODY.at_end[k] == LEVEL_BIT}
    assert len(PROSODY.having) == len(PROSODY.inside_with) == 4
    for tones in (0, LEVEL_BIT, OBLIQUE_BIT, EITHER):
        assert numbers(PROSODY.having[tones]) == {k for k in seen if PROSODY.inside[k] == tones}
        assert numbers(PROSODY.inside_with[tones]) == {k for k in seen if PROSODY.inside[k] & tones}
    assert PROSODY.members.shape == (len(EVERY_GROUP), len(VOCABULARY))
    for place, mask in enumerate(PROSODY.members):
        assert numbers(mask) == {k for k in seen if place in places(PROSODY.groups[k])}


@given(GROUP_SETS)
def test_who_rhymes_in_one_of_some_groups(groups: int) -> None:
    found = PROSODY.rhyming_in(groups)
    assert numbers(found) == {k for k in range(VOCABULARY.seen) if PROSODY.groups[k] & groups}
    assert PROSODY.rhyming_in(groups) is found


def test_spellings_of_a_word_are_found_together_and_counted_once() -> None:
    first, second = number("迴"), number("回")
    assert PROSODY.spellings(first) == PROSODY.spellings(second) == (first, second)
    assert PROSODY.words[first] == PROSODY.words[second] == first
    assert PROSODY.spellings(number("東")) == (number("東"),)
    assert PROSODY.count_words(PROSODY.only([first, second, number("東")])) == 2
    [group] = TABLE.groups("迴", usual=True)
    assert PROSODY.sizes[EVERY_GROUP.index(group)] == 1
    assert PROSODY.sizes == [len({*PROSODY.words[mask].tolist()}) for mask in PROSODY.members]


def test_what_training_has_not_seen_stands_nowhere_unasked() -> None:
    unseen = number(NEW)
    assert unseen == VOCABULARY.seen and not any(unseen in numbers(mask) for mask in masks(PROSODY))
    assert numbers(PROSODY.only([unseen])) == {unseen}


def test_what_is_to_be_avoided_stands_nowhere_unasked_in_no_spelling() -> None:
    avoided = {number("迴"), number("回"), number("日")}
    fewer = PROSODY.without([number("回"), number("日")])
    for usual, less in zip(masks(PROSODY), masks(fewer), strict=True):
        assert numbers(less) == numbers(usual) - avoided
    assert numbers(fewer.only([number("日")])) == {number("日")}
    assert PROSODY.without([]) is PROSODY
    assert fewer.table is PROSODY.table and fewer.groups == PROSODY.groups


def test_masks_are_shared_and_cannot_be_written_to() -> None:
    for mask in [*masks(PROSODY), PROSODY.only([7])]:
        with pytest.raises(ValueError, match="read-only"):
            mask[0] = True
