"""Given rhymes, a given last line, blanks to fill and characters to avoid: kept in every poem, or refused."""

import re

import pytest

from poetgen.errors import PromptError
from poetgen.poem.form import Form
from poetgen.poem.places import GivenTexts
from poetgen.verse.check import check_poem


def write(tang, **asked):
    return next(tang.write(seed=5, best_of=1, script="traditional", **asked))


@pytest.mark.parametrize(
    ("feet", "form", "lines"),
    [
        ("流樓", None, [1, 3]),
        ("流樓愁洲", None, [1, 3, 5, 7]),
        ("流樓愁", "七絕", [0, 1, 3]),
        ("山間還顏關", "五律", [0, 1, 3, 5, 7]),
        ("流樓愁洲秋舟", "五言排律6", [1, 3, 5, 7, 9, 11]),
    ],
)
def test_rhymes_stand_in_their_order_and_every_rule_is_kept(tang, feet, form, lines):
    poem = write(tang, feet=feet, form=form)
    assert "".join(poem.lines[k][-1] for k in lines) == feet
    assert check_poem(poem.corpus_lines).holds
    assert 0 not in lines or "不入韻" not in poem.template


def test_rhymes_go_with_a_beginning_an_acrostic_and_no_repeat(tang):
    poem = write(tang, feet="山間", acrostic="春夏秋冬", form="七絕", no_repeat=True)
    assert "".join(line[0] for line in poem.lines) == "春夏秋冬"
    assert poem.lines[1][-1] + poem.lines[3][-1] == "山間"
    hanzi = "".join(poem.lines)
    assert len(set(hanzi)) == len(hanzi)
    assert write(tang, prompt="明月", feet="流樓愁洲", form="七律").text.startswith("明月")


def test_the_last_line_is_the_one_asked_for(tang):
    poem = write(tang, last_line="更上一層樓。")
    assert poem.lines[-1] == "更上一層樓"
    assert poem.rhyme_group == "尤"
    assert check_poem(poem.corpus_lines).holds
    typed = next(tang.write(last_line="更上一层楼", seed=5, best_of=1))
    assert typed.script == "simplified"
    assert typed.lines[-1] == "更上一层楼"


def test_blanks_are_filled_and_the_poem_goes_on(tang):
    poem = write(tang, prompt="春□花")
    assert re.match("春[^□]花", poem.text)
    whole = write(tang, fill="白日依山□，黃河入海□。欲窮□□目，更上一層樓。")
    assert re.fullmatch("白日依山[^□]，黃河入海[^□]。欲窮[^□]{2}目，更上一層樓[。？]", whole.text)
    assert check_poem(whole.corpus_lines).holds
    assert write(tang, fill="春□花").lines[0][::2] == "春花"
    assert write(tang, fill="□" * 20).form == "五絕"


@pytest.mark.parametrize("form", ["五絕", "七律", "free", "5x6"])
def test_what_is_to_be_avoided_does_not_come(tang, form):
    for poem in tang.write(
        "月", avoid="不无人回", form=form, seed=5, best_of=1, count=3, script="traditional"
    ):
        assert not set("".join(poem.corpus_lines)) & set("不無无人回迴廻")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"feet": "流樓愁", "form": "五律"}, "--feet has 3 rhymes, and 五律 4, or 5"),
        ({"feet": "流"}, "fewer than two rhymes"),
        ({"feet": "流山", "rhyme": "auto"}, "流山 do not rhyme in one group"),
        ({"feet": "流樓", "rhyme": "東"}, "流樓 do not rhyme in 東"),
        ({"feet": "流流", "rhyme": "auto"}, "流 is to end two rhyming lines"),
        ({"feet": "流樓愁", "form": "五絕", "first_line_rhymes": False}, "--first-line-rhymes no"),
        ({"feet": "流樓", "last_line": "夕陽無限山"}, "place 5 of line 4 is to be 樓 by --feet and 山 by"),
        ({"feet": "流樓", "acrostic": "流水", "no_repeat": True}, "流 comes twice in what is given"),
        ({"last_line": "更上一層樓", "form": "七絕"}, "--last-line has 5 hanzi, and a line of 七絕 7"),
        ({"last_line": "白日依山盡，黃河入海流"}, "takes one line"),
        ({"fill": "白日依山盡"}, "--fill has no blank"),
        ({"fill": "春□花", "prompt": "月"}, "omit one of the two"),
        ({"fill": "春□花，月"}, "differ in length"),
        ({"prompt": "春□花", "form": "free"}, "--form free has no rules"),
        ({"feet": "流樓", "form": "free"}, "--form free has no rules"),
        ({"prompt": "愁", "avoid": "愁"}, "愁 is to be avoided and stands in 愁"),
        ({"avoid": "，"}, "--avoid is empty"),
        ({"avoid": "□"}, "--avoid takes hanzi alone, not '□'"),
        ({"feet": "□樓"}, "--feet takes hanzi alone, not '□'"),
        ({"last_line": "更上一□樓"}, "--last-line takes hanzi alone, not '□'"),
        ({"acrostic": "春□"}, "--acrostic takes hanzi alone, not '□'"),
        ({"prompt": "春□花開水", "acrostic": "夏"}, "stands where --acrostic asks for 夏"),
    ],
)
def test_what_cannot_be_together_is_refused_in_a_sentence(tang, asked, why):
    with pytest.raises(PromptError, match=re.escape(why)):
        tang.write(seed=1, **asked)


def test_two_spellings_of_a_word_agree(tang):
    poem = write(tang, feet="迴來", prompt="白日春風裏，山中夜夜回。", form="五絕")
    assert poem.lines[1][-1] == "回"


def test_rhymes_that_are_none_give_up_the_rhyme_with_a_note(tang):
    poem = write(tang, feet="流山")
    assert poem.lines[1][-1] + poem.lines[3][-1] == "流山"
    assert any("written with --rhyme off" in note for note in poem.notes)


@pytest.mark.parametrize(
    ("start", "length"), [("少年不识愁", 5), ("春眠不觉晓", 5), ("今夜月明中", 5), ("人面桃花相映红", 7)]
)
def test_a_start_of_five_or_seven_stays_a_line_of_that_length(tang, start, length):
    for poem in tang.write(start, seed=3, best_of=1, count=4):
        assert poem.lines[0] == start
        assert {len(line) for line in poem.lines} == {length}


def test_a_start_of_seven_that_a_form_breaks_is_told(tang):
    (note,) = writer_notes(tang, "人面桃花相映红", "五絕")
    assert note.startswith("人面桃花相映红 is a line of 7 and was broken: 人面桃花相，映红")


def writer_notes(tang, prompt, form):
    return next(tang.write(prompt, form=form, seed=1, best_of=1)).notes


def test_a_note_names_the_form_that_the_poem_has(tang):
    for poem in tang.write("少年不识愁", seed=1, best_of=1, count=6):
        assert all(poem.form in note for note in poem.notes)


def test_places_of_texts():
    texts = GivenTexts(acrostic="春夏", feet="流樓", last_line="更上一層樓", start="春□花")
    places = texts.places(Form(5, 4))
    assert places[0, 0] == "春"
    assert places[1, 4] == "流"
    assert (places[3, 0], places[3, 4]) == ("更", "樓")
    assert places[0, 2] == "花"
