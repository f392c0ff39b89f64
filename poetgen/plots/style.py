"""How every picture of poetgen looks, and how it comes to a file: matplotlib, drawn on Agg, whatever the user set.

A backend that is not there (MPLBACKEND), a matplotlibrc that asks for LaTeX or other colours: nothing of it
reaches a picture, and nothing of ours reaches the user's own figures.
"""

import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from poetgen.errors import PoetgenError
from poetgen.extras import install_command
from poetgen.files import SIGNATURE, write_whole
from poetgen.printable import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# after Okabe & Ito, all dark enough to be read as letters; neighbours differ in grey too
BLUE, VERMILION, BLACK, GREEN, PURPLE, GREY = "#0072b2", "#c44e00", "#000000", "#00805f", "#9c4a80", "#6a6a6a"
PALE = "#e3e3e3"
DPI = 150
LETTERS = 9.0  # points
LINE = 1.35 * LETTERS  # points that a line of a name takes, so that two names do not overlap


class Name(NamedTuple):
    """What is written beside the end of a curve, (x, y) as the axes count."""

    text: str
    end: tuple[float, float]
    colour: str


def load_matplotlib() -> None:
    """Import it. Raises PoetgenError, which says what to do, when it is missing or cannot be loaded."""
    try:
        with _quiet(), _environment(MPLBACKEND=None):  # a backend that is not installed ends the import
            try:
                _import_matplotlib()
            except UnicodeDecodeError:  # a matplotlibrc in another encoding than UTF-8
                for name in [name for name in sys.modules if name.startswith("matplotlib.")]:
                    del sys.modules[name]  # half of them are there
                with _environment(MATPLOTLIBRC=str(_own_settings())):
                    _import_matplotlib()
    except ModuleNotFoundError as error:
        raise PoetgenError(f"pictures need matplotlib; run: {install_command('plot')}") from error
    except Exception as error:  # whatever a broken installation raises
        raise PoetgenError(f"matplotlib cannot be loaded ({error})") from error


def _import_matplotlib() -> None:
    import matplotlib.backends.backend_agg
    import matplotlib.figure  # noqa: F401


def _own_settings() -> Path:
    """The matplotlibrc that came with matplotlib."""
    found = find_spec("matplotlib")
    assert found is not None and found.origin is not None
    return Path(found.origin).with_name("mpl-data") / "matplotlibrc"


@contextmanager
def _environment(**changes: str | None) -> Iterator[None]:
    """Environment variables changed, or absent, inside this context."""
    before = {name: os.environ.pop(name, None) for name in changes}
    os.environ.update({name: value for name, value in changes.items() if value is not None})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing is heard of what matplotlib looks for and does not find: caches, fonts, settings."""
    logger = logging.getLogger("matplotlib")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def new_picture(path: Path, width: float, height: float) -> Iterator["Figure"]:
    """A figure of so many inches, written as PNG, whole or not at all, when the block ends.

    Raises PoetgenError without matplotlib, when the file cannot be written and when the figure cannot be drawn.
    """
    load_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    try:
        with use_style():
            figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
            FigureCanvasAgg(figure)
            yield figure
            with write_whole(path) as temporary:
                figure.savefig(temporary, format="png", metadata={"Software": SIGNATURE})
    except PoetgenError:
        raise
    except Exception as error:
        raise PoetgenError(f"{path.name} cannot be drawn ({type(error).__name__}: {error})") from error


@contextmanager
def use_style() -> Iterator[None]:
    """matplotlib's own settings and our fonts inside this context, the user's again after it."""
    import matplotlib

    with _quiet(), matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams["font.family"] = list(font_families())
        warnings.filterwarnings("ignore", r"Glyph .* missing from", UserWarning)  # drawn as a box
        yield


@cache
def font_families() -> tuple[str, ...]:
    """A font for letters, then one that has hanzi, where the drawing extra brought it."""
    from matplotlib.font_manager import FontProperties, fontManager

    try:
        from pylopdf_fonts_zh_cn import sans_path
    except ImportError:
        return ("DejaVu Sans",)
    fontManager.addfont(sans_path())
    return "DejaVu Sans", FontProperties(fname=sans_path()).get_name()


# ---- what pictures share ----


def tidy(axes: "Axes") -> None:
    """No more lines than are read."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=PALE, linewidth=0.6)


def write_title(figure: "Figure", text: str) -> None:
    """A line above everything."""
    figure.suptitle(
        printable(text), x=0.01, ha="left", fontsize=14, parse_math=False
    )  # a run may be named $x$


def write_caption(figure: "Figure", text: str) -> None:
    """A line below everything."""
    figure.supxlabel(printable(text), x=0.01, ha="left", fontsize=9, color=GREY, parse_math=False)


def tick_log(axes: "Axes") -> None:
    """Round numbers on a logarithmic y axis, be its range a few percent or a hundredfold."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    low, high = axes.get_ylim()
    if high / low < 6:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    else:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 1e4 else (1,)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:,g}")


def name_ends(axes: "Axes", names: Sequence[Name]) -> None:
    """Names in a column right of the panel, each tied to the end of its curve, apart where they would meet.

    The panel must have its place: after `figure.draw_without_rendering()`.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    bottom, top = (axes.transAxes.transform((0, y))[1] * 72 / figure.dpi for y in (0, 1))
    wanted = [axes.transData.transform(name.end)[1] * 72 / figure.dpi for name in names]
    gap = LINE * max((1 + name.text.count("\n") for name in names), default=1)
    for name, place in zip(names, move_apart(wanted, gap=gap, floor=bottom), strict=True):
        tie = {"arrowstyle": "-", "color": name.colour, "linewidth": 0.6, "shrinkA": 1, "shrinkB": 1}
        text = "\n".join(map(printable, name.text.split("\n")))
        axes.annotate(
            text, name.end, color=name.colour, va="center", annotation_clip=False, fontsize=LETTERS,
            parse_math=False,
            xytext=(1.04, (place - bottom) / (top - bottom)), textcoords="axes fraction",
            arrowprops={**tie, "relpos": (0, 0.5), "alpha": 0.7},
        )  # fmt: skip


def move_apart(wanted: Sequence[float], *, gap: float, floor: float) -> list[float]:
    """Places in the same order, at least `gap` apart and `floor` high, neighbours near what they wanted."""
    runs: list[list[int]] = []

    def start(run: list[int]) -> float:
        return max(floor, float(np.mean([wanted[k] - gap * number for number, k in enumerate(run)])))

    for k in np.argsort(wanted, kind="stable"):
        runs.append([int(k)])
        while len(runs) > 1 and start(runs[-2]) + gap * len(runs[-2]) > start(runs[-1]):
            runs[-2:] = [runs[-2] + runs[-1]]
    places = {k: start(run) + gap * number for run in runs for number, k in enumerate(run)}
    return [places[k] for k in range(len(wanted))]
