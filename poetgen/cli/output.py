"""The only way out: what commands print, with nothing in it that a terminal would obey."""

from typing import Any

import click

from poetgen.printable import printable


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print lines on stdout, or on stderr."""
    click.echo("\n".join(map(printable, text.split("\n"))), err=err, nl=nl)


def echo_styled(text: str) -> None:
    """Print what `style` has written in part, and `printable` in all others."""
    click.echo(text)


def style(text: str, **look: Any) -> str:
    """Text in a colour or weight, as click knows them."""
    return click.style(printable(text), **look)
