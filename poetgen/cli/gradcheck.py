"""`poetgen gradcheck`: every derivative by hand, proven."""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from poetgen.cli.options import json_option
from poetgen.cli.output import echo, echo_styled, style
from poetgen.cli.progress import progress_bar

if TYPE_CHECKING:
    from poetgen.experiments.gradcheck import Row

POSITIVE = click.IntRange(min=1)


@click.command()
@click.option(
    "--cell",
    type=click.Choice(["lstm", "rnn"]),
    default="lstm",
    show_default=True,
    help="Kind of recurrent layer.",
)
@click.option("--hidden-size", type=POSITIVE, default=5, show_default=True, help="H, hidden units.")
@click.option("--input-size", type=POSITIVE, default=4, show_default=True, help="E, size of the input.")
@click.option("--steps", type=POSITIVE, default=4, show_default=True, help="T, time steps.")
@click.option("--batch", type=POSITIVE, default=3, show_default=True, help="B, sequences in the batch.")
@click.option(
    "--scale", type=float, default=0.5, show_default=True, help="Standard deviation of the random weights."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Random seed.")
@json_option
def gradcheck(cell: str, *, as_json: bool, **sizes: Any) -> None:
    """Check every hand-derived gradient against three independent ones.

    Those are finite differences in float64 (error at most 1e-7), torch.autograd on the package's own model
    (1e-12), and real-time recurrent learning (1e-10); the error of a tensor is ‖a - n‖ / max(‖a‖, ‖n‖, 1). Where
    rounding alone does more, it is measured, and a limit is as much higher. The update rules are checked against
    torch.optim. The derivations are in docs/derivation.md. Exit code 1 when a row fails.
    """
    from poetgen.experiments.cases import Sizes
    from poetgen.experiments.gradcheck import ROWS, as_record, check_gradients, remarks

    drawn = Sizes(**sizes)
    rows = []
    with progress_bar("checking", unit="row") as on_progress:
        for row in check_gradients(cell, drawn):
            rows.append(row)
            on_progress(len(rows), max(ROWS[cell], len(rows)))
    said = remarks(cell, drawn, rows)
    failed = [row for row in rows if not row.passed]
    if as_json:
        report = {
            "cell": cell,
            **sizes,
            "passed": not failed,
            "remarks": said,
            "rows": list(map(as_record, rows)),
        }
        echo(json.dumps(report, ensure_ascii=False))
    else:
        echo_styled("\n".join([heading(), *map(line, rows)]))
        echo(f"{len(rows) - len(failed)} of {len(rows)} rows pass")
    for remark in said:
        echo(remark, err=True)
    if failed:
        names = "; ".join(f"{row.derivative} ({row.part})" for row in failed)
        echo(f"failed: {names}", err=True)
        sys.exit(1)


def heading() -> str:
    """The names of the columns."""
    return f"{'':13}{'derivative':28}{'shape':>16}{'differences':>13}{'autograd':>10}{'RTRL':>10}"


def line(row: "Row") -> str:
    """A row of the table."""
    shape = " × ".join(map(str, row.shape))
    errors = f"{format_error(row.difference):>13}{format_error(row.autograd):>10}{format_error(row.rtrl):>10}"
    verdict = style("pass", fg="green") if row.passed else style("FAIL", fg="red", bold=True)
    return f"{row.part:13}{row.derivative:28}{shape:>16}{errors}  {verdict}"


def format_error(error: float | None) -> str:
    """An error with one digit, or that there is none."""
    return "-" if error is None else f"{error:.0e}"
