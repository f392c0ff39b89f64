"""A comparison as a picture: validation and training over steps and seconds; curves named where they end."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from poetgen.compare.results import Point, Result, format_perplexity
from poetgen.measures import perplexity
from poetgen.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    PURPLE,
    VERMILION,
    Name,
    name_ends,
    new_picture,
    tick_log,
    tidy,
    write_caption,
    write_title,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[Any]

COLOURS = (BLUE, VERMILION, BLACK, GREEN, PURPLE, GREY)
# a setting has a colour and a style of its own: for printers without colours, and where curves lie upon each other
STYLES: tuple[Any, ...] = (
    "-",
    (0, (5, 2)),
    (0, (1, 1.2)),
    (0, (8, 2, 1.4, 2)),
    (0, (2.6, 1.4)),
    (0, (6, 1.6, 1.2, 1.6, 1.2, 1.6)),
)
EARLY = 0.15  # of what is drawn at most, for what is early: one and a half times a guess
ROOM = 1.08  # drawn above the highest and below the lowest point


class Curve(NamedTuple):
    """Perplexities over x, arrays of one length: the median of some runs, the lowest and the highest."""

    x: Array
    median: Array
    low: Array
    high: Array


class Line(NamedTuple):
    """A setting's curve and its look."""

    name: str
    curve: Curve
    colour: str
    style: Any

    def name_end(self) -> Name:
        """Its name, and where the curve ends."""
        return Name(self.name, (self.curve.x[-1], self.curve.median[-1]), self.colour)


def draw_comparison(
    chosen: Mapping[str, Sequence[Result]], path: Path, *, most: float, title: str, subtitle: str
) -> None:
    """Draw the runs of every setting; perplexities above `most` are drawn at the edge.

    Raises PoetgenError when there can be no picture.
    """
    with new_picture(path, 9.6, 7.0) as figure:
        panels = figure.subplots(2, 2, sharex="col", sharey="row")
        drawn = []
        for kind, row in zip(("validation", "training"), panels, strict=True):
            for axis, axes in zip(("step", "seconds"), row, strict=True):
                lines = list(lines_of(chosen, kind, axis, most=most))
                draw_lines(axes, lines)
                drawn.append((axes, lines))
            row[0].set_ylabel(f"{kind} perplexity per token")
            fit(row[0], [line.curve for _, lines in drawn[-2:] for line in lines], usual=EARLY * most)
        for axes, name in zip(panels[1], ("steps", "seconds of training"), strict=True):
            axes.set_xlabel(name)
            axes.set_xlim(left=0)
            axes.margins(x=0.01)
        write_title(figure, title)
        write_caption(figure, subtitle)
        figure.draw_without_rendering()  # the panels find their places, which names are fitted to
        for axes, lines in drawn:
            name_ends(axes, [line.name_end() for line in lines])


def lines_of(chosen: Mapping[str, Sequence[Result]], kind: str, axis: str, *, most: float) -> Iterator[Line]:
    """Every setting's line, `kind` of points over `axis`; runs that diverged count where all of a setting did."""
    for number, (label, results) in enumerate(chosen.items()):
        sound = [result for result in results if not result.diverged]
        runs = [points for result in (sound or results) if (points := getattr(result, kind))]
        if runs:
            name = label if sound else f"{label}: diverged"
            if sound and (kind, axis) == ("validation", "step"):
                name += f"  {best(sound)}"
            curve = curve_of(runs, axis, most=most)
            yield Line(name, curve, *look(number))


def look(number: int) -> tuple[str, Any]:
    """Colour and style: six settings differ in both, more in one at least."""
    return COLOURS[number % len(COLOURS)], STYLES[(number + number // len(COLOURS)) % len(STYLES)]


def best(results: Sequence[Result]) -> str:
    """The median of the runs' best, as the table has it."""
    values = [perplexity(point.loss) for result in results if (point := result.best)]
    return format_perplexity(statistics.median(values)) if values else ""


def curve_of(runs: Sequence[Sequence[Point]], axis: str, *, most: float) -> Curve:
    """Median, lowest and highest of runs at every step that all have come to; over seconds, their median there."""
    steps = [np.array([point.step for point in run], float) for run in runs]
    first, last = max(own[0] for own in steps), min(own[-1] for own in steps)
    grid = np.unique(np.concatenate(steps))
    grid = grid[(grid >= first) & (grid <= last)] if first <= last else np.array([first])

    def at_steps(name: str) -> Array:
        values = ([getattr(point, name) for point in run] for run in runs)
        return np.array([np.interp(grid, own, value) for own, value in zip(steps, values, strict=True)])

    every = at_steps("loss")
    middle, low, high = (
        np.array([min(perplexity(loss), most) for loss in row])
        for row in (np.median(every, axis=0), every.min(axis=0), every.max(axis=0))
    )
    return Curve(np.median(at_steps(axis), axis=0), middle, low, high)


def draw_lines(axes: "Axes", lines: Sequence[Line]) -> None:
    """Medians with their bands; where there are few points, the points too."""
    for line in lines:
        x, median, low, high = line.curve
        axes.fill_between(x, low, high, color=line.colour, alpha=0.15, linewidth=0)
        axes.plot(
            x, median, color=line.colour, linestyle=line.style, linewidth=1.7,
            marker="o" if len(x) == 1 else "", markersize=4,
        )  # fmt: skip
    tidy(axes)


def fit(axes: "Axes", curves: Sequence[Curve], *, usual: float) -> None:
    """A logarithmic axis, on which a perplexity is as high as its loss, that holds these curves.

    Early wildness, in the first tenth and beyond `usual`, may leave the panel: it would press the rest together.
    """
    axes.set_yscale("log")
    if curves:
        low = min(float(curve.low.min()) for curve in curves)
        axes.set_ylim(low / ROOM, ROOM * max(highest(curve, usual=usual) for curve in curves))
    tick_log(axes)


def highest(curve: Curve, *, usual: float) -> float:
    """The highest point of a curve and its band that is worth room."""
    late = curve.x >= curve.x[0] + 0.1 * (curve.x[-1] - curve.x[0])
    early = float(np.minimum(curve.median, usual).max())
    return max(early, float(curve.high[late].max()))
