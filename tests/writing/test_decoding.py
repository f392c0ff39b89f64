"""Sampling keeps to what is allowed, to exactly k, and to its seed."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import ConfigError
from poetgen.writing import decoding
from poetgen.writing.decoding import USUAL, Candidate, Sampling, raise_rare, random_stream, sample

EVERYTHING = np.ones(6, bool)


def drawn(logits, sampling, *, allowed=EVERYTHING, times=400):
    rng = random_stream(0, 0)
    values = np.array(logits, np.float32)
    rows = np.tile(values, (times, 1)), np.tile(allowed, (times, 1))
    return sample(*rows, sampling=sampling, drawn=rng.random(times)).tolist()


@given(
    st.lists(st.floats(-50, 50, width=32), min_size=6, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6).filter(any),
    st.floats(0, 10),
    st.integers(0, 8),
    st.floats(0.01, 1),
)
def test_only_what_is_allowed(logits, allowed, temperature, top_k, top_p):
    sampling = Sampling(temperature, top_k, top_p)
    assert all(allowed[number] for number in drawn(logits, sampling, allowed=np.array(allowed), times=20))


def test_temperature_zero_takes_the_likeliest_allowed():
    assert set(drawn([0, 5, 9, 1, 1, 1], Sampling(0))) == {2}
    allowed = np.array([True, True, False, True, True, True])
    assert set(drawn([0, 5, 9, 1, 1, 1], Sampling(0), allowed=allowed)) == {1}


@pytest.mark.parametrize("temperature", [1e-310, 1e-30, 1e-3])
def test_near_zero_is_like_zero_and_silent(temperature):
    assert set(drawn([0, 5, 9, 1, 1, 1], Sampling(temperature))) == {2}


def test_ties_let_no_more_than_k_through():
    assert set(drawn([1] * 6, Sampling(1, top_k=2))) == {0, 1}


def test_top_k_beyond_the_vocabulary_is_no_limit():
    assert set(drawn([1] * 6, Sampling(1, top_k=100))) == set(range(6))


@pytest.mark.parametrize(
    ("top_p", "kept"), [(0.4, {0}), (0.5, {0}), (0.51, {0, 1}), (0.8, {0, 1, 2}), (1, {0, 1, 2, 3})]
)
def test_top_p_keeps_the_fewest_that_hold_it(top_p, kept):
    logits = np.log([0.5, 0.25, 0.125, 0.125, 1e-30, 1e-30])
    assert set(drawn(logits, Sampling(1, top_p=top_p))) == kept


def test_top_p_that_is_held_exactly_asks_for_no_more():
    allowed = np.array([True, True, True, True, False, False])
    assert set(drawn(np.zeros(6), Sampling(1, top_p=0.5), allowed=allowed)) == {0, 1}


def test_frequencies_follow_the_probabilities():
    shares = np.array([0.4, 0.3, 0.15, 0.1, 0.04, 0.01])
    counts = np.bincount(drawn(np.log(shares), Sampling(1), times=20_000), minlength=6)
    np.testing.assert_allclose(counts / 20_000, shares, atol=0.012)
    sharper = shares**2 / (shares**2).sum()
    counts = np.bincount(drawn(np.log(shares), Sampling(0.5), times=20_000), minlength=6)
    np.testing.assert_allclose(counts / 20_000, sharper, atol=0.012)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 3), st.integers(0, 5), st.floats(0.1, 1))
def test_a_row_does_not_depend_on_the_others(seed, temperature, top_k, top_p):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(5, 37)).astype(np.float32)
    allowed, drawn = rng.random((5, 37)) < 0.5, rng.random(5)
    allowed[:, seed % 37] = True
    sampling = Sampling(temperature, top_k, top_p)
    together = sample(logits, allowed, sampling=sampling, drawn=drawn)
    alone = [
        sample(logits[k : k + 1], allowed[k : k + 1], sampling=sampling, drawn=drawn[k : k + 1])
        for k in range(5)
    ]
    assert together.tolist() == np.concatenate(alone).tolist()


@pytest.mark.parametrize("drawn", [0.0, np.nextafter(1, 0)])
def test_the_ends_of_what_can_be_drawn_are_allowed(drawn):
    logits = np.array([[9, 1, 2, 9]], np.float32)
    allowed = np.array([[False, True, True, False]])
    assert sample(logits, allowed, sampling=Sampling(1), drawn=np.array([drawn])) in (1, 2)


def test_streams_differ_by_seed_index_and_beginning():
    cases = [
        (seed, index, text) for seed in range(12) for index in range(12) for text in ("", "月", "日", "明月")
    ]
    assert len({random_stream(*case).random() for case in cases}) == len(cases)
    assert random_stream(3, 4).random() == random_stream(3, 4).random()


@pytest.mark.parametrize(
    ("settings", "value"),
    [
        ({"temperature": -0.1}, "-0.1"),
        ({"temperature": float("nan")}, "nan"),
        ({"temperature": float("inf")}, "inf"),
        ({"top_k": -1}, "-1"),
        ({"top_p": 0.0}, "0.0"),
        ({"top_p": 1.5}, "1.5"),
        ({"top_p": float("nan")}, "nan"),
        ({"repeat_penalty": -1.0}, "-1.0"),
        ({"repeat_penalty": float("inf")}, "inf"),
        ({"common_penalty": -0.1}, "-0.1"),
        ({"guidance": -0.5}, "-0.5"),
        ({"guidance": float("inf")}, "inf"),
        ({"common_penalty": 1.5}, "1.5"),
        ({"common_penalty": float("nan")}, "nan"),
    ],
)
def test_what_cannot_be_is_refused_with_its_value(settings, value):
    with pytest.raises(ConfigError, match=f"not {value}"):
        Sampling(**settings)


def test_of_equals_those_that_come_first_are_kept_and_no_more():
    scores = np.where(np.arange(1000) % 3 == 0, 1.0, 0.0)  # 334 are likelier, and the cut is among the others
    likelier, others = np.flatnonzero(scores).tolist(), np.flatnonzero(scores == 0).tolist()
    everyone = np.ones(1000, bool)
    kept = set(drawn(scores, Sampling(1, top_k=434), allowed=everyone, times=9000))
    assert kept == {*likelier, *others[:100]}


def test_what_the_context_says_nothing_of_is_as_common_as_in_the_text():
    shares = np.array([0.6, 0.3, 0.05, 0.03, 0.015, 0.005])
    common = np.log(shares).astype(np.float32)
    for temperature, penalty in ((0.7, 0.3), (0.5, 0.5), (1.0, 0.0)):
        raised = raise_rare(np.tile(common, (20_000, 1)), common, [0] * 20_000, penalty=penalty)
        numbers = random_stream(0, 0).random(20_000)
        found = sample(raised, np.ones((20_000, 6), bool), sampling=Sampling(temperature), drawn=numbers)
        np.testing.assert_allclose(np.bincount(found, minlength=6) / 20_000, shares, atol=0.012)


def test_an_opening_is_drawn_more_evenly_but_from_what_is_likely():
    shares = np.array([0.52, 0.07, *[0.03] * 11, *[0.0016] * 50], np.float32)
    rows = np.tile(np.log(shares), (4000, 1)), np.ones((4000, len(shares)), bool)
    numbers = random_stream(0, 0).random(4000)
    usual, opening = (
        np.bincount(sample(*rows, sampling=each, drawn=numbers), minlength=len(shares)) / 4000
        for each in (Sampling(0.7), Sampling(0.7).of_opening)
    )
    assert opening[0] < usual[0] - 0.1
    assert not opening[13:].any()
    assert Sampling(0).of_opening.is_greedy


def test_a_rare_hanzi_gains_when_new_and_no_more_than_a_usual_one_when_doubled():
    common = np.array([-2.0, -9.0, -9.0], np.float32)
    raised = raise_rare(np.zeros((2, 3), np.float32), common, [1, 0], penalty=0.5)
    np.testing.assert_allclose(raised, [[1, -USUAL / 2, 4.5], [1, 4.5, 4.5]])


@pytest.mark.parametrize(
    ("ids", "written"),
    [
        ([], []),
        ([8], []),  # may be doubled
        ([8, 9], [8]),
        ([8, 8], [8]),  # is doubled, and no third may follow
        ([9, 8, 9], [8]),
        ([9, 8, 8], [8, 9]),
        ([7, 8, 6, 9], [8]),  # marks may come again
    ],
)
def test_what_a_poem_has_counts_against_coming_again_but_for_a_last_one_not_yet_doubled(ids, written):
    rows = [SimpleNamespace(ids=[8, 8]), SimpleNamespace(ids=ids)]
    places, found = decoding._find_written(rows, 8)
    assert sorted(zip(places.tolist(), found.tolist(), strict=True)) == [
        (0, 8),
        *((1, one) for one in written),
    ]


@pytest.mark.parametrize(
    ("body", "opens"),
    [("", True), ("月", True), ("月上", False), ("月上，", False), ("月上。", True), ("月上？", True)],
)
def test_the_beginnings_of_a_poem_and_of_each_couplet_are_openings(body, opens):
    vocabulary = Vocabulary.build(["月上"], 1)
    row = SimpleNamespace(ids=vocabulary.encode(body))
    assert decoding._opens(row, vocabulary.encode("。？")) == opens


def test_each_poem_draws_as_its_own_place_asks_and_no_opening_that_is_drawn_is_a_merit():
    network = SimpleNamespace(
        vocabulary=Vocabulary.build(["月上"], 1), commonness=np.zeros(len(Vocabulary.build(["月上"], 1)))
    )
    first = network.vocabulary.first_hanzi
    logits = np.tile(np.arange(len(network.vocabulary), dtype=np.float32), (2, 1))

    def extend(*bodies, allowed=range(first, first + 2)):
        may_come = np.isin(np.arange(len(logits[0])), allowed)
        matcher = SimpleNamespace(allowed=lambda: may_come, accept=lambda number: None)
        rows = [
            Candidate(random_stream(3, k), matcher, network.vocabulary.encode(body), 0.0)
            for k, body in enumerate(bodies)
        ]
        decoding._extend(network, rows, logits[: len(rows)], Sampling())
        return [(row.ids[-1], row.log_probability, row.opening) for row in rows]

    (bold,), (usual,) = extend("月月。"), extend("月月，")
    assert extend("月月。", "月月，")[0] == bold
    assert extend("月月，", "月月。")[0] == usual
    assert bold[1] == bold[2] < 0
    assert usual[1] < 0 == usual[2]
    ((_, likely, opening),) = extend("月月。", allowed=[first])
    assert likely < 0 == opening
