"""Points of runs → the lines of a table."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.compare.results import Point, Result, Spread, common_target, format_perplexity, summarize


def result(*perplexities: float, seed: int = 0, label: str = "adam", diverged: str = "") -> Result:
    """A run validated after steps 10, 20, ... and seconds 1, 2, ..."""
    points = tuple(Point(10 * k, float(k), math.log(p)) for k, p in enumerate(perplexities, start=1))
    return Result(
        name=f"{label}-seed-{seed}", label=label, seed=seed, learning_rate=0.1, steps=10 * len(points),
        seconds=float(len(points)), ended="done", diverged=diverged, parameters=9, computes_on="cpu",
        training=points, validation=points, training_poems=math.log(5.0),
    )  # fmt: skip


def test_a_line_by_hand() -> None:
    runs = [result(90, 50, 64), result(80, 70, 60, seed=1), result(99, 97, 95, seed=2)]
    line = summarize(runs, target=75)
    assert (line.label, line.runs, line.diverged) == ("adam", 3, 0)
    assert line.best and line.best.median == pytest.approx(60) and line.best.half_range == pytest.approx(22.5)
    assert line.best_step == Spread(30, 5) and line.seconds == Spread(3, 0)
    assert line.final and line.final.median == pytest.approx(64)
    assert (
        line.reached == 2 and line.steps_to_target == Spread(20, 0) and line.seconds_to_target == Spread(2, 0)
    )
    assert line.training and line.training.median == pytest.approx(5)


def test_what_diverged_counts_in_nothing_but_its_number() -> None:
    sound = [result(90, 50), result(80, 70, seed=1)]
    both = [*sound, result(1e9, seed=2, diverged="no number")]
    line, alone = (summarize(runs, target=75) for runs in (both, sound))
    assert (line.runs, line.diverged, line.best, line.reached) == (3, 1, alone.best, alone.reached)
    none = summarize(both[2:], target=75)
    assert none.best is None and none.reached == 0 and none.seconds is None


def test_a_diverged_run_is_worse_than_any_other() -> None:
    assert result(1e9).rank < result(2, diverged="no number").rank
    assert result(3).rank < result(4).rank < result().rank


def test_results_survive_being_written() -> None:
    one = result(90.5, 50)
    assert Result.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    with pytest.raises((KeyError, TypeError)):
        Result.from_dict({"name": "x"})


@given(st.lists(st.floats(1.5, 1e5), min_size=1, max_size=9))
def test_the_common_target_is_reached_by_half_of_the_settings_and_little_more(bests: list[float]) -> None:
    target = common_target({str(k): [result(best)] for k, best in enumerate(bests)})
    assert sum(best <= target for best in bests) >= len(bests) / 2
    assert target <= 1.1 * sorted(bests)[len(bests) // 2]
    assert float(f"{target:.2g}") == pytest.approx(target)


def test_there_is_no_target_when_all_diverged() -> None:
    assert common_target({"adam": [result(5, diverged="no number")], "sgd": [result(label="sgd")]}) == 0


def test_what_is_added_has_the_places_of_what_it_is_added_to() -> None:
    assert (
        format_perplexity(3.14159, like=5000),
        format_perplexity(3.14159, like=50),
        format_perplexity(31.4159, like=5),
    ) == ("3", "3.1", "31.42")


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.234, "1.23"), (12.34, "12.3"), (1234.5, "1,234"), (1e7, "1.0e+07"), (math.inf, "inf")],
)
def test_perplexities_as_they_are_said(value: float, text: str) -> None:
    assert format_perplexity(value) == text


WRONG_POINTS = (
    [[1]],
    [["", 1, 1]],
    [[1, 1.0, None]],
    [[-1, 1.0, 1.0]],
    [[1, 1.0, math.inf]],
    [None],
    3,
    None,
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in ("training", "validation") for value in WRONG_POINTS),
        *((name, value) for name in ("seed", "steps", "parameters") for value in ("", -1, 1.5, None, 10**29)),
        *((name, value) for name in ("learning_rate", "seconds") for value in ("", -1.0, math.nan, None)),
        *((name, value) for name in ("name", "label", "diverged") for value in (1, None, [])),
        ("training_poems", ""),
        ("unknown", 1),
    ],
)
def test_a_result_that_somebody_has_changed_is_refused(name: str, value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        Result.from_dict(result(90, 50).to_dict() | {name: value})
