"""Plant small faults into the package, one at a time, and see whether a test fails of each.

    python -m benchmarks.mutations byhand model verse --sample 120 --seed 0
    python -m benchmarks.mutations verse --sample 0 --file prosody --file tonal_rules

A fault is one changed node of the syntax tree: a comparison, a sign, a number, a condition, a statement
left out (benchmarks/planted_faults.py). Of each room so many are drawn at random, and planted into a copy of the
repository. First the room's tests run without a fault, which tells how long each takes and which functions it
calls. Then forked processes, in which everything is loaded already, give one function its faulty code and ask the
tests that call it, the quickest first, until one fails. What survives that is imported anew from the file with the
fault in it and faces all tests of the room. What no test notices is printed with its line, unless
benchmarks/mutations_equivalent.txt says why nobody could.
"""

import ast
import json
import os
import pickle
import random
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import click
import numpy as np  # noqa: F401  loaded once, for all forks
import pytest
from tqdm import tqdm

from benchmarks.asked_tests import Asker, Planter, Test, by_file, run_pytest
from benchmarks.planted_faults import ROOT, Fault, faults_of, plant

EQUIVALENT = ROOT / "benchmarks" / "mutations_equivalent.txt"
COPIED = ("poetgen", "tests", "configs", "checkpoints", "docs", "tools", "benchmarks", "pyproject.toml")
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


def is_noticed_anew(copy_of: Path, fault: Fault, tests: Mapping[str, Test], number: int) -> bool:
    """Plant into the file, ask all tests, and put the file back. A time of its own (the number) keeps Python from
    bytecode of another fault."""
    place = copy_of / fault.file
    source, stat = place.read_text(encoding="utf-8"), place.stat()
    try:
        place.write_text(ast.unparse(plant(source, fault)), encoding="utf-8")
        os.utime(place, (number, number))
        files = list(dict.fromkeys(name.partition("::")[0] for name in tests))
        passed = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        return run_pytest(copy_of, files, Asker(by_file(tests))) not in passed
    finally:
        place.write_text(source, encoding="utf-8")
        os.utime(place, (stat.st_atime, stat.st_mtime))


def read_equivalents() -> frozenset[str]:
    """Faults that change nothing anyone could notice; in the file each stands before its reason."""
    text = EQUIVALENT.read_text(encoding="utf-8") if EQUIVALENT.exists() else ""
    return frozenset(line for line in text.splitlines() if line and not line.startswith(("#", "  ")))


def try_room(
    copy_of: Path, room: str, files: Sequence[str], sample: int, rng: random.Random
) -> dict[str, object]:
    """Draw, plant, ask; the survivors are printed as they are found, and the figures given back."""
    equivalents, survivors = read_equivalents(), []
    paths = sorted(path for path in (ROOT / "poetgen" / room).glob("*.py") if not files or path.stem in files)
    faults = [fault for path in paths for fault in faults_of(path)]
    drawn = rng.sample(faults, min(sample or len(faults), len(faults)))
    asked = [fault for fault in drawn if fault.key not in equivalents]
    with tqdm(total=len(asked), desc=room, unit="fault", file=open(os.dup(2), "w")) as progress:  # noqa: PTH123
        if run_pytest(copy_of, ROOMS[room], Planter(copy_of, asked, progress.update)):
            raise click.ClickException((copy_of / "output").read_text(encoding="utf-8")[-3000:])
    tests, failed, left = pickle.loads((copy_of / "recorded").read_bytes())
    for name in failed:
        click.echo(f"{name} does not pass without a fault, and was not asked", err=True)
    for number, fault in enumerate(left, start=1):
        if not is_noticed_anew(copy_of, fault, tests, number):
            survivors.append(fault)
            click.echo(f"{fault.file}:{fault.line}: {fault.text}: {fault.change}")
            sys.stdout.flush()
    usage = os.times()
    click.echo(
        f"{room}: {len(faults)} possible, {len(drawn)} planted, {len(drawn) - len(asked)} of them equivalent, "
        f"{len(left)} left by the first tests, {len(survivors)} by all {len(tests)}; "
        f"{usage.children_user + usage.children_system:.0f} s of a processor up to here"
    )
    return {"room": room, "possible": len(faults), "planted": len(drawn), "equivalent": len(drawn) - len(asked),
            "survivors": [asdict(fault) for fault in survivors]}  # fmt: skip


@click.command()
@click.argument("rooms", nargs=-1, required=True, type=click.Choice(list(ROOMS)))
@click.option("--sample", default=100, show_default=True, help="Faults of each room; 0: all.")
@click.option("--seed", default=0, show_default=True)
@click.option("--file", "files", multiple=True, help="Of these files alone, named without .py.")
@click.option("--out", type=click.Path(path_type=Path), help="A JSON file for the figures.")
def main(rooms: tuple[str, ...], sample: int, seed: int, files: tuple[str, ...], out: Path | None) -> None:
    """See the top of this file."""
    with tempfile.TemporaryDirectory() as temporary:
        copy_of = Path(temporary)
        for name in COPIED:
            one = ROOT / name
            shutil.copytree(one, copy_of / name) if one.is_dir() else shutil.copy(one, copy_of / name)
        figures = [try_room(copy_of, room, files, sample, random.Random(seed)) for room in rooms]
    if out:
        out.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
