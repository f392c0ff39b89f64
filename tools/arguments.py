"""The command line of a tool, whose help is what its file says of itself."""

import argparse
from pathlib import Path

PREPARED = Path("data/prepared")


def make_parser(doc: str | None) -> argparse.ArgumentParser:
    """A parser whose help is this docstring."""
    return argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)


def parse_prepared(doc: str | None) -> Path:
    """The folder of prepared poems, all that such a tool is told."""
    parser = make_parser(doc)
    parser.add_argument("prepared", nargs="?", type=Path, default=PREPARED)
    prepared: Path = parser.parse_args().prepared
    return prepared
