"""Surprise: the bits of each hanzi, and where a poem stands among real ones."""

import math

import numpy as np
import pytest

from poetgen.byhand.softmax import log_softmax
from poetgen.checkpoint import Checkpoint, released_path
from poetgen.writing.network import Network
from poetgen.yardstick.surprise import SurpriseMeter, fingerprint, load_usual

POEM = ("春江花月夜", "月照花林皆")
LONGER = (*POEM, *POEM)


def test_bits_are_those_of_the_network_read_one_by_one(tiny_checkpoint) -> None:
    checkpoint = tiny_checkpoint()
    (found,) = SurpriseMeter(checkpoint, usual={}).measure([POEM])
    network, vocabulary = Network(checkpoint.weights, checkpoint.vocabulary), checkpoint.vocabulary
    logits, state = network.step([vocabulary.begin])
    expected = []
    for char, number in zip(
        "春江花月夜，月照花林皆。", vocabulary.encode("春江花月夜，月照花林皆。"), strict=True
    ):
        bits = -float(log_softmax(logits)[0, number]) / math.log(2)
        extra = math.log2(vocabulary.unknown_types) if number == vocabulary.unknown else 0.0
        expected += [bits + extra] if char not in "，。" else []
        logits, state = network.step([number], state)
    np.testing.assert_allclose([bits for line in found.bits for bits in line], expected, rtol=1e-4)
    assert found.mean == pytest.approx(np.mean(expected), rel=1e-4)
    assert [len(line) for line in found.bits] == [5, 5]


def test_a_poem_is_as_surprising_beside_others(tiny_checkpoint) -> None:
    meter = SurpriseMeter(tiny_checkpoint(), usual={})
    together = meter.measure([LONGER, POEM])
    assert together == [*meter.measure([LONGER]), *meter.measure([POEM])]


def test_the_percentile_grows_with_surprise(tiny_checkpoint) -> None:
    checkpoint = tiny_checkpoint()
    (mean,) = (one.mean for one in SurpriseMeter(checkpoint, usual={}).measure([LONGER]))

    def percentile(shift: float) -> float | None:
        usual = {"五絕": np.linspace(mean - 2 + shift, mean + 2 + shift, 101).tolist()}
        return SurpriseMeter(checkpoint, usual=usual).measure([LONGER])[0].percentile

    assert percentile(0.0) == pytest.approx(50, abs=0.1)
    assert percentile(-1.0) == pytest.approx(75, abs=0.1)
    assert percentile(5.0) == 0


def test_percentiles_are_of_their_model_alone(tiny_checkpoint) -> None:
    released = Checkpoint.load(released_path())
    assert not load_usual(tiny_checkpoint())
    usual = load_usual(released)
    assert set(usual) == {"五絕", "七絕", "五律", "七律"}
    assert all(len(row) == 101 and sorted(row) == list(row) for row in usual.values())
    assert fingerprint(released) != fingerprint(tiny_checkpoint())


def test_nothing_surprises_nobody(tiny_checkpoint) -> None:
    with pytest.raises(ValueError, match="without a hanzi"):
        SurpriseMeter(tiny_checkpoint(), usual={}).measure([("",)])
