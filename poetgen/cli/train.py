"""`poetgen train`: grow a model on the prepared poems."""

import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from poetgen.cli.options import home_option
from poetgen.config import (
    INITIALIZATIONS,
    OPTIMIZERS,
    Config,
    from_dict,
    load_config,
    parse_settings,
    read_config_file,
)
from poetgen.corpus.prepared import PreparedFolder
from poetgen.errors import CheckpointError, ConfigError, CorpusError
from poetgen.files import Workspace

if TYPE_CHECKING:
    from poetgen.training.folder import RunFolder
    from poetgen.training.loop import StepReport
    from poetgen.training.reports import EpochReport, Finished, Report, Started

INTERRUPTED = 130  # what a shell reports of a command ended by Ctrl-C
NEWEST = "<newest>"


@click.command()
@home_option
@click.option("--run", "run_name", metavar="NAME", help="The run's name [default: date and optimizer].")
@click.option(
    "--resume",
    is_flag=False,
    flag_value=NEWEST,
    metavar="[NAME]",
    help="Go on with a stopped run [the newest].",
)
@click.option("--config", "config_name", metavar="NAME|FILE", help="A shipped config, or a TOML file.")
@click.option("--set", "settings", multiple=True, metavar="SECTION.KEY=VALUE", help="Change any setting.")
@click.option("--optimizer", type=click.Choice(OPTIMIZERS), help="The update rule.")
@click.option("--learning-rate", type=float, help="Step size at its highest [default: the optimizer's own].")
@click.option("--embedding-size", type=int, help="E, width of a character's embedding.")
@click.option("--hidden-size", type=int, help="H, units in each LSTM layer.")
@click.option("--layers", type=int, help="LSTM layers.")
@click.option("--dropout", type=float, help="Share of each layer's outputs zeroed.")
@click.option("--init", "initialization", type=click.Choice(INITIALIZATIONS), help="How weights begin.")
@click.option("--batch-size", type=int, help="Poems in a batch.")
@click.option("--epochs", type=int, help="Times through the training poems.")
@click.option("--steps", type=int, help="Stop after this many steps.")
@click.option("--minutes", type=float, help="Stop after this many minutes; the learning rate decays to fit.")
@click.option("--stop-at", type=float, help="Stop at this validation perplexity.")
@click.option("--seed", type=int, help="Decides weights, order and dropout.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), help="Where to compute.")
@click.option("--keep-epochs", is_flag=True, default=None, help="Keep one checkpoint per epoch.")
def train(
    workspace: Workspace,
    run_name: str | None,
    resume: str | None,
    config_name: str | None,
    settings: tuple[str, ...],
    **flags: Any,
) -> None:
    """Train a model on the prepared poems.

    Begin small: `poetgen train --config tiny`. Ctrl-C saves; `poetgen train --resume` goes on.
    """
    if resume and run_name:
        raise click.UsageError("--resume NAME says which run goes on; leave --run away")
    given = {
        **(read_config_file(config_name) if config_name else {}),
        **parse_settings(settings),
        **named(flags),
    }
    if resume:
        folder, config = resumed(workspace, resume, given)
        prepared = PreparedFolder.open(workspace.prepared)
    else:
        prepared = prepared_poems(workspace, given)
        config = Config().replace(given)
        config = from_dict({**config.to_dict(), "corpus": prepared.manifest["settings"]}, "prepared.json")
        folder = new_folder(workspace, run_name, config)
    follow(prepared, folder, config, resume=bool(resume))


SECTIONS = {
    "embedding_size": "model",
    "hidden_size": "model",
    "layers": "model",
    "dropout": "model",
    "initialization": "model",
}


def named(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Flags that were given, under their configuration keys."""
    keys = {"layers": "num_layers"}
    return {
        f"{SECTIONS.get(flag, 'training')}.{keys.get(flag, flag)}": value
        for flag, value in flags.items()
        if value is not None
    }


def prepared_poems(workspace: Workspace, given: Mapping[str, Any]) -> PreparedFolder:
    """The prepared folder, made first when only the fetched corpus is there.

    Raises CorpusError when neither is, ConfigError when it was prepared with other settings than asked for.
    """
    corpus_settings = {key: value for key, value in given.items() if key.startswith("corpus.")}
    if not (workspace.prepared / "prepared.json").exists():
        if not workspace.corpus.exists():
            raise CorpusError(f"no poems below {workspace.home}; run: poetgen fetch, then: poetgen prepare")
        from poetgen.corpus.prepare import prepare_corpus

        click.echo(f"preparing the poems of {workspace.corpus} first", err=True)
        prepare_corpus(workspace.corpus, workspace.prepared, load_config(flags=corpus_settings).corpus)
    prepared = PreparedFolder.open(workspace.prepared)
    asked = Config().replace(corpus_settings).to_dict()["corpus"]
    for key in corpus_settings:
        name = key.removeprefix("corpus.")
        if prepared.manifest["settings"][name] != asked[name]:
            raise ConfigError(
                f"{prepared.path} was prepared with {key} = {prepared.manifest['settings'][name]!r}, "
                f"not {asked[name]!r}; run poetgen prepare with the same --config and --set first"
            )
    return prepared


def resumed(workspace: Workspace, name: str, given: Mapping[str, Any]) -> tuple["RunFolder", Config]:
    """The run to go on with, and its settings with those given now laid over them."""
    from poetgen.training.folder import RunFolder, newest_run

    folder = newest_run(workspace.runs) if name == NEWEST else RunFolder(workspace.runs / name)
    if not folder.config.exists() and Path(name).is_dir():
        folder = RunFolder(Path(name))
    config = from_dict(folder.read_config()["config"], str(folder.config))
    return folder, config.replace(given)


def new_folder(workspace: Workspace, name: str | None, config: Config) -> "RunFolder":
    """A folder for a new run; a run without a name is called by date and optimizer."""
    from poetgen.training.folder import RunFolder

    if name is not None:
        if not name or Path(name).name != name:
            raise CheckpointError(f"a run cannot be called {name!r}; give a plain name such as --run moon")
        return RunFolder(workspace.runs / name)
    stem = f"{date.today().isoformat()}_{config.training.optimizer}"
    free = next(k for k in range(1, 10_000) if not (workspace.runs / numbered(stem, k)).exists())
    return RunFolder(workspace.runs / numbered(stem, free))


def numbered(stem: str, k: int) -> str:
    """stem, stem-2, stem-3, ..."""
    return stem if k == 1 else f"{stem}-{k}"


def follow(prepared: PreparedFolder, folder: "RunFolder", config: Config, *, resume: bool) -> None:
    """Run the training and say how it goes."""
    from poetgen.training.curves import draw_curves
    from poetgen.training.reports import Finished
    from poetgen.training.run import run_training

    show = Narrator(prepared)
    last: Report | None = None
    with stop_requests() as stop:
        reports = run_training(prepared, folder.path, config, resume=resume, should_stop=lambda: bool(stop))
        try:
            for last in reports:
                show(last)
        finally:
            show.close()
    if folder.metrics.exists() and not draw_curves(folder.records(), folder.curves, folder.name):
        click.echo("no curves.png: install the drawing extra with pip install 'poetgen[plot]'", err=True)
    if isinstance(last, Finished) and last.interrupted:
        click.echo(f"stopped and saved; go on with: poetgen train --resume {folder.name}", err=True)
        sys.exit(128 + stop[0] if stop else INTERRUPTED)


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


class Narrator:
    """Tells the reports of a run on stderr: a bar at a terminal, plain lines elsewhere."""

    SECONDS_BETWEEN_LINES = 15.0

    def __init__(self, prepared: PreparedFolder) -> None:
        train = prepared.manifest["splits"]["train"]
        self.hanzi_share = train["hanzi"] / train["tokens"]
        self.bar: Any = None
        self.loss, self.rate, self.steps_left, self.told_at = 0.0, 0.0, 0, 0.0

    def __call__(self, report: "Report") -> None:
        """Tell one report."""
        from poetgen.training.loop import StepReport
        from poetgen.training.reports import EpochReport, Finished, Started

        match report:
            case Started():
                self.begin(report)
            case StepReport():
                self.step(report)
            case EpochReport():
                self.epoch(report)
            case Finished():
                self.end(report)

    def begin(self, report: "Started") -> None:
        from tqdm import tqdm

        step = f", from step {report.step:,}" if report.step else ""
        click.echo(
            f"{report.run.name}: {report.parameters:,} parameters on {report.device}, {report.tokens:,} tokens, "
            f"{report.total_steps:,} steps{step}; about {duration(report.expected_seconds)}",
            err=True,
        )
        self.steps_left = report.total_steps - report.step
        if sys.stderr.isatty():
            self.bar = tqdm(total=report.total_steps, initial=report.step, unit="step", dynamic_ncols=True)

    def step(self, report: "StepReport") -> None:
        from math import exp
        from time import monotonic

        self.steps_left -= 1
        first = self.loss == 0
        self.loss = report.loss if first else 0.98 * self.loss + 0.02 * report.loss
        rate = report.tokens * self.hanzi_share / report.seconds
        self.rate = rate if first else 0.98 * self.rate + 0.02 * rate
        figures = f"loss {self.loss:.3f}, perplexity {exp(min(self.loss, 50)):.1f}, {self.rate:,.0f} 字/s"
        if self.bar is not None:
            self.bar.set_postfix_str(figures, refresh=False)
            self.bar.update()
        elif monotonic() - self.told_at > self.SECONDS_BETWEEN_LINES:
            self.told_at = monotonic()
            click.echo(f"step {report.step:,}: {figures}, {self.steps_left:,} steps left", err=True)

    def epoch(self, report: "EpochReport") -> None:
        line = (
            f"epoch {report.epoch}: train loss {report.train_loss:.4f}, "
            f"validation loss {report.validation_loss:.4f}, perplexity {report.perplexity:.2f}"
            f"{' (best)' if report.is_best else ''}, {duration(report.seconds)}"
        )
        if self.bar is not None:
            self.bar.clear()
        click.echo(line, err=True)

    def end(self, report: "Finished") -> None:
        self.close()
        if not report.interrupted:
            click.echo(f"done: {report.reason}", err=True)
            click.echo(f"{report.best}  validation perplexity {report.best_perplexity:.2f}")

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def duration(seconds: float) -> str:
    """Seconds as a person says them: 42 s, 3 min 5 s, 2 h 10 min."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"
