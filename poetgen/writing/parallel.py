"""Work on several processors at once, its results in order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux, where a container may grant fewer than there are
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(work: Callable[[Given], Made], items: Iterable[Given], *, threads: int) -> Iterator[Made]:
    """`map` in threads, no further ahead than keeps all of them busy: NumPy's long loops run side by side."""
    if threads == 1:
        yield from map(work, items)
        return
    from concurrent.futures import Future, ThreadPoolExecutor

    ahead: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) > threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
