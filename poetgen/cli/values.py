"""What a value on the command line may be: numbers, choices and files, refused in plain words.

Of choices the near one is suggested: "did you mean adam?".
"""

import math
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from poetgen.errors import PoetgenError
from poetgen.files import expand_home
from poetgen.language import join_names, tr
from poetgen.script.opencc import script_named

NEAR = 0.7  # as difflib measures: adma is near adam, but gpu is not near cpu
SHOWN = 60  # characters of a value that is refused


class WholeNumber(click.IntRange):
    """A whole number within bounds that are both meant."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        try:
            number = int(value)
        except ValueError:
            self.fail(tr("{value!r} is not a whole number", value=str(value)[:SHOWN]), param, ctx)
        low = -math.inf if self.min is None else self.min
        high = math.inf if self.max is None else self.max
        if not low <= number <= high:
            self.fail(_out_of_range(str(value)[:SHOWN], low, high), param, ctx)
        return number

    def _describe_range(self) -> str:
        """What help says in brackets: nothing without a bound, where click would say x<=None."""
        return "" if self.min is self.max is None else super()._describe_range()


class Number(click.types.FloatParamType):
    """A number, such as 0.5."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        try:
            return float(value)
        except ValueError:
            self.fail(tr("{value!r} is not a number", value=str(value)[:SHOWN]), param, ctx)


class Choice(click.Choice[str]):
    """One of some words, the nearest of which is suggested."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word."""
        if value not in self.choices:
            self.fail(_no_choice(str(value), self.choices), param, ctx)
        return str(value)


class ScriptChoice(Choice):
    """One of SCRIPTS, also by its Chinese name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As any choice, 简体 taken for simplified."""
        return super().convert(script_named(str(value)), param, ctx)


class UserPath(click.Path):
    """A path in which ~ is the user's home folder, also after the = of --out=~/x, where no shell sees to it.

    Whether it can be read is reported by whoever reads it, with the system's reason.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(readable=False, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path in full."""
        return super().convert(expand_home(value) if isinstance(value, str) else value, param, ctx)


class OutputFile(click.ParamType[Path]):
    """A file to write; with `suffixes`, a picture whose name ends in one of them, else poems."""

    name = "file"

    def __init__(self, *suffixes: str) -> None:
        self._suffixes = suffixes

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path, ~ put in full and links followed. Raises PoetgenError for what must not be replaced."""
        from poetgen.cli.output_files import check_picture_file, check_poem_file

        path = Path(expand_home(value) if isinstance(value, str) else value)
        if not self._suffixes:
            return check_poem_file(path)
        if path.suffix.lower() not in self._suffixes:
            name = path.name[:60]
            raise PoetgenError(
                tr("a picture cannot be written as {name!r}; end its name in .png or .svg", name=name)
                if len(self._suffixes) > 1
                else tr("a picture cannot be written as {name!r}; end its name in .png", name=name)
            )
        return check_picture_file(path)


def in_plain_words(kind: click.ParamType[Any]) -> click.ParamType[Any]:
    """The type of an option that refuses what it cannot take as a person would; others as they are."""
    match kind:
        case WholeNumber() | Number() | Choice():
            return kind
        case click.IntRange():
            return WholeNumber(kind.min, kind.max)
        case click.types.IntParamType():
            return WholeNumber()
        case click.types.FloatParamType():
            return Number()
        case click.Choice():
            return Choice(kind.choices)
    return kind


def _out_of_range(value: str, low: float, high: float) -> str:
    if high == math.inf:
        return tr("give {low:g} or more, not {value}", low=low, value=value)
    if low == -math.inf:
        return tr("give at most {high:g}, not {value}", high=high, value=value)
    return tr("give {low:g} to {high:g}, not {value}", low=low, high=high, value=value)


def _no_choice(value: str, choices: Sequence[str]) -> str:
    near = [name for name in choices if value and name.startswith(value)] or (
        get_close_matches(value, choices, n=2, cutoff=NEAR)
    )
    if near:
        return tr(
            "{value!r} is not a choice; did you mean {near}? There are: {choices}",
            value=value[:SHOWN],
            near=join_names(near),
            choices=join_names(choices),
        )
    return tr(
        "{value!r} is not a choice; there are: {choices}", value=value[:SHOWN], choices=join_names(choices)
    )
