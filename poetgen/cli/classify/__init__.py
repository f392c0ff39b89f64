"""`poetgen classify`: classify poems by poet or form, or texts by any label."""

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
    """Classify poems by poet or form, or any texts: train a classifier, then ask it whose hand wrote a text."""


classify.add_command(train)
classify.add_command(predict)
