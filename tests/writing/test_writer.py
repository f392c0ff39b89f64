"""The laws of writing, on models with random weights."""

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.byhand.language_model import init_state, read_parameters, step
from poetgen.byhand.softmax import log_softmax
from poetgen.checkpoint import released_path
from poetgen.corpus.vocabulary import SPECIALS
from poetgen.errors import CheckpointError, ConfigError, PoetgenError, PromptError
from poetgen.poem.poem import MARKS
from poetgen.script import opencc
from poetgen.script.opencc import is_simplified, to_simplified
from poetgen.writing.constraints import SHORTEST
from poetgen.writing.writer import MOST_TOGETHER, Writer


@pytest.fixture(scope="module", params=["keep", "drop"])
def any_writer(tiny_checkpoint, request):
    """A writer whose model writes marks, and one whose model does not."""
    return Writer(tiny_checkpoint(corpus={"punctuation": request.param}))


@pytest.fixture(scope="module")
def writer(tiny_checkpoint):
    return Writer(tiny_checkpoint(num_layers=2))


@given(
    prompt=st.none() | st.text(st.sampled_from("月红后床為云里明松"), min_size=1, max_size=12),
    seed=st.integers(0, 2**70),
    temperature=st.floats(0, 20),
    top_k=st.integers(0, 80),
    top_p=st.floats(0.01, 1),
    repeat_penalty=st.floats(0, 50),
    max_length=st.integers(SHORTEST, 70),
    script=st.sampled_from([None, "simplified", "traditional"]),
)
def test_every_poem_is_well_formed(any_writer, prompt, max_length, script, **settings):
    try:
        poems = list(any_writer.write(prompt, max_length=max_length, script=script, count=2, **settings))
    except PromptError:
        assert len(prompt) > 5  # too long for the limit
        return
    for poem in poems:
        assert poem.text == "".join(line + mark for line, mark in zip(poem.lines, poem.marks, strict=True))
        assert len({len(line) for line in poem.lines}) == 1
        assert len(poem.lines[0]) in {4, 5, 6, 7}
        assert len(poem.lines) % 2 == 0
        assert sum(map(len, poem.lines)) <= max_length
        assert len(poem.lines) >= 4 or max_length < 28
        assert set(poem.marks[::2]) == {"，"}
        assert set(poem.marks[1::2]) <= {"。", "？"}
        assert not any(special in poem.text for special in SPECIALS)
        assert not set("".join(poem.lines)) & set(MARKS)
        assert np.isfinite(poem.log_probability)
        if prompt:
            assert to_simplified("".join(poem.lines)).startswith(to_simplified(poem.prompt))
        if script == "simplified":
            assert all(map(is_simplified, poem.text))


@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_a_poem_does_not_depend_on_how_many_are_asked_for(writer, seed):
    many = list(writer.write("月", seed=seed, count=2 * MOST_TOGETHER + 3))
    assert many[:1] == list(writer.write("月", seed=seed))
    assert many[:7] == list(writer.write("月", seed=seed, count=7))
    assert len({poem.text for poem in many}) == len(many)
    assert [poem.index for poem in many] == list(range(len(many)))


def test_another_seed_is_another_poem_and_none_is_drawn(writer):
    assert next(writer.write("月", seed=1)).text != next(writer.write("月", seed=2)).text
    drawn = next(writer.write("月"))
    assert drawn == next(writer.write("月", seed=drawn.seed))


def test_several_prompts_are_written_in_turn_as_each_would_be_alone(writer):
    together = list(writer.write(["月", "山"], count=2, seed=3))
    apart = [poem for prompt in "月山" for poem in writer.write(prompt, count=2, seed=3)]
    assert [str(poem) for poem in together] == [str(poem) for poem in apart]
    assert list(writer.write([], seed=3)) == []


def test_a_notebook_shows_columns(writer):
    [poem] = writer.write("月", seed=1)
    shown = poem._repr_html_()
    assert "vertical-rl" in shown
    assert all(line in shown for line in poem.lines)


def test_temperature_zero_ignores_the_seed(writer):
    assert len({poem.text for poem in writer.write("月", temperature=0, count=3)}) == 1


def test_the_number_of_threads_changes_nothing(tiny_checkpoint, tmp_path):
    path = tmp_path / "wide.safetensors"
    tiny_checkpoint(hidden_size=256, embedding_size=64, spread=0.1).save(path)
    script = (
        "from poetgen import Writer; import sys\n"
        "for poem in Writer.load(sys.argv[1]).write('月', seed=5, count=9):\n"
        "    print(poem.text.encode(), poem.log_probability)"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script, path],
            env=os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "2", "3")
    }
    assert len(printed) == 1


def test_log_probability_is_that_of_the_whole_poem(writer, tiny_checkpoint):
    checkpoint = tiny_checkpoint(num_layers=2)
    poem = next(writer.write("明月", seed=3, top_k=4, temperature=0.5))
    params, vocabulary = read_parameters(checkpoint.weights), checkpoint.vocabulary
    total, state, last = 0.0, init_state(params, 1), vocabulary.begin
    body = "".join(line + mark for line, mark in zip(poem.corpus_lines, poem.marks, strict=True))
    for number in [*vocabulary.encode(body), vocabulary.end]:
        logits, state = step(params, [last], state)
        total += float(log_softmax(logits)[0, number])
        last = number
    assert poem.log_probability == pytest.approx(total)


def test_a_penalty_thins_out_repeats_but_for_doubling(writer):
    def written(penalty):
        poems = writer.write(seed=3, form="4x6", count=40, best_of=1, temperature=2.0, repeat_penalty=penalty)
        return [poem.corpus_lines for poem in poems]

    def come_again(lines):
        """Characters, each spelling one of its own, that have been in the poem but not just before."""
        places = [(k, place) for k, line in enumerate(lines) for place in range(len(line))]
        seen = ["".join(lines[:k]) + lines[k][: max(0, place - 1)] for k, place in places]
        return sum(lines[k][place] in before for (k, place), before in zip(places, seen, strict=True))

    free, usual, strict = (sum(map(come_again, written(penalty))) for penalty in (0, 3, 1e4))
    assert free > 2 * usual > 0 == strict
    doubled = [line for lines in written(1e4) for line in lines if any(a == b for a, b in pairwise(line))]
    assert doubled  # 悠悠
    assert not any(a == b == c for line in doubled for a, b, c in zip(line, line[1:], line[2:], strict=False))


def test_scripts(writer):
    assert next(writer.write("红", seed=1)).script == "simplified"
    assert next(writer.write("红", seed=1)).text.startswith("红")
    assert next(writer.write("紅", seed=1)).script == "traditional"
    simplified = next(writer.write("紅", seed=1, script="simplified"))
    assert simplified.text == to_simplified(next(writer.write("红", seed=1, script="traditional")).text)


def test_a_prompt_may_be_a_whole_poem(writer):
    whole = "牀前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。"
    poem = next(writer.write(whole, max_length=20))
    assert poem.text == whole
    assert poem.form == "五絕"
    assert str(poem) == "牀前明月光，疑是地上霜。\n舉頭望明月，低頭思故鄉。"
    assert poem.vertical.startswith("低　舉　疑　牀\n")


def test_lines_of_a_prompt_may_be_unequal(writer):
    for poem in writer.write("明月光，疑是地上霜。", count=5, max_length=30):
        assert poem.form == "雜言"
        assert len(poem.lines) % 2 == 0
        assert all(3 <= len(line) <= 9 for line in poem.lines)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"prompt": ""}, PromptError, "empty"),
        ({"prompt": 5}, PoetgenError, "prompt must be text or a list or None, not 5"),
        ({"prompt": ["月", 5]}, PromptError, "a prompt must be text, not 5"),
        ({"prompt": ["月", "x"]}, PromptError, "not a Chinese character"),
        ({"count": "three"}, PoetgenError, "count must be a whole number, not 'three'"),
        ({"prompt": "x"}, PromptError, "not a Chinese character"),
        ({"prompt": "月" * 18, "max_length": 20}, PromptError, "no room"),
        ({"prompt": "月月月月月，月月月月月。月", "max_length": 14}, PromptError, "no room"),
        ({"seed": -1}, ConfigError, "-1"),
        ({"count": 0}, ConfigError, "0"),
        ({"max_length": SHORTEST - 1}, ConfigError, f"not {SHORTEST - 1}"),
        ({"script": "latin"}, ConfigError, "traditional, simplified"),
        ({"temperature": -1}, ConfigError, "-1"),
    ],
)
def test_bad_input_is_refused_before_the_first_poem(writer, settings, error, message):
    with pytest.raises(error, match=message):
        writer.write(**settings)


def test_a_bad_setting_of_the_script_is_refused_even_where_it_is_not_needed(writer, monkeypatch):
    monkeypatch.setenv("POETGEN_SCRIPT", "x")
    with pytest.raises(ConfigError, match="POETGEN_SCRIPT"):
        writer.write("红", script="simplified")


def test_load_takes_runs_of_the_workspace_by_name(tiny_checkpoint, tmp_path):
    for k, name in enumerate(["old", "new"]):
        path = tmp_path / "checkpoints" / name / "best.safetensors"
        tiny_checkpoint(seed=k).save(path)
        os.utime(path, (k, k))
    assert Writer.load(home=tmp_path).source == released_path()
    assert Writer.load("newest", home=tmp_path).source == path
    assert Writer.load("old", home=tmp_path).source == path.parents[1] / "old" / "best.safetensors"
    with pytest.raises(CheckpointError):
        Writer.load(tmp_path / "none")


def test_torch_is_never_imported(tiny_checkpoint, tmp_path):
    path = tmp_path / "tiny.safetensors"
    tiny_checkpoint().save(path)
    script = (
        "import sys; from poetgen import Writer; print(next(Writer.load(sys.argv[1]).write('红')).text.encode());"
        "print([name for name in ('torch', 'git', 'matplotlib', 'click', 'tqdm') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "[]"


def test_without_opencc_traditional_prompts_still_work(tiny_checkpoint, monkeypatch):
    monkeypatch.setitem(sys.modules, "opencc", None)
    opencc._converter.cache_clear()
    try:
        writer = Writer(tiny_checkpoint())
        assert next(writer.write("紅")).text.startswith("紅")
        for settings in ({"prompt": "红"}, {"prompt": "紅", "script": "simplified"}):
            with pytest.raises(PoetgenError, match="pip install 'opencc"):
                writer.write(**settings)
    finally:
        opencc._converter.cache_clear()


def test_a_thousand_million_poems_are_begun_at_once(writer: Writer) -> None:
    assert next(iter(writer.write("月", count=10**9, seed=1, best_of=1))).lines  # and not listed first
