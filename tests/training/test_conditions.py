"""A model that is told title, poet and form, and one that begins with another's weights."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from poetgen.checkpoint import Checkpoint
from poetgen.cli import poetgen
from poetgen.config import Config
from poetgen.corpus.dataset import Dataset
from poetgen.corpus.prepare import prepare_corpus
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import CheckpointError, ConfigError
from poetgen.evaluate import condition_prefixes, evaluate_split, score
from poetgen.model.language_model import restore_model
from poetgen.poem.poem import Poem
from poetgen.training.events import ValidationReport
from poetgen.training.trainer import run_training

SIZES = {"model.embedding_size": 8, "model.hidden_size": 12}
SHORT = {"training.epochs": 2, "training.batch_size": 8, "training.device": "cpu"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, poems: list[Poem]) -> Path:
    """A workspace with sixty prepared poems, titles, poets and forms among them."""
    home = tmp_path_factory.mktemp("home")
    records = [{"author": "白", "title": p.title, "id": p.id, "paragraphs": [p.text]} for p in poems]
    (home / "poems.json").write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    prepare_corpus(home / "poems.json", home / "data" / "prepared", Config().corpus)
    return home


@pytest.fixture(scope="module")
def dataset(home: Path) -> Dataset:
    return Dataset.open(home / "data" / "prepared")


def train(dataset: Dataset, run: Path, **settings: Any) -> list[ValidationReport]:
    given = {key.replace("__", "."): value for key, value in settings.items()}
    config = Config().replace({**SIZES, **SHORT, **given})
    return [r for r in run_training(dataset, run, config) if isinstance(r, ValidationReport)]


@pytest.fixture(scope="module")
def told(dataset: Dataset, home: Path) -> Path:
    """A run that was told conditions."""
    train(dataset, home / "checkpoints" / "told", model__conditions=True)
    return home / "checkpoints" / "told"


def test_the_checkpoint_knows_poets_and_forms_and_is_measured_without(told: Path, dataset: Dataset) -> None:
    checkpoint = Checkpoint.load(told / "best.safetensors")
    assert checkpoint.conditions == dataset.conditions is not None
    assert checkpoint.conditions.poets == ("白",)
    assert checkpoint.weights["conditions.weight"].shape == (len(checkpoint.conditions), 8)
    validated = checkpoint.card["validation"]["ppl_token"]
    measured = evaluate_split(checkpoint, dataset, "validation")
    assert measured.ppl_token == pytest.approx(validated, rel=1e-4)
    assert measured.conditions == "none"


def test_what_is_given_is_read_and_not_scored(told: Path, dataset: Dataset) -> None:
    checkpoint, poems = Checkpoint.load(told / "best.safetensors"), dataset.split("validation")
    assert poems.conditions is not None
    size, prefixes = len(checkpoint.vocabulary), condition_prefixes(checkpoint, poems, ["poet", "title"])
    found = score(checkpoint, poems, prefixes=prefixes, batch_size=5, segment_length=7)
    model = restore_model(size, checkpoint.model_config, checkpoint.weights).eval()
    assert any(prefixes)
    for k, prefix in enumerate(prefixes):
        read = [*prefix, Vocabulary.begin, *poems[k][:-1].tolist()]
        logits, _ = model(torch.tensor(read)[:, None])
        own = logits[len(prefix) :, 0].log_softmax(1)[range(len(poems[k])), poems[k].tolist()]
        unknown = (poems[k] == Vocabulary.unknown).sum() * math.log(checkpoint.vocabulary.unknown_types)
        assert found.loss[k] == pytest.approx(unknown - own.sum().item(), rel=1e-4)
        assert found.tokens[k] == len(poems[k])
    assert evaluate_split(checkpoint, dataset, "validation", given=["title"]).conditions == "title"


def test_a_model_without_conditions_is_told_nothing(dataset: Dataset, tmp_path: Path, home: Path) -> None:
    plain = Checkpoint.load(Path(train_plain(dataset, tmp_path)))
    with pytest.raises(CheckpointError, match="trained without conditions and cannot use a poem's title"):
        evaluate_split(plain, dataset, "validation", given=["title"])
    words = ["evaluate", "--home", str(home), "--given", "title", "--poems", str(home / "poems.json")]
    assert CliRunner().invoke(poetgen, words).exit_code == 2


def test_always_unconditional_is_the_training_without_conditions(dataset: Dataset, tmp_path: Path) -> None:
    plain = train(dataset, tmp_path / "plain")
    never = train(dataset, tmp_path / "never", model__conditions=True, training__unconditional=1.0)
    for a, b in zip(plain, never, strict=True):
        assert b.validation_loss == pytest.approx(a.validation_loss, rel=1e-5)


def test_a_stopped_run_is_told_what_it_would_have_been_told(dataset: Dataset, tmp_path: Path) -> None:
    config = Config().replace({**SIZES, **SHORT, "model.conditions": True})
    list(run_training(dataset, tmp_path / "whole", config))
    steps = iter(range(100))
    list(run_training(dataset, tmp_path / "parted", config, should_stop=lambda: next(steps) == 8))
    list(run_training(dataset, tmp_path / "parted", config, resume=True))
    whole, parted = (Checkpoint.load(tmp_path / run / "last.safetensors") for run in ("whole", "parted"))
    for name, array in whole.weights.items():
        assert np.array_equal(array, parted.weights[name]), name


def test_from_begins_with_the_weights_and_the_card_tells_the_ancestry(home: Path, told: Path) -> None:
    words = ["train", "--home", home, "--run", "child", "--from", "told", "--epochs", "1", "--set"]
    result = CliRunner().invoke(poetgen, [*map(str, words), "training.learning_rate=1e-9"])
    assert result.exit_code == 0, result.output
    assert "begins with the weights of" in result.stderr
    parent, child = (
        Checkpoint.load(home / "checkpoints" / run / "best.safetensors") for run in ("told", "child")
    )
    assert child.card["parent"] == parent.card
    for name, array in parent.weights.items():
        np.testing.assert_allclose(child.weights[name], array, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model__hidden_size": 9, "model__conditions": True}, "model.hidden_size is 12 there and 9 here"),
        ({}, "model.conditions is True there and False here"),
    ],
)
def test_another_kind_of_model_is_not_begun_with(
    told: Path, dataset: Dataset, tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(CheckpointError, match=said):
        train(dataset, tmp_path / "run", training__start=str(told / "best.safetensors"), **settings)
    assert not (tmp_path / "run").exists()


def test_the_lines_that_the_first_model_knew_are_known(home: Path, told: Path, tmp_path: Path) -> None:
    first = Checkpoint.load(told / "best.safetensors")
    assert first.lines is not None and first.conditions is not None
    few = Config().replace({"corpus.limit": 30}).corpus
    prepare_corpus(home / "poems.json", tmp_path / "few", few, known=(first.vocabulary, first.conditions))
    start, run = str(told / "best.safetensors"), tmp_path / "run"
    config = Config().replace({**SIZES, **SHORT, "model.conditions": True, "training.start": start})
    list(run_training(Dataset.open(tmp_path / "few"), run, config, should_stop=lambda: True))
    list(run_training(Dataset.open(tmp_path / "few"), run, config, resume=True))
    for name in ("last", "best"):
        lines = Checkpoint.load(run / f"{name}.safetensors").lines
        assert lines is not None and lines.tolist() == first.lines.tolist()


def test_other_characters_are_not_begun_with(
    told: Path, tmp_path: Path, write_prepared: Callable[..., Dataset], poems: list[Poem]
) -> None:
    other = write_prepared(tmp_path / "other", {"train": poems[:20], "validation": poems[20:30]})
    with pytest.raises(ConfigError, match="run: poetgen prepare"):
        train(other, tmp_path / "run", model__conditions=True)
    start = train_plain(other, tmp_path)
    with pytest.raises(CheckpointError, match="prepare the poems with --vocabulary"):
        train(Dataset.open(told.parents[1] / "data" / "prepared"), tmp_path / "new", training__start=start)


def train_plain(dataset: Dataset, folder: Path) -> str:
    train(dataset, folder / "plain", training__epochs=1)
    return str(folder / "plain" / "best.safetensors")


def test_poems_are_prepared_with_the_vocabulary_of_a_model(home: Path, told: Path, tmp_path: Path) -> None:
    words = [
        "prepare",
        home / "poems.json",
        "--home",
        home,
        "--out",
        tmp_path / "out",
        "--vocabulary",
        "told",
    ]
    result = CliRunner().invoke(poetgen, [*map(str, words), "--min-count", "20"])
    assert result.exit_code == 0, result.output
    assert Dataset.open(tmp_path / "out").vocabulary == Checkpoint.load(told / "best.safetensors").vocabulary


def test_numpy_learns_from_poems_alone(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"set model\.conditions=false"):
        train(dataset, tmp_path / "run", model__conditions=True, training__backend="numpy")
