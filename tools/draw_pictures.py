"""Draw the pictures of docs/, and note in docs/pictures.json the numbers that each of them shows.

Run from anywhere: python tools/draw_pictures.py [NAME.png ...]

Some are computed. Others show what was measured: its numbers stay in docs/pictures.json or docs/results.md, which
has the command that measures them again. Four come from a corpus or a browser, by a command of their own, and are
only noted here. The test of this file computes some of the numbers again and compares the others with that page:
no picture tells of code or figures that are gone. The figures of the derivation are tools/draw_network.py's.
"""

import json
import re
import runpy
import sys
from collections.abc import Callable, Sequence
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import click

from poetgen.experiments.reach import Reach, ReachSettings, measure_reach
from poetgen.experiments.symmetry import Learned, SymmetryTask, learn
from poetgen.picture.cards import judged_card
from poetgen.picture.save import save
from poetgen.plots.confusion import draw_confusion
from poetgen.plots.gradients import draw_reach, draw_symmetry
from poetgen.plots.style import name_ends, new_picture, tidy
from poetgen.plots.training import draw_learning_rate, draw_perplexity
from poetgen.verse.annotation import annotate_report
from poetgen.verse.check import check_poem
from poetgen.verse.report import Report
from poetgen.writing.writer import Writer

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
RECORD = DOCS / "pictures.json"
REDRAW = "python tools/draw_pictures.py"
PHOTOGRAPH = "python tools/page_pictures.py"
SCALES = (0.5, 1.0, 2.0)
INITS = ("zeros", "constant", "uniform")
DIGITS = 4  # of a number in the record
EVERY = 20  # steps from one loss in the record to the next
EXAMPLE = ("渭城朝雨浥輕塵", "客舍青青楊柳春", "勸君更盡一杯酒", "西出陽關無故人")
PARTS = {"layer": "layer", "whole step": "step"}  # in the first table of speed, and in the benchmark
_RATIO = re.compile(r"\*\*([\d.]+)\*\* \(([\d.]+) – ([\d.]+)\)")


class Picture(NamedTuple):
    """How a picture comes about: its results, the drawing of them, and the numbers that are kept.

    What is not drawn here is drawn by a `command`.
    """

    compute: Callable[[], Any]
    draw: Callable[[Any, Path], None] | None
    numbers: Callable[[Any], dict[str, list[Any]]]
    command: str = REDRAW


def compute_reach(scales: Sequence[float] = SCALES) -> list[Reach]:
    """As `poetgen gradients` does."""
    return list(measure_reach(scales, ReachSettings()))


def reach_numbers(reaches: Sequence[Reach]) -> dict[str, list[float]]:
    """The medians by distance, of every curve."""
    return {f"{one.cell} {one.of} {one.scale:g}": rounded(one.quartiles[1]) for one in reaches}


def compute_symmetry(steps: int = SymmetryTask.after) -> list[Learned]:
    """As `poetgen gradients --init` does, for as many steps."""
    return [learn(init, SymmetryTask(after=steps)) for init in INITS]


def symmetry_numbers(learned: Sequence[Learned]) -> dict[str, list[float]]:
    """Losses, EVERY so many steps."""
    return {one.init: rounded(one.losses[::EVERY]) for one in learned}


def judge_example() -> Report:
    """As `poetgen check` does."""
    return check_poem(EXAMPLE)


def judged_numbers(report: Report) -> dict[str, list[float]]:
    """Where a rule is broken (line, place), and which lines rhyme."""
    broken: list[float] = [
        place for fault in report.broken for place in (fault.line or 0, fault.position or 0)
    ]
    return {
        "broken": broken,
        "rhymes": [k + 1 for k, line in enumerate(annotate_report(report)) if line.rhyme],
    }


def recorded(name: str) -> dict[str, list[Any]]:
    """The numbers of a picture as docs/pictures.json keeps them."""
    numbers: dict[str, list[Any]] = json.loads(RECORD.read_text(encoding="utf-8"))[name]["numbers"]
    return numbers


def read_speed() -> dict[str, Any]:
    """The ratios of both tables of speed in docs/results.md, as benchmarks/training_speed.py measures them."""
    rows = [
        [cell.strip() for cell in line.strip("| \n").split(" | ")]
        for line in section("## Speed").partition("\n### ")[0].splitlines()
    ]
    results: dict[str, Any] = {}
    for cells in rows:
        part, _, setting = cells[0].partition(", ")
        if part in PARTS:
            found = {"float32": cells[2], "bfloat16": cells[4] if len(cells) > 4 else ""}
            results[f"{PARTS[part]} {setting}"] = {"ratio": _ratios(found)}
        elif len(cells) == 6 and len(cells[0]) == 1:
            real = _ratios({"float32": cells[3], "bfloat16": cells[4]})
            student = round(_number(cells[2]) / _number(cells[1]), 2)  # whose spread the table has not
            results[f"poems {cells[0]}"] = {"ratio": {"student": [student] * 3, **real}}
    return results


def draw_speed(results: dict[str, Any], path: Path) -> None:
    """As `python -m benchmarks.training_speed picture` does."""
    load_benchmark("training_speed").picture(results, path)


def speed_numbers(results: dict[str, Any]) -> dict[str, list[float]]:
    """Median, lowest and highest of each bar."""
    return {f"{row} {bar}": found for row, one in results.items() for bar, found in one["ratio"].items()}


def read_library() -> dict[str, list[float]]:
    """The table beside nn.LSTM in docs/results.md: steps, and a row for each training."""
    rows = read_rows("### Beside nn.LSTM")
    return {cells[0]: [_number(cell) for cell in cells[1:]] for cells in rows if _is_number(cells[1])}


def draw_library(rows: dict[str, list[float]], path: Path) -> None:
    """As `python benchmarks/library_lstm.py --out FILE` does."""
    trainings = {name: values for name, values in rows.items() if name != "steps"}
    load_benchmark("library_lstm").draw(trainings, [int(step) for step in rows["steps"]], path)


def draw_time(numbers: dict[str, list[float]], path: Path) -> None:
    """As `python -m benchmarks.time_to_quality picture` does."""
    results = [
        {
            "system": system,
            "rows": [
                {"seconds": seconds, "ppl_hanzi": perplexity}
                for seconds, perplexity in zip(
                    numbers[f"{system}, seconds"], numbers[f"{system}, ppl_hanzi"], strict=True
                )
            ],
        }
        for system in ("baseline", "float32", "bfloat16")
    ]
    load_benchmark("time_to_quality").draw(results, path)


def read_optimizers() -> dict[str, list[float]]:
    """Best and final perplexity of each optimizer, as docs/results.md has them: medians of three seeds."""
    rows = read_rows("### Optimizers at their own rates")
    return {
        cells[0]: [_number(cells[at].split()[0]) for at in (2, 4)] for cells in rows if _is_number(cells[1])
    }


def read_written() -> dict[str, list[str]]:
    """What the poems written now are like, as docs/results.md has it."""
    head, _, *rows = [cells for cells in read_rows("### Decoding") if cells[0] != "setting"]
    now = head.index("now")
    return {cells[0]: cells[now : now + 2] for cells in rows if len(cells) == len(head)}


def write_poem(name: str) -> dict[str, list[str]]:
    """The poem that a picture of the page shows, as the page prints it."""
    settings = runpy.run_path(str(ROOT / "tools" / "page_pictures.py"))["POEMS"][name]
    (poem,) = Writer.load().write(**settings)
    return {"poem": [*poem.lines]}


def load_benchmark(name: str) -> Any:
    """A module of benchmarks/."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return import_module(f"benchmarks.{name}")


def read_rows(heading: str) -> list[list[str]]:
    """The cells of the tables below a heading of docs/results.md, up to the next heading."""
    text = re.split(r"\n#", section(heading))[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]


def section(heading: str) -> str:
    """A section of docs/results.md, from its heading to the next of that level."""
    page = (DOCS / "results.md").read_text(encoding="utf-8")
    return page.partition(f"\n{heading}\n")[2].partition("\n## ")[0]


def rounded(values: Any) -> list[float]:
    """Plain numbers of DIGITS digits."""
    return [float(f"{value:.{DIGITS}g}") for value in values]


def _ratios(cells: dict[str, str]) -> dict[str, list[float]]:
    found = {system: _RATIO.search(cell) for system, cell in cells.items()}
    return {system: list(map(float, match.groups())) for system, match in found.items() if match}


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[\d.,]+", cell))


def _number(cell: str) -> float:
    return float(cell.replace(",", ""))


def draw_judged(report: Any, path: Path) -> None:
    """As `poetgen check --picture FILE --picture-size wide` does."""
    save(judged_card(report, title="送元二使安西"), path, size="wide", theme="paper")


def draw_poets(rows: dict[str, list[int]], path: Path) -> None:
    """As `poetgen classify train` does."""
    draw_confusion([*rows], [*rows.values()], path, "poets: test texts")


def draw_last_trainings(numbers: dict[str, list[float]], path: Path) -> None:
    """The second and third training of the released model, one after the other on one axis of steps."""
    steps = [
        {"kind": "step", "step": step, "loss": loss, "learning_rate": rate}
        for step, loss, rate in zip(numbers["step"], numbers["loss"], numbers["learning rate"], strict=True)
    ]
    validated = zip(numbers["validation step"], numbers["validation loss"], strict=True)
    validations = [{"step": int(step), "validation_loss": loss} for step, loss in validated]
    (turn,) = numbers["first step of the third"]
    with new_picture(path, 8, 5) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        names = draw_perplexity(upper, steps, validations)
        upper.set_ylabel("perplexity per token")
        draw_learning_rate(lower, steps)
        lower.set_xlim(0, 1.02 * numbers["step"][-1])
        for axes in (upper, lower):
            tidy(axes)
            axes.axvline(turn, color="#444444", linewidth=0.8, linestyle=":")
        for x, text, side in ((turn, "全唐詩 and 全宋詩 ", "right"), (turn, " 全唐詩", "left")):
            upper.annotate(text, (x, 1), xycoords=("data", "axes fraction"), ha=side, va="top", fontsize=9)
        upper.set_title("The released model: its second and third training", loc="left")
        figure.draw_without_rendering()
        name_ends(upper, names)


PICTURES = {
    "gradient-reach.png": Picture(compute_reach, draw_reach, reach_numbers),
    "equal-units.png": Picture(compute_symmetry, draw_symmetry, symmetry_numbers),
    "check.png": Picture(judge_example, draw_judged, judged_numbers),
    "training-speed.png": Picture(read_speed, draw_speed, speed_numbers),
    "classify-poets.png": Picture(lambda: recorded("classify-poets.png"), draw_poets, dict),
    "tang-curves.png": Picture(lambda: recorded("tang-curves.png"), draw_last_trainings, dict),
    "library-lstm.png": Picture(read_library, draw_library, dict),
    "time-to-quality.png": Picture(lambda: recorded("time-to-quality.png"), draw_time, dict),
    "compare-optimizers.png": Picture(read_optimizers, None, dict, "poetgen compare, see docs/results.md"),
    "written.png": Picture(read_written, None, dict, "poetgen evaluate --written 126, see docs/results.md"),
    "page.png": Picture(lambda: write_poem("page.png"), None, dict, PHOTOGRAPH),
    "page-phone.png": Picture(lambda: write_poem("page-phone.png"), None, dict, PHOTOGRAPH),
}


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    return sha256(path.read_bytes()).hexdigest()


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([*PICTURES]))
def main(names: tuple[str, ...]) -> None:
    """Compute, draw and note every picture, or those that are named; what is not drawn here only by its name."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    for name in names or [name for name, picture in PICTURES.items() if picture.draw]:
        picture = PICTURES[name]
        results = picture.compute()
        if picture.draw:
            picture.draw(results, DOCS / name)
        record[name] = {"sha256": checksum(DOCS / name), "numbers": picture.numbers(results)}
        told = f"drew docs/{name}" if picture.draw else f"noted docs/{name}, as drawn by: {picture.command}"
        click.echo(told, err=True)
    # a line for each curve
    text = json.dumps(record, indent=1, ensure_ascii=False).replace("\n    ", " ").replace("\n   ]", "]")
    RECORD.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
