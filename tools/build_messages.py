"""Collect the messages that the commands for readers print, and compile their Chinese.

    python tools/build_messages.py

Messages stand in the code as tr("…"), in the help of commands, in a few tables, and in click. The catalogue
poetgen/locale/zh_CN/LC_MESSAGES/poetgen.po is translated by hand; what is new comes in untranslated, what is gone
goes. That of Taiwan is made from it by OpenCC's s2twp, and both are compiled; a test keeps them whole.
"""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from inspect import cleandoc
from pathlib import Path

import click
from arguments import make_parser
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from opencc import OpenCC

from poetgen import cli
from poetgen.cli import check_report, poem_printer, repl
from poetgen.cli.options import EXAMPLES
from poetgen.language import CATALOGUES, DOMAIN, SIMPLIFIED_CHINESE, TRADITIONAL_CHINESE
from poetgen.verse import report
from poetgen.web import settings as web

NEVER = datetime(2000, 1, 1, tzinfo=UTC)  # in place of the hour of compiling
PACKAGE = Path(cli.__file__).parents[1]
COMMANDS = ("generate", "check", "score", "rhyme", "tone", "serve")
# what click says of usage, as it stands in click
CLICK = (
    *("Usage:", "Options", "Commands", "default: {default}", "required", "Error: {message}"),
    *("Show this message and exit.", "Show the version and exit.", "Try '{command} {option}' for help."),
    *("No such option: {name}", "No such option {name!r}.", "No such command {name!r}."),
    *("Invalid value: {message}", "Invalid value for {param_hint}: {message}"),
    *("Missing argument", "Missing option", "Missing parameter"),
    *("Option {name!r} requires an argument.", "Option {name!r} does not take a value."),
)
# the same in one number and in another
CLICK_PLURALS = (
    ("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    ("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
)


Text = str | tuple[str, ...] | list[str]


def collect() -> Catalog:
    """Every message, each once."""
    catalog = Catalog(domain=DOMAIN, fuzzy=False)
    keywords = {"tr": None}
    for _, _, message, _, _ in extract_from_dir(PACKAGE, [("**.py", "python")], keywords=keywords):
        catalog.add(message)
    for text in (*_of_help(), *_of_tables(), *CLICK):
        catalog.add(text)
    for both in CLICK_PLURALS:
        catalog.add(both)
    return catalog


def _of_help() -> Iterator[str]:
    """The help of the commands and of their options, and what the list of commands says."""
    yield from (EXAMPLES, str(cli.poetgen.help), str(cli.poetgen.epilog))
    for group, sentences in cli.GROUPS.items():
        yield from (group, *sentences.values())
    for name in COMMANDS:
        command = getattr(import_module(f"poetgen.cli.{name}"), name)
        yield cleandoc(command.help)
        yield from (param.help for param in command.params if isinstance(param, click.Option) and param.help)


def _of_tables() -> Iterator[str]:
    """What is looked up and then translated."""
    yield from (*report.RULES.values(), *report.NOTES.values(), *check_report.SIGNS.values())
    yield from (poem_printer.LEGEND, repl.QUESTION, repl.HELP)
    yield from ("one poem a line", "blank lines between poems", "a heading above each poem")
    yield from ("the text", "the prompt", "standard input")
    asked = (web.GENERATE, web.REWRITE, web.CHECK, web.PICTURE)
    yield from (setting.meaning for known in asked for setting in known.values() if setting.is_required)


def path_of(name: str, ending: str = "po") -> Path:
    """A catalogue's file."""
    return CATALOGUES / name / "LC_MESSAGES" / f"{DOMAIN}.{ending}"


def read(name: str) -> Catalog:
    """A catalogue as it is."""
    with path_of(name).open("rb") as file:
        return read_po(file, locale=name, domain=DOMAIN)


def render(catalog: Catalog) -> bytes:
    """A catalogue as its file has it, the same for the same messages."""
    out = io.BytesIO()
    write_po(out, catalog, width=110, omit_header=False, sort_output=True, include_lineno=False)
    dates = (b'"POT-Creation', b'"PO-Revision', b'"Generated')
    return b"\n".join(line for line in out.getvalue().split(b"\n") if not line.startswith(dates))


def compile_catalog(catalog: Catalog) -> bytes:
    """A catalogue as programs read it, the same for the same messages."""
    out = io.BytesIO()
    catalog.creation_date = catalog.revision_date = NEVER
    write_mo(out, catalog)
    return out.getvalue()


def to_taiwan(catalog: Catalog) -> Catalog:
    """The same in the characters, words and quotation marks of Taiwan."""
    convert, made = OpenCC("s2twp").convert, Catalog(locale=TRADITIONAL_CHINESE, domain=DOMAIN, fuzzy=False)
    quotes = str.maketrans("“”‘’", "「」『』")
    for message in catalog:
        if message.id:
            made.add(
                message.id, _converted(message.string or "", lambda text: convert(text).translate(quotes))
            )
    return made


def translation_of(message: Message, known: Catalog) -> Text:
    """What a catalogue has for a message; of one with a plural, Chinese has one form; empty: nothing."""
    found = known.get(message.id)
    if found is not None and found.string and isinstance(found.string, str) == isinstance(message.id, str):
        return found.string
    return "" if isinstance(message.id, str) else ("",)


def _converted(text: Text, convert: Callable[[str], str]) -> Text:
    return convert(text) if isinstance(text, str) else tuple(map(convert, text))


def main() -> None:
    """Update, convert and compile, and say what is left to be translated."""
    wanted, known = collect(), read(SIMPLIFIED_CHINESE)
    made = Catalog(locale=SIMPLIFIED_CHINESE, domain=DOMAIN, fuzzy=False)
    for message in wanted:
        if message.id:
            made.add(message.id, translation_of(message, known))
    for catalog in (made, to_taiwan(made)):
        name = str(catalog.locale_identifier)
        path_of(name).parent.mkdir(parents=True, exist_ok=True)
        path_of(name).write_bytes(render(catalog))
        path_of(name, "mo").write_bytes(compile_catalog(catalog))
    left = [message.id for message in made if message.id and not any(message.string or "")]
    print(f"{len(made):,} messages, {len(left):,} not translated")
    for missing in left:
        print(repr(missing))


if __name__ == "__main__":
    make_parser(__doc__).parse_args()
    main()
