"""`poetgen train`: train a model on the prepared poems."""

import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from poetgen.cli import INTERRUPTED
from poetgen.cli.narrator import Narrator
from poetgen.cli.options import home_option
from poetgen.cli.output import echo
from poetgen.cli.pictures import try_to_draw
from poetgen.cli.training_options import (
    NEWEST,
    config_option,
    device_option,
    dropout_option,
    init_option,
    learning_rate_option,
    minutes_option,
    optimizer_option,
    patience_option,
    resume_option,
    seed_option,
    set_option,
    steps_option,
    vectors_option,
)
from poetgen.config import (
    BACKENDS,
    PRECISIONS,
    Config,
    flatten,
    from_dict,
    parse_settings,
    read_config_file,
)
from poetgen.corpus.dataset import Dataset
from poetgen.errors import CheckpointError, ConfigError, CorpusError
from poetgen.files import Workspace

if TYPE_CHECKING:
    from poetgen.training.events import Report
    from poetgen.training.run_folder import RunFolder


@click.command()
@home_option
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
    "--from", "start", metavar="RUN|FILE", help="Begin with the weights of another model of the same sizes."
)
@vectors_option
@click.option("--batch-size", type=int, help="Poems in a batch.")
@click.option("--epochs", type=int, help="Passes over the training poems.")
@steps_option
@minutes_option
@click.option("--stop-at", "target_perplexity", type=float, help="Stop at this validation perplexity.")
@patience_option
@seed_option
@click.option(
    "--backend", type=click.Choice(BACKENDS), help="What computes the gradients: PyTorch, or NumPy by hand."
)
@click.option(
    "--precision", type=click.Choice(PRECISIONS), help="Precision of the large matrix products in training."
)
@device_option
@click.option("--keep-epochs", is_flag=True, default=None, help="Keep the checkpoint of every epoch.")
def train(
    workspace: Workspace,
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
        **named(flags),
    }
    try:
        if resume is None:
            folder, prepared, config = begun(workspace, run_name, given)
        else:
            folder, prepared, config = resumed(workspace, resume, given)
        size = prepared.manifest["splits"]["train"]
        show = Narrator(size["hanzi"] / size["tokens"])
        follow(folder, show, training(prepared, folder, config, resume), workspace=workspace)
    except KeyboardInterrupt:
        echo("stopped at once; to continue from the last save: poetgen train --resume", err=True)
        sys.exit(INTERRUPTED)


SECTIONS = {
    "embedding_size": "model",
    "hidden_size": "model",
    "layers": "model",
    "dropout": "model",
    "initialization": "model",
    "pretrained_embeddings": "model",
    "cell": "model",
}


def named(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Flags that were given, under their configuration keys."""
    keys = {"layers": "num_layers"}
    return {
        f"{SECTIONS.get(flag, 'training')}.{keys.get(flag, flag)}": value
        for flag, value in flags.items()
        if value is not None
    }


Beginning = tuple["RunFolder", Dataset, Config]


def begun(workspace: Workspace, name: str | None, given: Mapping[str, Any]) -> Beginning:
    """A new run: its folder, its poems, and its settings, those of the prepared poems among them."""
    from poetgen.training.run_folder import RunFolder

    given = with_model_to_begin_with(workspace, with_width_of_vectors(given))
    config = Config().replace(given)  # first of all: what cannot be is said before poems are prepared
    folder = RunFolder(new_path(workspace.runs, name, config.training.optimizer))
    prepared = prepared_poems(workspace, given)
    return folder, prepared, config.replace(corpus_settings(prepared))


def resumed(workspace: Workspace, name: str, given: Mapping[str, Any]) -> Beginning:
    """The run to go on with, its poems, and its settings with those given and those of the poems laid over."""
    folder = stopped_run(workspace.runs, name)
    config = from_dict(folder.read_config()["config"], str(folder.config))
    prepared = Dataset.open(workspace.prepared)
    return folder, prepared, config.replace({**corpus_settings(prepared), **given})


def training(
    prepared: Dataset, folder: "RunFolder", config: Config, resume: str | None
) -> Callable[[Callable[[], bool]], "Iterator[Report]"]:
    """The training, to be begun by who can say when to stop."""
    from poetgen.training.trainer import run_training

    return lambda should_stop: run_training(
        prepared, folder.path, config, resume=resume is not None, should_stop=should_stop
    )


def with_width_of_vectors(given: Mapping[str, Any]) -> dict[str, Any]:
    """`--vectors` decides how wide the embedding is, unless that is given too. Raises CorpusError."""
    vectors = given.get("model.pretrained_embeddings")
    if not vectors or "model.embedding_size" in given:
        return dict(given)
    from poetgen.corpus.vectors import vector_size

    return {**given, "model.embedding_size": vector_size(Path(vectors))}


def with_model_to_begin_with(workspace: Workspace, given: Mapping[str, Any]) -> dict[str, Any]:
    """`--from` names a run or a file; its model's sizes hold unless others are given. Raises CheckpointError."""
    if not given.get("training.start"):
        return dict(given)
    from poetgen.checkpoint import Checkpoint, find_checkpoint

    path = find_checkpoint(workspace, given["training.start"]).resolve()
    model = Checkpoint.load(path).config["model"]
    shaping = ("embedding_size", "hidden_size", "cell", "num_layers", "tied", "conditions")
    sizes = {f"model.{key}": model[key] for key in shaping}
    return {**sizes, **given, "training.start": str(path)}


def prepared_poems(workspace: Workspace, given: Mapping[str, Any]) -> Dataset:
    """The prepared folder, made first when only the fetched corpus is there.

    Raises CorpusError when neither is, ConfigError when it was prepared with other settings than asked for.
    """
    asked = {key: value for key, value in given.items() if key.startswith("corpus.")}
    if not (workspace.prepared / "prepared.json").exists():
        prepare_first(workspace, Config().replace(asked))
    prepared = Dataset.open(workspace.prepared)
    found = corpus_settings(prepared)
    for key, value in asked.items():
        if found.get(key) != value:
            raise ConfigError(
                f"{prepared.path} was prepared with {key} = {found.get(key)!r}, not {value!r}; "
                "run poetgen prepare with the same --config and --set first"
            )
    return prepared


def prepare_first(workspace: Workspace, config: Config) -> None:
    """Prepare the fetched corpus. Raises CorpusError when there is none."""
    if not workspace.corpus.exists():
        raise CorpusError(f"no poems below {workspace.home}; run: poetgen fetch")
    from poetgen.cli.progress import progress_bar
    from poetgen.corpus.prepare import prepare_corpus

    echo(f"preparing the poems of {workspace.corpus} first", err=True)
    with progress_bar("reading", unit="file") as on_progress:
        prepare_corpus(workspace.corpus, workspace.prepared, config.corpus, on_progress=on_progress)


def corpus_settings(prepared: Dataset) -> dict[str, Any]:
    """What the poems were prepared with, as `corpus.key` values. Raises CorpusError when it is not told."""
    try:
        settings, size = prepared.manifest["settings"], prepared.manifest["splits"]["train"]
        if size["tokens"] < 1 or size["hanzi"] < 0:
            raise ValueError("no tokens to train on")
        return flatten({"corpus": settings}, "prepared.json")
    except (KeyError, TypeError, ValueError, ConfigError) as error:
        raise CorpusError(f"{prepared.path} is damaged ({error}); run: poetgen prepare") from error


def stopped_run(runs: Path, name: str, command: str = "poetgen train") -> "RunFolder":
    """The run to go on with: the newest of `runs`, one of them by name, or any by path. Raises CheckpointError."""
    from poetgen.training.run_folder import RunFolder, newest_run

    folder = newest_run(runs, command) if name == NEWEST else RunFolder(runs / name, command)
    if not folder.config.exists() and (Path(name) / folder.config.name).exists():
        folder = RunFolder(Path(name).resolve(), command)
    if not folder.config.exists():
        names = sorted(path.parent.name for path in runs.glob(f"*/{folder.config.name}"))
        there = f"there are: {', '.join(names)}" if names else f"start one with: {command}"
        raise CheckpointError(f"no run {name!r} in {runs}; {there}")
    return folder


def new_path(runs: Path, name: str | None, kind: str) -> Path:
    """Where a new run goes; a run without a name is called by its date and what kind it is."""
    if name is not None:
        if name in ("", "..") or not name.isprintable() or Path(name).name != name:
            raise CheckpointError(f"a run cannot be called {name!r}; give a plain name such as --run moon")
        return runs / name
    stem = f"{date.today().isoformat()}_{kind}"
    free = next(k for k in range(1, 10_000) if not (runs / numbered(stem, k)).exists())
    return runs / numbered(stem, free)


def numbered(stem: str, k: int) -> str:
    """stem, stem-2, stem-3, ..."""
    return stem if k == 1 else f"{stem}-{k}"


def follow(
    folder: "RunFolder",
    show: Narrator,
    begin: Callable[[Callable[[], bool]], "Iterator[Report]"],
    *,
    workspace: Workspace,
) -> None:
    """Run the training that `begin` gives, told when to stop, and say how it goes."""
    from poetgen.errors import TrainingError
    from poetgen.training.events import Finished

    last: Report | None = None
    with stop_requests() as stop:
        try:
            for last in begin(lambda: bool(stop)):
                show(last)
        except TrainingError:
            show.close()
            draw(folder, show.unit)  # the picture of what went wrong
            raise
        finally:
            show.close()
    if isinstance(last, Finished) and last.interrupted:
        echo(f"stopped and saved; to continue: {resume_command(workspace, folder)}", err=True)
    if show.began or not folder.curves.exists():
        draw(folder, show.unit)
    if isinstance(last, Finished) and last.interrupted:
        sys.exit(128 + stop[0] if stop else INTERRUPTED)


def draw(folder: "RunFolder", unit: str) -> None:
    """Draw curves.png, or say what it takes."""
    from poetgen.plots.training import draw_curves

    try_to_draw(folder.curves, lambda path: draw_curves(folder.records(), path, folder.name, unit=unit))


def resume_command(workspace: Workspace, folder: "RunFolder") -> str:
    """What to type to go on, the workspace named when it is not the one found without."""
    parts = [*folder.command.split(), "--resume", folder.name]
    if workspace.home.resolve() != Workspace.find().home.resolve():
        parts += ["--home", str(workspace.home)]
    return shlex.join(parts)


@contextmanager
def stop_requests() -> Iterator[list[int]]:
    """Collects SIGINT and SIGTERM, so that a step is finished and saved first; a second SIGINT ends at once."""
    received: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, before[signal.SIGINT])

    before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
