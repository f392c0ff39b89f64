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


def check_picture(out: Path | None) -> None:
    """Raises PoetgenError, before anything is computed, when a picture is wanted and there is no matplotlib."""
    if out is not None:
        from poetgen.plots.style import load_matplotlib

        load_matplotlib()
