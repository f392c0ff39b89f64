"""Options that the commands which train share."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from poetgen.cli.options import Decorator, complete_by
from poetgen.config import INITIALIZATIONS, OPTIMIZERS
from poetgen.config_files import parse_settings, read_config_file

UNNAMED = "<newest>"  # what --resume without a name says

config_option: Decorator = click.option(
    "--config",
    "config_name",
    metavar="NAME|FILE",
    shell_complete=complete_by("offer_configs"),
    help="Settings from a shipped config or a TOML file.",
)
set_option: Decorator = click.option(
    "--set", "settings", multiple=True, metavar="SECTION.KEY=VALUE", help="Change any setting."
)
resume_option: Decorator = click.option(
    "--resume",
    is_flag=False,
    flag_value=UNNAMED,
    metavar="[NAME]",
    shell_complete=complete_by("offer_stopped_runs"),
    help="Continue a stopped run [default: the newest].",
)
optimizer_option: Decorator = click.option(
    "--optimizer", type=click.Choice(OPTIMIZERS), help="The update rule."
)
learning_rate_option: Decorator = click.option(
    "--learning-rate", type=float, help="Peak learning rate [default: the optimizer's own]."
)
dropout_option: Decorator = click.option(
    "--dropout", type=float, help="Probability of dropping each output of a layer."
)
init_option: Decorator = click.option(
    "--init", "initialization", type=click.Choice(INITIALIZATIONS), help="Initialisation of the weights."
)
steps_option: Decorator = click.option(
    "--steps", type=int, help="Train for this many steps; overrides --epochs."
)
minutes_option: Decorator = click.option(
    "--minutes",
    type=float,
    help="Stop after this many minutes; the learning-rate schedule is fitted to them.",
)
patience_option: Decorator = click.option(
    "--patience", type=int, help="Stop after this many validations without improvement; 0: never."
)
seed_option: Decorator = click.option("--seed", type=int, help="Random seed of weights, order and dropout.")
vectors_option: Decorator = click.option(
    "--vectors",
    "pretrained_embeddings",
    metavar="FILE",
    help="Initialise the embedding from a word2vec or GloVe text file.",
)
device_option: Decorator = click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), help="Device to compute on."
)


SECTIONS = {  # those of flags that are not in [training]
    "embedding_size": "model",
    "hidden_size": "model",
    "layers": "model",
    "dropout": "model",
    "initialization": "model",
    "pretrained_embeddings": "model",
    "cell": "model",
}


def gather_settings(
    config_name: str | None, settings: Iterable[str], flags: Mapping[str, Any]
) -> dict[str, Any]:
    """Those of a config, over them --set, over them flags. Raises ConfigError."""
    from_file = read_config_file(config_name) if config_name else {}
    return {**from_file, **parse_settings(settings), **settings_of(flags)}


def refuse_two_names(resume: str | None, run_name: str | None) -> None:
    """Raises UsageError when both name a run."""
    if resume is not None and run_name is not None:
        raise click.UsageError("--resume NAME already names the run; omit --run")


def settings_of(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Flags that were given, under their configuration keys."""
    keys = {"layers": "num_layers"}
    return {
        f"{SECTIONS.get(flag, 'training')}.{keys.get(flag, flag)}": value
        for flag, value in flags.items()
        if value is not None
    }


def fit_to_vectors(given: Mapping[str, Any]) -> dict[str, Any]:
    """`--vectors` decides how wide the embedding is, unless that is given too. Raises CorpusError."""
    vectors = given.get("model.pretrained_embeddings")
    if not vectors or "model.embedding_size" in given:
        return dict(given)
    from poetgen.corpus.vectors import vector_size

    return {**given, "model.embedding_size": vector_size(Path(vectors))}
