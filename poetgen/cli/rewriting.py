"""`poetgen generate --keep poem.txt --rewrite 3`: the poem that is kept, and what may be asked of the new line."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from poetgen.cli.poem_arguments import read_file
from poetgen.language import tr
from poetgen.writing.poem import GeneratedPoem
from poetgen.writing.writer import Writer

ALLOWED = {"seed", "count", "best_of", "temperature", "top_k", "top_p", "repeat_penalty"}
ALLOWED |= {"common_penalty", "rhyme_book", "book", "script"}


def rewrite_lines(
    writer: Writer, keep: str, lines: Sequence[int], beginnings: Sequence[str], **settings: Any
) -> Iterator[GeneratedPoem]:
    """The poem of file `keep` with other lines in these places, `count` times. Raises UsageError."""
    check_request(lines, beginnings, settings)
    allowed = {name: value for name, value in settings.items() if name in ALLOWED}
    return writer.rewrite(read_file(keep).text, list(lines), begins="".join(beginnings), **allowed)


def check_request(lines: Sequence[int], prompts: Sequence[str], given: Mapping[str, Any]) -> None:
    """Refuse what the other lines decide. Raises UsageError."""
    if prompts and len(set(lines)) > 1:
        raise click.UsageError(tr("a PROMPT begins one rewritten line; give one --rewrite with it"))
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
