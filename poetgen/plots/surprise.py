"""A poem as a picture of its surprise: each hanzi in a square, the darker the more surprising."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from poetgen.plots.style import new_picture, write_caption, write_title

MOST_BITS = 16.0  # one chance in 65,536; more is drawn alike
SQUARE = 0.62  # inches
DARK = 0.6  # of the scale, beyond which letters are light


def draw_surprise(lines: Sequence[str], bits: Sequence[Sequence[float]], path: Path, *, title: str) -> None:
    """Write a PNG: a row for each line, `bits` below each hanzi.

    Raises PoetgenError when there can be no picture.
    """
    wide, tall = max(map(len, lines)), len(lines)
    squares = np.full((tall, wide), np.nan)
    for row, values in zip(squares, bits, strict=True):
        row[: len(values)] = values
    with new_picture(path, max(6.5, 2.0 + SQUARE * wide), 1.2 + SQUARE * tall) as figure:
        axes = figure.subplots()
        image = axes.imshow(squares, cmap="Oranges", vmin=0, vmax=MOST_BITS)
        for (row, column), value in np.ndenumerate(squares):
            if not np.isnan(value):
                ink = "white" if value > DARK * MOST_BITS else "black"
                axes.text(column, row - 0.1, lines[row][column], ha="center", va="center", size=19, color=ink)
                axes.text(column, row + 0.36, f"{value:.1f}", ha="center", va="center", size=6.5, color=ink)
        axes.set_axis_off()
        figure.colorbar(image, ax=axes, label="bits", shrink=0.9)
        write_title(figure, title)
        write_caption(figure, "n bits: one chance in 2^n, as the model sees it after all that stands before")
