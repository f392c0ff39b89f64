"""The picture: what is drawn, and that no two names overlap."""

import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from poetgen.compare.plan import MOST_VARIANTS
from poetgen.compare.results import Point, Result
from poetgen.plots.comparison import (
    Curve,
    Line,
    curve_of,
    draw_comparison,
    draw_lines,
    fit,
    highest,
    lines_of,
    look,
)
from poetgen.plots.style import LETTERS, name_ends

MOST = 10_000.0


def run(label: str, *losses: float, seed: int = 0, speed: float = 1.0, diverged: str = "") -> Result:
    points = tuple(Point(10 * k, k / speed, loss) for k, loss in enumerate(losses, start=1))
    return Result(
        name=f"{label}-{seed}", label=label, seed=seed, learning_rate=0.1, steps=10 * len(points),
        seconds=len(points) / speed, ended="", diverged=diverged, parameters=1, computes_on="cpu",
        training=points, validation=points,
    )  # fmt: skip


def test_a_curve_is_the_median_of_its_runs_with_their_range() -> None:
    runs = [run("adam", *losses).validation for losses in ([3, 2, 1], [4, 2, 2], [5, 5, 0, 0])]
    curve = curve_of(runs, "step", most=MOST)
    assert curve.x.tolist() == [10, 20, 30], "as far as all runs come"
    for found, expected in ((curve.median, [4, 2, 1]), (curve.low, [3, 2, 0]), (curve.high, [5, 5, 2])):
        np.testing.assert_allclose(np.log(found), expected, atol=1e-12)


def test_over_seconds_a_step_stands_at_the_median_of_its_times() -> None:
    runs = [run("adam", 3, 2, 1, speed=speed).validation for speed in (1, 2, 4)]
    curve = curve_of(runs, "seconds", most=MOST)
    assert curve.x.tolist() == [0.5, 1.0, 1.5]
    np.testing.assert_allclose(np.log(curve.median), [3, 2, 1])


def test_what_went_astray_is_drawn_at_the_edge() -> None:
    curve = curve_of([run("sgd", 5, 800, 900).validation], "step", most=MOST)
    np.testing.assert_allclose(curve.median, [math.exp(5), MOST, MOST])


def test_runs_that_diverged_count_only_where_all_did() -> None:
    chosen = {
        "adam": [run("adam", 3, 2), run("adam", 9, 9, seed=1, diverged="x")],
        "sgd": [run("sgd", 5, 6, diverged="x")],
    }
    adam, sgd = lines_of(chosen, "validation", "step", most=MOST)
    assert adam.name == "adam  7.39" and sgd.name == "sgd: diverged"
    np.testing.assert_allclose(np.log(adam.curve.high), [3, 2])


def test_an_early_spike_takes_no_room_and_a_late_one_does() -> None:
    early, late = (
        curve_of([run("sgd", *losses).validation], "step", most=1e6)
        for losses in ([12, *[5] * 30], [*[5] * 30, 12])
    )
    assert highest(early, usual=1500.0) == 1500
    assert highest(late, usual=1500.0) == pytest.approx(math.exp(12))


def test_no_two_settings_look_alike() -> None:
    looks = [tuple(map(str, look(number))) for number in range(MOST_VARIANTS)]
    assert len(set(looks)) == MOST_VARIANTS
    assert all(len(set(kind)) == 6 for kind in zip(*looks[:6], strict=True))


@pytest.mark.parametrize("number", [2, 6, 24])
def test_names_do_not_overlap_and_begin_right_of_the_panel(number: int) -> None:
    figure = Figure(figsize=(11, 7.6), dpi=100)
    axes = figure.subplots()
    x = np.arange(1.0, 6.0)
    lines = [
        Line(f"setting {k}", Curve(x, *(np.full(5, 100.0 + k / 10),) * 3), *look(k)) for k in range(number)
    ]
    draw_lines(axes, lines)
    fit(axes, [line.curve for line in lines], usual=MOST)
    figure.draw_without_rendering()
    name_ends(axes, [line.name_end() for line in lines])
    figure.draw_without_rendering()
    right = axes.get_window_extent().x1
    boxes = sorted((text.get_window_extent() for text in axes.texts), key=lambda box: box.y0)
    # the extent of an annotation is that of its text and its line, so the text's own left edge is asked
    assert all(text.get_transform().transform(text.get_position())[0] > right for text in axes.texts)
    assert len(boxes) == number
    centres = sorted(text.get_transform().transform(text.get_position())[1] for text in axes.texts)
    height = LETTERS * 100 / 72
    assert min(np.diff(centres)) >= height


@pytest.mark.parametrize(
    "chosen",
    [
        {"adam": [run("adam", 6, 5, 4)], "sgd": [run("sgd", 6, 5.5, 5.2)]},
        {"adam": [run("adam", 4)], "sgd": [run("sgd", 4)]},
        {"adam": [run("adam")], "sgd": [run("sgd", 900, 950, diverged="x")]},
        {r"五$\絕$": [run("五絕", 6, 5)], "七律": [run("七律", 6, 4)]},
    ],
    ids=["plain", "one point", "nothing and astray", "hanzi"],
)
def test_any_comparison_can_be_drawn(chosen: dict[str, list[Result]], tmp_path: Path) -> None:
    path = tmp_path / "curves.png"
    draw_comparison(chosen, path, most=MOST, title="Compared: optimizer", subtitle="9 poems · one seed")
    assert path.read_bytes().startswith(b"\x89PNG") and [*tmp_path.iterdir()] == [path]
