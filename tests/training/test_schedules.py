"""The laws of the learning rate over time."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.training.schedules import learning_rate_share

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
