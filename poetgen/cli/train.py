"""`poetgen train`: train a model on the prepared poems."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poetgen.cli import INTERRUPTED
from poetgen.cli.options import command_line, complete_by, data_option, data_words, home_option
from poetgen.cli.output import echo
from poetgen.cli.progress import progress_bar
from poetgen.cli.training_options import (
    NEWEST,
    config_option,
    device_option,
    dropout_option,
    fit_to_vectors,
    init_option,
    learning_rate_option,
    minutes_option,
    optimizer_option,
    patience_option,
    resume_option,
    seed_option,
    set_option,
    settings_of,
    steps_option,
    vectors_option,
)
from poetgen.cli.training_progress import TrainingProgress, follow_training, is_first_process
from poetgen.config import BACKENDS, GRADIENTS, PRECISIONS, Config, from_dict
from poetgen.config_files import parse_settings, read_config_file
from poetgen.corpus.dataset import Dataset
from poetgen.errors import PoetgenError
from poetgen.files import Workspace

if TYPE_CHECKING:
    from poetgen.training.events import Event
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
    if resume is not None and run_name is not None:
        raise click.UsageError("--resume NAME already names the run; omit --run")
    given = {
        **(read_config_file(config_name) if config_name else {}),
        **parse_settings(settings),
        **settings_of(flags),
    }
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
    try:
        if resume is None:
            folder, prepared, config = new_run(workspace, run_name, given)
        else:
            folder, prepared, config = resumed_run(workspace, resume, given)
        size = prepared.manifest["splits"]["train"]
        progress = TrainingProgress(size["hanzi"] / size["tokens"])
        follow_training(folder, progress, training(prepared, folder, config, resume), workspace=workspace)
        tell_next(workspace, folder.name)
    except KeyboardInterrupt:
        echo("stopped at once; to continue from the last save: poetgen train --resume", err=True)
        sys.exit(INTERRUPTED)


def tell_next(workspace: Workspace, run: str) -> None:
    """What to do with a model that is trained: it writes only where it is named."""
    ways = [("write with it", ["generate", "月"]), ("measure it", ["evaluate", *data_words(workspace)])]
    for what, words in ways:
        command = command_line(workspace, "poetgen", *words, "--checkpoint", run)
        echo(f"to {what}: {command}", err=True)


RunSetup = tuple["RunFolder", Dataset, Config]


def new_run(workspace: Workspace, name: str | None, given: Mapping[str, Any]) -> RunSetup:
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


def resumed_run(workspace: Workspace, name: str, given: Mapping[str, Any]) -> RunSetup:
    """The run to go on with, its poems, and its settings with those given and those of the poems laid over.

    The poems are those of --data, or lie where the run found them, or, moved, where they lie by default.
    """
    from poetgen.training.runs import find_run

    folder = find_run(workspace.runs, None if name == NEWEST else name)
    began = folder.read_config()
    config = from_dict(began["config"], str(folder.config))
    before = Path(began["source"])
    is_there = workspace.data is None and began["source"] and Dataset.is_at(before)
    prepared = Dataset.open(before if is_there else workspace.prepared)
    return folder, prepared, config.replace({**prepared.settings(), **given})


def training(
    prepared: Dataset, folder: "RunFolder", config: Config, resume: str | None
) -> Callable[[Callable[[], bool]], "Iterator[Event]"]:
    """The training, to be begun by who can say when to stop."""
    from poetgen.training.trainer import run_training

    return lambda should_stop: run_training(
        prepared, folder.path, config, resume=resume is not None, should_stop=should_stop
    )


def fit_to_start(workspace: Workspace, given: Mapping[str, Any]) -> dict[str, Any]:
    """`--from` names a run or a file; its model's sizes hold unless others are given. Raises CheckpointError."""
    if not given.get("training.start"):
        return dict(given)
    from poetgen.checkpoint import Checkpoint, find_checkpoint

    path = find_checkpoint(workspace, given["training.start"]).resolve()
    return {**Checkpoint.load(path).model_config.shape, **given, "training.start": str(path)}
