"""Plant small faults into the package, one at a time, and see whether a test fails of each.

    python -m benchmarks.mutations byhand model verse --sample 120 --seed 0

A fault is one changed node of the syntax tree: a comparison, a sign, a number, a condition, a statement
left out (benchmarks/planted_faults.py). Of each room so many are drawn at random, and planted into a copy of the
repository. First the room's tests run without a fault, which tells how long each takes and which functions it
calls. Then every fault is tried by a forked process that has torch loaded already: by the quickest of the tests
that call the faulty function, by the others that do, by all that are left of the room; the first failure ends it.
What no test notices is printed with its line, unless benchmarks/mutations_equivalent.txt says why nobody could.
"""

import ast
import json
import os
import pickle
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from types import FrameType

os.environ["OMP_NUM_THREADS"] = "1"

import click
import hypothesis  # noqa: F401  loaded once, for all forks
import numpy as np  # noqa: F401
import pytest
import torch
from tqdm import tqdm

from benchmarks.planted_faults import ROOT, Fault, faults_of, plant

EQUIVALENT = ROOT / "benchmarks" / "mutations_equivalent.txt"
COPIED = ("poetgen", "tests", "configs", "checkpoints", "docs", "tools", "benchmarks", "pyproject.toml")
QUICK = 2.0  # seconds that the first tests may take together
PATIENCE = 10.0  # seconds of a processor that a faulty test may take beyond five times its own
ROOMS = {  # which tests belong to a room
    "byhand": ("tests/byhand", "tests/experiments", "tests/training/test_loop.py"),
    "model": ("tests/model", "tests/training/test_loop.py", "tests/test_evaluate.py", "tests/experiments"),
    "verse": (
        "tests/verse", "tests/writing/test_verse_matcher.py", "tests/cli/test_check.py", "tests/cli/test_lookup.py"
    ),
    "corpus": ("tests/corpus", "tests/cli/test_prepare.py"),
    "writing": ("tests/writing", "tests/cli/test_generate.py", "tests/cli/test_repl.py"),
    "training": ("tests/training", "tests/cli/test_train.py"),
}  # fmt: skip

Function = tuple[str, int]  # its file and first line


@dataclass(frozen=True)
class Test:
    """What a run without faults tells of one test."""

    seconds: float
    functions: frozenset[Function]

    @property
    def limit(self) -> float:
        """Seconds of a processor that it may take."""
        return PATIENCE + 5 * self.seconds


# ---- inside the forked process ----


class Recorder:
    """A plugin of pytest: which functions of the package each test calls, those of its fixtures too."""

    def __init__(self, copy_of: Path) -> None:
        self.root = f"{copy_of}/"
        self.called: list[set[Function]] = [set()]
        self.by_fixture: dict[object, set[Function]] = {}
        self.tests: dict[str, Test] = {}
        self.failed: set[str] = set()

    def trace(self, frame: FrameType, event: str, argument: object) -> None:
        """Note a call."""
        code = frame.f_code
        if code.co_filename.startswith(f"{self.root}poetgen/"):
            self.called[-1].add((code.co_filename.removeprefix(self.root), code.co_firstlineno))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: object) -> Generator[None, object, object]:
        """What a fixture calls counts for every test that has it, though it is set up once."""
        self.called.append(set())
        try:
            return (yield)
        finally:
            self.by_fixture.setdefault(fixturedef, set()).update(self.called.pop())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Function) -> Generator[None, object, object]:
        """Watch one test."""
        self.called, began = [set()], time.process_time()
        threading.settrace(self.trace)
        sys.settrace(self.trace)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            seconds = time.process_time() - began
            fixtures = [one for several in item._fixtureinfo.name2fixturedefs.values() for one in several]
            functions = self.called[0].union(*(self.by_fixture.get(one, ()) for one in fixtures))
            self.tests[item.nodeid] = Test(seconds, frozenset(functions))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that fails without a fault would call every fault noticed."""
        if report.outcome != "passed":
            self.failed.add(report.nodeid)


class Asker:
    """A plugin of pytest: these tests alone, in this order, each within its time."""

    def __init__(self, tests: Mapping[str, Test]) -> None:
        self.tests, self.order = tests, {name: number for number, name in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out and sort."""
        items[:] = sorted(
            (it for it in items if it.nodeid in self.order), key=lambda it: self.order[it.nodeid]
        )

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """The timer's signal ends the process, and so a test that turns for ever fails."""
        signal.setitimer(signal.ITIMER_PROF, self.tests[nodeid].limit)


def run_pytest(copy_of: Path, paths: Sequence[str], plugin: object) -> int:
    """pytest's exit code, or a signal's, from a process of its own. A Recorder's tests are left in a file."""
    child = os.fork()
    if child == 0:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.chdir(copy_of)
        sys.path.insert(0, str(copy_of))
        torch.set_num_threads(1)
        signal.setitimer(signal.ITIMER_PROF, 6 * PATIENCE)  # for what happens before the first test
        options = ["-q", "-n", "0", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
        options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is loaded already
        if isinstance(plugin, Asker):
            options.append("-x")
        else:
            signal.setitimer(signal.ITIMER_PROF, 0)
        code = int(pytest.main([*options, *paths], plugins=[plugin]))
        if isinstance(plugin, Recorder):
            good = {name: test for name, test in plugin.tests.items() if name not in plugin.failed}
            (copy_of / "recorded").write_bytes(pickle.dumps((good, sorted(plugin.failed))))
        os._exit(code)
    _, status = os.waitpid(child, 0)
    with suppress(ProcessLookupError):  # what a test has started
        os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status)


# ---- who is asked ----


def record(copy_of: Path, paths: Sequence[str]) -> dict[str, Test]:
    """A room's tests, the quickest first; what fails without a fault is told and not asked."""
    run_pytest(copy_of, paths, Recorder(copy_of))
    tests, failed = pickle.loads((copy_of / "recorded").read_bytes())
    for name in failed:
        click.echo(f"{name} does not pass without a fault, and is not asked", err=True)
    return dict(sorted(tests.items(), key=lambda pair: pair[1].seconds))


def faulty_function(source: str, fault: Fault) -> range:
    """The lines of the innermost function around a fault; none where it stands outside of functions."""
    found = range(0)
    for node in ast.walk(ast.parse(source)):  # from the outside to the inside
        if isinstance(node, ast.FunctionDef) and node.end_lineno:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first <= fault.line <= node.end_lineno:
                found = range(first, node.end_lineno + 1)
    return found


def in_turn(source: str, fault: Fault, tests: Mapping[str, Test]) -> Iterator[dict[str, Test]]:
    """The quickest that call the function, the others that do, and all that are left."""
    lines = faulty_function(source, fault)
    callers = {
        name: test
        for name, test in tests.items()
        if any(file == fault.file and line in lines for file, line in test.functions)
    }
    spent = accumulate(test.seconds for test in callers.values())
    quick = {name: callers[name] for name, seconds in zip(callers, spent, strict=True) if seconds < QUICK}
    slow = {name: test for name, test in callers.items() if name not in quick}
    yield from filter(None, (quick, slow, {name: tests[name] for name in tests if name not in callers}))


def fails(copy_of: Path, tests: Mapping[str, Test]) -> bool:
    """Whether one of the tests fails or does not end."""
    files = list(dict.fromkeys(name.partition("::")[0] for name in tests))
    by_file = {name: tests[name] for file in files for name in tests if name.startswith(f"{file}::")}
    return run_pytest(copy_of, files, Asker(by_file)) not in (
        pytest.ExitCode.OK,
        pytest.ExitCode.NO_TESTS_COLLECTED,
    )


def is_noticed(copy_of: Path, fault: Fault, tests: Mapping[str, Test], number: int) -> bool:
    """Plant, ask, and put the file back. A time of its own (its number) keeps Python from stale bytecode."""
    place = copy_of / fault.file
    source, stat = place.read_text(encoding="utf-8"), place.stat()
    try:
        place.write_text(plant(source, fault), encoding="utf-8")
        os.utime(place, (number, number))
        return any(fails(copy_of, some) for some in in_turn(source, fault, tests))
    finally:
        place.write_text(source, encoding="utf-8")
        os.utime(place, (stat.st_atime, stat.st_mtime))


def known_equivalents() -> frozenset[str]:
    """Faults that change nothing anyone could notice; in the file each stands before its reason."""
    text = EQUIVALENT.read_text(encoding="utf-8") if EQUIVALENT.exists() else ""
    return frozenset(line for line in text.splitlines() if line and not line.startswith(("#", "  ")))


def try_room(copy_of: Path, room: str, sample: int, rng: random.Random) -> dict[str, object]:
    """Draw, plant, ask; the survivors are printed as they are found, and the figures given back."""
    equivalents, survivors = known_equivalents(), []
    faults = [fault for path in sorted((ROOT / "poetgen" / room).glob("*.py")) for fault in faults_of(path)]
    drawn = rng.sample(faults, min(sample or len(faults), len(faults)))
    tests = record(copy_of, ROOMS[room])
    for number, fault in enumerate(tqdm(drawn, desc=room, unit="fault", disable=None), start=1):
        if fault.key not in equivalents and not is_noticed(copy_of, fault, tests, number):
            survivors.append(fault)
            tqdm.write(f"{number} of {len(drawn)}: {fault.file}:{fault.line}: {fault.text}: {fault.change}")
            sys.stdout.flush()
    same = sum(fault.key in equivalents for fault in drawn)
    usage = os.times()
    click.echo(
        f"{room}: {len(faults)} possible, {len(drawn)} planted, {same} of them equivalent, "
        f"{len(survivors)} survived {len(tests)} tests; "
        f"{usage.children_user + usage.children_system:.0f} s of a processor up to here"
    )
    return {"room": room, "possible": len(faults), "planted": len(drawn), "equivalent": same,
            "survivors": [asdict(fault) for fault in survivors]}  # fmt: skip


@click.command()
@click.argument("rooms", nargs=-1, required=True, type=click.Choice(list(ROOMS)))
@click.option("--sample", default=100, show_default=True, help="Faults of each room; 0: all.")
@click.option("--seed", default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="A JSON file for the figures.")
def main(rooms: tuple[str, ...], sample: int, seed: int, out: Path | None) -> None:
    """See the top of this file."""
    with tempfile.TemporaryDirectory() as temporary:
        copy_of = Path(temporary)
        for name in COPIED:
            one = ROOT / name
            shutil.copytree(one, copy_of / name) if one.is_dir() else shutil.copy(one, copy_of / name)
        figures = [try_room(copy_of, room, sample, random.Random(seed)) for room in rooms]
    if out:
        out.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
