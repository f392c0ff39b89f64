"""Does any fault lose a file or end in anything but a sentence? Kills, failing disks, damaged files, any words.

    python -m benchmarks.fault_campaign --stride 1 --mutations 2000 --lines 5000 --out campaign.json

Kills and failing disks strike at every file operation of every command that writes. After each the command is run
again: it must end as it should, leave no half-written file and no lock, and touch nothing that is not ours.
Damaged files and command lines must end with 0, 1 or 2 and a sentence, within a time. The parts are in
tests/faults, whose tests take a sample of the same. git's own file operations are not seen. For Linux.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a fork has one thread

from tests.faults import forked
from tests.faults.damage import mutate
from tests.faults.forked import import_everything, run
from tests.faults.strikes import KINDS, Scenario, copy, count_operations, strike_at
from tests.faults.typed import make_lines
from tests.faults.workspace import COMMANDS, grow, list_readers, make_home

Trial = tuple[str, str, str]  # of which kind, what was done, what is wrong: nothing, it is hoped
LINES_PER_COPY = 200  # what one line has left behind, the next may stumble over


def strike_everywhere(scenario: Scenario, folder: Path, first: int, stride: int) -> Iterator[Trial]:
    """Every so many file operations of a command from the `first` on, by every kind of fault."""
    total = count_operations(scenario, folder)
    print(f"{scenario.name}: {total} file operations", flush=True)
    for number, kind in product(range(first, total + 1, stride), KINDS):
        yield kind, f"{scenario.name} at {number}", strike_at(scenario, folder, number, kind)


def damage_files(home: Path, folder: Path, count: int, rng: random.Random) -> Iterator[Trial]:
    """So many damaged files, each kind of file in turn."""
    readers = list(list_readers(home).items())
    for number in range(count):
        name, words = readers[number % len(readers)]
        path = copy(home, folder) / name
        path.write_bytes(mutate(path.read_bytes(), rng))
        yield "damaged file", f"{name}, number {number}", run(words, folder).fault


def type_lines(home: Path, folder: Path, count: int, rng: random.Random) -> Iterator[Trial]:
    """So many command lines."""
    for number, words in enumerate(islice(make_lines(rng), count)):
        if number % LINES_PER_COPY == 0:
            copy(home, folder)
            (folder / "loop").symlink_to("loop")
            os.mkfifo(folder / "pipe")
        yield "command line", repr(words), run(words, folder).fault


def trials(given: argparse.Namespace, folder: Path) -> Iterator[Trial]:
    """All that was asked for."""
    home, corpus, rng = folder / "home", folder / "corpus", random.Random(given.seed)
    import_everything()
    make_home(home, corpus)
    wanted = set(given.only or (name for name, *_ in COMMANDS))
    for scenario in grow(home, corpus, folder):
        if given.stride and scenario.name in wanted:
            yield from strike_everywhere(scenario, folder / "struck", given.first, given.stride)
        wanted.discard(scenario.name)
        if not (wanted or given.mutations or given.lines):
            return
    yield from damage_files(home, folder / "damaged", given.mutations, rng)
    yield from type_lines(home, folder / "typed", given.lines, rng)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--stride", type=int, default=1, help="strike at every so many file operations; 0: at none"
    )
    parser.add_argument("--first", type=int, default=1, help="begin at the operation of this number")
    parser.add_argument(
        "--only", action="append", help="strike at this command alone; may be given several times"
    )
    parser.add_argument("--mutations", type=int, default=2000)
    parser.add_argument("--lines", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--patience", type=int, default=60, help="seconds a command may take, beside other work more"
    )
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def main() -> None:
    """Try, count, and end with 1 when anything was wrong."""
    given, started = parse(), time.monotonic()
    forked.SECONDS = given.patience
    tried, wrong = Counter[str](), list[str]()
    with tempfile.TemporaryDirectory() as place:
        for kind, what, fault in trials(given, Path(place).resolve()):
            tried[kind] += 1
            if fault:
                wrong.append(f"{kind}: {what}: {fault}")
                print(wrong[-1].encode("unicode_escape").decode()[:600], flush=True)
    figures = {"tried": dict(tried), "wrong": wrong, "seconds": round(time.monotonic() - started)}
    if given.out:
        given.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(", ".join(f"{count:,} × {kind}" for kind, count in tried.items()), f"{len(wrong)} wrong", sep="; ")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
