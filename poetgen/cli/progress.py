"""How far something is, on stderr: a bar at a terminal, a plain line now and then elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from poetgen.cli.output import echo

SECONDS_BEFORE_BAR = 2
SECONDS_BETWEEN_LINES = 15


@contextmanager
def progress_bar(what: str, *, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function to be called with (done, total); nothing shows for work of under two seconds."""
    from tqdm import tqdm

    told_at = monotonic()
    with tqdm(
        desc=what,
        unit=unit,
        unit_scale=True,
        delay=SECONDS_BEFORE_BAR,
        leave=False,
        disable=not sys.stderr.isatty(),
    ) as bar:

        def show(done: int, total: int) -> None:
            nonlocal told_at
            bar.total = total
            bar.update(done - bar.n)
            if bar.disable and monotonic() - told_at > SECONDS_BETWEEN_LINES:
                told_at = monotonic()
                echo(f"{what}: {done / total:.0%}", err=True)

        yield show
