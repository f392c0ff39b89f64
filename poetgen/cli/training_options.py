"""Options that the commands which train share."""

import click

from poetgen.cli.options import Decorator
from poetgen.config import INITIALIZATIONS, OPTIMIZERS

NEWEST = "<newest>"  # what --resume without a name says

config_option: Decorator = click.option(
    "--config", "config_name", metavar="NAME|FILE", help="A shipped config, or a TOML file."
)
set_option: Decorator = click.option(
    "--set", "settings", multiple=True, metavar="SECTION.KEY=VALUE", help="Change any setting."
)
resume_option: Decorator = click.option(
    "--resume",
    is_flag=False,
    flag_value=NEWEST,
    metavar="[NAME]",
    help="Go on with a stopped run [the newest].",
)
optimizer_option: Decorator = click.option(
    "--optimizer", type=click.Choice(OPTIMIZERS), help="The update rule."
)
learning_rate_option: Decorator = click.option(
    "--learning-rate", type=float, help="Step size at its highest [default: the optimizer's own]."
)
dropout_option: Decorator = click.option(
    "--dropout", type=float, help="Share of each layer's outputs zeroed."
)
init_option: Decorator = click.option(
    "--init", "initialization", type=click.Choice(INITIALIZATIONS), help="How weights begin."
)
steps_option: Decorator = click.option(
    "--steps", type=int, help="Train for this many steps, whatever --epochs says."
)
minutes_option: Decorator = click.option(
    "--minutes", type=float, help="Stop after this many minutes; the learning rate decays to fit."
)
patience_option: Decorator = click.option(
    "--patience", type=int, help="Stop after this many epochs without a better one; 0: never."
)
seed_option: Decorator = click.option("--seed", type=int, help="Decides weights, order and dropout.")
device_option: Decorator = click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), help="Where to compute."
)
