"""The training loop, by PyTorch and by hand: it learns, a step a batch, and stops before what is no number."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from poetgen.byhand.finite_differences import error
from poetgen.config import BACKENDS, OPTIMIZERS, Config
from poetgen.corpus.batches import Batch, make_batch, ordered_batches
from poetgen.corpus.dataset import Dataset, EncodedPoems
from poetgen.errors import ConfigError, TrainingError
from poetgen.training import numpy_learner
from poetgen.training.devices import batch_tensors
from poetgen.training.learner import Learner, build_learner
from poetgen.training.loop import StepReport, train

SMALL = {"model.embedding_size": 8, "model.hidden_size": 12, "model.dropout": 0.0, "training.device": "cpu"}
Built = Callable[..., Learner]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def built(prepared: Dataset) -> Built:
    """`built(backend, **{"training.seed": 1})`: a learner of the prepared poems' characters."""

    def build(backend: str, **changes: Any) -> Learner:
        settings = {**SMALL, "training.backend": backend, **changes}
        return build_learner(len(prepared.vocabulary), Config().replace(settings))

    return build


@pytest.fixture
def batch(prepared: Dataset) -> Batch:
    return make_batch(prepared.split("train"), np.arange(6))


def gradient(learner: Any) -> dict[str, Any]:
    if hasattr(learner, "gradient"):
        return {name: array.copy() for name, array in learner.gradient.items()}
    return {name: value.grad.numpy().copy() for name, value in learner.model.named_parameters()}


def run(learner: Learner, batches: list[Batch], rate: float = 0.1, **options: Any) -> list[StepReport]:
    return list(train(learner, batches, **{"learning_rate": lambda step: rate, **options}))


@pytest.mark.parametrize("name", ["adam", "adagrad"])
def test_twenty_poems_are_learned_by_heart(built: Built, backend: str, prepared: Dataset, name: str) -> None:
    larger = {"model.embedding_size": 32, "model.hidden_size": 64, "training.optimizer": name}
    learner = built(backend, **larger)
    batches = [make_batch(prepared.split("train"), np.arange(20))] * 150
    reports = run(learner, batches, rate=0.02 if name == "adam" else 0.1)
    assert math.exp(reports[0].loss) == pytest.approx(len(prepared.vocabulary), rel=0.1)
    assert math.exp(reports[-1].loss) < 1.5


def test_a_report_for_each_batch_numbered_from_the_first_step(
    built: Built, backend: str, batch: Batch
) -> None:
    asked: list[int] = []

    def rate(step: int) -> float:
        asked.append(step)
        return 0.5 / (step + 1)

    reports = run(built(backend), [batch] * 3, learning_rate=rate, first_step=7)
    assert [report.step for report in reports] == [8, 9, 10]
    assert asked == [7, 8, 9]
    assert [report.learning_rate for report in reports] == [0.5 / 8, 0.5 / 9, 0.5 / 10]
    assert all(report.tokens == batch.tokens and report.seconds > 0 for report in reports)
    assert all(report.loss == report.summed_loss / batch.tokens for report in reports)


def test_a_step_is_the_rule_of_sgd_on_the_clipped_gradient(built: Built, backend: str, batch: Batch) -> None:
    sgd = {"training.optimizer": "sgd"}
    twin = built(backend, **sgd)
    twin.compute_gradient(batch)
    found, before = gradient(twin), twin.weights()
    norm = math.sqrt(sum(float((array**2).sum()) for array in found.values()))
    learner = built(backend, **sgd, **{"training.clip_norm": norm / 2})
    (report,) = run(learner, [batch])
    assert report.gradient_norm == pytest.approx(norm, rel=1e-6)
    for name, after in learner.weights().items():
        np.testing.assert_allclose(after, before[name] - 0.1 * found[name] / 2, rtol=1e-5, atol=1e-7)


def test_the_gradient_is_that_of_the_mean_token_loss(built: Built, batch: Batch) -> None:
    learner = built("torch")
    total = learner.compute_gradient(batch)
    accumulated = gradient(learner)
    model = learner.model
    model.zero_grad()
    loss, _ = model.summed_loss(**batch_tensors(batch, torch.device("cpu")))
    (loss / batch.tokens).backward()
    assert total == pytest.approx(loss.item(), rel=1e-6)
    for name, array in gradient(learner).items():
        np.testing.assert_allclose(accumulated[name], array, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("bptt_length", [1, 7, 16, 40])
def test_segments_change_gradients_but_not_the_loss(
    built: Built, backend: str, batch: Batch, bptt_length: int
) -> None:
    whole, cut = built(backend), built(backend, **{"training.bptt_length": bptt_length})
    assert cut.compute_gradient(batch) == pytest.approx(whole.compute_gradient(batch), rel=1e-5)
    full, truncated = gradient(whole), gradient(cut)
    # the output layer sees the same features either way; what lies before it is cut at the seams
    np.testing.assert_allclose(truncated["output.bias"], full["output.bias"], rtol=1e-4, atol=1e-7)
    name = "lstm.cells.0.weight_hh"
    assert not np.allclose(truncated[name], full[name], rtol=1e-3, atol=0)


@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_before_the_weights_are_touched(
    built: Built, backend: str, batch: Batch, poison: float
) -> None:
    learner: Any = built(backend)
    bias = learner.arrays["output.bias"] if backend == "numpy" else learner.model.output.bias.detach()
    bias[5] = poison
    before = learner.weights()
    with pytest.raises(TrainingError, match=r"at step 1 \(.*learning rate 0.1\)"):
        run(learner, [batch])
    for name, array in learner.weights().items():
        np.testing.assert_array_equal(array, before[name])


def test_validation_counts_every_token_once_whatever_the_batches(
    prepared: Dataset, built: Built, backend: str
) -> None:
    poems = prepared.split("validation")

    def loss(poems: EncodedPoems, batch_size: int, bptt_length: int) -> float:
        learner = built(backend, **{"training.bptt_length": bptt_length})
        return learner.validation_loss(
            b for _, b in ordered_batches(poems, batch_size=batch_size, max_tokens=10**6)
        )

    reference = loss(poems, 1, 1000)
    assert loss(poems, 8, 1000) == pytest.approx(reference, rel=1e-6)
    assert loss(poems, 3, 5) == pytest.approx(reference, rel=1e-6)
    assert math.exp(reference) == pytest.approx(len(prepared.vocabulary), rel=0.1)


@pytest.mark.parametrize("share", ["model.dropout", "model.embedding_dropout"])
def test_validation_has_dropout_off_and_training_on(
    built: Built, backend: str, batch: Batch, share: str
) -> None:
    learner = built(backend, **{share: 0.5})
    assert learner.validation_loss([batch]) == learner.validation_loss([batch])
    first, second = run(learner, [batch, batch], rate=0.0)
    assert first.summed_loss != second.summed_loss
    without = built(backend).compute_gradient(batch)
    # what is kept is made larger, so that a character weighs in the mean what it weighs without dropout
    assert first.summed_loss == pytest.approx(without, rel=0.05) and first.summed_loss != without


def test_nothing_is_made_before_it_is_asked_for(built: Built, backend: str, batch: Batch) -> None:
    made: list[int] = []

    def batches() -> object:
        for k in range(3):
            made.append(k)
            yield batch

    reports = train(built(backend), batches(), learning_rate=lambda s: 0.1)
    assert made == []
    next(iter(reports))
    assert made == [0]


# ---- one by hand, one by PyTorch ----


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("tied", [True, False])
def test_both_backends_take_the_same_steps(built: Built, prepared: Dataset, name: str, tied: bool) -> None:
    settings = {
        "model.tied": tied,
        "model.num_layers": 2,
        "training.optimizer": name,
        "training.weight_decay": 1e-3,
        "training.bptt_length": 20,
    }
    torchs, byhand = built("torch", **settings), built("numpy", **settings)
    for label, array in torchs.weights().items():
        np.testing.assert_array_equal(array, byhand.weights()[label])
    poems = prepared.split("train")
    batches = [make_batch(poems, np.arange(k, k + 6)) for k in range(8)]
    theirs, ours = (run(learner, batches, rate=0.003) for learner in (torchs, byhand))
    for one, other in zip(theirs, ours, strict=True):
        assert other.loss == pytest.approx(one.loss, rel=1e-4)
        assert other.gradient_norm == pytest.approx(one.gradient_norm, rel=1e-3)
    assert byhand.validation_loss(batches) == pytest.approx(torchs.validation_loss(batches), rel=1e-4)
    moved = {label: array - torchs.weights()[label] for label, array in byhand.weights().items()}
    assert all(error(array, np.zeros_like(array)) < 0.01 for array in moved.values())


def test_dropout_by_hand_is_locked_over_a_poems_steps(built: Built, prepared: Dataset) -> None:
    learner: Any = built("numpy", **{"model.dropout": 0.25, "model.embedding_dropout": 0.5})
    masks = learner.masks(400, np.random.default_rng(0))
    (layer,) = masks.layers
    assert layer.shape == (400, 12) and masks.characters.shape == (len(prepared.vocabulary), 1)
    assert set(np.unique(layer)) == {np.float32(0), np.float32(4 / 3)}
    assert layer.mean() == pytest.approx(1, abs=0.05)
    assert set(np.unique(masks.characters)) == {np.float32(0), np.float32(2)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"training.device": "cuda"}, "omit --device cuda"),
        ({"training.precision": "bfloat16"}, "training.precision=float32"),
    ],
)
def test_what_numpy_has_not_is_refused(built: Built, changes: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        built("numpy", **changes)


def test_by_hand_no_gradient_is_torchs(built: Built, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    learner = built("numpy")

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("torch was asked to differentiate")

    monkeypatch.setattr(torch.Tensor, "backward", refuse)
    monkeypatch.setattr(torch.autograd, "grad", refuse)
    assert run(learner, [batch])[0].gradient_norm > 0


# ---- a temperature; the gradient found forwards ----


@pytest.mark.parametrize("tied", [True, False])
def test_a_temperature_divides_the_logits_in_both_backends(
    built: Built, prepared: Dataset, tied: bool
) -> None:
    settings = {"model.tied": tied, "training.temperature": 2.5}
    learners = built("torch", **settings), built("numpy", **settings)
    poems = prepared.split("train")
    batches = [make_batch(poems, np.arange(k, k + 6)) for k in range(4)]
    theirs, ours = (run(learner, batches, rate=0.003) for learner in learners)
    assert [one.loss for one in ours] == pytest.approx([one.loss for one in theirs], rel=1e-4)
    plain = built("torch", **{"model.tied": tied})
    plain.load_weights(learners[0].weights())  # type: ignore[attr-defined]
    losses = [learner.validation_loss(batches) for learner in (*learners, plain)]  # type: ignore[attr-defined]
    assert losses[1:] == pytest.approx([losses[0]] * 2, rel=1e-4)
    own = built("torch", **{"model.tied": tied})
    assert own.compute_gradient(batches[0]) != pytest.approx(theirs[0].summed_loss, rel=1e-6)


def test_begun_with_its_own_weights_a_tempered_model_is_what_it_was(built: Built, backend: str) -> None:
    learner, other = (built(backend, **{"training.temperature": 3.0, "training.seed": k}) for k in (0, 1))
    other.load_weights(learner.weights())  # type: ignore[attr-defined]
    for name, array in learner.weights().items():
        np.testing.assert_allclose(other.weights()[name], array, rtol=1e-6)


@pytest.mark.parametrize("segment", [7, 128])
def test_real_time_recurrent_learning_learns_what_backpropagation_does(
    built: Built, batch: Batch, segment: int
) -> None:
    settings = {
        "model.num_layers": 2, "model.dropout": 0.3, "model.weight_drop": 0.2, "training.bptt_length": segment,
    }  # fmt: skip
    back, forwards = (built("numpy", **settings, **{"training.gradient": way}) for way in ("bptt", "rtrl"))
    assert forwards.compute_gradient(batch) == back.compute_gradient(batch)
    for name, expected in gradient(back).items():
        assert error(gradient(forwards)[name].astype(float), expected.astype(float)) < 1e-4, name
    losses = [[report.loss for report in run(learner, [batch] * 5)] for learner in (back, forwards)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    assert losses[0][-1] < losses[0][0]
    assert forwards.seconds_per_step(batch) > 0


def test_by_rtrl_the_first_steps_of_one_poem_are_timed_for_all(
    built: Built, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner, timed, clock = built("numpy", **{"training.gradient": "rtrl"}), [], itertools.count()
    monkeypatch.setattr(learner, "compute_gradient", timed.append)
    monkeypatch.setattr(numpy_learner.time, "perf_counter", lambda: float(next(clock)))
    assert learner.seconds_per_step(batch) == batch.inputs.size / numpy_learner.TIMED
    for one in timed:
        assert np.array_equal(one.inputs, batch.inputs[: numpy_learner.TIMED, :1])
        assert np.array_equal(one.targets, batch.targets[: numpy_learner.TIMED, :1])
        assert one.lengths.tolist() == [numpy_learner.TIMED]


@pytest.mark.parametrize(
    ("backend", "changes", "words"),
    [
        ("torch", {}, "had by hand only; add --backend numpy"),
        ("numpy", {"model.cell": "rnn"}, "which is the LSTM's; omit --cell rnn"),
        ("numpy", {"model.hidden_size": 4096}, "GiB along.*choose smaller sizes"),
    ],
)
def test_where_rtrl_cannot_be_had(built: Built, backend: str, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        built(backend, **{"training.gradient": "rtrl", **changes})
