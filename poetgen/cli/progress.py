"""How far something is, on stderr: a bar at a terminal, a plain line now and then elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from poetgen.cli.output import echo

SECONDS_BEFORE_BAR = 2
SECONDS_BETWEEN_LINES = 15


def new_bar(*, hidden: bool = False, **options: Any) -> Any:
    """tqdm's bar, gone when it is closed; nothing, whatever is asked of it, when `hidden` and at no terminal."""
    from tqdm import tqdm

    return tqdm(disable=hidden or not sys.stderr.isatty(), dynamic_ncols=True, leave=False, **options)


def duration(seconds: float) -> str:
    """Seconds as a person says them: 42 s, 3 min 5 s, 2 h 10 min."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def progress_bar(what: str, *, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function to be called with (done, total); nothing shows for work of under two seconds."""
    told_at = monotonic()
    with new_bar(desc=what, unit=unit, unit_scale=True, delay=SECONDS_BEFORE_BAR) as bar:

        def show(done: int, total: int) -> None:
            nonlocal told_at
            bar.total = total
            bar.update(done - bar.n)
            if bar.disable and monotonic() - told_at > SECONDS_BETWEEN_LINES:
                told_at = monotonic()
                echo(f"{what}: {done / total:.0%}", err=True)

        yield show
