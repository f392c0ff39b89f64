"""`poetgen rhyme 月`: what rhymes with a character."""

import json

import click

from poetgen.cli.lookup import read_hanzi
from poetgen.cli.options import examples, json_option, rhyme_book_option, script_option
from poetgen.cli.output import echo
from poetgen.language import in_script, tr
from poetgen.script.opencc import SIMPLIFIED, to_script
from poetgen.verse.lookup import describe_reading, find_rhymes

SHOWN = 60
ROW = 30  # characters in a row


@click.command(epilog=examples("poetgen rhyme 月", "poetgen rhyme 看 --count 20"))
@click.argument("hanzi")
@click.option(
    "--count", type=click.IntRange(min=1), default=SHOWN, show_default=True, help="How many to print."
)
@rhyme_book_option
@script_option("Script of what is printed.  [default: the character's]")
@json_option
def rhyme(hanzi: str, *, count: int, rhyme_book: str, script: str | None, as_json: bool) -> None:
    """Print what rhymes with HANZI in a rhyme book, the commonest in poems first.

    A character with several readings has a list for each, with its tone and its rhyme group.
    """
    for typed, char, own_script in read_hanzi(hanzi, script):
        for found in find_rhymes(char, rhyme_book):
            kept = found.rhymes[:count]
            if as_json:
                reading = found.reading._asdict() | {"volume": found.reading.volume}
                echo(
                    json.dumps(
                        {"hanzi": char, "typed": typed, "rhyme_book": rhyme_book, **reading, "rhymes": kept},
                        ensure_ascii=False,
                    )
                )
                continue
            with in_script(is_simplified=own_script == SIMPLIFIED):
                shown = [*dict.fromkeys(to_script("\n".join(found.rhymes), own_script).split("\n"))]
                heading = tr(
                    " {reading} ({rhyme_book}), {count:,} rhymes",
                    reading=describe_reading(found.reading),
                    rhyme_book=rhyme_book,
                    count=len(shown),
                )
                ends = range(0, min(count, len(shown)), ROW)
                rows = ["  " + "".join(shown[first : min(first + ROW, count)]) for first in ends]
                echo("\n".join([typed + to_script(heading, own_script), *rows]))
