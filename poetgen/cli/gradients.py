"""`poetgen gradients`: how far gradients reach back, and what weights that begin equal cannot learn."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poetgen.cli.options import Decorator, examples, json_option
from poetgen.cli.output import echo
from poetgen.cli.pictures import check_picture
from poetgen.cli.progress import progress_bar
from poetgen.cli.values import OutputFile
from poetgen.config import INITIALIZATIONS

if TYPE_CHECKING:
    from poetgen.experiments.reach import Reach, ReachSettings
    from poetgen.experiments.symmetry import Learned, SymmetryTask

SCALES = (0.5, 1.0, 2.0)
SIZES = {"hidden_size": (64, 16), "steps": (50, 12), "batch": (32, 16)}  # defaults, without and with --init
COLUMNS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def size_option(name: str, meaning: str) -> Decorator:
    """A size, whose default is that of the experiment."""
    plain, with_init = SIZES[name.removeprefix("--").replace("-", "_")]
    return click.option(
        name, type=click.IntRange(1), help=f"{meaning}  [default: {plain}, with --init {with_init}]"
    )


@click.command(
    epilog=examples(
        "poetgen gradients --out reach.png", "poetgen gradients --init zeros --init constant --init uniform"
    )
)
@click.option(
    "--scale",
    "scales",
    type=float,
    multiple=True,
    metavar="S",
    help="Norm of the recurrent weights; may be given several times.  [default: 0.5, 1 and 2]",
)
@click.option(
    "--init",
    "inits",
    type=click.Choice(INITIALIZATIONS),
    multiple=True,
    help="Show instead what a network with this initialisation can learn; may be given several times.",
)
@click.option("--after", type=click.IntRange(1), help="With --init: training steps.  [default: 1000]")
@click.option("--learning-rate", type=float, help="With --init: learning rate.  [default: 1]")
@click.option("--tied", is_flag=True, help="With --init: tie the output layer to the embedding.")
@size_option("--hidden-size", "H, hidden units.")
@size_option("--steps", "T, time steps.")
@size_option("--batch", "B, sequences in the batch.")
@click.option(
    "--forget-bias", type=float, default=1.0, show_default=True, help="Initial forget bias of the LSTM."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed.")
@click.option("--out", type=OutputFile(".png"), metavar="FILE.png", help="Draw a picture too.")
@json_option
def gradients(
    *, scales: tuple[float, ...], inits: tuple[str, ...], out: Path | None, as_json: bool, **settings: Any
) -> None:
    """Show how far gradients reach back through time.

    Prints the norm of ∂loss/∂h by the number of steps before the loss: for simple RNNs with sigmoid, tanh and
    ReLU, beside their upper bound, and for the LSTM, whose cell state and forget gates are also shown alone. With
    --init: how many hidden units stay distinct, and which parameters have moved, after training.
    docs/derivation.md says why.
    """
    learning = {name: settings.pop(name) for name in ("after", "learning_rate", "tied")}
    given = {name: value for name, value in learning.items() if value is not None and value is not False}
    for name, (plain, with_init) in SIZES.items():
        settings[name] = settings[name] or (with_init if inits else plain)
    if inits and scales:
        raise click.UsageError("--scale and --init belong to different experiments; omit one")
    if given and not inits:
        raise click.UsageError(
            f"--{next(iter(given)).replace('_', '-')} needs --init, the weights to begin with"
        )
    check_picture(out)
    if inits:
        show_symmetry(inits, out=out, as_json=as_json, **settings, **given)
    else:
        show_reach(scales or SCALES, out=out, as_json=as_json, **settings)


# ---- how far gradients reach ----

CELLS = {"sigmoid": "sigmoid RNN", "tanh": "tanh RNN", "relu": "ReLU RNN", "lstm": "LSTM"}
OF = {"h": "∂loss/∂h", "c": "∂loss/∂c", "forget gates": "forget gates alone"}


def show_reach(scales: Sequence[float], *, out: Path | None, as_json: bool, **settings: Any) -> None:
    """Measure, print and draw."""
    from poetgen.experiments.reach import ReachSettings, measure_reach
    from poetgen.plots.gradients import draw_reach

    scales, sizes, reaches = list(dict.fromkeys(scales)), ReachSettings(**settings), []
    with progress_bar("walking back", unit="cell") as on_progress:
        for reach in measure_reach(scales, sizes):
            reaches.append(reach)
            on_progress(len(reaches), 6 * len(scales))
    if as_json:
        rows = [reach_record(reach) for reach in reaches]
        echo(json.dumps({**settings, "scales": scales, "rows": rows}, ensure_ascii=False, allow_nan=False))
    else:
        echo("\n".join(reach_table(reaches, sizes)))
    for remark in remarks(reaches):
        echo(remark, err=True)
    if out is not None:
        draw_reach(reaches, out)
        echo(f"drawn: {out}", err=True)


def reach_record(reach: "Reach") -> dict[str, Any]:
    """A curve for JSON; what is not finite is null."""
    from poetgen.measures import finite

    low, median, high = reach.quartiles
    values = {"median": median, "lower_quartile": low, "upper_quartile": high, "bound": reach.bound}
    lists = {name: None if v is None else [finite(float(x)) for x in v] for name, v in values.items()}
    return {"cell": reach.cell, "of": reach.of, "scale": reach.scale, **lists}


def reach_table(reaches: Sequence["Reach"], sizes: "ReachSettings") -> Iterator[str]:
    """Medians at some distances, a block for each scale."""
    chosen = sorted({*(d for d in COLUMNS if d < sizes.steps), sizes.steps})
    yield (
        f"length of the gradient so many steps before the loss: median of "
        f"{sizes.batch:,} sequence{'s' if sizes.batch > 1 else ''}, "
        f"H = {sizes.hidden_size:,}, forget bias {sizes.forget_bias:g}"
    )
    scale = None
    for reach in reaches:
        if reach.scale != scale:
            scale = reach.scale
            yield ""
            yield f"{f'recurrent norm {scale:g}':31}" + "".join(f"{d:>9}" for d in chosen)
        first = CELLS[reach.cell] if reach.of == "h" else ""
        yield f"{first:12}{OF[reach.of]:19}" + "".join(
            f"{format_norm(x):>9}" for x in reach.quartiles[1][chosen]
        )
        if reach.bound is not None:
            yield f"{'':12}{'bound':19}" + "".join(f"{format_norm(x):>9}" for x in reach.bound[chosen])


def format_norm(value: float) -> str:
    """Two digits; "-" where there is no number."""
    return "-" if math.isnan(value) else f"{value:.2g}"


def remarks(reaches: Sequence["Reach"]) -> Iterator[str]:
    """What the reader must know of numbers that are none."""
    import numpy as np

    for reach in reaches:
        if np.isnan(reach.norms).any():
            yield (
                f"{CELLS[reach.cell]} at norm {reach.scale:g}: its states grew beyond what float64 can hold, "
                "so there is no gradient to follow back"
            )
    medians = [reach.quartiles[1] for reach in reaches]
    bounds = [reach.bound for reach in reaches if reach.bound is not None]
    if any(np.isinf(values).any() for values in (*medians, *bounds)):
        yield "inf: more than float64 can hold"
    if any((values == 0).any() for values in medians):
        yield "0: nothing arrives, or less than float64 can hold"


# ---- what equal weights cannot learn ----


def show_symmetry(inits: Sequence[str], *, out: Path | None, as_json: bool, **settings: Any) -> None:
    """Learn, print and draw."""
    from poetgen.experiments.symmetry import SymmetryTask
    from poetgen.plots.gradients import draw_symmetry

    task = SymmetryTask(**settings)
    learned = learn_all(list(dict.fromkeys(inits)), task)
    if as_json:
        rows = [row for one in learned for row in symmetry_records(one, task)]
        echo(json.dumps({**vars(task), "rows": rows}, ensure_ascii=False, allow_nan=False))
    else:
        echo("\n".join(symmetry_table(learned, task)))
    if out is not None:
        draw_symmetry(learned, out)
        echo(f"drawn: {out}", err=True)


def learn_all(inits: Sequence[str], task: "SymmetryTask") -> list["Learned"]:
    """One after the other, with a bar for all."""
    from poetgen.experiments.symmetry import learn

    learned: list[Learned] = []
    with progress_bar("learning", unit="step") as on_progress:
        for init in inits:

            def on_step(step: int, done: int = len(learned) * task.after) -> None:
                on_progress(done + step, len(inits) * task.after)

            learned.append(learn(init, task, on_step))
    return learned


def symmetry_records(one: "Learned", task: "SymmetryTask") -> Iterator[dict[str, Any]]:
    """The stages of an initialization for JSON."""
    for stage in one.stages:
        yield {
            "init": one.init,
            "after": stage.after,
            "loss": float(one.losses[stage.after]),
            "distinct_units": stage.distinct_units,
            "hidden_size": task.hidden_size,
            "units_apart": stage.apart,
            "parameters": {
                name: {"moved": name in stage.moved, "change": change}
                for name, change in stage.changes.items()
            },
        }


def symmetry_table(learned: Sequence["Learned"], task: "SymmetryTask") -> Iterator[str]:
    """A column for each stage, a row for each parameter."""
    columns = [(one, stage) for one in learned for stage in one.stages]

    def line(name: str, cells: Iterable[str]) -> str:
        return (f"{name:15}" + "".join(f"{cell:>11}" for cell in cells)).rstrip()

    yield "how far each parameter has moved: the greatest change of any of its numbers; - for not at all"
    yield ""
    yield line("", (one.init if stage.after == 1 else "" for one, stage in columns))
    yield line("steps", (f"{stage.after:,}" for _, stage in columns))
    yield line("loss, nats", (f"{one.losses[stage.after]:.3f}" for one, stage in columns))
    yield line("distinct units", (f"{stage.distinct_units} of {task.hidden_size}" for _, stage in columns))
    for name in columns[0][1].changes:
        moved = (f"{format_norm(s.changes[name])}" if name in s.moved else "-" for _, s in columns)
        yield line(name, moved)
