"""`poetgen generate --keep poem.txt --rewrite 3`: the poem that is kept, and what may be asked of the new line."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from poetgen.cli.poem_arguments import read_file
from poetgen.language import tr
from poetgen.writing.poem import GeneratedPoem
from poetgen.writing.writer import Writer

ALLOWED = {"seed", "count", "best_of", "temperature", "top_k", "top_p", "repeat_penalty"}
ALLOWED |= {"common_penalty", "rhyme_book", "script"}


def rewrite_line(
    writer: Writer, keep: str, line: int, beginnings: Sequence[str], **settings: Any
) -> Iterator[GeneratedPoem]:
    """The poem of file `keep` with another line in this place, `count` times. Raises UsageError."""
    check_request(beginnings, settings)
    allowed = {name: value for name, value in settings.items() if name in ALLOWED}
    return writer.rewrite(read_file(keep).text, line, begins="".join(beginnings), **allowed)


def check_request(prompts: Sequence[str], given: Mapping[str, Any]) -> None:
    """Refuse what the other lines decide. Raises UsageError."""
    if len(prompts) > 1:
        raise click.UsageError(
            tr("one line is rewritten, and {count} beginnings are given; give one", count=len(prompts))
        )
    for name, value in given.items():
        if name not in ALLOWED and value is not False:
            option = f"--{name.replace('_', '-')}"
            raise click.UsageError(
                tr("{option} does not go with --rewrite: the lines that are kept decide it", option=option)
            )
