"""`poetgen classify`: poets, forms or any labels told apart."""

import click

from poetgen.cli.classify.predict import predict
from poetgen.cli.classify.train import train


@click.group()
def classify() -> None:
    """Tell poets, forms or any labels apart: train a classifier, then ask it.

    Whose hand? poetgen classify train --by poet --equal, then: poetgen classify predict 床前明月光，疑是地上霜。
    """


classify.add_command(train)
classify.add_command(predict)
