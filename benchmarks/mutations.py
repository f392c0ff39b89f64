"""Plant small faults into the package, one at a time, and see whether a test dies of each.

    python benchmarks/mutations.py poetgen/byhand poetgen/model poetgen/verse --sample 120 --seed 0

A fault is one changed node of the syntax tree: a comparison, a sign, a number, a condition, a statement
left out. Of each folder so many are drawn at random. They are planted into a copy of the repository, never into
the repository itself. Every fault is tried by a forked process that has torch loaded already, first with the
tests named for the file, then with its folder's, then with those of the folders that use it; the first failure
ends it. What no test notices is printed with its line, unless benchmarks/mutations_equivalent.txt says why nobody
could.
"""

import ast
import copy
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import click
import numpy as np  # noqa: F401  loaded once, for all forks
import pytest
import torch

ROOT = Path(__file__).parents[1]
EQUIVALENT = ROOT / "benchmarks" / "mutations_equivalent.txt"
COPIED = ("poetgen", "tests", "configs", "checkpoints", "docs", "tools", "benchmarks", "pyproject.toml")
LONGEST = 120  # seconds of a processor; a fault that makes tests run longer is noticed
USERS = {  # which other tests use a folder
    "byhand": ("tests/experiments", "tests/training/test_loop.py"),
    "model": ("tests/training/test_loop.py", "tests/test_evaluate.py", "tests/experiments"),
    "verse": ("tests/writing/test_verse_matcher.py", "tests/cli/test_check.py", "tests/cli/test_lookup.py"),
}

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Fault:
    """One changed node: the `place`-th of a file's that can be, with what was there and what is now."""

    file: str
    line: int
    place: int
    change: str
    text: str

    @property
    def key(self) -> str:
        """What it is, wherever the line has moved to."""
        return f"{self.file}: {self.text}: {self.change}"


# ---- what can be changed ----


def changed(node: ast.AST) -> ast.AST | None:
    """A node's faulty twin; None where nothing is changed."""
    twin = copy.copy(node)
    match twin:
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            twin.ops = [COMPARISONS[type(op)]()]
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in ARITHMETIC:
            twin.op = ARITHMETIC[type(op)]()
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            return operand
        case ast.BoolOp(op=op):
            twin.op = ast.Or() if isinstance(op, ast.And) else ast.And()
        case ast.Constant(value=bool(value)):
            twin.value = not value
        case ast.Constant(value=int(value) | float(value)):
            twin.value = value + 1
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            twin.test = ast.UnaryOp(ast.Not(), test)
        case ast.Call(func=ast.Name(id=name) as func) if name in NAMES:
            twin.func = ast.copy_location(ast.Name(NAMES[name], ast.Load()), func)
        case ast.Expr(value=ast.Call()) | ast.Raise():
            return ast.Pass()
        case _:
            return None
    return twin


def changeable(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that can be changed, in order: no types, messages or docstrings among them."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list", "bases") or isinstance(tree, ast.JoinedStr):
            continue
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, ast.AST):
                if changed(node) is not None:
                    yield node
                if not isinstance(node, ast.Raise):
                    yield from changeable(node)


class Planting(ast.NodeTransformer):
    """Puts a twin in the place of one node."""

    def __init__(self, node: ast.AST, twin: ast.AST) -> None:
        self.node, self.twin = node, twin

    def visit(self, node: ast.AST) -> ast.AST:
        """The twin for the node, and all else as it is."""
        return ast.copy_location(self.twin, node) if node is self.node else self.generic_visit(node)


def faults_of(path: Path) -> list[Fault]:
    """All that a file can have."""
    source = path.read_text(encoding="utf-8")
    lines, name = source.splitlines(), path.relative_to(ROOT).as_posix()
    found = []
    for place, node in enumerate(changeable(ast.parse(source))):
        twin = changed(node)
        assert twin is not None and hasattr(node, "lineno")
        before, after = (ast.unparse(ast.fix_missing_locations(one)).split("\n")[0] for one in (node, twin))
        found.append(Fault(name, node.lineno, place, f"{before} → {after}", lines[node.lineno - 1].strip()))
    return found


def plant(source: str, fault: Fault) -> str:
    """The file's text with the fault in it."""
    tree = ast.parse(source)
    node = list(changeable(tree))[fault.place]
    twin = changed(node)
    assert twin is not None
    return ast.unparse(ast.fix_missing_locations(Planting(node, twin).visit(tree)))


# ---- who notices ----


def batches_of_tests(copy_of: Path, file: str) -> list[list[str]]:
    """Tests in the order in which they are asked: the file's, the folder's, the users'."""
    folder, stem = Path(file).parent.name, Path(file).stem
    tests = copy_of / "tests" / folder
    own = sorted(p.relative_to(copy_of).as_posix() for p in tests.glob(f"test_{stem}*.py"))
    return [batch for batch in (own, [f"tests/{folder}"], list(USERS.get(folder, ()))) if batch]


def fails(copy_of: Path, tests: Sequence[str]) -> bool:
    """Whether a test fails, or none ends, in a process of its own."""
    child = os.fork()
    if child == 0:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
        os.chdir(copy_of)
        sys.path.insert(0, str(copy_of))
        torch.set_num_threads(1)
        options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
        os._exit(int(pytest.main([*options, *tests])))
    _, status = os.waitpid(child, 0)
    return status != 0


def is_noticed(copy_of: Path, fault: Fault, batches: Sequence[Sequence[str]]) -> bool:
    """Plant, ask these batches of tests one after the other, and put the file back."""
    place = copy_of / fault.file
    source = place.read_text(encoding="utf-8")
    try:
        place.write_text(plant(source, fault), encoding="utf-8")
        return any(fails(copy_of, tests) for tests in batches)
    finally:
        place.write_text(source, encoding="utf-8")


def known_equivalents() -> frozenset[str]:
    """Faults that change nothing anyone could notice; in the file each stands before its reason."""
    text = EQUIVALENT.read_text(encoding="utf-8") if EQUIVALENT.exists() else ""
    return frozenset(line for line in text.splitlines() if line and not line.startswith(("#", "  ")))


@click.command()
@click.argument("folders", nargs=-1, required=True)
@click.option("--sample", default=100, show_default=True, help="Faults of each folder; 0: all.")
@click.option("--seed", default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="A JSON file for the figures.")
def main(folders: tuple[str, ...], sample: int, seed: int, out: Path | None) -> None:
    """See the top of this file."""
    equivalents, figures = known_equivalents(), []
    with tempfile.TemporaryDirectory() as temporary:
        copy_of = Path(temporary)
        for name in COPIED:
            one = ROOT / name
            shutil.copytree(one, copy_of / name) if one.is_dir() else shutil.copy(one, copy_of / name)
        for folder in folders:
            faults = [fault for path in sorted((ROOT / folder).glob("*.py")) for fault in faults_of(path)]
            drawn = random.Random(seed).sample(faults, min(sample, len(faults)) if sample else len(faults))
            started, survivors = time.perf_counter(), []
            useless = [one for one in batches_of_tests(copy_of, f"{folder}/_.py") if fails(copy_of, one)]
            for tests in useless:  # they would call every fault noticed
                click.echo(f"{' '.join(tests)} fail without any fault, and are not asked", err=True)
            for number, fault in enumerate(drawn, start=1):
                asked = [one for one in batches_of_tests(copy_of, fault.file) if one not in useless]
                if fault.key in equivalents or is_noticed(copy_of, fault, asked):
                    continue
                survivors.append(fault)
                click.echo(
                    f"{number} of {len(drawn)}: {fault.file}:{fault.line}: {fault.text}: {fault.change}"
                )
            same = sum(fault.key in equivalents for fault in drawn)
            seconds = time.perf_counter() - started
            click.echo(
                f"{folder}: {len(faults)} possible, {len(drawn)} planted, {same} of them equivalent, "
                f"{len(survivors)} survived; {seconds:.0f} s"
            )
            figures.append(
                {"folder": folder, "possible": len(faults), "planted": len(drawn), "equivalent": same,
                 "survivors": [asdict(fault) for fault in survivors], "seconds": round(seconds)}
            )  # fmt: skip
    if out:
        out.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
