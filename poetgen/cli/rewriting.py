"""`poetgen generate --keep poem.txt --rewrite 3`: the poem that is kept, and what may be asked of the new line."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from poetgen.errors import CorpusError

MOST_BYTES = 2**20
ALLOWED = {"seed", "best_of", "temperature", "top_k", "top_p", "repeat_penalty", "script"}


def check_request(prompts: Sequence[str], given: Mapping[str, Any]) -> None:
    """Refuse what the other lines decide. Raises UsageError."""
    if len(prompts) > 1:
        raise click.UsageError(f"one line is rewritten, and {len(prompts)} beginnings are given; give one")
    for name, value in given.items():
        if name not in ALLOWED and value is not False:
            option = f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{option} does not go with --rewrite: the lines that are kept decide it")


def read_poem(name: str) -> str:
    """The text of a file, - for standard input. Raises CorpusError."""
    with click.open_file(name, "rb") as file:
        data: bytes = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise CorpusError(f"{name} is larger than {MOST_BYTES // 2**20} MiB; give a file with one poem")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{name} is not UTF-8 text; save it as UTF-8") from error
