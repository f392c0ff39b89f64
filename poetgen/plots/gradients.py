"""The experiments as pictures: PNG, curves named where they end, in colours that eyes and printers tell apart."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from poetgen.experiments.reach import Reach
from poetgen.experiments.symmetry import Learned
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
    tidy,
    write_caption,
    write_title,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[Any]

CURVES = {
    ("sigmoid", "h"): ("sigmoid", VERMILION),
    ("tanh", "h"): ("tanh", BLUE),
    ("relu", "h"): ("ReLU", GREEN),
    ("lstm", "h"): ("LSTM, by h", BLACK),
    ("lstm", "c"): ("LSTM, by c", PURPLE),
    ("lstm", "forget gates"): ("forget gates alone", PURPLE),
}
INITS = {
    "zeros": BLACK,
    "constant": VERMILION,
    "uniform": BLUE,
    "normal": GREEN,
    "xavier": PURPLE,
    "orthogonal": GREY,
}
LOWEST, HIGHEST = 1e-60, 1e60  # what lies beyond is drawn up to the edge
COLUMNS = 36  # of activations, as many as can be distinguished


# ---- how far gradients reach ----


def draw_reach(reaches: Sequence[Reach], path: Path) -> None:
    """A panel for each scale: medians with their quartiles over distance, bounds dashed.

    Raises PoetgenError when there can be no picture.
    """
    scales = list(dict.fromkeys(reach.scale for reach in reaches))
    wide = 2 if len(scales) == 4 else min(3, len(scales))
    tall = -(-len(scales) // wide)
    with new_picture(path, max(8.0, 1.0 + 4.4 * wide), 0.8 + 5.2 * tall) as figure:
        panels = figure.subplots(tall, wide, sharey=True, squeeze=False)
        by_scale = [[reach for reach in reaches if reach.scale == scale] for scale in scales]
        for axes, scale, own in zip(panels.flat, scales, by_scale, strict=False):
            axes.set_yscale("log")
            axes.set(
                xlim=(0, len(own[0].norms) - 1), ylim=heights(reaches), xlabel="steps back from the loss"
            )
            axes.set_title(f"recurrent weights of norm {scale:g}", loc="left", fontsize=11)
            axes.locator_params(axis="x", integer=True)
            tidy(axes)
        for axes in panels.flat[len(scales) :]:
            axes.set_visible(False)
        for axes in panels[:, 0]:
            axes.set_ylabel("length of the gradient, ‖∂loss/∂h‖ or ‖∂loss/∂c‖")
        write_title(figure, "How far gradients reach back")
        write_caption(
            figure,
            "line: median, band: quartiles over sequences · dashed: bound, (greatest slope × norm)^steps",
        )
        figure.draw_without_rendering()  # the panels find their places, which names are fitted to
        for axes, own in zip(panels.flat, by_scale, strict=False):
            name_ends(axes, list(panel(axes, own)))


def heights(reaches: Sequence[Reach]) -> tuple[float, float]:
    """The range of a logarithmic axis that holds all curves and bounds."""
    values = [reach.quartiles.ravel() for reach in reaches]
    values += [reach.bound for reach in reaches if reach.bound is not None]
    seen = np.concatenate(values)
    seen = seen[np.isfinite(seen) & (seen > 0)]
    return max(float(seen.min()), 10 * LOWEST) / 10, 10 * min(float(seen.max()), HIGHEST / 10)


def panel(axes: "Axes", reaches: Sequence[Reach]) -> Iterator[Name]:
    """The curves of one scale, with the names of their ends."""
    for text, bound, colour in bounds(reaches):
        end = curve(axes, bound, colour, linestyle=(0, (4, 3)), linewidth=1.0)
        yield Name(text + beyond(axes, bound[-1]), end, colour)
    for reach in reaches:
        text, colour = CURVES[reach.cell, reach.of]
        low, median, high = reach.quartiles
        steps = np.arange(len(median))
        axes.fill_between(steps, drawable(low), drawable(high), color=colour, alpha=0.15, linewidth=0)
        style, width = (":", 1.6) if reach.of == "forget gates" else ("-", 1.8)
        end = curve(axes, median, colour, linestyle=style, linewidth=width)
        yield Name(text + beyond(axes, median[-1]), end, colour)


def bounds(reaches: Sequence[Reach]) -> Iterator[tuple[str, Array, str]]:
    """Bounds that coincide are drawn once: (name, values, colour)."""
    alike: dict[bytes, list[Reach]] = {}
    for reach in reaches:
        if reach.bound is not None:
            alike.setdefault(reach.bound.tobytes(), []).append(reach)
    for together in alike.values():
        names = [CURVES[reach.cell, reach.of] for reach in together]
        colour = names[0][1] if len(names) == 1 else GREY
        yield f"bound: {', '.join(name for name, _ in names)}", np.asarray(together[0].bound), colour


def beyond(axes: "Axes", value: float) -> str:
    """What a name must add where its curve ends in no place on paper."""
    if np.isnan(value):
        return ": states overflow"
    low, high = axes.get_ylim()
    return "" if low <= value <= high else f": {value:.0e}" if 0 < value < np.inf else f": {value:g}"


def drawable(values: Array) -> Array:
    """0 and inf as points beyond the edges; nan stays, and is not drawn."""
    return np.clip(values, LOWEST / 1e9, HIGHEST * 1e9)


def curve(axes: "Axes", values: Array, colour: str, **style: Any) -> tuple[float, float]:
    """A curve over 0, 1, 2, ..., and where it ends, or leaves the panel."""
    axes.plot(drawable(values), color=colour, marker="o" if len(values) == 1 else "", **style)
    last = drawable(values)[-1]
    low, high = axes.get_ylim()
    return float(len(values) - 1), float(np.clip(high if np.isnan(last) else last, low, high))


# ---- what equal weights cannot learn ----


def draw_symmetry(learned: Sequence[Learned], path: Path) -> None:
    """What the hidden units of each initialization came to do, above how the loss went.

    Raises PoetgenError when there can be no picture.
    """
    with new_picture(path, max(8.0, 1.2 + 2.3 * len(learned)), 7.5) as figure:
        upper, lower = figure.subfigures(2, 1, squeeze=False)[:, 0]
        places = upper.subplots(1, len(learned), squeeze=False)[0]
        for axes, one in zip(places, learned, strict=True):
            image = draw_units(axes, one)
        places[0].set_ylabel("hidden unit")
        upper.colorbar(image, ax=places, label="activation", ticks=[-1, 0, 1], pad=0.02)
        axes, last = lower.subplots(), len(learned[0].losses) - 1
        for one in learned:
            axes.plot(one.losses, color=INITS[one.init], linewidth=1.8)
        axes.set(xlabel="steps of gradient descent", ylabel="loss, nats per character")
        axes.set(xlim=(0, last), ylim=(0, 1.05 * max(one.losses.max() for one in learned)))
        axes.locator_params(axis="x", integer=True)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        tidy(axes)
        write_title(figure, "Units that begin equal stay equal")
        figure.draw_without_rendering()
        name_ends(axes, [Name(one.init, (last, one.losses[-1]), INITS[one.init]) for one in learned])


def draw_units(axes: "Axes", one: Learned) -> Any:
    """The activations of all units over a few probe sequences, a row for each unit."""
    stage = one.stages[-1]
    units, _, steps = stage.activations.shape
    shown = stage.activations[:, : max(1, COLUMNS // steps)].reshape(units, -1)
    image = axes.imshow(shown, cmap="cividis", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    for start in range(steps, shown.shape[1], steps):
        axes.axvline(start - 0.5, color="white", linewidth=2)
    count = f"{stage.distinct_units} of {units} units distinct"
    axes.set_title(f"{one.init}\n{count}", loc="left", fontsize=10, color=INITS[one.init])
    axes.set(xlabel="characters read", xticks=[], yticks=[])
    return image
