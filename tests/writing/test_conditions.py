"""Poems about something, by somebody: what is typed, what is read, what the network makes of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from poetgen.checkpoint import Checkpoint
from poetgen.cli import poetgen
from poetgen.corpus.conditions import ConditionTable
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import PromptError
from poetgen.model.language_model import restore_model
from poetgen.poem.form import Form
from poetgen.script.variants import VariantTable
from poetgen.writing.conditions import (
    Conditions,
    find_poet,
    nearest_poets,
    read_conditions,
    read_title,
    to_classical,
)
from poetgen.writing.network import Network
from poetgen.writing.writer import Writer

TABLE = ConditionTable(poets=("李白", "杜甫", "李賀", "貫休", "劉禹錫"))


@pytest.fixture(scope="module")
def told(tiny_checkpoint: Callable[..., Checkpoint]) -> Checkpoint:
    """A model of random weights that knows five poets."""
    plain = tiny_checkpoint()
    rng = np.random.default_rng(5)
    size = plain.weights["embedding.weight"].shape[1]
    rows = rng.normal(0, 0.9, (len(TABLE), size)).astype(np.float32)
    config = {**plain.config, "model": {**plain.config["model"], "conditions": True}}
    weights = {**plain.weights, "conditions.weight": rows}
    return replace(plain, weights=weights, config=config, conditions=TABLE)


@pytest.fixture(scope="module")
def variants(vocabulary: Vocabulary) -> VariantTable:
    return VariantTable(vocabulary)


@pytest.mark.parametrize("parts", [{"title": "春月"}, {"poet": "李白"}, {"form": Form(7, 4)}, {}])
def test_numpy_reads_a_prefix_as_torch_does(
    told: Checkpoint, vocabulary: Vocabulary, parts: dict[str, Any]
) -> None:
    prefix = Conditions(**parts).prefix(TABLE, vocabulary)
    network = Network(told.weights, vocabulary).after(prefix)
    model = restore_model(len(vocabulary), told.model_config, told.weights).eval()
    ids = [*prefix, vocabulary.begin, *vocabulary.encode("春江")]
    with torch.no_grad():
        expected, _ = model(torch.tensor(ids)[:, None])
    logits, _, _ = network.follow("春江")
    np.testing.assert_allclose(logits[0], expected[-1, 0].numpy(), rtol=1e-4, atol=1e-4)


def test_what_is_told_changes_the_poem_and_nothing_told_changes_nothing(told: Checkpoint) -> None:
    plain = Writer(
        replace(
            told,
            conditions=None,
            weights={name: array for name, array in told.weights.items() if name != "conditions.weight"},
        )
    )
    writer = Writer(told)
    settings: dict[str, Any] = {"seed": 3, "rhyme": "off", "tones": "off"}
    free, before = (next(one.write("月", **settings)) for one in (writer, plain))
    assert free == before
    poems = {
        str(next(writer.write("月", **settings, **parts)))
        for parts in ({}, {"title": "春花"}, {"poet": "杜甫"}, {"title": "春花", "poet": "杜甫"})
    }
    assert len(poems) == 4
    poem = next(writer.write("月", title="春花", poet="杜甫", **settings))
    assert (poem.title, poem.poet) == ("春花", "杜甫")
    assert poem.to_dict()["title"] == "春花"


@pytest.mark.parametrize(
    ("typed", "name"), [("李白", "李白"), (" 李 贺", "李賀"), ("贯休", "貫休"), ("刘禹锡", "劉禹錫")]
)
def test_a_poet_is_found_in_either_script(typed: str, name: str) -> None:
    assert find_poet(typed, TABLE) == name


@pytest.mark.parametrize(("typed", "near"), [("劉禹", "劉禹錫"), ("李清照", "李白, 李賀")])
def test_an_unknown_poet_is_answered_with_the_nearest(typed: str, near: str) -> None:
    with pytest.raises(PromptError, match=rf"{typed}.*did you mean {near}\? .*--poets"):
        find_poet(typed, TABLE)


def test_titles_are_read_in_any_script_and_at_any_length(variants: VariantTable) -> None:
    assert read_title("红叶湖上", variants, "--title")[0].startswith("紅")
    title, notes = read_title("春江花月" * 20, variants, "--title")
    assert len(title) == 24 and any("24th hanzi" in note for note in notes)
    assert read_title("《春月》 其二", variants, "--title")[0].startswith("春月")
    with pytest.raises(PromptError, match="--title 'abc' says nothing"):
        read_title("abc", variants, "--title")


def test_of_names_as_near_the_more_frequent_is_told_first() -> None:
    poets = ["白居易", "杜甫", "李白", "李商隱", "李龏", "李百藥"]
    assert nearest_poets("李百", poets) == ["李百藥", "李白", "李龏"]
    assert nearest_poets("李", poets) == ["李白", "李龏", "李商隱", "李百藥"]
    assert nearest_poets("杜子美", poets) == ["杜甫"]
    assert nearest_poets("陶潛", poets) == nearest_poets("", poets) == []


@given(st.text(max_size=40))
def test_any_text_is_a_title_or_a_sentence(variants: VariantTable, typed: str) -> None:
    try:
        title, _ = read_title(typed, variants, "--title")
    except PromptError as error:
        assert "\n" not in str(error)
    else:
        assert 0 < len(title) <= 24


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("中秋 想家", "中秋思鄉"),
        ("给小明的生日", "寄小明生日"),
        ("情人节", "七夕"),
        ("的", "的"),
        ("秋夜", "秋夜"),
        ("下雪了", "對雪"),
        ("生日快乐", "生日"),
        ("加班到深夜", "夜直到夜"),
        ("一个人喝酒", "獨酌"),
        ("快乐", "快乐"),
        ("祝福新婚的朋友", "賀新婚友人"),
        ("给妈妈的母亲节", "寄母"),
    ],
)
def test_words_of_today_become_a_title(words: str, title: str) -> None:
    assert to_classical(words) == title


def test_about_is_a_title_and_says_how_it_was_read(variants: VariantTable) -> None:
    told = read_conditions(TABLE, variants, about="秋天的月亮")
    assert told.title == "秋日月"
    assert told.notes[0] == "about 秋天的月亮: read as the title 秋日月"
    with pytest.raises(PromptError, match="--about 'miss you' says nothing"):
        read_conditions(TABLE, variants, about="miss you")
    with pytest.raises(PromptError, match="one thing said twice"):
        read_conditions(TABLE, variants, about="秋", title="春")


@pytest.mark.parametrize("asked", [{"title": "春"}, {"about": "春"}, {"poet": "李白"}])
def test_a_model_that_is_told_nothing_says_so(variants: VariantTable, asked: dict[str, str]) -> None:
    with pytest.raises(PromptError, match=f"trained on poems alone.* omit --{next(iter(asked))}"):
        read_conditions(None, variants, **asked)
    assert not read_conditions(None, variants, form=Form(5, 4))


def test_the_command_line_tells_and_lists(told: Checkpoint, tmp_path: Path) -> None:
    file = tmp_path / "told.safetensors"
    told.save(file)
    run = CliRunner()
    words = ["generate", "--checkpoint", str(file), "--form", "5x4", "--seed", "1"]
    result = run.invoke(poetgen, [*words, "--about", "秋天", "--poet", "李贺", "--json"])
    assert result.exit_code == 0, result.output
    poem = json.loads(result.stdout)
    assert (poem["title"], poem["poet"]) == ("秋日", "李賀")
    assert "read as the title 秋日" in result.stderr
    listed = run.invoke(poetgen, [*words, "--poets"])
    assert listed.stdout.split() == list(TABLE.poets)
    wrong = run.invoke(poetgen, [*words, "--poet", "王維"])
    assert wrong.exit_code == 1 and "does not know the poet '王維'" in wrong.stderr


@given(guidance=st.floats(0.1, 10), text=st.text("春江花月", max_size=6))
def test_guidance_weighs_what_one_prefix_says_and_another_does_not(
    told: Checkpoint, vocabulary: Vocabulary, guidance: float, text: str
) -> None:
    network = Network(told.weights, vocabulary)
    form = Conditions(form=Form(7, 4)).prefix(TABLE, vocabulary)
    full = Conditions(title="春月", form=Form(7, 4)).prefix(TABLE, vocabulary)
    told_logits, plain = (network.after(prefix).follow(text)[0] for prefix in (full, form))
    guided, _, _ = network.after(full, apart=form, guidance=guidance).follow(text)
    np.testing.assert_allclose(guided, told_logits + guidance * (told_logits - plain), rtol=1e-4, atol=1e-3)


def test_guidance_changes_what_is_told_of_and_nothing_else(told: Checkpoint) -> None:
    writer = Writer(told)

    def write(**asked: Any) -> list[str]:
        return [str(poem) for poem in writer.write("月", form="七絕", seed=3, count=2, **asked)]

    assert write(title="春江", guidance=0.0) != write(title="春江", guidance=2.0)
    assert write(poet="李白", guidance=0.0) != write(poet="李白", guidance=2.0)
    assert write(guidance=0.0) == write(guidance=2.0)
