"""`poetgen classify train`: train a classifier and measure it."""

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from poetgen.classify.settings import COMMAND, ClassifierConfig
from poetgen.cli.options import complete_by, examples, home_option, json_option
from poetgen.cli.output import echo
from poetgen.cli.pictures import try_to_draw
from poetgen.cli.training_options import (
    UNNAMED,
    config_option,
    fit_to_vectors,
    gather_settings,
    optimizer_option,
    refuse_two_names,
    resume_option,
    seed_option,
    set_option,
    vectors_option,
)
from poetgen.cli.training_progress import TrainingProgress, exit_when_interrupted, follow_training
from poetgen.config import read_saved_settings
from poetgen.errors import ConfigError, CorpusError
from poetgen.extras import install_command
from poetgen.files import Workspace
from poetgen.printable import printable

if TYPE_CHECKING:
    from poetgen.classify.report import BaselineComparison
    from poetgen.classify.texts import LabelledTexts
    from poetgen.training.events import Finished, ValidationReport
    from poetgen.training.run_folder import RunFolder

# what belongs to the classifier alone, under its section; all else there is set by --set
OWN = ("by", "labels", "validation", "equal", "tokens", "stop_words", "checkpoint")


def only_one(context: click.Context, option: click.Parameter, files: tuple[str, ...]) -> str | None:
    """The file given. Raises UsageError for a second, which click would take in place of the first."""
    if len(files) > 1:
        raise click.UsageError("--labels takes one file; give texts to validate on by --validation FILE")
    return next(iter(files), None)


@click.command(
    short_help="Train a classifier and measure it.",
    epilog=examples(
        "poetgen classify train --by poet --equal",
        "poetgen classify train --labels train.csv --validation dev.csv --tokens words",
    ),
)
@home_option
@click.option(
    "--by", type=click.Choice(["poet", "form"]), help="Classify the prepared poems by poet or by form."
)
@click.option(
    "--labels",
    metavar="FILE",
    multiple=True,
    callback=only_one,
    help="A JSON or CSV file of labelled texts, instead of --by.",
)
@click.option("--validation", metavar="FILE", help="Validate on this file; train on all of --labels.")
@click.option(
    "--equal",
    is_flag=True,
    default=None,
    help="Use equally many texts of every label, as many as the rarest has.",
)
@click.option("--tokens", type=click.Choice(["characters", "bigrams", "words"]), help="What a token is.")
@click.option("--stop-words", metavar="FILE|classical|none", help="Words to omit.")
@vectors_option
@click.option(
    "--checkpoint",
    metavar="FILE|RUN",
    shell_complete=complete_by("offer_models"),
    help="Initialise the embedding from a language model.",
)
@click.option("--cell", type=click.Choice(["lstm", "rnn"]), help="Kind of recurrent layer.")
@optimizer_option
@click.option("--epochs", type=int, help="Passes over the training texts.")
@seed_option
@config_option
@set_option
@click.option("--run", "run_name", metavar="NAME", help="The run's name [default: date and labels].")
@resume_option
@click.option(
    "--measure-on",
    "part",
    type=click.Choice(["test", "validation"]),
    help="Held-out texts to measure on [default: test; with --validation, those].",
)
@json_option
def train(
    workspace: Workspace,
    *,
    run_name: str | None,
    resume: str | None,
    config_name: str | None,
    settings: tuple[str, ...],
    part: str | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Train a classifier, and measure it on held-out texts beside two baselines.

    Every setting without an option of its own is changed with --set, for instance --set classify.pooling=last;
    docs/guide.md lists them. Choose between settings with --measure-on validation, and look at the test split
    once, at the end. Ctrl-C saves, --resume continues.
    """
    refuse_two_names(resume, run_name)
    own = {f"classify.{flag}": flags.pop(flag) for flag in OWN}
    given = gather_settings(config_name, settings, flags)
    given |= {key: value for key, value in own.items() if value is not None}
    with exit_when_interrupted(f"to continue from the last save: {COMMAND} --resume"):
        if resume is None:
            folder, config = new_run(workspace, run_name, given)
        else:
            folder, config = resumed_run(workspace, resume, given)
        data = load_texts(workspace, config)
        learn(workspace, folder, data, config, resume=resume is not None)
        part = part or ("validation" if config.classify.validation else "test")
        comparison = measure(folder, data, part, with_linear=config.classify.linear_baseline)
        show(folder, comparison, as_json=as_json)


def new_run(
    workspace: Workspace, name: str | None, given: Mapping[str, Any]
) -> tuple["RunFolder", ClassifierConfig]:
    """A new run's folder, and its settings made to fit what it begins with. Raises ConfigError."""
    from poetgen.training.run_folder import RunFolder
    from poetgen.training.runs import new_run_path

    given = with_initial_embeddings(workspace, given)
    config = ClassifierConfig().replace(given)
    if bool(config.classify.by) == bool(config.classify.labels):
        raise click.UsageError("say what to classify by: either --by poet|form, or --labels FILE")
    if config.classify.validation and not config.classify.labels:
        raise click.UsageError("--validation goes with --labels: poems are held out by poetgen")
    kind = config.classify.by or "labels"
    return RunFolder(new_run_path(workspace.classifiers, name, kind), COMMAND), config


def with_initial_embeddings(workspace: Workspace, given: Mapping[str, Any]) -> dict[str, Any]:
    """`--vectors` and `--checkpoint` say how embeddings begin, and both what sizes that takes."""
    given = dict(given)
    vectors, checkpoint = given.get("model.pretrained_embeddings"), given.get("classify.checkpoint")
    if vectors and checkpoint:
        raise click.UsageError("--vectors and --checkpoint both give initial embeddings; omit one")
    if vectors or checkpoint:
        given.setdefault("classify.embeddings", "vectors" if vectors else "checkpoint")
    kind = given.get("classify.embeddings", "random")
    if kind == "vectors" and not vectors:
        raise ConfigError(
            "classify.embeddings = 'vectors' needs a file of them; give one with --vectors FILE"
        )
    if kind != "checkpoint" and given.get("classify.copy_layers"):
        raise ConfigError(
            "classify.copy_layers takes the layers of a language model; name it with --checkpoint"
        )
    if kind == "checkpoint":
        return {**sizes_of(workspace, given), **given}
    return fit_to_vectors(given) if kind == "vectors" else given


def sizes_of(workspace: Workspace, given: dict[str, Any]) -> dict[str, Any]:
    """The sizes of the language model to begin with, whose file is found and put in `given`."""
    from poetgen.checkpoint import Checkpoint, find_checkpoint

    path = find_checkpoint(workspace, given.get("classify.checkpoint"))
    given["classify.checkpoint"] = str(path)
    model = Checkpoint.load(path).model_config
    taken = ["embedding_size"]
    if given.get("classify.copy_layers"):
        taken += ["hidden_size", "num_layers", "cell"]
    return {f"model.{key}": getattr(model, key) for key in taken}


def resumed_run(
    workspace: Workspace, name: str, given: Mapping[str, Any]
) -> tuple["RunFolder", ClassifierConfig]:
    """The run to go on with, and its settings with those given laid over. Raises CheckpointError."""
    from poetgen.training.runs import find_run

    folder = find_run(workspace.classifiers, None if name == UNNAMED else name, COMMAND)
    before = read_saved_settings(folder.read_config()["config"], str(folder.config))
    return folder, ClassifierConfig().replace({**before, **given})


def load_texts(workspace: Workspace, config: ClassifierConfig) -> "LabelledTexts":
    """The texts to learn from and to measure on, counted on stderr. Raises CorpusError or ConfigError."""
    from poetgen.classify.run import load_labelled_texts
    from poetgen.corpus.dataset import Dataset

    if config.classify.by and not Dataset.is_at(workspace.prepared):
        raise CorpusError(f"no prepared poems below {workspace.home}; run: poetgen prepare")
    data = load_labelled_texts(config, workspace.prepared, tell=lambda line: echo(printable(line), err=True))
    sizes = ", ".join(f"{len(part):,} {name}" for name, part in data.parts.items())
    echo(f"{len(data.labels)} labels, {sizes} texts, {len(data.vocabulary):,} tokens known", err=True)
    if data.cut:
        limit = config.classify.max_length
        echo(f"{data.cut:,} texts are longer than {limit:,} tokens and are cut there", err=True)
    if data.seen:
        sizes = f"{data.seen:,} of {len(data.parts['validation']):,}"
        echo(f"{sizes} validation texts are near duplicates of training texts: figures flatter", err=True)
    return data


class LabelProgress(TrainingProgress):
    """Tells of labels instead of characters; the result, on stdout, is the comparison that follows."""

    unit = "label"

    def pace(self) -> str:
        """Texts a second."""
        return f"{self.rate:,.0f} texts/s"

    def verdict(self, report: "ValidationReport") -> str:
        """Accuracy and macro-F1."""
        return f"accuracy {report.metrics['accuracy']:.3f}, macro-F1 {report.metrics['macro_f1']:.3f}"

    def end(self, report: "Finished") -> None:
        """Why it ended."""
        self.bar.close()
        if not report.interrupted:
            echo(f"done: {report.reason}; the best is {report.best}", err=True)


def learn(
    workspace: Workspace,
    folder: "RunFolder",
    data: "LabelledTexts",
    config: ClassifierConfig,
    *,
    resume: bool,
) -> None:
    """Run the training and say how it goes."""
    from poetgen.classify.run import train_classifier

    train = partial(train_classifier, data, folder.path, config, resume=resume)
    follow_training(folder, LabelProgress(1.0), train, workspace=workspace)


def measure(
    folder: "RunFolder", data: "LabelledTexts", part: str, *, with_linear: bool
) -> "BaselineComparison":
    """The best model and its baselines on held-out texts. Raises CorpusError."""
    from poetgen.classify.baselines import can_compare
    from poetgen.classify.report import compare_with_baselines
    from poetgen.classify.saved import SavedClassifier

    if not len(data.parts[part]):
        raise CorpusError(f"no text is left for {part}; give more texts, or --measure-on validation")
    if with_linear and not can_compare():
        hint = f"run: {install_command('baselines')}"
        echo(f"scikit-learn is not installed, so there is no linear baseline; {hint}", err=True)
    return compare_with_baselines(SavedClassifier.load(folder.best), data, part, with_linear=with_linear)


def show(folder: "RunFolder", comparison: "BaselineComparison", *, as_json: bool) -> None:
    """Write the report and draw its matrix; the figures go to stdout."""
    from poetgen.classify.report import describe_scores, write_report
    from poetgen.plots.confusion import draw_confusion

    echo(f"report: {write_report(folder.path, comparison)}", err=True)
    if as_json:
        echo(json.dumps(comparison.to_dict(), ensure_ascii=False, allow_nan=False))
    else:
        echo("\n".join(describe_scores(comparison)))
    picture, title = folder.path / "confusion.png", f"{folder.name}: {comparison.part} texts"
    counted = comparison.labels, comparison.classifier.confusion
    if try_to_draw(picture, lambda path: draw_confusion(*counted, path, title)):
        echo(f"confusion matrix: {picture}", err=True)
