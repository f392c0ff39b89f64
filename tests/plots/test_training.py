"""A run's picture: drawn for any history, without a warning, and not missed where matplotlib is not."""

import math
import struct
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from poetgen.errors import PoetgenError
from poetgen.plots.training import draw_accuracy, draw_curves
from poetgen.training.events import smooth_losses


def history(steps: int, epochs: int, *, level: float = 5.0) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"kind": "step", "step": k, "loss": level + 3 / k, "learning_rate": 0.003 / k}
        for k in range(1, steps + 1)
    ]
    rows += [
        {
            "kind": "validation",
            "epoch": k,
            "step": max(1, k * steps // epochs),
            "validation_loss": level + 3 / k,
        }
        for k in range(1, epochs + 1)
    ]
    return rows


def size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n")
    return struct.unpack(">II", data[16:24])


HISTORIES = [(0, 0), (1, 0), (1, 1), (7, 1), (300, 6)]


@pytest.mark.parametrize(("steps", "epochs"), HISTORIES)
def test_any_history_is_drawn(tmp_path: Path, steps: int, epochs: int) -> None:
    pytest.importorskip("matplotlib")
    draw_curves(history(steps, epochs), tmp_path / "curves.png", "moon")
    assert size(tmp_path / "curves.png") == (1200, 750)


@pytest.mark.parametrize("title", ["月下獨酌", r"$\nonsense$ and 50 %", "run_1"])
def test_any_name_is_written_without_a_warning(tmp_path: Path, title: str) -> None:
    pytest.importorskip("matplotlib")
    draw_curves(history(3, 1), tmp_path / "curves.png", title)


@pytest.mark.parametrize("level", [0.0, 30.0, 1e9])
def test_any_height_is_drawn(tmp_path: Path, level: float) -> None:
    pytest.importorskip("matplotlib")
    draw_curves(history(20, 4, level=level), tmp_path / "curves.png", "moon")


def test_a_classifiers_accuracy_is_drawn_and_named_at_its_best_loss(tmp_path: Path) -> None:
    figures = pytest.importorskip("matplotlib.figure")
    rows = history(20, 4)
    for row, accuracy in zip(rows[20:], (0.25, 0.75, 0.5, 0.625), strict=True):
        row["accuracy"] = accuracy
    draw_curves(rows, tmp_path / "curves.png", "moon")
    assert size(tmp_path / "curves.png") == (1200, 975)
    axes = figures.Figure().subplots()
    [name] = draw_accuracy(axes, rows[20:])
    assert list(axes.lines[0].get_ydata()) == [0.25, 0.75, 0.5, 0.625]
    assert name.text.endswith("62.5%") and name.end == (20, 0.625)


@pytest.mark.parametrize(("one", "other"), [(5.0, 5.0), (5.0, 5.01), (3.0, 6.0)])
def test_the_two_names_never_meet(one: float, other: float) -> None:
    figures = pytest.importorskip("matplotlib.figure")
    from poetgen.plots.style import LINE, name_ends
    from poetgen.plots.training import draw_perplexity

    figure = figures.Figure()
    axes = figure.subplots()
    steps = [{"step": k, "loss": one} for k in (1, 9)]
    names = draw_perplexity(axes, steps, [{"epoch": 1, "step": 9, "validation_loss": other}])
    figure.draw_without_rendering()
    name_ends(axes, names)
    figure.draw_without_rendering()
    first, second = sorted(text.get_window_extent().y0 for text in axes.texts)
    assert second - first >= 0.9 * 2 * LINE * figure.dpi / 72


def test_without_matplotlib_it_says_so_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(PoetgenError, match="pictures need matplotlib"):
        draw_curves(history(3, 1), tmp_path / "curves.png", "moon")
    assert not (tmp_path / "curves.png").exists()


def test_a_smoothed_constant_is_itself_and_a_step_lies_between() -> None:
    flat = smooth_losses([{"step": k, "loss": 2.5} for k in range(5)])
    assert all(math.isclose(loss, 2.5) for _, loss in flat)
    up = smooth_losses([{"step": k, "loss": float(k > 2)} for k in range(9)])
    assert [step for step, _ in up] == [*range(9)]
    assert all(0 <= before <= after < 1 for (_, before), (_, after) in pairwise(up))
