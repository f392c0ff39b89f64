"""`poetgen tone 看山`: 平 or 仄 of each character."""

import json

import click

from poetgen.cli.lookup import read_hanzi
from poetgen.cli.options import examples, json_option
from poetgen.cli.output import echo
from poetgen.script.opencc import SIMPLIFIED, to_simplified
from poetgen.verse.lookup import describe_reading, sign_of
from poetgen.verse.rhymes import RhymeTable


@click.command(epilog=examples("poetgen tone 看山", "poetgen tone 白日依山盡"))
@click.argument("text")
@json_option
def tone(text: str, *, as_json: bool) -> None:
    """Print the tone of each character of TEXT in 平水韻, then its readings.

    入 is a 仄 of the entering tone, which Mandarin has lost; 中 is 平 in one reading and 仄 in another.
    """
    table, read = RhymeTable.load(), read_hanzi(text)
    if as_json:
        for char, _ in read:
            known = [one._asdict() | {"volume": one.volume} for one in table.readings(char)]
            echo(json.dumps({"hanzi": char, "tone": sign_of(char), "readings": known}, ensure_ascii=False))
        return
    signs = "".join(sign_of(char) for char, _ in read)
    rows = ["".join(char for char, _ in read), signs, ""]
    for char in dict.fromkeys(char for char, _ in read):
        usual = table.readings(char, usual=True)
        readings = " · ".join(
            describe_reading(one) + ("" if one in usual else " (seldom)") for one in table.readings(char)
        )
        rows.append(f"{char}  {readings or '? not in the rhyme table'}")
    shown = "\n".join(rows)
    echo(to_simplified(shown) if any(script == SIMPLIFIED for _, script in read) else shown)
