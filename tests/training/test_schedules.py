"""The laws of the learning rate over time, and of when a run is validated and ends."""

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.config import TrainingConfig
from poetgen.training.events import Progress
from poetgen.training.schedules import Schedule, learning_rate_share

SCHEDULES = st.sampled_from(["constant", "linear", "cosine"])
STEPS = st.integers(0, 10**6)
WARMUPS = st.integers(0, 10**4)
SHARES = st.floats(0, 1)
PROGRESS = st.floats(-1, 2)


def share(step: int, progress: float, warmup: int, schedule: str, final: float) -> float:
    return learning_rate_share(
        step, progress=progress, warmup_steps=warmup, schedule=schedule, final_lr_fraction=final
    )


@given(STEPS, PROGRESS, WARMUPS, SCHEDULES, SHARES)
def test_a_share_lies_between_zero_and_one(
    step: int, progress: float, warmup: int, schedule: str, final: float
) -> None:
    assert 0 <= share(step, progress, warmup, schedule, final) <= 1


@given(PROGRESS, st.integers(1, 10**4), SCHEDULES, SHARES)
def test_warm_up_is_linear_and_ends_at_its_last_step(
    progress: float, warmup: int, schedule: str, final: float
) -> None:
    full = share(warmup - 1, progress, warmup, schedule, final)
    assert full == share(10**7, progress, warmup, schedule, final) == share(0, progress, 0, schedule, final)
    assert share(0, progress, warmup, schedule, final) == pytest.approx(full / warmup)
    assert share(warmup // 2, progress, warmup, schedule, final) == pytest.approx(
        full * min(1, (warmup // 2 + 1) / warmup)
    )


@given(STEPS, st.tuples(SHARES, SHARES), WARMUPS, SCHEDULES, SHARES)
def test_the_decay_never_rises(
    step: int, progress: tuple[float, float], warmup: int, schedule: str, final: float
) -> None:
    early, late = sorted(progress)
    assert share(step, late, warmup, schedule, final) <= share(step, early, warmup, schedule, final) + 1e-15


@given(st.sampled_from(["linear", "cosine"]), SHARES)
def test_the_decay_begins_at_one_and_ends_at_the_final_rate(schedule: str, final: float) -> None:
    assert share(0, 0.0, 0, schedule, final) == pytest.approx(1)
    assert share(0, 1.0, 0, schedule, final) == pytest.approx(final)
    assert share(0, 1.7, 0, schedule, final) == share(0, 1.0, 0, schedule, final)
    assert share(0, 0.5, 0, schedule, final) == pytest.approx((1 + final) / 2)


@given(SHARES, SHARES)
def test_constant_is_constant_and_a_cosine_is_a_cosine(progress: float, final: float) -> None:
    assert share(0, progress, 0, "constant", final) == 1
    assert share(0, progress, 0, "cosine", 0.0) == pytest.approx(math.cos(math.pi * progress / 2) ** 2)


# ---- a run of a hundred steps, twenty in an epoch ----


def schedule(**changes: Any) -> Schedule:
    settings = {"epochs": 5, "patience": 2, "learning_rate": 0.5, "schedule": "linear", "warmup_steps": 0}
    return Schedule(TrainingConfig(**{**settings, "final_lr_fraction": 0.0, **changes}), 20)


def test_epochs_or_steps_say_how_long_a_run_is() -> None:
    assert schedule().total_steps == 100
    assert schedule(steps=30).total_steps == 30


@pytest.mark.parametrize(
    ("step", "seconds", "rate"),
    [
        (0, 0, 0.5),
        (50, 0, 0.25),
        (50, 30, 0.25),
        (50, 90, 0.125),
        (10, 60, 0.25),
        (10, 120, 0.0),
        (10, 999, 0.0),
    ],
)
def test_two_minutes_shorten_the_decay_to_fit(step: int, seconds: float, rate: float) -> None:
    assert schedule(minutes=2).learning_rate(step, seconds) == pytest.approx(rate)
    assert schedule().learning_rate(step, seconds) == pytest.approx(0.5 * (1 - step / 100))


def test_warm_up_takes_a_tenth_of_the_run_at_most() -> None:
    for warmup, full in ((5, 4), (50, 9)):
        rates = [schedule(warmup_steps=warmup, schedule="constant").learning_rate(k, 0) for k in range(12)]
        assert rates == pytest.approx([min(1, (k + 1) / (full + 1)) * 0.5 for k in range(12)])


@pytest.mark.parametrize(
    ("minutes", "seconds", "left"), [(0, 50, 40), (2, 50, 40), (2, 100, 20), (2, 121, 0)]
)
def test_what_is_left_is_no_longer_than_the_minutes_allow(
    minutes: float, seconds: float, left: float
) -> None:
    at = Progress(step=80, seconds=seconds)
    assert schedule(minutes=minutes).seconds_left(at, 2.0) == pytest.approx(left)


@pytest.mark.parametrize(
    ("at", "changes", "reason"),
    [
        (Progress(step=99, validations_without_better=1), {}, ""),
        (Progress(step=99, validations_without_better=2), {}, "no better validation loss for 2 epochs"),
        (Progress(validations_without_better=2), {"validate_every": 7}, "no better .* for 2 validations"),
        (Progress(validations_without_better=99), {"patience": 0}, ""),
        (Progress(step=100, epoch=5), {}, "5 epochs done"),
        (Progress(step=30, epoch=2), {"steps": 30}, "30 steps done"),
        (Progress(step=9, seconds=59.9), {"minutes": 1}, ""),
        (Progress(step=9, seconds=60.0), {"minutes": 1}, "1 minutes used"),
    ],
)
def test_a_run_ends_for_one_reason(at: Progress, changes: dict[str, Any], reason: str) -> None:
    assert re.fullmatch(reason, schedule(**changes).reason_to_stop(at))
    assert schedule(**changes).is_over(at) == bool(re.search("done|used", reason))


@pytest.mark.parametrize(
    ("at", "changes", "is_due"),
    [
        (Progress(step=19, position=19), {}, False),
        (Progress(step=20, position=20), {}, True),
        (Progress(step=20, position=20, validated_step=20), {}, False),  # it was validated there
        (Progress(step=20, position=20), {"validate_every": 7}, False),
        (Progress(step=21, position=1), {"validate_every": 7}, True),
        (Progress(step=20, position=20), {"validate_every": 7, "keep_epochs": True}, True),
        (Progress(step=19, position=19), {"validate_every": 7, "keep_epochs": True}, False),
        (Progress(step=30, position=10), {"steps": 30, "validate_every": 7}, True),
        (Progress(step=3, position=3, seconds=61), {"minutes": 1}, True),
    ],
)
def test_a_validation_is_due_at_epochs_ends_or_every_so_many_steps(
    at: Progress, changes: dict[str, Any], is_due: bool
) -> None:
    assert schedule(**changes).is_validation_due(at) == is_due
