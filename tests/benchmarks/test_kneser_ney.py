"""The Kneser-Ney 5-gram against a version written word for word from the equations, with dictionaries."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from benchmarks.kneser_ney import KneserNey, discounts, losses
from poetgen.corpus.dataset import EncodedPoems
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.measures import figures

VOCABULARY = Vocabulary.build(["山水，風月。花", "山水"])
PREDICTED = range(2, len(VOCABULARY))  # all but <pad> and <begin>


def encode(poems):
    rows = [[*VOCABULARY.encode(poem), VOCABULARY.end] for poem in poems]
    return EncodedPoems(np.concatenate(rows).astype(np.uint16), np.cumsum([0, *map(len, rows)]))


def draw_poems(number, seed):
    """Random walks in which what follows depends on what came before, so that n-grams come again."""
    rng = np.random.default_rng(seed)
    return ["".join("山水風月花"[k % 5] for k in rng.integers(0, 3, 12).cumsum()) for _ in range(number)]


class Literal:
    """The equations, one n-gram at a time."""

    def __init__(self, poems, order):
        raw, self.counts = Counter(), {}
        for poem in poems:
            tokens = (VOCABULARY.begin, *poem)
            raw.update(tokens[i : i + n] for n in range(1, order + 1) for i in range(len(tokens) - n + 1))
        before = defaultdict(set)
        for gram in raw:
            before[gram[1:]].add(gram[0])
        for gram, times in raw.items():
            if gram != (VOCABULARY.begin,):
                is_whole = len(gram) == order or gram[0] == VOCABULARY.begin
                self.counts[gram] = times if is_whole else len(before[gram])
        self.d = {
            n: discounts(np.array([c for gram, c in self.counts.items() if len(gram) == n]))
            for n in range(1, order + 1)
        }
        self.order = order

    def probability(self, context, token):
        context = context[-(self.order - 1) :]
        d = [0.0, *self.d[len(context) + 1]]
        own = self.counts.get((*context, token), 0)
        after = [
            c for gram, c in self.counts.items() if len(gram) == len(context) + 1 and gram[:-1] == context
        ]
        shorter = self.probability(context[1:], token) if context else 1 / len(PREDICTED)
        if not after:
            return shorter
        rest = sum(d[min(c, 3)] for c in after)
        return (own - d[min(own, 3)] + rest * shorter) / sum(after)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_are_those_of_the_equations(order):
    train, other = encode(draw_poems(12, 0)), encode([*draw_poems(3, 1), "花花山", "水，。"])
    model, literal = KneserNey(train, VOCABULARY, order), Literal([tuple(p.tolist()) for p in train], order)
    expected = [
        literal.probability((VOCABULARY.begin, *poem[:k])[-(order - 1) :] if order > 1 else (), poem[k])
        for poem in (tuple(p.tolist()) for p in other)
        for k in range(len(poem))
    ]
    np.testing.assert_allclose(model.probabilities(other), expected, rtol=1e-12)


@pytest.mark.parametrize("context", ["", "山", "山水", "月月月月", "山水風月花", "，"])
def test_what_may_follow_has_the_probability_of_one(context):
    model = KneserNey(encode(draw_poems(12, 0)), VOCABULARY)
    ids = VOCABULARY.encode(context)
    each = EncodedPoems(
        np.concatenate([[*ids, token] for token in PREDICTED]),
        np.arange(len(PREDICTED) + 1) * (len(ids) + 1),
    )
    assert model.probabilities(each)[len(ids) :: len(ids) + 1].sum() == pytest.approx(1, abs=1e-12)


def test_discounts_are_those_of_chen_and_goodman():
    counts = np.repeat([1, 2, 3, 4, 9], [100, 40, 20, 10, 7])
    y = 100 / 180
    np.testing.assert_allclose(discounts(counts), [1 - 2 * y * 0.4, 2 - 3 * y * 0.5, 3 - 4 * y * 0.5])


def test_an_unknown_hanzi_is_one_of_many():
    vocabulary = Vocabulary(VOCABULARY.tokens, VOCABULARY.counts, 10)
    poems = encode(["山龍", "山水"])
    costs = losses(np.full(6, 0.5), poems, vocabulary)
    np.testing.assert_allclose(costs.loss, 3 * np.log(2) + np.log([10, 1]))
    assert costs.unknown.tolist() == [1, 0] and costs.hanzi.tolist() == [2, 2]
    assert figures(costs).tokens == 6
