"""The released model's poems in every script: what was typed comes back, and one word has one spelling."""

import pytest

from poetgen.poem.poem import word_of
from poetgen.script.opencc import to_simplified


@pytest.mark.parametrize(
    ("typed", "script", "begins"),
    [
        *[
            (typed, None, typed)
            for typed in ("為君", "爲君", "裡", "群山", "床前", "疏影", "台北", "日历", "茶几")
        ],
        *[("爲裏却", "taiwan", "為裡卻"), ("爲裏却", "hongkong", "為裏卻"), ("为君", "taiwan", "為君")],
        *[("為君", "simplified", "为君"), ("为君", "traditional", "爲君"), ("床前", "traditional", "床前")],
    ],
)
def test_what_was_typed_comes_back_as_typed_unless_another_script_is_asked_for(tang, typed, script, begins):
    poem = next(tang.write(typed, script=script, seed=2, best_of=1))
    assert poem.text.startswith(begins)
    assert not poem.notes or "written with" in poem.notes[0]


def test_an_acrostic_comes_back_as_typed_in_its_script(tang):
    heads = "".join(line[0] for line in next(tang.write(acrostic="床前春天", seed=2, best_of=1)).lines)
    assert heads == "床前春天"
    told = next(tang.write(acrostic="发叶红云", script="traditional", seed=2, best_of=1))
    assert "".join(line[0] for line in told.lines) == "發葉紅雲"


@pytest.mark.parametrize(
    ("asked", "script"),
    [
        ({"about": "给小明的生日"}, "simplified"),
        ({"title": "红叶"}, "simplified"),
        ({"poet": "刘禹锡"}, "simplified"),
        ({"prompt": "月", "title": "送别"}, "simplified"),
        ({"prompt": "紅", "poet": "刘禹锡"}, "traditional"),
        ({"prompt": "红", "title": "紅葉"}, "simplified"),
        ({"last_line": "红叶满长安", "title": "秋思"}, "simplified"),
        ({"title": "秋思", "poet": "李白"}, "traditional"),
        ({}, "traditional"),
    ],
)
def test_the_first_text_that_tells_a_script_is_answered_in_it(tang, asked, script):
    (poem,) = tang.write(**asked, form="五絕", seed=2, best_of=1)
    assert poem.script == script
    assert (poem.text == to_simplified(poem.text)) == (script == "simplified")


@pytest.mark.parametrize("script", ["traditional", "taiwan", "hongkong"])
def test_no_poem_spells_a_word_in_two_ways(tang, script):
    for poem in tang.write("為", form="七律", script=script, seed=5, count=8, best_of=1):
        used = set("".join(poem.lines))
        assert len({word_of(char) for char in used}) == len(used)
        assert not set(poem.text) & (set("爲") if script == "traditional" else set("爲却荆迹烟猨疎鴈劒"))


def test_a_line_is_rewritten_in_the_spelling_of_the_others(tang):
    kept = "為君持酒勸斜陽，且向花間留晚照。"
    (poem,) = tang.rewrite(kept, 2, seed=1)
    assert poem.text.startswith("為君持酒勸斜陽，")
    (poem,) = tang.rewrite(kept, 2, seed=1, script="simplified")
    assert poem.text.startswith("为君持酒劝斜阳，")
    assert poem.script == "simplified"
