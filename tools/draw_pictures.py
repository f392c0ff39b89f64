"""Draw the pictures of docs/ that need no corpus, and note in docs/pictures.json the numbers that they show.

Run from anywhere: python tools/draw_pictures.py

The test of this file computes some of the numbers again, so that no picture tells of code that is gone. The other
pictures show measurements, which docs/results.md gives with the command that measures and draws them.
"""

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import click

from poetgen.experiments.reach import Reach, Sizes, measure_reach
from poetgen.experiments.symmetry import Learned, Task, learn
from poetgen.plots.gradients import draw_reach, draw_symmetry

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
RECORD = DOCS / "pictures.json"
REDRAW = "python tools/draw_pictures.py"
SCALES = (0.5, 1.0, 2.0)
INITS = ("zeros", "constant", "uniform")
DIGITS = 4  # of a number in the record
EVERY = 20  # steps from one loss in the record to the next


class Picture(NamedTuple):
    """How a picture comes about: its results, the drawing of them, and the numbers that are kept."""

    compute: Callable[[], Any]
    draw: Callable[[Any, Path], None]
    numbers: Callable[[Any], dict[str, list[float]]]


def compute_reach(scales: Sequence[float] = SCALES) -> list[Reach]:
    """As `poetgen gradients` does."""
    return list(measure_reach(scales, Sizes()))


def reach_numbers(reaches: Sequence[Reach]) -> dict[str, list[float]]:
    """The medians by distance, of every curve."""
    return {f"{one.cell} {one.of} {one.scale:g}": rounded(one.quartiles[1]) for one in reaches}


def compute_symmetry(steps: int = Task.after) -> list[Learned]:
    """As `poetgen gradients --init` does, for as many steps."""
    return [learn(init, Task(after=steps)) for init in INITS]


def symmetry_numbers(learned: Sequence[Learned]) -> dict[str, list[float]]:
    """Losses, EVERY so many steps."""
    return {one.init: rounded(one.losses[::EVERY]) for one in learned}


def rounded(values: Any) -> list[float]:
    """Plain numbers of DIGITS digits."""
    return [float(f"{value:.{DIGITS}g}") for value in values]


PICTURES = {
    "gradient-reach.png": Picture(compute_reach, draw_reach, reach_numbers),
    "equal-units.png": Picture(compute_symmetry, draw_symmetry, symmetry_numbers),
}


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    return sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Compute, draw and note every picture."""
    record = {}
    for name, picture in PICTURES.items():
        results = picture.compute()
        picture.draw(results, DOCS / name)
        record[name] = {"sha256": checksum(DOCS / name), "numbers": picture.numbers(results)}
        click.echo(f"drew docs/{name}", err=True)
    # a line for each curve
    text = json.dumps(record, indent=1).replace("\n    ", " ").replace("\n   ]", "]")
    RECORD.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
