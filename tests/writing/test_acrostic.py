"""An acrostic's phrase as its subject: what spoils it costs, what is likelier for it gains."""

import numpy as np
import pytest

from poetgen.writing import conditions
from poetgen.writing.conditions import PRICES, Phrase
from poetgen.writing.writer import Writer


@pytest.fixture
def writer(tiny_checkpoint):
    return Writer(tiny_checkpoint())


@pytest.mark.parametrize(
    ("phrase", "text", "price"),
    [
        ("恭喜發財", "財物不成功", PRICES["不"]),
        ("恭喜發財", "恭仰前階免", 0),
        ("恭喜發財", "病死不知悲", 3 * PRICES["病"] + PRICES["不"]),
        ("恭喜發財", "彌媿彌愧", 2 * PRICES["愁"]),  # in any spelling
        ("莫愁", "財物不成功", 0),
        ("", "", 0),
    ],
)
def test_what_denies_or_laments_costs_unless_the_phrase_does_so(phrase, text, price):
    assert Phrase(phrase, None).price(text) == price


def written_by(writer, monkeypatch, **asked):
    """The candidates of the poems that were written, poem by poem."""
    seen = []
    merits = Phrase.merits

    def look(self, candidates, *, given):
        seen.append((candidates, merits(self, candidates, given=given)))
        return seen[-1][1]

    with monkeypatch.context() as patched:
        patched.setattr(Phrase, "merits", look)
        return list(writer.write(**asked)), seen


def test_being_told_nothing_more_gains_nothing(writer, monkeypatch):
    _, seen = written_by(writer, monkeypatch, acrostic="春山", seed=1, count=2, best_of=3, form="五絕")
    for candidates, merits in seen:
        again = Phrase("春山", writer.model.network).merits(candidates, given=0)
        assert again == pytest.approx(merits, abs=1e-3)


def test_a_phrase_that_makes_a_poem_likelier_is_its_merit(writer, monkeypatch):
    _, [(candidates, _)] = written_by(writer, monkeypatch, acrostic="春山", seed=1, best_of=3, form="五絕")

    class Told:
        vocabulary = writer.model.vocabulary

        def log_probabilities(self, bodies):
            assert all(len(body) == 24 for body in bodies)  # marks too
            return np.full(len(bodies), -1.0)

    merits = Phrase("春山", Told()).merits(candidates, given=0)
    assert merits == pytest.approx([-1.0 - each.log_probability for each in candidates], abs=1e-3)


def test_of_the_candidates_one_without_what_costs_is_taken(writer, monkeypatch):
    asked = {"acrostic": "春山", "seed": 3, "count": 12, "best_of": 8, "form": "五絕"}
    before = list(writer.write(**asked))
    often = max(
        "月水花秋日風人天地上", key=lambda hanzi: sum(hanzi in "".join(p.corpus_lines) for p in before)
    )
    monkeypatch.setitem(conditions.PRICES, often, 1e6)
    now, seen = written_by(writer, monkeypatch, **asked)
    for poem, (candidates, _) in zip(now, seen, strict=True):
        texts = ["".join(each.matcher.lines()[0]) for each in candidates]
        assert "".join(poem.corpus_lines).count(often) == min(text.count(often) for text in texts)
    assert now != before


def test_what_the_prompt_has_costs_nothing(writer, monkeypatch):
    _, [(candidates, _)] = written_by(writer, monkeypatch, acrostic="春山", seed=1, best_of=2, form="五絕")
    for hanzi in {each.matcher.lines()[0][0][0] for each in candidates}:
        monkeypatch.setitem(conditions.PRICES, hanzi, 5.0)
    phrase = Phrase("", None)
    texts = ["".join(each.matcher.lines()[0]) for each in candidates]
    assert phrase.merits(candidates, given=1) == [-phrase.price(text[1:]) for text in texts]
    assert all(
        whole < rest
        for whole, rest in zip(
            phrase.merits(candidates, given=0), phrase.merits(candidates, given=1), strict=True
        )
    )
