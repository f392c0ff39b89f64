"""The training loop: it learns, one step a batch, and stops before a number that is none."""

import copy
import math

import numpy as np
import pytest
import torch
from torch.optim import SGD

from poetgen.config import ModelConfig, TrainingConfig
from poetgen.corpus.batches import Batch, in_order, make_batch
from poetgen.corpus.prepared import EncodedPoems, PreparedFolder
from poetgen.errors import TrainingError
from poetgen.model.language_model import LanguageModel, build_model
from poetgen.training.loop import StepReport, StepSettings, accumulate_gradients, train, validation_loss
from poetgen.training.optimizers import build_optimizer

SETTINGS = StepSettings(clip_norm=1.0, segment_length=128, precision="float32")
SMALL = ModelConfig(embedding_size=8, hidden_size=12, dropout=0.0)


@pytest.fixture
def model(prepared: PreparedFolder) -> LanguageModel:
    torch.manual_seed(0)
    return build_model(len(prepared.vocabulary), SMALL)


@pytest.fixture
def batch(prepared: PreparedFolder) -> Batch:
    return make_batch(prepared.split("train"), np.arange(6))


def gradients(model: LanguageModel) -> list[torch.Tensor]:
    return [parameter.grad.clone() for parameter in model.parameters()]


def run(model: LanguageModel, batches: list[Batch], **options: object) -> list[StepReport]:
    arguments = {"settings": SETTINGS, "learning_rate": lambda step: 0.1, **options}
    return list(train(model, SGD(model.parameters(), lr=1.0), batches, **arguments))


def test_twenty_poems_are_learned_by_heart(prepared: PreparedFolder) -> None:
    poems = prepared.split("train")
    indices = np.arange(20)
    torch.manual_seed(0)
    model = build_model(len(prepared.vocabulary), ModelConfig(embedding_size=32, hidden_size=64, dropout=0.0))
    optimizer = build_optimizer(model.parameters(), TrainingConfig())
    batches = [make_batch(poems, indices)] * 150
    reports = list(train(model, optimizer, batches, settings=SETTINGS, learning_rate=lambda step: 0.02))
    assert math.exp(reports[0].loss) == pytest.approx(len(prepared.vocabulary), rel=0.1)
    assert math.exp(reports[-1].loss) < 1.5


def test_a_report_for_each_batch_numbered_from_the_first_step(model: LanguageModel, batch: Batch) -> None:
    asked: list[int] = []

    def rate(step: int) -> float:
        asked.append(step)
        return 0.5 / (step + 1)

    reports = run(model, [batch] * 3, learning_rate=rate, first_step=7)
    assert [report.step for report in reports] == [8, 9, 10]
    assert asked == [7, 8, 9]
    assert [report.learning_rate for report in reports] == [0.5 / 8, 0.5 / 9, 0.5 / 10]
    assert all(report.tokens == batch.tokens and report.seconds > 0 for report in reports)
    assert all(report.loss == report.summed_loss / batch.tokens for report in reports)


def test_a_step_is_the_rule_of_sgd_on_the_clipped_gradient(model: LanguageModel, batch: Batch) -> None:
    twin = copy.deepcopy(model)
    accumulate_gradients(twin, batch, SETTINGS)
    norm = torch.cat([gradient.flatten() for gradient in gradients(twin)]).norm()
    settings = StepSettings(clip_norm=norm.item() / 2, segment_length=128, precision="float32")
    (report,) = run(model, [batch], settings=settings)
    assert report.gradient_norm == pytest.approx(norm.item(), rel=1e-6)
    for after, before in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(
            after.detach(), before.detach() - 0.1 * before.grad / 2, rtol=1e-5, atol=1e-7
        )


def test_the_gradient_is_that_of_the_mean_token_loss(model: LanguageModel, batch: Batch) -> None:
    total = accumulate_gradients(model, batch, SETTINGS)
    accumulated = gradients(model)
    model.zero_grad()
    loss, _ = model.summed_loss(batch.inputs, batch.targets, lengths=batch.lengths)
    (loss / batch.tokens).backward()
    assert total == pytest.approx(loss.item(), rel=1e-6)
    for one, other in zip(accumulated, gradients(model), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("segment_length", [1, 7, 16, 40])
def test_segments_change_gradients_but_not_the_loss(
    model: LanguageModel, batch: Batch, segment_length: int
) -> None:
    settings = StepSettings(clip_norm=1.0, segment_length=segment_length, precision="float32")
    whole = accumulate_gradients(model, batch, SETTINGS)
    full = gradients(model)
    model.zero_grad()
    assert accumulate_gradients(model, batch, settings) == pytest.approx(whole, rel=1e-5)
    truncated = gradients(model)
    # the output layer sees the same features either way; what lies before it is cut at the seams
    torch.testing.assert_close(truncated[-1], full[-1], rtol=1e-4, atol=1e-7)
    assert not torch.allclose(truncated[2], full[2], rtol=1e-3, atol=0)


@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_before_the_weights_are_touched(
    model: LanguageModel, batch: Batch, poison: float
) -> None:
    with torch.no_grad():
        model.output.bias[5] = poison
    before = [parameter.detach().clone() for parameter in model.parameters()]
    with pytest.raises(TrainingError, match=r"at step 1 \(.*learning rate 0.1\)"):
        run(model, [batch])
    for one, other in zip(before, model.parameters(), strict=True):
        assert torch.equal(one, other.detach()) or one.isnan().any()


def test_validation_counts_every_token_once_whatever_the_batches(
    prepared: PreparedFolder, model: LanguageModel
) -> None:
    poems = prepared.split("validation")

    def loss(poems: EncodedPoems, batch_size: int, segment_length: int) -> float:
        batches = (batch for _, batch in in_order(poems, batch_size=batch_size, max_tokens=10**6))
        return validation_loss(model, batches, segment_length)

    reference = loss(poems, 1, 1000)
    assert loss(poems, 8, 1000) == pytest.approx(reference, rel=1e-6)
    assert loss(poems, 3, 5) == pytest.approx(reference, rel=1e-6)
    assert math.exp(reference) == pytest.approx(len(prepared.vocabulary), rel=0.1)


def test_validation_has_dropout_off_and_training_on(prepared: PreparedFolder, batch: Batch) -> None:
    torch.manual_seed(0)
    model = build_model(len(prepared.vocabulary), ModelConfig(embedding_size=8, hidden_size=12, dropout=0.5))
    assert validation_loss(model, [batch], 128) == validation_loss(model, [batch], 128)
    first, second = run(model, [batch, batch], learning_rate=lambda step: 0.0)
    assert first.summed_loss != second.summed_loss
    assert model.training


def test_nothing_is_made_before_it_is_asked_for(model: LanguageModel, batch: Batch) -> None:
    made: list[int] = []

    def batches() -> object:
        for k in range(3):
            made.append(k)
            yield batch

    reports = train(
        model, SGD(model.parameters(), lr=1.0), batches(), settings=SETTINGS, learning_rate=lambda s: 0.1
    )
    assert made == []
    next(iter(reports))
    assert made == [0]
