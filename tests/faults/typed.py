"""Command lines that nobody has typed yet: any options of any command, with any values."""

import random
from collections.abc import Iterator

import click

from poetgen.cli import COMMANDS
from poetgen.cli import poetgen as command_line

VALUES = (
    "", "x", "0", "-1", "1", "3", "nan", "1e999", "9" * 5000, "\x1b[31m", "\udce9", "loop", "data", "poems.txt",
    "pipe", "月", "五絕", "/dev/null", "~", "a/b/c", "moon", "=", "model.cell=rnn", "corpus.limit=x", "\n", "東",
    "\u200b", "..", "best.safetensors", "poems.json", "checkpoints/moon", "7x4", "training.steps=1", "床前明月光",
)  # fmt: skip
WAITS = ("serve",)  # commands that end when they are told to


def make_lines(rng: random.Random) -> Iterator[list[str]]:
    """Words after `poetgen`, without end."""
    names = [name for name in COMMANDS if name not in WAITS]
    while True:
        words = [rng.choice(names)]
        command = command_line.get_command(click.Context(command_line), words[0])
        if isinstance(command, click.Group):
            words.append(rng.choice(list(command.commands)))
            command = command.commands[words[-1]]
        assert command is not None
        for parameter in rng.sample(command.params, rng.randrange(len(command.params) + 1)):
            words += _words_of(parameter, rng)
        if rng.random() < 0.1:
            words.insert(rng.randrange(len(words) + 1), f"--{rng.choice(VALUES)}")
        yield words


def _words_of(parameter: click.Parameter, rng: random.Random) -> list[str]:
    if isinstance(parameter, click.Argument):
        return [rng.choice(VALUES) for _ in range(rng.randrange(3))]
    if not isinstance(parameter, click.Option) or rng.random() < 0.5:
        return []
    option = rng.choice(parameter.opts)
    return [option] if parameter.is_flag else [f"{option}={rng.choice(VALUES)}"]
