"""`poetgen evaluate`: how well a model predicts poems."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poetgen.checkpoint import Checkpoint, find_checkpoint, model_name, released_path
from poetgen.cli.options import (
    checkpoint_option,
    command_line,
    data_option,
    home_option,
    json_option,
    tell_model,
    verbose_option,
)
from poetgen.cli.output import echo
from poetgen.cli.progress import progress_bar
from poetgen.cli.reading import tell_reading
from poetgen.cli.values import OutputFile, UserPath
from poetgen.corpus.conditions import PARTS
from poetgen.errors import CorpusError
from poetgen.files import Workspace
from poetgen.model_files import BEST
from poetgen.printable import printable

if TYPE_CHECKING:
    from poetgen.evaluate import Evaluation
    from poetgen.measures import Figures

SPLITS = ("validation", "test", "train", "fragments")
ODD_RATE = 0.05


@click.command()
@home_option
@data_option
@checkpoint_option
@click.option(
    "--split",
    type=click.Choice(SPLITS),
    help="Split of the prepared poems to measure on [default: validation].",
)
@click.option(
    "--given",
    type=click.Choice(PARTS),
    multiple=True,
    help="Give the model this of each poem, if it was trained with conditions; may be repeated.",
)
@click.option(
    "--poems",
    "source",
    type=UserPath(path_type=Path),
    help="File or folder of poems, JSON or text, to measure on instead.",
)
@click.option(
    "--written",
    metavar="N",
    type=click.IntRange(1, 100_000),
    help="Let the model write N poems of each form, and measure them beside real poems of the split instead.",
)
@click.option(
    "--set",
    "set_values",
    metavar="NAME=VALUE",
    multiple=True,
    help="With --written, a setting of generate: temperature=0.8, best_of=1; may be repeated.",
)
@click.option(
    "--prompts",
    metavar="HANZI",
    help="With --written, the characters that poems begin with, in turn.  [default: 日紅山夜湖海月]",
)
@click.option("--seed", type=click.IntRange(min=0), help="With --written, the poems' seed.  [default: 0]")
@click.option(
    "--out", metavar="FILE.png", type=OutputFile(".png"), help="With --written, draw a picture too."
)
@click.option(
    "--batch-size", type=click.IntRange(1, 4096), default=64, show_default=True, help="Poems in a batch."
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Device to compute on.",
)
@json_option
@verbose_option
def evaluate(
    workspace: Workspace,
    *,
    data: Path | None,
    checkpoint: str | None,
    split: str | None,
    given: tuple[str, ...],
    source: Path | None,
    written: int | None,
    batch_size: int,
    device: str,
    as_json: bool,
    verbose: bool,
    **of_written: Any,
) -> None:
    """Measure a model's perplexity, with 95 % intervals, as docs/measures.md defines it.

    Choose between models on the validation split, and look at the test split once, at the end. With --written,
    measure the poems that it writes: rules kept, words used, what comes again, beside real poems.
    """
    refuse_contradictions(
        data=data, split=split, given=given, source=source, written=written, of_written=of_written
    )
    path = find_checkpoint(workspace, checkpoint)
    prepared, split = data or workspace.prepared, split or SPLITS[0]
    if written is not None:
        from poetgen.cli.evaluate_written import show_written

        tell_model(path, verbose=verbose)
        show_written(path, prepared, count=written, split=split, as_json=as_json, **of_written)
        return
    from poetgen.training.devices import choose_device

    model, place = Checkpoint.load(path), str(choose_device(device))
    with progress_bar("measuring", unit="token") as on_progress:
        options = {"batch_size": batch_size, "device": place, "on_progress": on_progress}
        if source is None:
            evaluation = measure_split(model, prepared, split, given, **options)
        else:
            evaluation = measure_poems(model, source, **options)
    tell_model(path, verbose=verbose)
    if as_json:
        names = {"checkpoint": str(path), "source": None if source is None else str(source)}
        echo(json.dumps({**names, **evaluation.to_dict()}, ensure_ascii=False, allow_nan=False))
    else:
        echo("\n".join(describe(evaluation)))
        for hint in next_commands(workspace, path, data, evaluation):
            echo(hint, err=True)


def refuse_contradictions(
    *,
    data: Path | None,
    split: str | None,
    given: tuple[str, ...],
    source: Path | None,
    written: int | None,
    of_written: Mapping[str, Any],
) -> None:
    """Raises UsageError for options that do not go together."""
    if written is None and any(value not in (None, ()) for value in of_written.values()):
        raise click.UsageError(
            "--set, --prompts, --seed and --out say how poems are written; add --written N"
        )
    if written is not None and (source or given):
        raise click.UsageError("--written measures the model's own poems; omit --poems and --given")
    for option, value in (("--data", data), ("--split", split)):
        if value and source:
            raise click.UsageError(f"{option} and --poems both say what to measure on; omit one")
    if given and source:
        raise click.UsageError("--given needs the titles and poets of a prepared folder; omit --poems")


def next_commands(
    workspace: Workspace, path: Path, data: Path | None, evaluation: "Evaluation"
) -> Iterator[str]:
    """What one does with a model of one's own that is measured."""
    if path == released_path() or evaluation.split not in ("validation", "test"):
        return
    name = model_name(path) if path.name == BEST else str(path)
    command = partial(command_line, workspace, "poetgen")
    yield f"to write with it: {command('generate', '月', '--checkpoint', name)}"
    if evaluation.split == "validation":
        words = ["--split", "test", "--checkpoint", name, *(["--data", str(data)] if data else [])]
        yield f"once it is chosen, at the end: {command('evaluate', *words)}"


def measure_split(
    checkpoint: Checkpoint, prepared: Path, split: str, given: tuple[str, ...], **options: Any
) -> "Evaluation":
    """Measure on a split of the prepared folder, conditioned on what is `given` of each poem."""
    from poetgen.corpus.dataset import Dataset
    from poetgen.evaluate import evaluate_split

    return evaluate_split(checkpoint, Dataset.open(prepared), split, given=given, **options)


def measure_poems(checkpoint: Checkpoint, source: Path, **options: Any) -> "Evaluation":
    """Measure on every poem of a file or folder."""
    from poetgen.corpus.selection import count_dropped
    from poetgen.corpus.sources import read_poems
    from poetgen.evaluate import evaluate_poems

    poems, report = read_poems(source)
    tell_reading(source, report.reading)
    unusable = len(report.reading.faults) + report.records - report.kept
    reasons = "; ".join(count_dropped(report))
    if not poems:
        raise CorpusError(f"0 poems are left of {source} after cleaning: {reasons}")
    if unusable:
        message = f"measuring {report.kept:,} poems; {unusable:,} records cannot be read as verse"
        echo(printable(f"{message}: {reasons}" if reasons else message), err=True)
    evaluation = evaluate_poems(checkpoint, poems, **options)
    rate = evaluation.out_of_vocabulary_rate or 0
    if rate > ODD_RATE:
        echo(
            f"the model does not know {rate:.0%} of the hanzi; poems are measured as they stand, so give them in "
            "the script the model was trained on",
            err=True,
        )
    return evaluation


MEANINGS = {
    "ppl_token": "per token: hanzi, punctuation, end of poem",
    "ppl_hanzi": "per hanzi",
    "ppl_poem": "mean of the poems' own perplexities",
    "bits_per_hanzi": "bits for a poem's whole text, per hanzi",
}


def describe(evaluation: "Evaluation") -> Iterator[str]:
    """The lines of the report a person reads."""
    if evaluation.split:
        commit = f", corpus {evaluation.corpus_commit[:12]}" if evaluation.corpus_commit else ""
        yield f"{evaluation.split} split, {printable(str(evaluation.selection) + commit)}"
        if evaluation.same_corpus is False:
            yield "the model was trained on another version of the corpus"
    yield from table(evaluation)
    parts = (("without fragments", evaluation.without_fragments), ("fragments", evaluation.fragments))
    for title, part in parts if all(part and part.poems for _, part in parts) else ():
        if part is not None:
            yield ""
            yield f"{title}:"
            yield from table(part)
    yield ""
    size, learned = evaluation.vocabulary_size, evaluation.model_corpus_commit
    has_intervals = any(evaluation.intervals.values())
    intervals = "intervals: 95 %, over poems" if has_intervals else "no intervals, which need two poems"
    yield f"conditions: {evaluation.conditions}; vocabulary: {size:,}; {intervals}"
    yield f"trained with seed {evaluation.seed}{f' on corpus {str(learned)[:12]}' if learned else ''}"


def table(figures: "Figures") -> Iterator[str]:
    """Sizes, then a line for each measure with its interval."""
    from poetgen.printable import pluralize

    rate = figures.out_of_vocabulary_rate
    yield (
        f"{pluralize(figures.poems, 'poem')}, {figures.tokens:,} tokens, {figures.hanzi:,} hanzi, "
        f"{figures.out_of_vocabulary:,} outside the vocabulary{'' if rate is None else f' ({rate:.3%})'}"
    )
    for name, meaning in MEANINGS.items() if figures.poems else ():
        value, bounds = getattr(figures, name), figures.intervals[name]
        between = f"{bounds[0]:.2f} – {bounds[1]:.2f}" if bounds else ""
        yield f"  {name:<15}{'∞' if value is None else f'{value:.2f}':>9}   {between:<19}  {meaning}".rstrip()
