"""`poetgen train`: train a model on the prepared poems."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poetgen.cli.options import command_line, complete_by, data_option, data_words, home_option
from poetgen.cli.output import echo
from poetgen.cli.progress import progress_bar
from poetgen.cli.training_options import (
    UNNAMED,
    config_option,
    device_option,
    dropout_option,
    fit_to_vectors,
    gather_settings,
    init_option,
    learning_rate_option,
    minutes_option,
    optimizer_option,
    patience_option,
    refuse_two_names,
    resume_option,
    seed_option,
    set_option,
    steps_option,
    vectors_option,
)
from poetgen.cli.training_progress import (
    TrainingProgress,
    exit_when_interrupted,
    follow_training,
    is_first_process,
)
from poetgen.config import BACKENDS, GRADIENTS, PRECISIONS, Config, from_dict
from poetgen.corpus.dataset import Dataset
from poetgen.errors import PoetgenError
from poetgen.files import Workspace

if TYPE_CHECKING:
    from poetgen.training.run_folder import RunFolder


@click.command()
@home_option
@data_option
@click.option("--run", "run_name", metavar="NAME", help="The run's name [default: date and optimizer].")
@resume_option
@config_option
@set_option
@optimizer_option
@learning_rate_option
@click.option("--embedding-size", type=int, help="E, size of a character's embedding.")
@click.option("--hidden-size", type=int, help="H, hidden units of each LSTM layer.")
@click.option("--layers", type=int, help="Number of LSTM layers.")
@dropout_option
@init_option
@click.option(
    "--from",
    "start",
    metavar="RUN|FILE",
    shell_complete=complete_by("offer_models"),
    help="Begin with the weights of another model of the same sizes.",
)
@vectors_option
@click.option("--batch-size", type=int, help="Poems in a batch.")
@click.option("--epochs", type=int, help="Passes over the training poems.")
@steps_option
@minutes_option
@click.option(
    "--stop-at",
    "target_perplexity",
    type=float,
    help="Stop at the first validation of this perplexity or lower; 0: never.",
)
@patience_option
@seed_option
@click.option(
    "--backend", type=click.Choice(BACKENDS), help="What computes the gradients: PyTorch, or NumPy by hand."
)
@click.option(
    "--gradient",
    type=click.Choice(GRADIENTS),
    help="How NumPy computes them: BPTT, or real-time recurrent learning.",
)
@click.option(
    "--precision", type=click.Choice(PRECISIONS), help="Precision of the large matrix products in training."
)
@device_option
@click.option("--processes", type=int, metavar="N", help="Train with N processes of this machine.")
@click.option("--keep-epochs", is_flag=True, default=None, help="Keep the checkpoint of every epoch.")
def train(
    workspace: Workspace,
    data: Path | None,
    run_name: str | None,
    resume: str | None,
    config_name: str | None,
    settings: tuple[str, ...],
    **flags: Any,
) -> None:
    """Train a model on the prepared poems.

    Start small: `poetgen train --config tiny`. Ctrl-C saves; `poetgen train --resume` continues.
    """
    refuse_two_names(resume, run_name)
    given = gather_settings(config_name, settings, flags)
    with only_first_speaks():
        learn(replace(workspace, data=data), run_name, resume, given)


@contextmanager
def only_first_speaks() -> Iterator[None]:
    """Of several processes that torchrun has started, only the first prints, errors too."""
    if is_first_process():
        yield
        return
    nowhere = StringIO()
    with redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            yield
        except (PoetgenError, click.ClickException):
            sys.exit(1)


def learn(workspace: Workspace, run_name: str | None, resume: str | None, given: Mapping[str, Any]) -> None:
    """Train a new run, or one to go on with, as far as the settings or the user let it."""
    from poetgen.training.trainer import run_training

    with exit_when_interrupted("to continue from the last save: poetgen train --resume"):
        if resume is None:
            folder, prepared, config = new_run(workspace, run_name, given)
        else:
            folder, prepared, config = resumed_run(workspace, resume, given)
        size = prepared.manifest["splits"]["train"]
        progress = TrainingProgress(size["hanzi"] / size["tokens"])
        train = partial(run_training, prepared, folder.path, config, resume=resume is not None)
        follow_training(folder, progress, train, workspace=workspace)
        tell_next(workspace, folder.name)


def tell_next(workspace: Workspace, run: str) -> None:
    """What to do with a model that is trained: it writes only where it is named."""
    ways = [("write with it", ["generate", "月"]), ("measure it", ["evaluate", *data_words(workspace)])]
    for what, words in ways:
        command = command_line(workspace, "poetgen", *words, "--checkpoint", run)
        echo(f"to {what}: {command}", err=True)


def new_run(
    workspace: Workspace, name: str | None, given: Mapping[str, Any]
) -> tuple["RunFolder", Dataset, Config]:
    """A new run: its folder, its poems, and its settings, those of the prepared poems among them."""
    from poetgen.corpus.prepare import open_or_prepare
    from poetgen.training.run_folder import RunFolder
    from poetgen.training.runs import new_run_path

    given = fit_to_start(workspace, fit_to_vectors(given))
    config = Config().replace(given)  # first of all: what cannot be is said before poems are prepared
    folder = RunFolder(new_run_path(workspace.runs, name, config.training.optimizer))
    with progress_bar("reading", unit="file") as on_progress:
        prepared = open_or_prepare(
            workspace, given, on_progress=on_progress, tell=lambda line: echo(line, err=True)
        )
    return folder, prepared, config.replace(prepared.settings())


def resumed_run(
    workspace: Workspace, name: str, given: Mapping[str, Any]
) -> tuple["RunFolder", Dataset, Config]:
    """The run to go on with, its poems, and its settings with those given and those of the poems laid over.

    The poems are those of --data, or lie where the run found them, or, moved, where they lie by default.
    """
    from poetgen.training.runs import find_run

    folder = find_run(workspace.runs, None if name == UNNAMED else name)
    began = folder.read_config()
    config = from_dict(began["config"], str(folder.config))
    before = Path(began["source"])
    is_there = workspace.data is None and began["source"] and Dataset.is_at(before)
    prepared = Dataset.open(before if is_there else workspace.prepared)
    return folder, prepared, config.replace({**prepared.settings(), **given})


def fit_to_start(workspace: Workspace, given: Mapping[str, Any]) -> dict[str, Any]:
    """`--from` names a run or a file; its model's sizes hold unless others are given. Raises CheckpointError."""
    if not given.get("training.start"):
        return dict(given)
    from poetgen.checkpoint import Checkpoint, find_checkpoint

    path = find_checkpoint(workspace, given["training.start"]).resolve()
    return {**Checkpoint.load(path).model_config.shape, **given, "training.start": str(path)}
