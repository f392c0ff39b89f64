"""The yardstick as a picture: how many times as much as real poems the written ones have of everything counted."""

from pathlib import Path
from typing import TYPE_CHECKING

from poetgen.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    PURPLE,
    VERMILION,
    new_picture,
    write_caption,
    write_title,
)
from poetgen.yardstick.figures import FIGURES, Figure
from poetgen.yardstick.written import TOGETHER, Pair, WrittenReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST, MOST = 1 / 16, 16.0  # drawn at the edge beyond
LOOKS = {"五絕": (BLUE, "o"), "七絕": (VERMILION, "s"), "五律": (GREEN, "^"), "七律": (PURPLE, "D")}
TOGETHERS = (BLACK, "|")


def draw_written(report: WrittenReport, path: Path) -> None:
    """Draw a row a figure, a mark a form, the line where written poems are as real ones are.

    Raises PoetgenError when there can be no picture.
    """
    rows = [figure for figure in FIGURES[1:] if any(ratio(pair, figure) for pair in report.pairs.values())]
    with new_picture(path, 9.6, 1.8 + 0.32 * len(rows)) as figure:
        axes = figure.subplots()
        axes.axvline(1, color=GREY, linewidth=1)
        for form, pair in report.pairs.items():
            draw_form(axes, form, pair, rows)
        set_axes(axes, rows)
        write_title(figure, "Written poems beside real ones")
        poems = report.pairs[TOGETHER].written["poems"]
        write_caption(figure, f"{poems:,.0f} poems written with seed {report.seed}; {report.split} split")


def draw_form(axes: "Axes", form: str, pair: Pair, rows: list[Figure]) -> None:
    """The marks of one form, where there is something to compare."""
    colour, marker = LOOKS.get(form, TOGETHERS)
    points = [(value, row) for row, figure in enumerate(rows) if (value := ratio(pair, figure)) is not None]
    size = 220 if form == TOGETHER else 26
    places = [place for _, place in points]
    axes.scatter(
        [value for value, _ in points], places, size, color=colour, marker=marker, label=form, zorder=2
    )


def ratio(pair: Pair, figure: Figure) -> float | None:
    """Written over real, within LEAST and MOST; None where either says nothing, or both are 0."""
    written, real = pair.written[figure.name], pair.real[figure.name]
    if written is None or real is None or written == real == 0:
        return None
    return min(MOST, max(LEAST, written / real)) if real else MOST


def set_axes(axes: "Axes", rows: list[Figure]) -> None:
    """A logarithmic scale of times, the first figure on top."""
    axes.set_xscale("log", base=2)
    axes.set_xlim(LEAST / 1.2, MOST * 1.2)
    ticks = [1 / 16, 1 / 4, 1 / 2, 1, 2, 4, 16]
    axes.set_xticks(ticks, ["1/16 or less", "1/4", "1/2", "as real poems", "2", "4", "16 or more"])
    axes.set_yticks(range(len(rows)), [figure.meaning for figure in rows])
    axes.invert_yaxis()
    axes.grid(axis="y", color="#e3e3e3", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=5, frameon=False, markerscale=0.9)
