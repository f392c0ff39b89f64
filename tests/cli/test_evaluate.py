"""`poetgen evaluate`, from the command line."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from poetgen.checkpoint import Checkpoint
from poetgen.cli import poetgen
from poetgen.corpus.dataset import Dataset
from poetgen.evaluate import evaluate_poems, evaluate_split
from poetgen.poem.poem import Poem

FIGURES = ("ppl_token", "ppl_hanzi", "ppl_poem", "bits_per_hanzi")
MakeCheckpoint = Callable[..., Checkpoint]


@pytest.fixture
def checkpoint(prepared: Dataset, make_checkpoint: MakeCheckpoint) -> Checkpoint:
    return make_checkpoint(prepared.vocabulary)


@pytest.fixture
def home(tmp_path: Path, prepared: Dataset, checkpoint: Checkpoint) -> Path:
    """A workspace with the shared poems and one run."""
    shutil.copytree(prepared.path, tmp_path / "data" / "prepared")
    checkpoint.save(tmp_path / "checkpoints" / "first" / "best.safetensors")
    return tmp_path


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        poetgen, ["evaluate", "--home", str(home), "--device", "cpu", "--checkpoint", "first", *arguments]
    )


def values(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def write_text(path: Path, poems: list[Poem]) -> Path:
    """Blocks parted by blank lines, each with its title."""
    blocks = [f"{poem.title}\n{poem.text}" for poem in poems]
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return path


def write_json(path: Path, poems: list[Poem]) -> Path:
    records = [{"author": p.author, "title": p.title, "paragraphs": [p.text], "id": p.id} for p in poems]
    path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    return path


def test_the_validation_split_is_the_default(home: Path, prepared: Dataset, checkpoint: Checkpoint) -> None:
    result = run(home, "--json")
    found = values(result)
    expected = evaluate_split(checkpoint, prepared, "validation")
    assert found["split"] == "validation"
    assert [found[name] for name in FIGURES] == [getattr(expected, name) for name in FIGURES]
    assert result.stderr == "model: first\n"


@pytest.mark.parametrize("split", ["test", "train", "fragments"])
def test_a_split_by_name(home: Path, prepared: Dataset, checkpoint: Checkpoint, split: str) -> None:
    found = values(run(home, "--split", split, "--json", "--batch-size", "3"))
    expected = evaluate_split(checkpoint, prepared, split)
    assert (found["split"], found["poems"], found["tokens"]) == (split, expected.poems, expected.tokens)
    assert found["ppl_token"] == pytest.approx(expected.ppl_token, rel=1e-5)


def test_the_table_has_every_figure_with_its_interval(
    home: Path, prepared: Dataset, checkpoint: Checkpoint
) -> None:
    result = run(home, "--split", "test")
    expected = evaluate_split(checkpoint, prepared, "test")
    assert result.exit_code == 0
    for name in FIGURES:
        low, high = expected.intervals[name] or (0, 0)
        pattern = rf"{name}\s+{getattr(expected, name):.2f}\s+{low:.2f} – {high:.2f}"
        assert re.search(pattern, result.stdout), result.stdout
    assert f"{expected.poems} poems, {expected.tokens} tokens, {expected.hanzi} hanzi" in result.stdout
    assert "test split, core volumes, corpus 0123456789ab" in result.stdout
    assert "conditions: none" in result.stdout


@pytest.mark.parametrize("write", [write_text, write_json])
def test_a_file_is_measured_whole_and_its_fragments_apart(
    home: Path,
    poems: list[Poem],
    checkpoint: Checkpoint,
    write: Callable[[Path, list[Poem]], Path],
) -> None:
    fragment = Poem("", "句", ("日月山川風", "花雪雲春秋"), "，。")
    given = [*poems[50:], fragment]
    file = write(home / ("poems.json" if write is write_json else "poems.txt"), given)
    found = values(run(home, "--poems", str(file), "--json"))
    expected = evaluate_poems(checkpoint, given)
    names = (*FIGURES, "poems", "tokens", "hanzi", "out_of_vocabulary", "out_of_vocabulary_rate")
    for part, figures in (
        (found, expected),
        (found["fragments"], expected.fragments),
        (found["without_fragments"], expected.without_fragments),
    ):
        assert {name: part[name] for name in names} == pytest.approx(
            {name: getattr(figures, name) for name in names}, rel=1e-6
        )
    assert [found[part]["poems"] for part in ("fragments", "without_fragments")] == [1, 10]
    assert (found["split"], found["source"]) == (None, str(file))


def test_a_folder_of_poems_and_the_table_of_its_parts(home: Path, poems: list[Poem]) -> None:
    folder = home / "mine"
    folder.mkdir()
    write_json(folder / "a.json", poems[:4])
    write_json(folder / "b.json", poems[4:9])
    result = run(home, "--poems", str(folder))
    assert result.exit_code == 0
    assert result.stdout.count("9 poems") == 1  # no block for the fragments, of which there are none
    assert "fragments" not in result.stdout
    assert "intervals: 95 %" in result.stdout


def test_the_fragments_have_a_block_where_there_are_some_and_one_poem_no_interval(
    home: Path, poems: list[Poem]
) -> None:
    fragment = Poem("", "句", ("日月山川風", "花雪雲春秋"), "，。")
    both = run(home, "--poems", str(write_text(home / "both.txt", [*poems[:3], fragment])))
    assert both.stdout.count("poem") > 4
    assert "without fragments:\n3 poems, " in both.stdout
    assert "fragments:\n1 poem, " in both.stdout
    one = run(home, "--poems", str(write_text(home / "one.txt", poems[:1])))
    assert "no intervals, which need two poems" in one.stdout
    assert "–" not in one.stdout


def test_a_measured_model_is_followed_by_what_one_does_next(home: Path) -> None:
    told = run(home).stderr
    assert "to write with it: poetgen generate 月 --checkpoint first" in told
    assert "once it is chosen, at the end: poetgen evaluate --split test --checkpoint first" in told
    assert "--split test" not in run(home, "--split", "test").stderr
    assert run(home, "--json").stderr == "model: first\n"


def test_records_that_are_no_verse_are_told_and_left_out(home: Path, poems: list[Poem]) -> None:
    file = home / "some.json"
    records = [{"paragraphs": [poems[0].text]}, {"paragraphs": ["Latin letters"]}, {"paragraphs": 5}]
    file.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    result = run(home, "--poems", str(file), "--json")
    assert values(result)["poems"] == 1
    assert "some.json[2]: paragraphs is neither a text nor a list of texts" in result.stderr
    assert "measuring 1 poems; 2 records cannot be read as verse" in result.stderr


def test_a_text_in_characters_the_model_does_not_know_is_remarked(home: Path) -> None:
    file = home / "other.txt"
    file.write_text("龙马齐东野，鸟兽鱼虫声。龙马齐东野，鸟兽鱼虫声。\n", encoding="utf-8")
    result = run(home, "--poems", str(file), "--json")
    assert values(result)["out_of_vocabulary_rate"] == pytest.approx(1, abs=0.2)
    assert "in the script the model was trained on" in result.stderr


def test_a_run_by_name_a_folder_and_a_file_are_the_same_model(
    home: Path, make_checkpoint: MakeCheckpoint
) -> None:
    other = make_checkpoint(Dataset.open(home / "data" / "prepared").vocabulary, seed=5)
    other.save(home / "checkpoints" / "second" / "best.safetensors")
    place = home / "checkpoints" / "first"
    found = [
        values(run(home, "--checkpoint", given, "--json"))["ppl_token"]
        for given in ("first", str(place), str(place / "best.safetensors"))
    ]
    assert (
        found[0] == found[1] == found[2] != values(run(home, "--checkpoint", "newest", "--json"))["ppl_token"]
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--checkpoint", "none"], r"no checkpoint at none; .*runs here: first"),
        (["--poems", "nothing.txt"], "nothing.txt"),
        (["--split", "test", "--poems", "x"], "both say what to measure on"),
        (["--split", "best"], "best"),
        (["--batch-size", "0"], "give 1 to 4096, not 0"),
    ],
)
def test_what_cannot_be_is_one_sentence(home: Path, arguments: list[str], sentence: str) -> None:
    result = run(home, *arguments)
    assert result.exit_code in (1, 2)
    assert re.search(sentence, result.stderr)
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_without_prepared_poems_it_says_what_to_run(home: Path) -> None:
    shutil.rmtree(home / "data")
    result = run(home)
    assert result.exit_code == 1
    assert "run: poetgen prepare" in result.stderr


def test_a_model_of_other_poems_is_refused(
    home: Path, poems: list[Poem], make_checkpoint: MakeCheckpoint
) -> None:
    from poetgen.corpus.vocabulary import Vocabulary

    stranger = make_checkpoint(Vocabulary.build(poem.text for poem in poems[:3]))
    stranger.save(home / "stranger.safetensors")
    result = run(home, "--checkpoint", str(home / "stranger.safetensors"))
    assert result.exit_code == 1
    assert "the model was not trained on the poems in" in result.stderr


def test_cuda_where_there_is_none_is_one_sentence(home: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    result = CliRunner().invoke(poetgen, ["evaluate", "--home", str(home), "--device", "cuda"])
    assert result.exit_code == 1
    assert "--device cpu" in result.stderr


def test_on_cuda_the_figures_are_those_of_the_cpu(home: Path) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    on_cuda = values(run(home, "--json", "--device", "cuda"))
    on_cpu = values(run(home, "--json"))
    for name in FIGURES:
        assert on_cuda[name] == pytest.approx(on_cpu[name], rel=1e-5)


FREE = ("--set", "tones=off", "--set", "rhyme=off", "--set", "best_of=1", "--prompts", "山水")


def test_written_poems_are_measured_beside_real_ones(home: Path) -> None:
    found = values(run(home, "--written", "2", *FREE, "--seed", "4", "--json"))
    assert found["settings"] == {"tones": "off", "rhyme": "off", "best_of": 1}
    assert (found["seed"], found["split"], found["prompts"]) == (4, "validation", ["山", "水"])
    assert found["pairs"]["all"]["written"]["poems"] == found["pairs"]["all"]["real"]["poems"] == 8
    table = run(home, "--written", "2", *FREE, "--seed", "4")
    assert table.exit_code == 0, table.output
    characters = f"{found['pairs']['all']['written']['characters']:,}"
    [row] = [line for line in table.stdout.splitlines() if line.startswith("different characters")]
    assert row.split()[-2] == characters


def test_written_poems_are_drawn(home: Path, tmp_path: Path) -> None:
    picture = tmp_path / "written.png"
    assert run(home, "--written", "1", *FREE, "--out", str(picture)).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seed", "1"], "add --written N"),
        (["--set", "best_of=1"], "add --written N"),
        (["--written", "1", "--given", "title"], "omit --poems and --given"),
        (["--written", "1", "--set", "warmth=3"], "a name of: temperature, top_k"),
        (["--written", "1", "--set", "best_of=many"], "best_of must be a number, not many"),
        (["--written", "1", "--set", "top_p=7"], "top-p must be above 0 and at most 1, not 7.0"),
        (["--written", "1", "--out", "picture.gif"], "end its name in .png"),
    ],
)
def test_what_written_cannot_take_is_said(home: Path, arguments: list[str], said: str) -> None:
    result = run(home, *arguments)
    assert result.exit_code != 0
    assert said in result.output
