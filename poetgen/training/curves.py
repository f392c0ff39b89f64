"""A run's history as a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poetgen.files import written_whole
from poetgen.training.events import perplexity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRAINING, VALIDATION = "#6a6a6a", "#b3261e"
LABEL_HEIGHT = 28.0  # points that a label of two lines takes, so that two do not overlap
DRAWABLE = 1e30  # a run that went astray is drawn up to here


def draw_curves(records: Sequence[dict[str, Any]], path: Path, title: str, *, unit: str = "token") -> bool:
    """Draw perplexity and learning rate over steps as PNG; False when matplotlib is not installed.

    `records` are those of metrics.jsonl, their losses means over a `unit`. Raises PoetgenError when the file
    cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    steps = [record for record in records if record["kind"] == "step"]
    epochs = [record for record in records if record["kind"] == "epoch"]
    figure = Figure(figsize=(8, 5), dpi=150, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    draw_perplexity(upper, steps, epochs)
    upper.set_ylabel(f"perplexity per {unit}")
    draw_learning_rate(lower, steps)
    lower.set_xlim(0, 1.02 * max([1, *(record["step"] for record in records)]))
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#e3e3e3", linewidth=0.6)
    write_title(upper, title)
    with written_whole(path) as temporary:
        figure.savefig(temporary, format="png")
    return True


def draw_learning_rate(axes: "Axes", steps: Sequence[dict[str, Any]]) -> None:
    """The rate of every recorded step."""
    points = [(record["step"], record["learning_rate"]) for record in steps]
    axes.plot(*zip(*points or [(0, 0)], strict=True), color=TRAINING, linewidth=1.2, marker=dot(points))
    axes.set(xlabel="step", ylabel="learning\nrate", ylim=(0, None))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.locator_params(axis="y", nbins=3)
    axes.locator_params(axis="x", integer=True)


def draw_perplexity(axes: "Axes", steps: Sequence[dict[str, Any]], epochs: Sequence[dict[str, Any]]) -> None:
    """Training as it was and smoothed, validation with its best; each named where it ends."""
    labels: list[tuple[str, tuple[float, float], str]] = []
    if steps:
        raw = [(record["step"], _drawable(record["loss"])) for record in steps]
        smooth = [(step, _drawable(loss)) for step, loss in smoothed(steps)]
        axes.plot(*zip(*raw, strict=True), color="#c9c9c9", linewidth=0.7)
        axes.plot(*zip(*smooth, strict=True), color=TRAINING, linewidth=1.4, marker=dot(smooth))
        labels.append((f"training,\nsmoothed: {said(smooth[-1][1])}", smooth[-1], TRAINING))
    if epochs:
        points = [(record["step"], _drawable(record["validation_loss"])) for record in epochs]
        best = min(epochs, key=lambda record: record["validation_loss"])
        axes.plot(*zip(*points, strict=True), color=VALIDATION, linewidth=1.8, marker="o", markersize=4)
        text = f"validation, best:\n{said(_drawable(best['validation_loss']))} after epoch {best['epoch']}"
        labels.append((text, points[-1], VALIDATION))
    axes.set_yscale("log")
    tick(axes)
    name_ends(axes, labels)


def tick(axes: "Axes") -> None:
    """Round numbers on a logarithmic axis, be its range a few percent or a hundredfold."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    low, high = axes.get_ylim()
    if high / low < 6:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    else:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 1e4 else (1,)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:,g}")


def name_ends(axes: "Axes", labels: list[tuple[str, tuple[float, float], str]]) -> None:
    """Write each curve's name to the right of its last point, the names moved apart where they would meet."""
    figure = axes.get_figure()
    assert figure is not None
    heights = [axes.transData.transform(point)[1] * 72 / figure.dpi for _, point, _ in labels]
    shifts = [0.0 for _ in labels]
    if len(labels) == 2 and abs(gap := heights[0] - heights[1]) < LABEL_HEIGHT:
        shift = (LABEL_HEIGHT - abs(gap)) / 2
        shifts = [shift, -shift] if gap > 0 else [-shift, shift]
    right = max((point[0] for _, point, _ in labels), default=0.0)
    for (text, (_, y), colour), shift in zip(labels, shifts, strict=True):
        axes.annotate(
            text, (right, y), color=colour, fontsize=9, va="center", annotation_clip=False,
            xytext=(8, shift), textcoords="offset points",
        )  # fmt: skip


def write_title(axes: "Axes", title: str) -> None:
    """A run's name, in a font that has hanzi if it needs one and the drawing extra brought it."""
    if title.isascii():
        axes.set_title(title, loc="left", parse_math=False)
        return
    try:
        from matplotlib.font_manager import FontProperties
        from pylopdf_fonts_zh_cn import sans_path
    except ImportError:
        axes.set_title(title.encode("ascii", "replace").decode(), loc="left", parse_math=False)
        return
    axes.set_title(title, loc="left", parse_math=False, fontproperties=FontProperties(fname=sans_path()))


def dot(points: Sequence[object]) -> str:
    """A line of one point shows only as a dot."""
    return "o" if len(points) == 1 else ""


def said(value: float) -> str:
    """A perplexity as a label has it."""
    return f"{value:,.1f}" if value < 1e6 else f"{value:.1e}"


def smoothed(steps: Sequence[dict[str, Any]], weight: float = 0.9) -> list[tuple[int, float]]:
    """Exponentially smoothed training loss, bias-corrected: (step, loss)."""
    smooth, total, points = 0.0, 0.0, []
    for record in steps:
        smooth = weight * smooth + (1 - weight) * record["loss"]
        total = weight * total + (1 - weight)
        points.append((record["step"], smooth / total))
    return points


def _drawable(loss: float) -> float:
    return min(perplexity(loss), DRAWABLE)
