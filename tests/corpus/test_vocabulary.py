import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus.vocabulary import FIRST_HANZI, MARKS, SPECIALS, Vocabulary
from poetgen.errors import CorpusError

BODIES = st.lists(st.text("天地玄黃宇宙洪荒，。？", min_size=1, max_size=20), min_size=1, max_size=8)


@given(BODIES)
def test_what_was_counted_comes_back_as_it_was(bodies):
    vocabulary = Vocabulary.build(bodies)
    for body in bodies:
        assert vocabulary.decode(vocabulary.encode(body)) == body


@given(BODIES, st.integers(1, 6))
def test_the_cut_parts_known_from_unknown(bodies, min_count):
    vocabulary = Vocabulary.build(bodies, min_count)
    text = "".join(bodies)
    rare = {char for char in text if char not in MARKS and text.count(char) < min_count}
    assert vocabulary.unknown_types == max(1, len(rare))
    assert all((char in vocabulary) == (char not in rare) for char in text)
    assert vocabulary.encode("".join(sorted(rare))) == [vocabulary.unknown] * len(rare)
    assert vocabulary.counts[vocabulary.unknown] == sum(text.count(char) for char in rare)
    assert all(vocabulary.count(char) == text.count(char) for char in set(text) - rare)


@given(BODIES)
def test_frequent_hanzi_come_first_and_order_is_that_of_the_text_alone(bodies):
    vocabulary = Vocabulary.build(bodies)
    hanzi_counts = vocabulary.counts[FIRST_HANZI:]
    assert list(hanzi_counts) == sorted(hanzi_counts, reverse=True)
    assert vocabulary == Vocabulary.build(reversed(bodies))


def test_specials_have_their_places():
    vocabulary = Vocabulary.build(["月。"])
    assert vocabulary.tokens == (*SPECIALS, *MARKS, "月")
    assert (vocabulary.pad, vocabulary.begin, vocabulary.end, vocabulary.unknown) == (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("tokens", "counts"),
    [
        (["月"], [1]),
        ([*SPECIALS, *MARKS, "月", "月"], [0] * 9),
        ([*SPECIALS, *MARKS, "月"], [0] * 7),
    ],
)
def test_impossible_vocabularies_are_refused(tokens, counts):
    with pytest.raises(CorpusError):
        Vocabulary(tokens, counts, 0)
