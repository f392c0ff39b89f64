"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

from poetgen.files import Workspace, expand_home

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def examples(*commands: str) -> str:
    """The end of a help text: commands to try, each on a line of its own."""
    return "\n".join(["\b\nExamples:", *(f"  {command}" for command in commands)])


class UserPath(click.Path):
    """A path in which ~ is the user's home folder, also after the = of --out=~/x, where no shell sees to it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path in full."""
        return super().convert(expand_home(value) if isinstance(value, str) else value, param, ctx)


def _workspace(ctx: click.Context, param: click.Parameter, value: str | None) -> Workspace:
    return Workspace.find(value)


home_option: Decorator = click.option(
    "--home",
    "workspace",
    metavar="DIR",
    callback=_workspace,
    help="Folder with data/ and checkpoints/ [default: POETGEN_HOME, else the current folder].",
)
json_option: Decorator = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
