"""What the tools gather from prepared poems, and the tables they make of it, on a folder of real 律詩."""

import json
import random

import build_bigrams
import build_rare_tones
import build_senses
import check_rhymes
import pytest
from rhyme_evidence import Evidence, is_regular, shuffle_hanzi

from poetgen.poem.poem import Poem

# 杜甫, 春望, whose lines begin 仄, and whose feet are in 侵
LINES = (
    *("國破山河在", "城春草木深", "感時花濺淚", "恨別鳥驚心"),
    *("烽火連三月", "家書抵萬金", "白頭搔更短", "渾欲不勝簪"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, write_prepared):
    path = tmp_path_factory.mktemp("evidence") / "prepared"
    poems = [Poem("杜甫", "春望", LINES, "，。" * 4, "poem-0")]
    write_prepared(path, {"train": poems, "validation": poems, "test": poems}, min_count=1)
    manifest = json.loads((path / "prepared.json").read_text(encoding="utf-8"))
    manifest["corpus"]["selection"] = "one poem"
    (path / "prepared.json").write_text(json.dumps(manifest), encoding="utf-8")
    return path


@pytest.fixture
def written(monkeypatch):
    """What a tool would write, by the name of its file."""
    texts = {}
    for tool in (build_rare_tones, build_senses):
        monkeypatch.setattr(tool, "write_text", lambda path, text: texts.update({path.name: text}))
    return texts


def test_a_key_position_that_poems_ask_one_tone_of_makes_the_other_rare(folder, written, monkeypatch):
    monkeypatch.setattr(build_rare_tones, "ENOUGH", 1)
    build_rare_tones.main(folder)
    rows = written["rare_tones.txt"].removeprefix(build_rare_tones.HEAD).splitlines()
    assert rows
    for row in rows:
        hanzi, tone, counts = row.split("\t")
        assert hanzi in "".join(LINES) and f"{tone}0" in counts.split()


def test_a_tone_is_rare_only_where_the_other_is_asked_for_often_enough():
    seen = Evidence()
    seen.tones.update({"平": 19})
    assert build_rare_tones.rare_tone(seen) is None
    seen.tones["平"] += 1
    assert build_rare_tones.rare_tone(seen) == "仄"
    seen.tones["仄"] = 10
    assert build_rare_tones.rare_tone(seen) is None


def test_what_one_poem_shows_decides_nothing_of_a_character(folder, written):
    build_senses.main(folder)
    assert written["senses.txt"] == build_senses.HEAD


def test_neighbours_decide_where_their_positions_ask_for_one_tone():
    one = build_senses.Seen("乘", ("萬_",), "仄")
    other = build_senses.Seen("乘", ("_黃",), "平")
    assert build_senses.decide([one] * 30 + [other] * 30) == {("乘", "仄"): ["萬_"], ("乘", "平"): ["_黃"]}


def test_the_rhyme_table_is_held_against_the_poems(folder, capsys):
    check_rhymes.main(folder)
    found = json.loads(capsys.readouterr().out)
    assert found["coverage"]["amended"]["feet with a group"] == 100
    assert found["poems"]["五律"]["poems"] == 3 and found["poems"]["五律"]["amended: even lines"] == 100


def test_bigrams_are_counted_and_saved(folder, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(build_bigrams, "TABLE", tmp_path / "bigrams.npz")
    monkeypatch.setattr("sys.argv", ["build_bigrams.py", str(folder)])
    build_bigrams.main()
    assert (tmp_path / "bigrams.npz").exists() and "1 training poems (8 lines)" in capsys.readouterr().out


def test_shuffling_keeps_the_shape_and_the_characters():
    shuffled = shuffle_hanzi(LINES, random.Random(7))
    assert is_regular(LINES) and is_regular(shuffled) and tuple(shuffled) != LINES
    assert sorted("".join(shuffled)) == sorted("".join(LINES))
