"""What `evaluate --written` shows: poems of a model beside real ones, as a table, as JSON and as a picture."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poetgen.cli.output import echo
from poetgen.cli.pictures import check_picture, try_to_draw
from poetgen.cli.progress import progress_bar
from poetgen.corpus.dataset import Dataset
from poetgen.errors import ConfigError
from poetgen.writing.decoding import Sampling

if TYPE_CHECKING:
    from poetgen.yardstick.written import WrittenReport

SETTINGS: Mapping[str, type] = {
    "temperature": float,
    "top_k": int,
    "top_p": float,
    "repeat_penalty": float,
    "common_penalty": float,
    "best_of": int,
    "poet": str,
    "title": str,
    "rhyme": str,
    "tones": str,
}
WIDE = 40  # columns for what is counted
COLUMN = 9


def show_written(
    checkpoint: Path,
    prepared: Path,
    *,
    count: int,
    split: str,
    prompts: str | None,
    seed: int | None,
    set_values: Sequence[str],
    as_json: bool,
    out: Path | None,
) -> None:
    """Write, measure, print and draw."""
    from poetgen.writing.writer import Writer
    from poetgen.yardstick.written import PROMPTS, measure_written

    settings = read_settings(set_values)
    check_picture(out)
    writer, poems = Writer.load(checkpoint), Dataset.open(prepared)
    with progress_bar("writing", unit="poem") as on_progress:
        report = measure_written(
            writer,
            poems,
            count=count,
            split=split,
            prompts=prompts or PROMPTS,
            seed=seed or 0,
            settings=settings,
            on_progress=on_progress,
        )
    if as_json:
        named = {"checkpoint": str(checkpoint), **report.to_dict()}
        echo(json.dumps(named, ensure_ascii=False, allow_nan=False))
    else:
        echo("\n".join(describe(report)))
    if out is not None:
        from poetgen.plots.written import draw_written

        if try_to_draw(out, lambda path: draw_written(report, path)):
            echo(f"drawn: {out}", err=True)


def read_settings(values: Sequence[str]) -> dict[str, Any]:
    """`temperature=0.8` and the like, as Writer.write takes them. Raises UsageError, ConfigError."""
    settings = {}
    for value in values:
        name, _, text = value.partition("=")
        if name not in SETTINGS or not text:
            raise click.UsageError(
                f"--set takes NAME=VALUE, a name of: {', '.join(SETTINGS)}; not {value:.60}"
            )
        try:
            settings[name] = SETTINGS[name](text)
        except ValueError as error:
            raise ConfigError(f"{name} must be a number, not {text:.60}") from error
    Sampling(**{name: value for name, value in settings.items() if hasattr(Sampling, name)})
    return settings


def describe(report: "WrittenReport") -> Iterator[str]:
    """The table a person reads: two columns a form, written and real."""
    from poetgen.yardstick.figures import FIGURES

    columns = [pair[side] for pair in map(vars, report.pairs.values()) for side in ("written", "real")]
    yield f"{report.split} split; seed {report.seed}; prompts {''.join(report.prompts)}; " + (
        ", ".join(f"{name} {value}" for name, value in report.settings.items()) or "usual settings"
    )
    yield ""
    yield " " * WIDE + "".join(pad(name, 2 * COLUMN) for name in report.pairs)
    yield " " * WIDE + "".join(pad(side, COLUMN) for _ in report.pairs for side in ("written", "real"))
    for figure in FIGURES:
        values = (column[figure.name] for column in columns)
        cells = (pad("-" if value is None else figure.style.format(value), COLUMN) for value in values)
        yield pad(figure.meaning, -WIDE) + "".join(cells)


def pad(text: str, width: int) -> str:
    """Text set right in so many columns, for a negative width left; a hanzi takes two."""
    missing = " " * (abs(width) - sum(2 if ord(char) >= 0x2E80 else 1 for char in text))
    return missing + text if width > 0 else text + missing
