"""Pictures at the end of a command: nothing measured is lost for want of one."""

from collections.abc import Callable
from pathlib import Path

from poetgen.cli.output import echo
from poetgen.errors import PoetgenError


def try_to_draw(path: Path, draw: Callable[[Path], None]) -> bool:
    """Draw to `path`, or say on stderr in one sentence why there is no picture."""
    try:
        draw(path)
    except PoetgenError as error:
        echo(f"no {path.name}: {error}", err=True)
        return False
    return True
