"""Who notices a fault: pytest in forked processes, by plugins that record, choose and time its tests."""

import functools
import gc
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, zip_longest
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import hypothesis
import pytest
import torch

from benchmarks.planted_faults import Fault, outer_function, plant

QUICK = 2.0  # seconds that the first tests may take together
PATIENCE = 10.0  # seconds of a processor that a faulty test may take beyond five times its own
OPTIONS = ["-q", "-s", "-n", "0", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
OPTIONS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is loaded already
# a limit by the clock on the wall would end tests that other work holds up
OPTIONS += ["-o", "faulthandler_timeout=0"]
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


# ---- processes ----


def in_fork(act: Callable[[], int], output: str | Path = os.devnull) -> int:
    """What `act` returns, or the signal that ended it, from a process that leaves no other running."""
    child = os.fork()
    if child == 0:
        os.setsid()
        written = os.open(output, os.O_WRONLY | os.O_CREAT)
        os.dup2(written, 1)
        os.dup2(written, 2)
        try:
            code = act()
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        os._exit(code)
    _, status = os.waitpid(child, 0)
    with suppress(ProcessLookupError):  # what a test has started
        os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status)


def run_pytest(copy_of: Path, paths: Sequence[str], plugin: object) -> int:
    """pytest's exit code over the copy, which is imported anew."""

    def act() -> int:
        os.chdir(copy_of)
        sys.path.insert(0, str(copy_of))
        torch.set_num_threads(1)
        return int(pytest.main([*OPTIONS, *paths], plugins=[plugin]))

    return in_fork(act, copy_of / "output")


def run_items(items: Sequence[pytest.Item], plugin: object) -> None:
    """Tests that are collected already."""
    if items:
        items[0].config.pluginmanager.register(plugin)
    for item, following in zip_longest(items, items[1:]):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


# ---- plugins ----


class Recorder:
    """Which functions of the package each test calls, those of its fixtures too, and how long it takes."""

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
    def pytest_runtest_protocol(self, item: Any) -> Generator[None, object, object]:
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
        if report.failed:
            self.failed.add(report.nodeid)


class Asker:
    """These tests alone, in this order, each within its time; the first failure ends the process."""

    def __init__(self, tests: Mapping[str, Test]) -> None:
        self.tests = tests

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out and sort."""
        by_name = {item.nodeid: item for item in items}
        items[:] = [by_name[name] for name in self.tests if name in by_name]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """The timer's signal ends the process, and so a test that turns for ever fails."""
        signal.setitimer(signal.ITIMER_PROF, self.tests[nodeid].limit)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One failure is enough."""
        if report.failed:
            os._exit(1)


class Planter:
    """Collects a room's tests once, records them, and asks them of one fault after the other.

    Each time a forked process gives the functions that are loaded their faulty code. That is no proof for a fault
    that survives, for what was computed at import or by a collected test is older than it: `left` are those, and
    those outside of functions, and the faults whose function nobody has loaded.
    """

    def __init__(self, copy_of: Path, faults: Sequence[Fault], on_progress: Callable[[], object]) -> None:
        self.copy_of, self.faults, self.on_progress = copy_of, faults, on_progress
        self.kept = copy_of / "recorded"

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """hypothesis need not make a failure small."""
        usual = hypothesis.settings.get_current_profile_name()
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("planted", hypothesis.settings.get_profile(usual), phases=phases)
        hypothesis.settings.load_profile("planted")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of running the tests once."""
        items = {item.nodeid: item for item in session.items}
        in_fork(lambda: self.record(list(items.values())))
        tests, failed = pickle.loads(self.kept.read_bytes())
        left = []
        for fault in self.faults:
            if not self.is_noticed(fault, tests, items):
                left.append(fault)
            self.on_progress()
        self.kept.write_bytes(pickle.dumps((tests, failed, left)))
        return True

    def record(self, items: Sequence[pytest.Item]) -> int:
        """Leave what a Recorder has seen, the quickest first, in a file."""
        recorder = Recorder(self.copy_of)
        run_items(items, recorder)
        good = [(name, test) for name, test in recorder.tests.items() if name not in recorder.failed]
        good.sort(key=lambda pair: pair[1].seconds)
        self.kept.write_bytes(pickle.dumps((dict(good), sorted(recorder.failed))))
        return 0

    def is_noticed(self, fault: Fault, tests: Mapping[str, Test], items: Mapping[str, pytest.Item]) -> bool:
        """Whether a test that calls the faulty function fails."""
        source = (self.copy_of / fault.file).read_text(encoding="utf-8")
        lines = outer_function(source, fault)
        if not lines:
            return False
        path = str(self.copy_of / fault.file)
        code = find_code(compile(plant(source, fault), path, "exec"), lines.start)

        def ask(some: Mapping[str, Test]) -> int:
            if not replace_code(path, code):
                return 0
            run_items([items[name] for name in some], Asker(some))
            return 0

        callers = select_callers(fault, lines, tests)
        return any(in_fork(functools.partial(ask, some)) for some in quick_first(callers))


def find_code(code: CodeType, first: int) -> CodeType:
    """The outermost function that begins at this line, of a module."""
    every = [code]
    for one in every:
        every += [inner for inner in one.co_consts if isinstance(inner, CodeType)]
    return next(one for one in every if one.co_firstlineno == first and not one.co_name.startswith("<"))


def replace_code(path: str, code: CodeType) -> bool:
    """Give the functions that stand there another code; False where none is loaded, or none can have this one."""
    functions = [
        one
        for one in gc.get_objects()
        if isinstance(one, FunctionType)
        and (one.__code__.co_filename, one.__code__.co_firstlineno) == (path, code.co_firstlineno)
    ]
    try:
        for function in functions:
            function.__code__ = code
    except ValueError:
        return False
    for one in gc.get_objects():
        if isinstance(one, functools._lru_cache_wrapper) and str(one.__module__).startswith("poetgen"):
            one.cache_clear()
    return bool(functions)


# ---- which tests ----


def select_callers(fault: Fault, lines: range, tests: Mapping[str, Test]) -> dict[str, Test]:
    """The tests that call a function."""
    return {
        name: test
        for name, test in tests.items()
        if any(file == fault.file and line in lines for file, line in test.functions)
    }


def quick_first(tests: Mapping[str, Test]) -> Iterator[dict[str, Test]]:
    """The quickest, and then the others by their files, so that a file's fixtures are set up once."""
    spent = accumulate(test.seconds for test in tests.values())
    quick = {name: tests[name] for name, seconds in zip(tests, spent, strict=True) if seconds < QUICK}
    yield from filter(None, (quick, by_file({name: tests[name] for name in tests if name not in quick})))


def by_file(tests: Mapping[str, Test]) -> dict[str, Test]:
    """The tests in another order: file after file."""
    files = dict.fromkeys(name.partition("::")[0] for name in tests)
    return {name: tests[name] for file in files for name in tests if name.startswith(f"{file}::")}
