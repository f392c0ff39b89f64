"""`poetgen tone 看山`: 平 or 仄 of each character."""

import json

import click

from poetgen.cli.lookup import read_hanzi
from poetgen.cli.options import examples, json_option, rhyme_book_option, script_option
from poetgen.cli.output import echo
from poetgen.language import in_script, tr
from poetgen.script.opencc import SIMPLIFIED, to_script
from poetgen.verse.lookup import describe_reading, sign_of
from poetgen.verse.rhymes import RhymeTable


@click.command(epilog=examples("poetgen tone 看山", "poetgen tone 白日依山盡"))
@click.argument("text")
@rhyme_book_option
@script_option("Script of what is printed.  [default: the text's]")
@json_option
def tone(text: str, *, rhyme_book: str, script: str | None, as_json: bool) -> None:
    """Print the tone of each character of TEXT in a rhyme book, then its readings.

    入 is a 仄 of the entering tone, which Mandarin and 新韻 have lost; 中 is 平 in one reading and 仄 in another.
    """
    table, read = RhymeTable.load(book=rhyme_book), read_hanzi(text, script)
    if as_json:
        for typed, char, _ in read:
            known = [one._asdict() | {"volume": one.volume} for one in table.readings(char)]
            shown = {
                "hanzi": char,
                "typed": typed,
                "rhyme_book": rhyme_book,
                "tone": sign_of(char, rhyme_book),
                "readings": known,
            }
            echo(json.dumps(shown, ensure_ascii=False))
        return
    rows = [
        "".join(one.typed for one in read),
        "".join(sign_of(one.char, rhyme_book) for one in read),
        f"({to_script(rhyme_book, read[0].script)})",
    ]
    for typed, char, own_script in dict.fromkeys(read):
        with in_script(is_simplified=own_script == SIMPLIFIED):
            usual = table.readings(char, usual=True)
            readings = " · ".join(
                describe_reading(one) + ("" if one in usual else tr(" (seldom)"))
                for one in table.readings(char)
            )
            rows.append(f"{typed}  {to_script(readings or tr('? not in the rhyme table'), own_script)}")
    echo("\n".join(rows))
