"""Title, poet and form as a prefix."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from poetgen.corpus.conditions import (
    FEWEST_POEMS,
    FORM_NAMES,
    PARTS,
    Conditions,
    ConditionTable,
    condition_form,
    load_table,
    save_table,
)
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import CorpusError
from poetgen.poem.poem import Poem

VOCABULARY = Vocabulary.build(["春夜喜雨，好雨知時節。"])
V = len(VOCABULARY)
TABLE = ConditionTable(poets=("杜甫", "李白"))


def poem_of(author: str, lines: Sequence[str] = ("好雨知時節",) * 4) -> Poem:
    return Poem(author, "春夜喜雨", tuple(lines), "，。" * (len(lines) // 2))


@pytest.fixture
def conditions() -> Conditions:
    poems = [poem_of("李白"), poem_of("某人", ["好雨"] * 4)]
    return Conditions.of(poems, TABLE, VOCABULARY, ["春夜", ""])


def test_the_prefix_says_poet_form_and_title(conditions: Conditions) -> None:
    spring, night = VOCABULARY.encode("春夜")
    first_form, first_poet = V + 1, V + 1 + len(FORM_NAMES)
    assert conditions.prefix(0, V) == [first_poet + 1, first_form, V, spring, night]
    assert conditions.prefix(0, V, ["title"]) == [V, spring, night]
    assert conditions.prefix(0, V, []) == []
    # of the other poem neither poet nor title is known
    assert conditions.prefix(1, V) == [first_form + FORM_NAMES.index("雜言")]


def test_every_number_after_the_characters_is_one_thing() -> None:
    said = [TABLE.prefix(V, poet=k) for k in range(2)] + [
        TABLE.prefix(V, form=k) for k in range(len(TABLE.forms))
    ]
    numbers = {V, *(number for (number,) in said)}
    assert numbers == set(range(V, V + len(TABLE)))


def test_each_part_is_drawn_as_often_as_another_and_none_as_asked(conditions: Conditions) -> None:
    rng = np.random.default_rng(0)
    whole = {part: tuple(conditions.prefix(0, V, [part])) for part in PARTS}
    drawn = [tuple(conditions.draw_prefix(0, V, rng, 0.25)) for _ in range(4000)]
    none = sum(prefix == () for prefix in drawn) / len(drawn)
    assert none == pytest.approx(0.25, abs=0.03)
    for prefix in whole.values():
        share = sum(prefix[0] in other for other in drawn) / len(drawn)
        assert share == pytest.approx(0.75 * 4 / 7, abs=0.03)


def test_frequent_poets_are_known_and_nobody_is_not() -> None:
    often, seldom = FEWEST_POEMS + 1, FEWEST_POEMS - 1
    poems = [poem_of("甲")] * FEWEST_POEMS + [poem_of("乙")] * often + [poem_of("丙")] * seldom
    table = ConditionTable.build([*poems, *[poem_of("無名氏")] * often])
    assert table.poets == ("乙", "甲")


def test_what_was_written_is_read(conditions: Conditions, tmp_path: Path) -> None:
    save_table(TABLE, tmp_path)
    conditions.save(tmp_path, "train")
    table = load_table(tmp_path)
    assert table == TABLE
    again = Conditions.load(tmp_path, "train", TABLE)
    assert [again.prefix(k, V) for k in range(2)] == [conditions.prefix(k, V) for k in range(2)]


def test_a_folder_of_before_conditions_has_none_and_a_damaged_one_says_so(tmp_path: Path) -> None:
    assert load_table(tmp_path) is None
    (tmp_path / "conditions.json").write_text('{"forms": ["五絕", "五絕"], "poets": []}', encoding="utf-8")
    with pytest.raises(CorpusError, match="run: poetgen prepare"):
        load_table(tmp_path)


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ((5, 4), "五絕"),
        ((7, 8), "七律"),
        ((5, 12), "五言"),
        ((4, 8), "四言"),
        ((6, 4), "雜言"),
        (None, "雜言"),
    ],
)
def test_form_of_a_shape(shape: tuple[int, int] | None, name: str) -> None:
    assert condition_form(shape) == name
