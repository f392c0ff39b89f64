"""Every tool and benchmark is imported whole, and tells what it is for before it does anything."""

import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPTIONAL = {"tshet_uinh", "pypinyin"}  # what a tool names as to be installed for it alone
COMMANDS = [
    path.relative_to(ROOT).as_posix()
    for folder in ("tools", "benchmarks")
    for path in sorted((ROOT / folder).glob("*.py"))
    if 'if __name__ == "__main__":' in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_it_is_for_and_nothing_is_done(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    monkeypatch.setenv("GOMP_SPINCOUNT", "")  # which one sets for itself
    try:
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / name), run_name="__main__")
    except ModuleNotFoundError as error:
        assert error.name in OPTIONAL
        pytest.skip(f"{error.name} is not installed")
    out, err = capsys.readouterr()
    assert ended.value.code in (0, None) and not err
    assert out.lower().startswith("usage: ") and len(out.splitlines()) > 3
