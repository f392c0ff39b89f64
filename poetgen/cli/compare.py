"""`poetgen compare`: settings side by side, on the same poems, batches, first weights and budget."""

import json
import shlex
import sys
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poetgen.cli import INTERRUPTED
from poetgen.cli.comparison_progress import ComparisonProgress
from poetgen.cli.options import examples, home_option, json_option
from poetgen.cli.output import echo
from poetgen.cli.pictures import try_to_draw
from poetgen.cli.progress import progress_bar
from poetgen.cli.training_options import config_option, steps_option
from poetgen.cli.training_progress import exit_when_interrupted, stop_requests
from poetgen.cli.values import UserPath
from poetgen.config import INITIALIZATIONS, OPTIMIZERS
from poetgen.config_files import parse_settings
from poetgen.files import Workspace, write_json, write_text

if TYPE_CHECKING:
    from poetgen.compare.folder import ComparisonFolder
    from poetgen.compare.plan import Plan, Values
    from poetgen.compare.poems import Source
    from poetgen.compare.report import ComparisonReport

FLAGS = {
    "limit": "corpus.limit",
    "epochs": "training.epochs",
    "steps": "training.steps",
    "minutes": "training.minutes",
    "seeds": "compare.seeds",
    "tune": "compare.tune",
    "target": "compare.target",
}


@click.command(
    epilog=examples(
        "poetgen compare --optimizer sgd --optimizer adam --limit 1000 --epochs 10",
        "poetgen compare --set model.hidden_size=128 --set model.hidden_size=256 --limit 1000",
        "poetgen compare --config reports/first_100",
    )
)
@home_option
@click.option(
    "--optimizer", "optimizers", type=click.Choice(OPTIMIZERS), multiple=True, help="An optimizer to compare."
)
@click.option(
    "--init",
    "inits",
    type=click.Choice(INITIALIZATIONS),
    multiple=True,
    help="Initialisation of the weights.",
)
@click.option(
    "--set", "settings", multiple=True, metavar="SECTION.KEY=VALUE",
    help="Any setting; given several times with one key, its values are compared.",
)  # fmt: skip
@config_option
@click.option(
    "--limit",
    type=int,
    metavar="N",
    help="Only the first N usable poems, split 8 : 2 into training and validation.",
)
@click.option(
    "--source",
    type=UserPath(path_type=Path),
    help="File or folder of raw poems [default: the fetched corpus].",
)
@click.option("--epochs", type=int, help="Passes over the training poems.")
@steps_option
@click.option("--minutes", type=float, help="Stop each run after this many minutes of training.")
@click.option("--seeds", type=int, metavar="N", help="Runs of each setting [default: 3].")
@click.option(
    "--tune", is_flag=True, default=None, help="Also try a third and three times each learning rate."
)
@click.option(
    "--target", type=float, metavar="PPL",
    help="Count the steps and seconds to this perplexity [default: one that half of the settings reach].",
)  # fmt: skip
@click.option(
    "--out", type=UserPath(path_type=Path), metavar="DIR",
    help="Folder of runs and report [default: in comparisons/, named after what is compared].",
)  # fmt: skip
@json_option
def compare(
    workspace: Workspace,
    *,
    optimizers: tuple[str, ...],
    inits: tuple[str, ...],
    settings: tuple[str, ...],
    config_name: str | None,
    source: Path | None,
    out: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Compare optimizers or any other settings on the same poems, batches, initial weights and budget.

    An option given several times is compared; one given once holds for every run. Each optimizer has its own
    default learning rate, and early stopping is off. DIR gets report.md, report.json, metrics.csv and curves.png.
    The same command continues a stopped comparison, and adds seeds or values to a finished one.
    """
    from poetgen.compare.folder import ComparisonFolder
    from poetgen.compare.plan import plan_comparison
    from poetgen.compare.poems import Source

    many = {"training.optimizer": optimizers, "model.initialization": inits}
    single, values = gather_settings(config_name, settings, many, flags)
    plan = plan_comparison(single, values)
    folder = ComparisonFolder(out or workspace.home / "comparisons" / name_of(plan, config_name))
    folder.check_place()
    folder.check_settings(plan)
    asked = frozenset(key for key in (*single, *values) if key.startswith("corpus."))
    origin = Source(workspace, source, asked)
    command = shlex.join(["poetgen", *arguments()])
    with exit_when_interrupted("the same command continues from the last save"), folder.hold_lock():
        report = follow(plan, folder, origin, command)
        write(report, folder)
    echo(json.dumps(report.to_dict(), ensure_ascii=False, allow_nan=False) if as_json else text(report))
    if report.warning:
        echo(report.warning, err=True)
    echo(f"written: {folder.report}", err=True)


def gather_settings(
    config_name: str | None,
    settings: tuple[str, ...],
    many: Mapping[str, tuple[str, ...]],
    flags: Mapping[str, Any],
) -> tuple[dict[str, Any], "Values"]:
    """Single settings and those compared: a config's, over them --set, over them flags."""
    from poetgen.compare.plan import check_values, read_comparison

    single, values = read_comparison(config_name) if config_name else ({}, {})
    given: Values = {}
    for setting in settings:
        for key, value in parse_settings([setting]).items():
            given.setdefault(key, []).append(value)
    given |= {key: list(chosen) for key, chosen in many.items() if chosen}
    given |= {FLAGS[name]: [value] for name, value in flags.items() if value is not None}
    values = {key: chosen for key, chosen in values.items() if key not in given}
    for key, chosen in given.items():
        if len(chosen) == 1:
            single[key] = chosen[0]
        else:
            values[key] = chosen
    check_values(single, values)
    return single, values


def name_of(plan: "Plan", config_name: str | None) -> str:
    """What a comparison is called that was given no name."""
    if config_name:
        return Path(config_name).stem
    return "-".join(key.partition(".")[2] for key in plan.compared)


def arguments() -> list[str]:
    """What stood behind `poetgen`, for the report."""
    return (
        [word for word in sys.argv[1:] if word != "--json"] if sys.argv[1:2] == ["compare"] else ["compare"]
    )


def follow(plan: "Plan", folder: "ComparisonFolder", source: "Source", command: str) -> "ComparisonReport":
    """Make the runs that are missing, with a line for each; exits when asked to stop."""
    from poetgen.compare.poems import find_poems
    from poetgen.compare.report import make_report
    from poetgen.compare.running import check_settings, run_comparison

    with progress_bar("reading", unit="file") as on_progress:
        poems = find_poems(plan, source, folder.path, on_progress=on_progress)
    check_settings(plan, poems)
    folder.begin(plan, poems)
    show = ComparisonProgress(plan, folder)
    with stop_requests() as stop:
        try:
            for event in run_comparison(plan, poems, folder, should_stop=lambda: bool(stop)):
                show(event)
        finally:
            show.bar.close()
    if len(show.results) < plan.number_of_runs:
        echo("stopped and saved; the same command continues", err=True)
        sys.exit(128 + stop[0] if stop else INTERRUPTED)
    return make_report(plan, poems, show.results, command=command)


def write(report: "ComparisonReport", folder: "ComparisonFolder") -> None:
    """report.md, report.json, metrics.csv, and where it can be drawn curves.png."""
    from poetgen.compare.report import markdown
    from poetgen.compare.results import curves_csv
    from poetgen.plots.comparison import draw_comparison

    write_text(folder.report, markdown(report))
    write_json(folder.numbers, report.to_dict())
    write_text(folder.metrics, curves_csv(report.chosen))
    title, subtitle = report.title, report.subtitle
    try_to_draw(
        folder.curves,
        lambda path: draw_comparison(report.chosen, path, most=report.most, title=title, subtitle=subtitle),
    )


def text(report: "ComparisonReport") -> str:
    """The table for a terminal, its columns below one another."""
    from poetgen.compare.report import table

    cells = table(report)
    widths = [max(map(display_width, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            pad_cell(cell, width, left=not k) for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def pad_cell(cell: str, width: int, *, left: bool) -> str:
    """A cell filled up to `width` places."""
    gap = " " * (width - display_width(cell))
    return cell + gap if left else gap + cell


def display_width(cell: str) -> int:
    """Places a text takes at a terminal, where hanzi are two wide."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in cell)
