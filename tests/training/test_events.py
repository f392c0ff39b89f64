"""A run's progress counts what was done since the last validation, and what was the best."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.measures import perplexity
from poetgen.printable import pluralize
from poetgen.training.events import Progress, smooth_losses
from poetgen.training.loop import StepReport

LOSSES = st.floats(0, 1e3)
STEPS = st.lists(st.tuples(LOSSES, st.integers(1, 99), st.floats(0, 9)), max_size=4)


@given(st.lists(st.tuples(STEPS, LOSSES, st.booleans()), max_size=5))
def test_steps_are_counted_from_one_validation_to_the_next(
    stretches: list[tuple[list[tuple[float, int, float]], float, bool]],
) -> None:
    at, step, seconds = Progress(), 0, 0.0
    best, worse = math.inf, 0
    for taken, validation_loss, is_usable in stretches:
        for summed, tokens, lasted in taken:
            step, seconds = step + 1, seconds + lasted
            at.count_step(StepReport(step, summed, tokens, 1.0, 0.1, lasted))
        mean = sum(loss for loss, _, _ in taken) / max(1, sum(tokens for _, tokens, _ in taken))
        assert at.mean_train_loss == pytest.approx(mean)
        report = at.count_validation(validation_loss, is_usable=is_usable)
        is_best = is_usable and validation_loss < best
        best, worse = (validation_loss, 0) if is_best else (best, worse + 1)
        assert (report.step, report.epoch, report.is_best) == (step, 1, is_best)
        assert report.train_loss == pytest.approx(mean) and report.validation_loss == validation_loss
        assert report.seconds == at.seconds == pytest.approx(seconds)
        assert (at.best_loss, at.validations_without_better) == (best, worse)
        assert (at.validated_step, at.mean_train_loss, at.train_tokens) == (step, 0.0, 0)
    assert at.position == at.step == step
    at.next_epoch()
    assert (at.epoch, at.position, at.step) == (2, 0, step)


def test_a_run_begins_at_nothing_in_the_first_epoch() -> None:
    assert Progress() == Progress(0, 1, 0, 0, 0.0, 0, 0.0, math.inf, 0, "", None)
    assert Progress().mean_train_loss == 0


def test_a_mean_over_no_tokens_is_what_was_summed() -> None:
    assert Progress(train_loss=3.0).mean_train_loss == 3


@given(LOSSES)
def test_a_perplexity_is_infinite_beyond_what_a_float_holds(loss: float) -> None:
    assert perplexity(loss) == (math.exp(loss) if loss < 700 else math.inf)


def test_a_smoothed_loss_is_a_mean_that_forgets() -> None:
    records = [{"step": step, "loss": loss} for step, loss in ((1, 8.0), (2, 4.0), (5, 2.0))]
    weights = [0.5**2, 0.5, 1]
    means = [(8.0), (0.5 * 8 + 4) / 1.5, (weights[0] * 8 + weights[1] * 4 + 2) / sum(weights)]
    found = smooth_losses(records, weight=0.5)
    assert [step for step, _ in found] == [1, 2, 5]
    assert [loss for _, loss in found] == pytest.approx(means)


def test_one_is_no_plural() -> None:
    assert [pluralize(number, "step") for number in (0, 1, 2, 12_345)] == [
        "0 steps", "1 step", "2 steps", "12,345 steps",
    ]  # fmt: skip
