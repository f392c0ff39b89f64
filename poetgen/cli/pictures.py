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
    """Raises PoetgenError, before anything is computed, for a picture that could not be written."""
    if out is None:
        return
    from poetgen.plots.style import load_matplotlib

    if out.suffix.lower() != ".png":
        raise PoetgenError(f"pictures are PNG: give --out a name that ends in .png, not {out.name!r}")
    if not out.parent.is_dir():
        raise PoetgenError(f"there is no folder {out.parent} to draw {out.name} in; make it first")
    if out.is_dir():
        raise PoetgenError(f"{out} is a folder; give --out the name of a file")
    load_matplotlib()
