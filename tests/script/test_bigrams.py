"""Counts of characters and of neighbours, of a few lines and as they come with poetgen."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.script.bigrams import DISCOUNT, EDGE, Bigrams, ambiguous
from poetgen.script.opencc import TABLES, spellings

LINES = ("白雲生", "白雲深", "子云山", "白山雲")
SHIPPED = Bigrams.load()


def test_affinity_is_the_discounted_bigram_over_the_share():
    bigrams = Bigrams.of(LINES)
    total = 12 + 4
    share = {"雲": 3 / total, "山": 2 / total}
    seen = (
        2 - DISCOUNT + DISCOUNT * 2 * share["雲"]
    ) / 3  # 白 three times, before 雲 twice, before two kinds
    assert bigrams.pmi("白", "雲") == pytest.approx(math.log(seen / share["雲"]))
    unseen = DISCOUNT * 1  # 云 once, before one kind
    assert bigrams.pmi("云", "雲") == pytest.approx(math.log(unseen))
    assert bigrams.pmi(EDGE, "雲") == pytest.approx(math.log(DISCOUNT * 2 / 4))
    assert bigrams.pmi("雲", EDGE) > 0 > bigrams.pmi("雲", "雲")
    assert bigrams.pmi("白", "囍") == bigrams.pmi("囍", "白") == 0


@given(st.lists(st.text("雲云後后山水白子", min_size=1, max_size=6), min_size=1, max_size=8))
def test_what_may_follow_an_ambiguous_character_has_probability_one(lines):
    bigrams = Bigrams.of(lines)
    total = int(bigrams.counts.sum())
    for char in ambiguous(bigrams.characters[1:]):
        shares = zip(bigrams.characters, bigrams.counts, strict=True)
        whole = sum(n / total * math.exp(bigrams.pmi(char, after)) for after, n in shares)
        assert whole == pytest.approx(1)


@given(st.lists(st.text("雲云山水白子", min_size=1), min_size=1, max_size=5))
def test_saved_and_loaded_is_the_same(tmp_path_factory, lines):
    folder = tmp_path_factory.mktemp("bigrams")
    bigrams = Bigrams.of(lines, "about")
    bigrams.save(folder / "a.npz")
    bigrams.save(folder / "b.npz")
    loaded = Bigrams.load(folder / "a.npz")
    assert (folder / "a.npz").read_bytes() == (folder / "b.npz").read_bytes()
    assert (loaded.characters, loaded.about) == (bigrams.characters, "about")
    for name in ("counts", "followers", "starts", "seconds", "times"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(bigrams, name))


def test_pairs_that_tell_nothing_are_left_out():
    assert len(Bigrams.of(["白山水", "山水白"]).times) == 0
    assert len(Bigrams.of(["白山云", "雲"]).times) == 4


@pytest.mark.parametrize("edition", TABLES)
def test_ambiguous_are_those_that_an_edition_prints_alike(edition):
    characters = SHIPPED.characters[1:]
    printed = spellings(characters, edition)
    alone = [char for char, form in zip(characters, printed, strict=True) if printed.count(form) > 1]
    assert set(alone) <= ambiguous(characters)


def test_the_counts_that_come_with_poetgen():
    assert "training poems" in SHIPPED.about and "chinese-poetry" in SHIPPED.about
    vocabulary = SHIPPED.vocabulary
    assert len(vocabulary) > 8000
    assert vocabulary.count("不") > vocabulary.count("為") > 0
    hanzi = vocabulary.counts[vocabulary.first_hanzi :]
    assert list(hanzi) == sorted(hanzi, reverse=True)
    assert int(SHIPPED.counts.max()) == vocabulary.count("不") or SHIPPED.counts[0] == SHIPPED.counts.max()


@pytest.mark.parametrize(
    ("before", "likelier", "than"),
    [("白", "雲", "云"), ("千", "里", "裏"), ("白", "髮", "發")],
)
def test_neighbours_tell_what_is_meant(before, likelier, than):
    assert SHIPPED.pmi(before, likelier) > SHIPPED.pmi(before, than)
