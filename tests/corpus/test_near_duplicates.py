import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus.near_duplicates import (
    cluster_near_duplicates,
    find_clusters,
    hash_fraction,
    poem_key,
    split_clusters,
)
from poetgen.poem.poem import Poem


def poem(*lines, id=""):
    return Poem("", "", tuple(lines), "，" * len(lines), id)


def test_three_quarters_of_the_shorter_poems_lines_make_near_duplicates():
    a = poem("甲", "乙", "丙", "丁")
    b = poem("甲", "乙", "丙", "戊")  # 3 of 4
    c = poem("甲", "乙", "己", "庚")  # 2 of 4 with either
    d = poem("甲", "乙", "丙", "丁", "辛", "壬", "癸", "子")  # all four of a, three of b
    assert cluster_near_duplicates([a, b, c, d]) == [0, 0, 2, 0]


def test_clusters_follow_chains_and_ignore_repeated_lines():
    a = poem("甲", "乙", "丙", "丁")
    b = poem("乙", "丙", "丁", "戊")
    c = poem("丙", "丁", "戊", "己")  # 3 of 4 with b, 2 of 4 with a
    assert cluster_near_duplicates([a, b, c]) == [0, 0, 0]
    # a refrain counts once: two distinct lines of which one is shared are a half
    assert cluster_near_duplicates([poem("甲", "甲", "甲", "乙"), poem("甲", "甲", "甲", "丙")]) == [0, 1]


def test_the_fraction_is_the_first_eight_bytes_of_the_named_hash():
    digest = hashlib.sha256(b"poetgen split:3ad6d468").digest()
    assert hash_fraction("3ad6d468") == int.from_bytes(digest[:8], "big") / 2**64


def test_a_poem_without_id_goes_by_its_body():
    nameless = poem("甲", "乙")
    assert poem_key(nameless) == hashlib.sha256("甲，乙，".encode()).hexdigest()
    assert poem_key(poem("甲", "乙", id="x")) == "x"


def numbered(count):
    return [poem(f"甲{k}", f"乙{k}", id=f"id-{k}") for k in range(count)]


@pytest.mark.parametrize(
    ("ratio", "shares"),
    [
        ("96:2:2", (0.96, 0.02, 0.02)),
        ("8:1:1", (0.8, 0.1, 0.1)),
        ("8:2", (0.8, 0.2, 0)),
        ("9:1", (0.9, 0.1, 0)),
    ],
)
def test_shares_are_as_asked(ratio, shares):
    poems = numbered(4000)
    members = split_clusters(poems, cluster_near_duplicates(poems), ratio)
    found = [len(members[name]) / len(poems) for name in ("train", "validation", "test")]
    assert found == pytest.approx(shares, abs=0.025)
    assert sorted(k for part in members.values() for k in part) == list(range(len(poems)))


@given(st.integers(0, 30), st.randoms())
def test_the_split_does_not_depend_on_the_order_of_poems(extra, random):
    poems = [*numbered(40 + extra), poem("甲1", "乙1", id="another")]
    shuffled = list(poems)
    random.shuffle(shuffled)
    first = split_clusters(poems, cluster_near_duplicates(poems), "8:1:1")
    second = split_clusters(shuffled, cluster_near_duplicates(shuffled), "8:1:1")
    for name in first:
        assert {poems[k].id for k in first[name]} == {shuffled[k].id for k in second[name]}


def test_a_cluster_goes_whole_by_its_smallest_id():
    poems = numbered(300)
    twins = [poem(*p.lines, id=f"zz-{k}") for k, p in enumerate(poems)]
    members = split_clusters(poems + twins, cluster_near_duplicates(poems + twins), "8:1:1")
    where = {k: name for name, part in members.items() for k in part}
    assert all(where[k] == where[k + 300] for k in range(300))
    assert {k for k in members["train"] if k < 300} == set(
        split_clusters(poems, list(range(300)), "8:1:1")["train"]
    )


@pytest.mark.parametrize("count", range(2, 12))
@pytest.mark.parametrize("ratio", ["96:2:2", "8:2"])
def test_the_smallest_corpus_has_something_to_train_and_to_validate_on(count, ratio):
    poems = numbered(count)
    members = split_clusters(poems, cluster_near_duplicates(poems), ratio)
    assert members["train"] and members["validation"]


line_sets = st.lists(st.frozensets(st.sampled_from("甲乙丙丁戊己庚辛"), min_size=1), max_size=12)


@given(line_sets)
def test_near_duplicates_are_all_pairs_that_the_definition_names_and_what_follows_in_chains(lines):
    expected = list(range(len(lines)))
    for _ in lines:
        for a in range(len(lines)):
            for b in range(len(lines)):
                if 4 * len(lines[a] & lines[b]) >= 3 * min(len(lines[a]), len(lines[b])):
                    expected[a] = expected[b] = min(expected[a], expected[b])
    assert find_clusters(lines) == expected


def test_forty_thousand_poems_with_the_same_three_lines_of_four_are_quick():
    poems = [
        poem("甲", "乙", "丙", f"丁{k}") for k in range(40_000)
    ]  # looked at in pairs they would take an hour
    assert set(cluster_near_duplicates(poems)) == {0}


def test_many_copies_and_a_line_that_all_share_are_quick():
    poems = [poem("甲", "乙", "丙", id=str(k)) for k in range(20_000)]
    poems += [poem("甲", "乙", f"丁{k}", f"戊{k}", id=f"x{k}") for k in range(20_000)]
    assert len(set(cluster_near_duplicates(poems))) == 20_001
