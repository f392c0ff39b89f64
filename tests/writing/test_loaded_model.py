"""Characters no model has seen: a poem may begin with any, and keeps its rules by the character's own tone."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.checkpoint import Checkpoint, released_path
from poetgen.errors import PromptError
from poetgen.script import opencc
from poetgen.script.variants import VariantTable
from poetgen.verse.check import check_poem
from poetgen.verse.prosody import TokenProsody
from poetgen.verse.rhymes import RhymeTable
from poetgen.writing.loaded_model import NewCharacter, _meanings, new_characters, teach
from poetgen.writing.network import Network
from poetgen.writing.writer import Writer


@pytest.fixture(scope="module")
def tiny(tiny_checkpoint):
    return tiny_checkpoint()


@pytest.mark.parametrize(
    ("prompt", "script", "note"),
    [
        ("妈妈", "simplified", "妈 is new to the model, which reads 母 for it"),
        ("媽媽", "traditional", "媽 is new to the model, which reads 母 for it"),
        ("林妮", "traditional", "妮 is new to the model, which reads 女 for it"),
        ("赵鑫", "simplified", "鑫 is new to the model, which reads 金 for it"),
        ("你们", "simplified", "们 is new to the model, which reads 辈 for it"),
        ("們", "traditional", "們 is new to the model, which reads 輩 for it"),
        ("𠀀", "traditional", "𠀀 is new to the model, which reads a rare character for it"),
    ],
)
def test_a_poem_begins_with_any_characters_as_they_were_typed(tang, prompt, script, note):
    (poem,) = tang.write(prompt, seed=1, best_of=1)
    assert poem.text.startswith(prompt)
    assert (poem.script, poem.notes) == (script, (note,))
    json.dumps(poem.to_dict(), allow_nan=False)


def test_lines_begin_with_any_characters_and_the_whole_keeps_its_rules(tang):
    (poem,) = tang.write(acrostic="我爱妈妈", form="七絕", seed=1, best_of=1)
    assert "".join(line[0] for line in poem.lines) == "我爱妈妈"
    assert check_poem(poem.corpus_lines).broken == ()
    assert poem.notes == ("妈 is new to the model, which reads 母 for it",)


def test_a_kept_poem_may_have_any_characters(tang):
    (poem,) = tang.rewrite("妈妈看山月，春风入夜来。故人千里外，今夜独徘徊。", 3, begins="爸", seed=1)
    assert poem.lines[0] == "妈妈看山月"
    assert poem.lines[2].startswith("爸")
    assert {
        "妈 is new to the model, which reads 母 for it",
        "爸 is new to the model, which reads 父 for it",
    } <= {*poem.notes}


@pytest.mark.parametrize("char", "迳馀钜麽")
def test_what_simplified_print_has_otherwise_begins_a_poem_too(tiny, char):
    (poem,) = Writer(tiny).write(char, seed=1, best_of=1, form="五絕", tones="off", script="traditional")
    assert poem.corpus_lines[0].startswith(char)


@given(
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=4),
    st.integers(0, 9),
)
def test_what_is_typed_is_printed_and_nothing_else_is_new(tiny, prompt, seed):
    own = Writer(tiny)
    (poem,) = own.write(
        prompt, seed=seed, best_of=1, tones="off", rhyme="off", form="五絕", script="traditional"
    )
    taught = own.model.with_characters(prompt)
    assert len(poem.corpus_lines[0]) == 5
    rest = poem.corpus_lines[0][len(prompt) :] + "".join(poem.corpus_lines[1:])
    assert all(char in own.model.vocabulary for char in rest)
    assert all(char in taught.vocabulary for char in poem.corpus_lines[0])


def test_tone_and_rhyme_are_the_characters_own(tiny):
    new = [NewCharacter("媽", "媽", "花")]  # 仄, read for a 平
    prosody = TokenProsody(teach(tiny, new).vocabulary)
    number = prosody.vocabulary.encode("媽")[0]
    assert prosody.inside[number] == prosody.inside[prosody.vocabulary.encode("海")[0]]
    for mask in (prosody.hanzi, *prosody.having, *prosody.inside_with, prosody.level_alone, *prosody.members):
        assert not mask[number]


def test_a_model_reads_a_new_character_as_the_nearest(tiny):
    new = [NewCharacter("媽", "媽", "花"), NewCharacter("鑫", "鑫", None)]
    taught, known = teach(tiny, new), Network(tiny.weights, tiny.vocabulary)
    network = Network(taught.weights, taught.vocabulary)
    size = len(tiny.vocabulary)
    for char, nearest in (("媽", [tiny.vocabulary.encode("花")[0]]), ("鑫", [tiny.vocabulary.unknown])):
        after, _ = network.step(network.vocabulary.encode(char))
        np.testing.assert_array_equal(after[:, :size], known.step(nearest)[0])
        (count,) = (tiny.vocabulary.counts[number] for number in nearest)
        rarer = after[0, network.vocabulary.encode(char)[0]] - after[0, nearest[0]]
        np.testing.assert_allclose(rarer, -np.log(count), rtol=1e-5)


def test_a_tied_model_and_one_with_an_output_of_its_own_are_taught_too(tiny_checkpoint):
    for settings in ({"tied": True}, {"tied": False}):
        (poem,) = Writer(tiny_checkpoint(**settings)).write("媽", seed=0, tones="off", rhyme="off")
        assert poem.text.startswith("媽")


def test_a_writer_whose_prompt_it_knows_is_taught_nothing(tang):
    assert tang.model.with_characters("月", "春夏") is tang.model


def test_without_opencc_what_may_be_simplified_is_refused(tiny, monkeypatch):
    monkeypatch.setattr(opencc, "_converter", lambda name: None)
    with pytest.raises(PromptError, match="never seen 妈; if it is simplified: OpenCC is not installed"):
        Writer(tiny).write("妈")


def test_each_new_character_is_taught_once(tiny):
    found = new_characters("妈媽妈鑫", VariantTable(tiny.vocabulary), tiny.vocabulary)
    assert [(new.typed, new.hanzi) for new in found] == [("妈", "媽"), ("鑫", "鑫")]


def test_the_released_model_knows_every_meaning():
    vocabulary = Checkpoint.load(released_path()).vocabulary
    assert len(_meanings()) > 300
    assert all(like in vocabulary and len(char) == 1 for char, like in _meanings().items())


def test_where_no_meaning_is_listed_the_sound_tells(tang):
    (new,) = new_characters("砷", tang.model.variants, tang.model.vocabulary)
    assert set(RhymeTable.load().readings(new.read_as)) == set(RhymeTable.load().readings("砷"))
