"""`poetgen classify`: poets, forms or any labels told apart."""

import click

from poetgen.cli.classify.predict import predict
from poetgen.cli.classify.train import train
from poetgen.cli.options import examples


@click.group(
    epilog=examples(
        "poetgen classify train --by poet --equal", "poetgen classify predict 床前明月光，疑是地上霜。"
    )
)
def classify() -> None:
    """Tell poets, forms or any labels apart: train a classifier, then ask it whose hand wrote a text."""


classify.add_command(train)
classify.add_command(predict)
