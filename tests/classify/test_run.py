"""A classifier's run: it learns, it goes on where it was stopped, and it begins with what it is told to."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from poetgen.checkpoint import Checkpoint
from poetgen.classify.labels import Labelled
from poetgen.classify.learner import Classification, copy_language_model
from poetgen.classify.predict import predict, read_verse
from poetgen.classify.report import compare_with_baselines
from poetgen.classify.run import load_labelled_texts, train_classifier
from poetgen.classify.saved import SavedClassifier
from poetgen.classify.scores import score_predictions
from poetgen.classify.settings import ClassifierConfig
from poetgen.classify.split import TEST, TRAIN, VALIDATION
from poetgen.classify.texts import LabelledTexts
from poetgen.classify.tokens import SPECIALS, Tokeniser
from poetgen.corpus.dataset import Dataset
from poetgen.corpus.text_files import RawPoem
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import CheckpointError, ConfigError, CorpusError, PromptError
from poetgen.training.events import Event, Finished, ValidationReport
from poetgen.training.run_folder import RunFolder

Small = Callable[..., ClassifierConfig]
# everything that has a memory or draws random numbers
ALIVE = {
    "training__ema_decay": 0.9,
    "model__dropout": 0.3,
    "model__embedding_dropout": 0.2,
    "classify__directions": "both",
}


def files(path: Path) -> dict[str, Any]:
    """What must be alike in two runs: the models, and the records but for their times."""
    records = [{k: v for k, v in r.items() if k != "seconds"} for r in RunFolder(path).records()]
    weights = {
        name: {key: value.tobytes() for key, value in SavedClassifier.load(path / name).weights.items()}
        for name in ("best.safetensors", "last.safetensors")
    }
    return {"records": records, **weights}


def test_it_learns_topics_and_beats_the_majority(topics: LabelledTexts, tmp_path: Path, small: Small) -> None:
    config = small(training__epochs=12, training__learning_rate=0.03, model__dropout=0.1)
    reports = list(train_classifier(topics, tmp_path / "run", config))
    epochs = [report for report in reports if isinstance(report, ValidationReport)]
    assert epochs[-1].validation_loss < epochs[0].validation_loss / 2
    best = min(epochs, key=lambda report: report.validation_loss)
    records = [record for record in RunFolder(tmp_path / "run").records() if record["kind"] == "validation"]
    assert [record["macro_f1"] for record in records] == [epoch.metrics["macro_f1"] for epoch in epochs]
    saved = SavedClassifier.load(tmp_path / "run" / "best.safetensors")
    found = compare_with_baselines(saved, topics, VALIDATION, with_linear=False)
    assert found.classifier.macro_f1 == pytest.approx(best.metrics["macro_f1"])
    assert saved.card["validation"]["loss"] == best.validation_loss
    assert found.classifier.macro_f1 > 0.9 > found.majority.macro_f1
    assert found.linear is None and found.ahead is None
    held = compare_with_baselines(saved, topics, TEST, with_linear=False)
    assert held.classifier.texts == len(topics.parts[TEST]) and held.classifier.macro_f1 > 0.6
    [prediction] = predict(saved, ["球队和前锋先射门再传球"])
    assert prediction.probabilities[0][0] == "足球" and sum(
        p for _, p in prediction.probabilities
    ) == pytest.approx(1)


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_stopped_after_any_step_it_ends_as_if_never_stopped(
    topics: LabelledTexts, tmp_path: Path, small: Small, cell: str
) -> None:
    config = small(**ALIVE, model__cell=cell)
    list(train_classifier(topics, tmp_path / "whole", config))
    sittings = 0
    for resume in (False, *[True] * 99):
        asked = train_classifier(topics, tmp_path / "run", config, resume=resume, should_stop=lambda: True)
        end = [*asked][-1]
        sittings += 1
        if isinstance(end, Finished) and not end.interrupted:
            break
    assert sittings > 6
    assert files(tmp_path / "run") == files(tmp_path / "whole")


def test_frozen_layers_go_on_as_they_were(
    topics: LabelledTexts, tmp_path: Path, small: Small, make_checkpoint: Callable[..., Checkpoint]
) -> None:
    path = tmp_path / "verse.safetensors"
    make_checkpoint(Vocabulary.build(["".join(topics.parts[TRAIN].texts)]), hidden_size=7).save(path)
    given = {
        "classify__embeddings": "checkpoint",
        "classify__checkpoint": str(path),
        "classify__frozen": True,
    }
    with pytest.raises(ConfigError, match=r"set classify\.copy_layers=true"):
        Classification(topics, small(**given))
    config = small(
        **given,
        classify__copy_layers=True,
        classify__skip="pairs",
        classify__ensemble_size=2,
        training__ema_decay=0.9,
    )
    list(train_classifier(topics, tmp_path / "whole", config))
    [*train_classifier(topics, tmp_path / "run", config, should_stop=lambda: True)]
    path.unlink()
    list(train_classifier(topics, tmp_path / "run", config, resume=True))
    assert files(tmp_path / "run") == files(tmp_path / "whole")
    weights = SavedClassifier.load(tmp_path / "run" / "best.safetensors").weights
    first = Classification(
        topics, small(**{**given, "classify__frozen": False, "classify__embeddings": "random"})
    )
    assert weights["std"].max() != 1 and first.learner.model.mean.abs().max() == 0


def test_a_run_that_vanishes_between_saves_changes_nothing(
    topics: LabelledTexts, tmp_path: Path, small: Small
) -> None:
    config = small(**ALIVE)
    list(train_classifier(topics, tmp_path / "whole", config))
    reports = train_classifier(topics, tmp_path / "run", config)
    for _ in range(5):
        next(reports)
    reports.close()  # type: ignore[attr-defined]
    list(train_classifier(topics, tmp_path / "run", config, resume=True))
    assert files(tmp_path / "run") == files(tmp_path / "whole")


def test_other_settings_or_texts_are_refused(
    topics: LabelledTexts, sentences: list[Labelled], tmp_path: Path, small: Small
) -> None:
    run = tmp_path / "run"
    list(train_classifier(topics, run, small(training__steps=1)))

    def resume(data: LabelledTexts, **changes: Any) -> list[Event]:
        config = small(training__steps=1, **changes)
        return list(train_classifier(data, run, config, resume=True))

    with pytest.raises(CheckpointError, match=r"classify\.pooling was 'mean' and is now 'last'"):
        resume(topics, classify__pooling="last")
    fewer = LabelledTexts.build(
        sentences[:-3], Tokeniser("characters"), split="8:1:1", min_count=1, max_length=64
    )
    with pytest.raises(CheckpointError, match=r"the texts in topics\.csv are not those it began with"):
        resume(fewer)
    with pytest.raises(CheckpointError, match=r"no run at .* poetgen classify train --run none"):
        list(train_classifier(topics, tmp_path / "none", small(), resume=True))
    with pytest.raises(ConfigError, match="trains with PyTorch only"):
        list(train_classifier(topics, tmp_path / "new", small(training__backend="numpy")))
    assert not (tmp_path / "new").exists()


def test_long_texts_are_read_up_to_the_limit(sentences: list[Labelled]) -> None:
    long = [Labelled(text.text * 9, text.label) for text in sentences]
    data = LabelledTexts.build(long, Tokeniser("characters"), split="8:1:1", min_count=1, max_length=20)
    assert data.cut == len(long)
    assert all(part.encoded.lengths.max() == 21 for part in data.parts.values())


@pytest.mark.parametrize("by", ["poet", "form"])
def test_poems_are_learned_by_poet_and_by_form(
    prepared: Dataset, tmp_path: Path, small: Small, by: str
) -> None:
    config = small(
        classify__by=by, classify__labels="", classify__classes=4, classify__equal=True, training__steps=2
    )
    data = load_labelled_texts(config, prepared.path)
    assert len(data.labels) == 4
    counts = sum(np.bincount(part.labels, minlength=4) for part in data.parts.values())
    assert len(set(counts.tolist())) == 1
    list(train_classifier(data, tmp_path / "run", config))
    saved = SavedClassifier.load(tmp_path / "run" / "last.safetensors")
    # simplified characters, and marks as they are typed
    [one, other] = predict(saved, ["来去云山月,江水风花雪.", "來去雲山月，江水風花雪。"])
    assert one.text == other.text == "來去雲山月，江水風花雪。"
    assert dict(one.probabilities) == pytest.approx(dict(other.probabilities), rel=1e-5)


def test_a_stop_word_is_not_read(label_file: Path, tmp_path: Path, small: Small) -> None:
    stop = tmp_path / "stop.txt"
    stop.write_text("第\n句\n", encoding="utf-8")
    config = small(classify__labels=str(label_file), classify__stop_words=str(stop), training__steps=1)
    data = load_labelled_texts(config, tmp_path)
    assert "第" not in data.vocabulary and "先" in data.vocabulary
    list(train_classifier(data, tmp_path / "run", config))
    stop.unlink()  # what it learned travels with it
    saved = SavedClassifier.load(tmp_path / "run" / "best.safetensors")
    one, other = predict(saved, ["今天先下雨", "今天第先下句雨"])
    assert dict(one.probabilities) == pytest.approx(dict(other.probabilities), rel=1e-5)


# ---- initial weights ----


def embedding(classification: Classification) -> dict[str, Any]:
    weight = classification.learner.model.embedding.weight.detach().numpy()
    return dict(zip(classification.data.vocabulary.tokens, weight, strict=True))


def test_embeddings_begin_with_vectors_the_others_as_widely_spread(
    topics: LabelledTexts, tmp_path: Path, small: Small
) -> None:
    rng = np.random.default_rng(0)
    known = topics.vocabulary.tokens[len(SPECIALS) :: 2]
    rows = {token: rng.normal(0, 5, 6).astype(np.float32) for token in known}
    path = tmp_path / "vectors.txt"
    lines = [f"{token} {' '.join(map(str, row))}\n" for token, row in rows.items()]
    path.write_text("".join(lines), encoding="utf-8")
    config = small(classify__embeddings="vectors", model__pretrained_embeddings=str(path))
    classification = Classification(topics, config)
    found = embedding(classification)
    for token, row in rows.items():
        np.testing.assert_array_equal(found[token], row)
    others = np.stack([row for token, row in found.items() if token not in rows])
    assert 3 < others.std() < 7
    [note] = classification.messages
    assert f"{len(rows)} of {len(topics.vocabulary) - len(SPECIALS)} tokens" in note
    with pytest.raises(ConfigError, match=r"vectors of 6 numbers .* set --embedding-size 6"):
        Classification(
            topics,
            small(
                classify__embeddings="vectors",
                model__pretrained_embeddings=str(path),
                model__embedding_size=7,
            ),
        )
    path.write_text("nothing 1 2 3 4 5 6\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="has no vector for any"):
        Classification(topics, small(classify__embeddings="vectors", model__pretrained_embeddings=str(path)))


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_embeddings_and_layers_begin_with_a_language_models(
    topics: LabelledTexts, tmp_path: Path, small: Small, make_checkpoint: Callable[..., Checkpoint], cell: str
) -> None:
    chars = [token for token in topics.vocabulary.tokens[len(SPECIALS) :] if token not in "，。"][:9]
    vocabulary = Vocabulary.build(["".join(chars)])
    checkpoint = make_checkpoint(vocabulary, hidden_size=7, num_layers=2, cell=cell)
    path = tmp_path / "verse.safetensors"
    checkpoint.save(path)
    given = {"classify__embeddings": "checkpoint", "classify__checkpoint": str(path)}
    config = small(**given, classify__copy_layers=True, model__num_layers=2, model__cell=cell)
    classification = Classification(topics, config)
    found, table = embedding(classification), checkpoint.weights["embedding.weight"]
    for token in (*chars, "，", "<begin>"):
        np.testing.assert_array_equal(found[token], table[vocabulary.tokens.index(token)])
    for name, value in classification.learner.model.forward_layers.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), checkpoint.weights[f"{cell}.{name}"])
    alone = Classification(topics, small(**given))
    np.testing.assert_array_equal(embedding(alone)[chars[0]], found[chars[0]])
    assert "begin at random" in classification.messages[0]
    with pytest.raises(ConfigError, match=r"has model\.num_layers = 2, .*; set model\.num_layers=2"):
        Classification(topics, small(**given, classify__copy_layers=True, model__cell=cell))
    with pytest.raises(CheckpointError, match="knows none of the"):
        copy_language_model(config, (*SPECIALS, "鸡蛋"))


def test_what_a_run_began_with_is_not_needed_to_go_on(
    topics: LabelledTexts, tmp_path: Path, small: Small
) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("天 1 2 3 4 5 6\n", encoding="utf-8")
    config = small(classify__embeddings="vectors", model__pretrained_embeddings=str(path))
    reports = train_classifier(topics, tmp_path / "run", config, should_stop=lambda: True)
    assert [*reports]
    path.unlink()
    assert isinstance([*train_classifier(topics, tmp_path / "run", config, resume=True)][-1], Finished)


# ---- files ----


@pytest.fixture
def saved(topics: LabelledTexts, tmp_path: Path, small: Small) -> Path:
    """A classifier's file."""
    list(train_classifier(topics, tmp_path / "saved", small(training__steps=1)))
    return tmp_path / "saved" / "best.safetensors"


def test_a_file_holds_all_there_is_to_know(saved: Path, topics: LabelledTexts, tmp_path: Path) -> None:
    one = SavedClassifier.load(saved)
    assert one.labels == topics.labels and one.vocabulary.tokens == topics.vocabulary.tokens
    assert one.card["texts"] == {TRAIN: 72, VALIDATION: 9, TEST: 9}
    one.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == saved.read_bytes()


def test_the_two_kinds_of_checkpoint_are_not_taken_for_each_other(
    saved: Path, tmp_path: Path, make_checkpoint: Callable[..., Checkpoint]
) -> None:
    with pytest.raises(CheckpointError, match="is the checkpoint of a classifier, not of a language model"):
        Checkpoint.load(saved)
    make_checkpoint(Vocabulary.build(["明月"])).save(tmp_path / "verse.safetensors")
    with pytest.raises(CheckpointError, match="is the checkpoint of a language model, not of a classifier"):
        SavedClassifier.load(tmp_path / "verse.safetensors")


def broken(**changes: Any) -> Callable[[SavedClassifier], SavedClassifier]:
    def change(one: SavedClassifier) -> SavedClassifier:
        return SavedClassifier(**{**vars(one), **changes})

    return change


def with_nan(one: SavedClassifier) -> SavedClassifier:
    weights = {name: np.full_like(value, np.nan) for name, value in one.weights.items()}
    return SavedClassifier(**{**vars(one), "weights": weights})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (broken(labels=("one",)), "is inconsistent"),
        (broken(weights={}), "is inconsistent"),
        (broken(config={"model": {"hidden_size": 0}}), "is a damaged classifier"),
        (broken(config={}), "is inconsistent"),
        (broken(stop_words=[1]), "is a damaged classifier"),
        (with_nan, "that are not numbers"),
    ],
)
def test_a_damaged_file_is_told_in_a_sentence(
    saved: Path, change: Callable[[SavedClassifier], SavedClassifier], told: str
) -> None:
    change(SavedClassifier.load(saved)).save(saved)
    with pytest.raises(CheckpointError, match=told) as caught:
        SavedClassifier.load(saved)
    assert "\n" not in str(caught.value)


def test_a_file_of_another_version(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poetgen.classify.saved.FORMAT_VERSION", 2)
    with pytest.raises(CheckpointError, match="has checkpoint format 1, this poetgen reads 2"):
        SavedClassifier.load(saved)


def test_scores_of_no_random_state(topics: LabelledTexts, small: Small) -> None:
    classification = Classification(topics, small())
    before = torch.get_rng_state()
    loss = classification.validation_loss()
    assert torch.equal(torch.get_rng_state(), before)
    assert loss == classification.validation_loss() and classification.metrics(loss)["accuracy"] <= 1
    part = topics.parts[VALIDATION]
    assert score_predictions(part.labels, part.labels, 3).macro_f1 == 1


def test_pairs_are_neighbours_in_train_twice_and_reach_over_no_mark(topics: LabelledTexts) -> None:
    tokens = topics.vocabulary.tokens
    found = [(tokens[a], tokens[b]) for a, b in topics.pairs()]
    train = "\n".join(topics.parts[TRAIN].texts)
    expected = {(a, b) for a, b in pairwise(train) if train.count(a + b) > 1 and not {a, b} & set("，。\n")}
    assert set(found) == expected and len(found) == len(expected)
    assert topics.pairs().tolist() == sorted(topics.pairs().tolist())


def test_lines_below_one_another_are_verse_too() -> None:
    joined = "來去雲山月，江水風花雪。花月山水雲，江山去來風。"
    below = "来去云山月\n江水风花雪\n\n花月山水云，\n江山去来风\n"
    assert read_verse(below) == read_verse(joined) == joined


def test_what_a_file_was_read_as_is_not_looked_through_for_a_title_again() -> None:
    body = "來去□山月\n江水風花雪。花月山水雲，江山去來風。"
    with pytest.raises(PromptError, match="cannot be read as verse"):
        read_verse(RawPoem(":1", 1, "", "", body))  # its first line has a lacuna, and is no title
