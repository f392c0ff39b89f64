"""A run's history as a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from poetgen.files import written_whole


def draw_curves(records: Sequence[dict[str, Any]], path: Path, title: str) -> bool:
    """Draw training and validation perplexity over steps as PNG; False when matplotlib is not installed.

    `records` are those of metrics.jsonl. Raises PoetgenError when the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(8, 4.5), dpi=150, layout="constrained")
    axes = figure.subplots()
    steps = [record for record in records if record["kind"] == "step"]
    epochs = [record for record in records if record["kind"] == "epoch"]
    if steps:
        _, losses = zip(*smoothed(steps), strict=True)
        axes.plot([record["step"] for record in steps], _exp(losses), color="#8c8c8c", linewidth=1)
        axes.annotate(
            "training, smoothed", (steps[-1]["step"], _exp(losses)[-1]), color="#6a6a6a", **_beside(-8)
        )
    if epochs:
        x, y = [record["step"] for record in epochs], _exp([record["validation_loss"] for record in epochs])
        axes.plot(x, y, color="#b3261e", linewidth=2, marker="o", markersize=4)
        axes.annotate(f"validation, best {min(y):.1f}", (x[-1], y[-1]), color="#b3261e", **_beside(8))
    axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("perplexity per token")
    axes.set_title(title, loc="left")
    axes.grid(which="both", axis="y", color="#e3e3e3", linewidth=0.6)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.spines[["top", "right"]].set_visible(False)
    with written_whole(path) as temporary:
        figure.savefig(temporary, format="png")
    return True


def smoothed(steps: Sequence[dict[str, Any]], weight: float = 0.95) -> list[tuple[int, float]]:
    """Exponentially smoothed training loss, bias-corrected: (step, loss)."""
    smooth, total, points = 0.0, 0.0, []
    for record in steps:
        smooth = weight * smooth + (1 - weight) * record["loss"]
        total = weight * total + (1 - weight)
        points.append((record["step"], smooth / total))
    return points


def _exp(losses: Sequence[float]) -> list[float]:
    from math import exp

    return [exp(min(loss, 50.0)) for loss in losses]


def _beside(offset: int) -> dict[str, Any]:
    return {"xytext": (0, offset), "textcoords": "offset points", "ha": "right", "fontsize": 9}
