"""A run's history as a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poetgen.measures import perplexity
from poetgen.plots.style import GREY, Name, name_ends, new_picture, tick_log, tidy
from poetgen.printable import printable
from poetgen.training.events import smooth_losses

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRAINING, VALIDATION = GREY, "#b3261e"
DRAWABLE = 1e30  # a run that went astray is drawn up to here


def draw_curves(records: Sequence[dict[str, Any]], path: Path, title: str, *, unit: str = "token") -> None:
    """Draw perplexity and learning rate over steps as PNG, and of a classifier the accuracy.

    `records` are those of metrics.jsonl, their losses means over a `unit`. Raises PoetgenError when there can be
    no picture.
    """
    steps = [record for record in records if record["kind"] == "step"]
    validations = [record for record in records if record["kind"] == "validation"]
    measured = [record for record in validations if record.get("accuracy") is not None]
    heights = [4, 2, 1] if measured else [4, 1]
    with new_picture(path, 8, 6.5 if measured else 5) as figure:
        upper, *middle, lower = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
        names = draw_perplexity(upper, steps, validations)
        upper.set_ylabel(f"perplexity per {unit}")
        draw_learning_rate(lower, steps)
        lower.set_xlim(0, 1.02 * max([1, *(record["step"] for record in records)]))
        ends = [(axes, draw_accuracy(axes, measured)) for axes in middle]
        for axes in (upper, *middle, lower):
            tidy(axes)
        upper.set_title(printable(title), loc="left", parse_math=False)
        figure.draw_without_rendering()  # the panels find their places, which names are fitted to
        for axes, own in ((upper, names), *ends):
            name_ends(axes, own)


def draw_accuracy(axes: "Axes", validations: Sequence[dict[str, Any]]) -> list[Name]:
    """The share of validation texts whose label was found, named with that of the best loss."""
    points = [(record["step"], record["accuracy"]) for record in validations]
    axes.plot(*zip(*points, strict=True), color=VALIDATION, linewidth=1.8, marker="o", markersize=4)
    axes.set(ylabel="validation\naccuracy", ylim=(0, 1))
    axes.yaxis.set_major_formatter("{x:.0%}")
    best = min(validations, key=lambda record: record["validation_loss"])
    return [Name(f"at the best\nperplexity: {best['accuracy']:.1%}", points[-1], VALIDATION)]


def draw_learning_rate(axes: "Axes", steps: Sequence[dict[str, Any]]) -> None:
    """The rate of every recorded step."""
    points = [(record["step"], record["learning_rate"]) for record in steps]
    axes.plot(*zip(*points or [(0, 0)], strict=True), color=TRAINING, linewidth=1.2, marker=dot(points))
    axes.set(xlabel="step", ylabel="learning\nrate", ylim=(0, None))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.locator_params(axis="y", nbins=3)
    axes.locator_params(axis="x", integer=True)
    axes.xaxis.set_major_formatter("{x:,.0f}")


def draw_perplexity(
    axes: "Axes", steps: Sequence[dict[str, Any]], validations: Sequence[dict[str, Any]]
) -> list[Name]:
    """Training as it was and smoothed, validation with its best; the names of their ends."""
    names = []
    if steps:
        raw = [(record["step"], _drawable(record["loss"])) for record in steps]
        smooth = [(step, _drawable(loss)) for step, loss in smooth_losses(steps)]
        axes.plot(*zip(*raw, strict=True), color="#c9c9c9", linewidth=0.7)
        axes.plot(*zip(*smooth, strict=True), color=TRAINING, linewidth=1.4, marker=dot(smooth))
        names.append(Name(f"training,\nsmoothed: {format_loss(smooth[-1][1])}", smooth[-1], TRAINING))
    if validations:
        points = [(record["step"], _drawable(record["validation_loss"])) for record in validations]
        best = min(validations, key=lambda record: record["validation_loss"])
        axes.plot(*zip(*points, strict=True), color=VALIDATION, linewidth=1.8, marker="o", markersize=4)
        text = (
            f"validation, best:\n{format_loss(_drawable(best['validation_loss']))} at step {best['step']:,}"
        )
        names.append(Name(text, points[-1], VALIDATION))
    axes.set_yscale("log")
    tick_log(axes)
    return names


def dot(points: Sequence[object]) -> str:
    """A line of one point shows only as a dot."""
    return "o" if len(points) == 1 else ""


def format_loss(value: float) -> str:
    """A perplexity as a label has it."""
    return f"{value:,.1f}" if value < 1e6 else f"{value:.1e}"


def _drawable(loss: float) -> float:
    return min(perplexity(loss), DRAWABLE)
