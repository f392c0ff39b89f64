"""A comparison as a picture: validation and training over steps and seconds; curves named where they end."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from poetgen.compare.results import Point, Result, said
from poetgen.experiments.pictures import moved_apart, tidy
from poetgen.files import written_whole
from poetgen.training.curves import tick
from poetgen.training.events import perplexity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[Any]

# after Okabe & Ito, all dark enough to be read as letters; neighbours differ in grey too
COLOURS = ("#0072b2", "#c44e00", "#000000", "#00805f", "#9c4a80", "#6a6a6a")
# a setting has a colour and a style of its own: for printers without colours, and where curves lie upon each other
STYLES: tuple[Any, ...] = (
    "-",
    (0, (5, 2)),
    (0, (1, 1.2)),
    (0, (8, 2, 1.4, 2)),
    (0, (2.6, 1.4)),
    (0, (6, 1.6, 1.2, 1.6, 1.2, 1.6)),
)
LETTERS = 9.0  # points
LINE = 1.35 * LETTERS  # points that a name takes, so that two do not overlap
EARLY = 0.15  # of what is drawn at most, for what is early: one and a half times a guess
ROOM = 1.08  # drawn above the highest and below the lowest point
FIRST_HANZI = "\u2e80"


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


def draw_comparison(
    chosen: Mapping[str, Sequence[Result]], path: Path, *, most: float, title: str, subtitle: str
) -> None:
    """Draw the runs of every setting; perplexities above `most` are drawn at the edge.

    Raises PoetgenError when the file cannot be written, ImportError without matplotlib.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 7.0), dpi=150, layout="constrained")
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
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, **font(title))
    figure.supxlabel(subtitle, x=0.01, ha="left", fontsize=9, color="#6a6a6a", **font(subtitle))
    figure.draw_without_rendering()  # the panels find their places, which names are fitted to
    for axes, lines in drawn:
        name_ends(axes, lines)
    with written_whole(path) as temporary:
        figure.savefig(temporary, format="png")


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
    return said(statistics.median(values)) if values else ""


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
    tick(axes)


def highest(curve: Curve, *, usual: float) -> float:
    """The highest point of a curve and its band that is worth room."""
    late = curve.x >= curve.x[0] + 0.1 * (curve.x[-1] - curve.x[0])
    early = float(np.minimum(curve.median, usual).max())
    return max(early, float(curve.high[late].max()))


def name_ends(axes: "Axes", lines: Sequence[Line]) -> None:
    """Names in a column right of the panel, each tied to the end of its curve, apart where they would meet."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    bottom, top = (axes.transAxes.transform((0, y))[1] * 72 / figure.dpi for y in (0, 1))
    ends = [(line.curve.x[-1], line.curve.median[-1]) for line in lines]
    wanted = [axes.transData.transform(end)[1] * 72 / figure.dpi for end in ends]
    places = moved_apart(wanted, gap=LINE, floor=bottom)
    for line, end, place in zip(lines, ends, places, strict=True):
        tie = {"arrowstyle": "-", "color": line.colour, "linewidth": 0.6, "shrinkA": 1, "shrinkB": 1}
        axes.annotate(
            line.name, end, color=line.colour, va="center", annotation_clip=False, fontsize=LETTERS,
            xytext=(1.04, (place - bottom) / (top - bottom)), textcoords="axes fraction",
            arrowprops={**tie, "relpos": (0, 0.5), "alpha": 0.7}, **font(line.name),
        )  # fmt: skip


def font(text: str) -> dict[str, Any]:
    """For hanzi, a font that has them, where the drawing extra brought it."""
    if all(char < FIRST_HANZI for char in text):
        return {}
    try:
        from matplotlib.font_manager import FontProperties
        from pylopdf_fonts_zh_cn import sans_path
    except ImportError:
        return {}
    return {"fontproperties": FontProperties(fname=sans_path())}
