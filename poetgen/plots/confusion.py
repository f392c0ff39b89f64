"""The confusion matrix as a picture that can be read small, in print and without colour."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from poetgen.plots.style import new_picture
from poetgen.printable import printable

INCH = 0.34  # a cell's side
MOST_NAMED = 60  # labels that can be written beside the matrix
LONGEST = 12  # characters of a label


def draw_confusion(names: Sequence[str], confusion: Sequence[Sequence[int]], path: Path, title: str) -> None:
    """Draw as PNG what share of each label's texts was taken for which: `confusion[i][j]` of i were taken for j.

    Raises PoetgenError when there can be no picture.
    """
    counts = np.array(confusion, dtype=float)
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
    labels = [cut(printable(name)) for name in names]
    side = max(4.0, INCH * min(len(labels), MOST_NAMED))  # of more labels each has a smaller cell
    with new_picture(path, side + 3.0, side + 1.8) as figure:
        axes = figure.subplots()
        # pale to dark in one hue: a grey print keeps the order
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=max(0.5, float(shares.max())))
        bar = figure.colorbar(
            image, ax=axes, label="share of the true label's texts", shrink=0.6, format="{x:.0%}"
        )
        bar.outline.set_visible(False)
        _write_counts(axes, counts, shares)
        _name_labels(axes, labels)
        axes.set_xlabel("taken for")
        axes.set_ylabel("truth")
        right = f"accuracy {np.trace(counts) / max(1, counts.sum()):.1%}"
        axes.set_title(f"{printable(title)}\n{right}", loc="left", parse_math=False)


def cut(label: str) -> str:
    """A label no longer than there is room for."""
    return label if len(label) <= LONGEST else label[: LONGEST - 1] + "…"


def _write_counts(axes: Any, counts: Any, shares: Any) -> None:
    """How many texts, in every cell that has any."""
    if len(counts) > MOST_NAMED:
        return
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            if count:
                colour = "white" if shares[i, j] > 0.6 * max(0.5, shares.max()) else "#1a1a1a"
                weight = "bold" if i == j else "normal"
                axes.text(
                    j, i, f"{count:.0f}", ha="center", va="center", fontsize=9, color=colour, weight=weight
                )


def _name_labels(axes: Any, labels: list[str]) -> None:
    named = labels if len(labels) <= MOST_NAMED else []
    places = range(len(named))
    lying = any(label.isascii() and len(label) > 2 for label in named)
    # hanzi may stand on one another
    below = [label if lying or label.isascii() else "\n".join(label) for label in named]
    axes.set_xticks(places, below, rotation=90 if lying else 0, parse_math=False)
    axes.set_yticks(places, named, parse_math=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if not named:
        return
    axes.set_xticks(np.arange(len(labels) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(labels) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.2)
    axes.tick_params(which="minor", length=0)
