"""A sample of benchmarks/fault_campaign.py: a kill or a full disk in each command that writes, made-up lines."""

import random
import sys
from itertools import islice
from pathlib import Path

import pytest

from tests.faults.forked import import_everything, run
from tests.faults.strikes import KINDS, count_operations, strike_at
from tests.faults.typed import make_lines
from tests.faults.workspace import grow, make_home

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="file operations are counted as Linux has them"
)
LINES = 40


def test_no_kill_no_full_disk_and_no_line_does_harm(tmp_path: Path) -> None:
    import_everything()
    home, rng = tmp_path / "home", random.Random(18)
    make_home(home, tmp_path / "corpus")
    faults = {}
    for scenario in grow(home, tmp_path / "corpus", tmp_path):
        number = rng.randint(1, count_operations(scenario, tmp_path / "struck"))
        kind = rng.choice(list(KINDS))
        faults[f"{kind} at {number} of {scenario.name}"] = strike_at(
            scenario, tmp_path / "struck", number, kind
        )
    for words in islice(make_lines(rng), LINES):
        faults[repr(words)] = run(words, home).fault
    assert not {what: fault for what, fault in faults.items() if fault}
