"""The only way out: standard streams as people have them, and what commands print, which no terminal obeys."""

import os
import re
import sys
from collections.abc import Callable
from itertools import accumulate
from typing import Any, TextIO

import click

from poetgen.printable import printable

_LOOKS = re.compile(r"(\x1b\[[0-9;]*m)")


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print lines on stdout, or on stderr."""
    click.echo("\n".join(map(printable, text.split("\n"))), err=err, nl=nl)


def echo_styled(text: str) -> None:
    """Print what `style` has written in part, and `printable` in all others."""
    click.echo(text)


def style(text: str, **look: Any) -> str:
    """Text in a colour or weight, as click knows them."""
    return click.style(printable(text), **look)


def convert_styled(text: str, convert: Callable[[str], str]) -> str:
    """A styled text with its characters converted; `convert`, which keeps the length, sees words whole."""
    parts = _LOOKS.split(text)  # text, look, text, look, …, text
    plain = parts[::2]
    converted = convert("".join(plain))
    ends = list(accumulate(map(len, plain)))
    parts[::2] = [converted[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return "".join(parts)


def prepare_streams() -> bool:
    """Streams that can be written to, hanzi too; whether stdout is one that somebody reads.

    The place of a closed stream is taken, or the next file that is opened gets its number, and what is meant for
    the terminal is written into that file. An encoding that has hanzi is kept, as is what it lacks, escaped; one
    that has none (Latin-1, ASCII) gives way to UTF-8.
    """
    is_open = sys.stdout is not None
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, _open_null(number))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            encoding = stream.encoding if _has_hanzi(stream.encoding) else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")
    return is_open


def _has_hanzi(encoding: str) -> bool:
    try:
        "月龍".encode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def _open_null(number: int) -> TextIO:
    """An open stream of this number that holds nothing and keeps nothing."""
    mode = os.O_WRONLY if number else os.O_RDONLY
    found = os.open(os.devnull, mode)
    if found != number:
        os.dup2(found, number)
        os.close(found)
    return open(number, "w" if number else "r", encoding="utf-8", closefd=False)
