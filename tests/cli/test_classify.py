"""`poetgen classify`, from the command line: trained, stopped, asked, and refused in a sentence."""

import dataclasses
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from poetgen.checkpoint import Checkpoint
from poetgen.classify.saved import SavedClassifier
from poetgen.classify.settings import ClassifyConfig
from poetgen.cli import poetgen
from poetgen.corpus.dataset import Dataset
from poetgen.corpus.vocabulary import Vocabulary
from tests.cli.conftest import assert_refused

SMALL = [
    "--set", "training.device=cpu", "--set", "model.embedding_size=6", "--set", "model.hidden_size=8",
    "--set", "training.batch_size=12",
]  # fmt: skip
ALONE = ("--set", "classify.linear_baseline=false")


def run(home: Path, *arguments: Any, typed: str | None = None) -> Result:
    words = [arguments[0], "--home", home, *arguments[1:]]
    return CliRunner().invoke(poetgen, ["classify", *map(str, words)], input=typed)


def train(home: Path, *arguments: Any) -> Result:
    return run(home, "train", *SMALL, *arguments)


def refused(result: Result, told: str) -> None:
    """One sentence and nothing else on stdout."""
    assert_refused(result, told)
    assert result.stdout == ""


def topics(path: Path) -> Path:
    """A label file of two topics, as JSON under names of its own."""
    sentences = [
        {
            "句": f"{day}{what}{'，很大' if k else ''}，{'出门' * k}",
            "类": "天气" if what in "雨雪风" else "饭菜",
        }
        for day in ("今天", "明天", "昨天", "后天")
        for what in "雨雪风饭菜面"
        for k in range(2)
    ]
    path.write_text(json.dumps(sentences, ensure_ascii=False), encoding="utf-8")
    return path


def test_poets_are_learned_measured_and_named(home: Path) -> None:
    result = train(home, "--by", "poet", "--equal", "--epochs", 2, "--run", "moon")
    assert result.exit_code == 0, result.output
    folder = home / "checkpoints" / "classifiers" / "moon"
    assert {path.name for path in folder.iterdir()} == {
        "best.safetensors", "last.safetensors", "state.pt", "config.json", "metrics.jsonl", "curves.png",
        "report.json", "report.md", "confusion.png",
    }  # fmt: skip
    assert (folder / "confusion.png").read_bytes().startswith(b"\x89PNG")
    first, header, *rows = result.stdout.splitlines()
    assert re.fullmatch(r"5 labels, \d+ test texts, learned from \d+", first)
    assert header.split() == ["accuracy", "macro-F1"]
    figure = r"\d\.\d{3} \(\d\.\d{3} – \d\.\d{3}\)"
    names = [row.split("  ")[0] for row in rows if re.search(f"{figure} +{figure}$", row)]
    assert names == ["majority class", "linear, characters 1–2", "this classifier"]
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert sum(map(sum, report["classifier"]["confusion"])) == report["classifier"]["texts"]
    page = (folder / "report.md").read_text(encoding="utf-8")
    assert all(f"| {label} |" in page for label in report["labels"])

    answer = run(home, "predict", "来去云山月，江水风花雪。", "--top", 2)
    assert answer.exit_code == 0, answer.output
    text, *labels = answer.stdout.splitlines()
    assert text == "来去云山月，江水风花雪。"
    assert len(labels) == 2 and all(re.fullmatch(r" ?[ \d]\d\.\d%  詩人\d", label) for label in labels)
    piped = run(home, "predict", "--json", "--checkpoint", "moon", typed="春江花月夜\n\n山山水水\n")
    predictions = [json.loads(line) for line in piped.stdout.splitlines()]
    assert [prediction["typed"] for prediction in predictions] == ["春江花月夜。", "山山水水。"]
    assert "classifier: moon\n" in piped.stderr
    among = run(
        home, "predict", "--json", "--checkpoint", "moon", "月", "-", typed="春江花月夜\n\n山山水水\n"
    )
    assert [json.loads(line)["text"] for line in among.stdout.splitlines()][1:] == [
        prediction["text"] for prediction in predictions
    ]
    broken = run(
        home, "predict", "--json", "--checkpoint", "moon", typed='{"text": "春江花月夜。"}\n{"text": "\n'
    )
    assert broken.exit_code == 1 and "Error: standard input[1]: broken JSON" in broken.stderr
    assert json.loads(broken.stdout)["text"] == "春江花月夜。"
    shares = [*predictions[0]["probabilities"].values()]
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(1)


def test_any_label_file_will_do_and_every_flag_reaches_its_setting(home: Path) -> None:
    vectors = home / "vectors.txt"
    vectors.write_text("2 4\n雨 1 2 3 4\n饭 4 3 2 1\n", encoding="utf-8")
    result = run(
        home, "train", "--labels", topics(home / "topics.json"), "--equal",
        "--tokens", "characters", "--stop-words", "classical", "--vectors", vectors, "--cell", "rnn",
        "--optimizer", "adamw", "--epochs", 3, "--seed", 3, "--measure-on", "validation", "--json",
        *(word for setting in (
            "classify.text_column=句", "classify.label_column=类", "classify.classes=2",
            "classify.directions=both",
            "classify.pooling=last", "model.hidden_size=5", "model.num_layers=2", "training.device=cpu",
            "training.learning_rate=0.02", "training.steps=4", "classify.linear_baseline=false",
            "classify.split=96:2:2", "classify.skip=pairs", "classify.ensemble_size=2",
        ) for word in ("--set", setting)),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["part"] == "validation" and json.loads(result.stdout)["linear"] is None
    assert re.search(r"vectors of 4 numbers for 2 of \d+ tokens", result.stderr)
    [folder] = (home / "checkpoints" / "classifiers").iterdir()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_labels", folder.name)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))["config"]
    found = {**config["model"], **config["training"], **config["classify"]}
    expected = {
        "text_column": "句", "label_column": "类", "classes": 2, "stop_words": "classical", "cell": "rnn",
        "embeddings": "vectors", "embedding_size": 4, "directions": "both", "pooling": "last", "hidden_size": 5,
        "num_layers": 2, "optimizer": "adamw", "learning_rate": 0.02, "steps": 4, "seed": 3, "split": "96:2:2",
        "skip": "pairs", "ensemble_size": 2, "frozen": False, "equal": True, "epochs": 3, "tokens": "characters",
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


def test_a_stopped_run_goes_on_and_its_config_is_kept(home: Path) -> None:
    given = ["--by", "form", "--epochs", 2, *ALONE]
    assert train(home, *given, "--run", "whole").exit_code == 0
    assert train(home, *given, "--run", "sun", "--set", "training.steps=1").exit_code == 0
    result = run(home, "train", "--resume")
    assert result.exit_code == 0 and "is finished already" not in result.stdout
    refused(
        run(home, "train", "--resume", "sun", "--set", "classify.pooling=last"),
        r"classify\.pooling was 'mean'",
    )
    refused(run(home, "train", "--resume", "moon"), "no run 'moon' in .*; there are: sun, whole")
    refused(train(home, *given, "--run", "sun"), "already holds a run; continue it with --resume sun")


def test_without_scikit_learn_it_says_how_to_install_it_and_goes_on(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    result = train(home, "--by", "form", "--set", "training.steps=1")
    assert result.exit_code == 0, result.output
    assert "run: pip install 'scikit-learn" in result.stderr
    assert "linear" not in result.stdout and "majority" in result.stdout


def test_a_classifier_begins_with_a_language_model_and_neither_is_the_other(
    home: Path, prepared: Dataset, make_checkpoint: Callable[..., Checkpoint]
) -> None:
    verse = home / "checkpoints" / "verse" / "best.safetensors"
    verse.parent.mkdir(parents=True)
    make_checkpoint(prepared.vocabulary).save(verse)
    result = run(
        home, "train", "--by", "form", "--checkpoint", "verse", "--set", "classify.copy_layers=true",
        "--set", "training.steps=1", "--run", "moon", *ALONE,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert f"from {verse}" in result.stderr
    moon = "classifiers/moon"
    for command in (["generate", "月"], ["evaluate"], ["show"]):
        option = [moon] if command == ["show"] else ["--checkpoint", moon]
        answer = CliRunner().invoke(poetgen, [*command, "--home", str(home), *option])
        refused(
            answer, "is the checkpoint of a classifier, not of a language model.*poetgen classify predict"
        )
    refused(run(home, "predict", "月", "--checkpoint", verse), "of a language model, not of a classifier")
    # a classifier trained later is not what writes
    newest = ["--checkpoint", "newest", "--seed", "1"]
    answer = CliRunner().invoke(poetgen, ["generate", "月", "--home", str(home), *newest])
    assert answer.exit_code == 0 and "model: verse\n" in answer.stderr


WRONG: list[tuple[list[Any], str]] = [
    (["--by", "poet", "--set", "classify.classes=6"], "there are 5 labels and 6 are to be classified"),
    (["--by", "poet", "--set", "classify.embeddings=vectors"], "give one with --vectors FILE"),
    (["--by", "poet", "--set", "classify.copy_layers=true"], "name it with --checkpoint"),
    (["--by", "poet", "--set", "classify.frozen=true"], "set classify.copy_layers=true"),
    (["--by", "poet", "--vectors", "none.txt"], "no vectors at none.txt"),
    (["--by", "poet", "--checkpoint", "none"], "no checkpoint at none"),
    (["--by", "poet", "--stop-words", "none.txt"], "no stop words at none.txt"),
    (["--by", "poet", "--set", "classify.pooling=max"], "classify.pooling cannot be 'max'"),
    (["--by", "poet", "--set", "clasify.by=poet"], "unknown section: 'clasify'; did you mean classify"),
    (["--labels", "none.csv"], "no labelled texts at none.csv"),
    (["--by", "poet", "--set", "model.hidden_size=65536"], "GiB of memory to be trained"),
]


@pytest.mark.parametrize(("arguments", "told"), WRONG)
def test_what_cannot_be_is_one_sentence(home: Path, arguments: list[Any], told: str) -> None:
    refused(run(home, "train", "--set", "training.device=cpu", *arguments), told)
    assert not (home / "checkpoints").exists()


@pytest.mark.parametrize(
    "arguments", [[], ["--by", "poet", "--labels", "a.csv"], ["--resume", "a", "--run", "b"]]
)
def test_what_is_not_understood(home: Path, arguments: list[str]) -> None:
    assert run(home, "train", *arguments).exit_code == 2


def test_a_label_seen_once(home: Path) -> None:
    path = home / "once.csv"
    path.write_text("text,label\n今天,甲\n明天,甲\n后天,乙\n", encoding="utf-8")
    refused(run(home, "train", "--labels", path), "the label '乙' is seen once")


def test_nothing_prepared_and_nothing_trained(tmp_path: Path) -> None:
    refused(run(tmp_path, "train", "--by", "poet"), "run: poetgen prepare")
    refused(run(tmp_path, "predict", "月"), "no classifier in .*; train one with: poetgen classify train")
    refused(run(tmp_path, "train", "--resume"), "no run to resume in .*: poetgen classify train")


def test_texts_that_cannot_be_judged(home: Path) -> None:
    assert train(home, "--by", "poet", "--set", "training.steps=1", *ALONE).exit_code == 0
    refused(run(home, "predict", "moon"), "cannot be read as verse")
    (home / "poems.txt").write_text("春江花月夜\n", encoding="utf-8")
    refused(run(home, "predict", home / "poems.txt"), r"poems\.txt is a file; .*predict - < ")
    refused(run(home, "predict", "龘龘"), "the classifier knows nothing in '龘龘'")
    assert run(home, "predict", typed="").exit_code == 2
    some = run(home, "predict", "--json", "月山", "moon", "江水", "龘龘")
    assert [json.loads(line)["typed"] for line in some.stdout.splitlines()] == ["月山", "江水"]
    _, *told = some.stderr.strip().splitlines()
    assert some.exit_code == 1 and len(told) == 2 and all(line.startswith("Error: ") for line in told)
    assert "'moon'" in told[0] and "'龘龘'" in told[1]


def test_a_language_model_begins_with_word_vectors(home: Path) -> None:
    vectors = home / "vectors.txt"
    vectors.write_text("".join(f"{char} 0.5 -0.5 {k}\n" for k, char in enumerate("月山")), encoding="utf-8")
    words = [
        "train",
        "--home",
        home,
        "--run",
        "moon",
        "--vectors",
        vectors,
        "--hidden-size",
        4,
        "--device",
        "cpu",
    ]
    words += ["--set", "training.learning_rate=1e-9", "--steps", 1]
    for backend in ("torch", "numpy"):
        result = CliRunner().invoke(poetgen, [*map(str, words), "--run", backend, "--backend", backend])
        assert result.exit_code == 0, result.output
        assert "vectors of 3 numbers for 2 of" in result.stderr
        checkpoint = Checkpoint.load(home / "checkpoints" / backend / "last.safetensors")
        place = checkpoint.vocabulary.encode("月山")
        rows = checkpoint.weights["embedding.weight"][place]
        assert rows.tolist() == [pytest.approx([0.5, -0.5, k], abs=1e-6) for k in range(2)]
    refused(
        CliRunner().invoke(poetgen, [*map(str, words), "--embedding-size", "4"]),
        r"vectors of 3 numbers .*set --embedding-size 3",
    )
    assert Vocabulary.build(["月"]).encode("月") == [Vocabulary.first_hanzi]


def test_twenty_options_at_most_and_the_guides_name_every_other_setting() -> None:
    group = poetgen.get_command(click.Context(poetgen), "classify")
    assert isinstance(group, click.Group)
    options = group.commands["train"].params
    assert len(options) + 1 <= 20, "--help is one too"
    own = {param.name for param in options}
    others = {
        f"classify.{field.name}" for field in dataclasses.fields(ClassifyConfig) if field.name not in own
    }
    for guide in ("guide.md", "guide.zh-CN.md"):
        text = (Path(__file__).parents[2] / "docs" / guide).read_text(encoding="utf-8")
        assert {name for name in others if f"`{name}`" not in text} == set()


def rows(path: Path, *lines: str) -> Path:
    path.write_text("text,label\n" + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


WEATHER = ["那里的天气很好,天气", "明天下雨,天气", "昨天下雪了,天气", "后天刮大风,天气"]
MEALS = ["我们吃米饭,饭菜", "他们做面条,饭菜", "青菜和豆腐,饭菜", "The soup of the other day,饭菜"]


def test_words_with_vectors_and_a_file_to_validate_on(home: Path) -> None:
    train_file = rows(home / "train.csv", *WEATHER, *MEALS)
    validation = rows(home / "dev.csv", "后天天气不好,天气", "青菜和豆腐,饭菜")
    vectors = home / "words.txt"
    vectors.write_text("天气 1 0 0\nother 0 1 0\n豆腐 0 0 1\n气 9 9 9\n", encoding="utf-8")
    (home / "stop.txt").write_text("the\n和\n", encoding="utf-8")
    result = train(
        home, "--labels", train_file, "--validation", validation, "--tokens", "words", "--vectors", vectors,
        "--stop-words", home / "stop.txt", "--epochs", 1, "--set", "classify.min_count=1",
        "--set", "model.embedding_size=3", *ALONE, "--run", "words",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "2 labels, 8 train, 2 validation, 0 test texts" in result.stderr
    assert "1 of 2 validation texts are near duplicates of training texts" in result.stderr
    assert "vectors of 3 numbers for 3 of" in result.stderr
    assert result.stdout.startswith("2 labels, 2 validation texts, learned from 8")
    saved = SavedClassifier.load(home / "checkpoints" / "classifiers" / "words" / "best.safetensors")
    assert {"天气", "soup", "other", "of"} <= set(saved.vocabulary.tokens)
    assert not {"the", "The", "和", "气"} & set(saved.vocabulary.tokens)
    again = train(home, "--resume", "words", "--set", "model.embedding_size=3", *ALONE)
    assert again.exit_code == 0 and again.stdout == result.stdout, again.output


def test_what_cannot_be_validated_on(home: Path) -> None:
    train_file = rows(home / "train.csv", *WEATHER, *MEALS)
    strange = rows(home / "strange.csv", "高射炮,武器")
    refused(
        train(home, "--labels", train_file, "--validation", strange), "no training text has the label '武器'"
    )
    refused(train(home, "--labels", train_file, "--validation", home / "none.csv"), "no labelled texts at")
    refused(
        train(home, "--labels", train_file, "--validation", train_file, "--measure-on", "test", "--run", "a"),
        "no text is left for test",
    )
    for given in (["--labels", train_file, "--labels", strange], ["--by", "poet", "--validation", strange]):
        result = train(home, *given)
        assert result.exit_code == 2 and "--validation" in result.stderr, result.output
