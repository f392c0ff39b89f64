"""`poetgen gradcheck` as its user sees it."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from poetgen.byhand import softmax
from poetgen.cli import poetgen


def run(*arguments: str) -> Result:
    return CliRunner().invoke(poetgen, ["gradcheck", *arguments])


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_a_line_for_each_derivative_and_a_verdict(cell: str) -> None:
    result = run("--cell", cell, "--hidden-size", "3", "--steps", "2")
    assert result.exit_code == 0, result.output
    heading, *rows, verdict = result.stdout.splitlines()
    assert heading.split() == ["derivative", "shape", "differences", "autograd", "RTRL"]
    assert all(row.endswith("  pass") for row in rows)
    assert verdict == f"{len(rows)} of {len(rows)} rows pass"
    assert result.stderr == ""


def test_json_has_the_same_rows() -> None:
    result = run("--json", "--batch", "1", "--input-size", "2", "--seed", "4")
    report = json.loads(result.stdout)
    assert report["passed"] and report["batch"] == 1 and report["seed"] == 4 and report["remarks"] == []
    assert len(report["rows"]) == len(run("--batch", "1").stdout.splitlines()) - 2
    row = next(row for row in report["rows"] if row["derivative"] == "∂L/∂W_i")
    assert row["shape"] == [5, 2] and row["coordinates"] == 10
    assert row["difference"] <= 1e-7 and row["autograd"] <= 1e-12 and row["rtrl"] <= 1e-10


def test_a_failure_is_named_and_the_exit_code_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    right = softmax.backward
    monkeypatch.setattr(softmax, "backward", lambda *given: -right(*given))
    result = run("--cell", "rnn")
    assert result.exit_code == 1
    assert result.stderr == "failed: ∂L/∂logits, τ = 0.7 (output)\n"
    assert "36 of 37 rows pass" in result.stdout and "FAIL" in result.stdout
    assert json.loads(run("--cell", "rnn", "--json").stdout)["passed"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--cell", "gru"], 2, "'gru' is not a choice; there are: lstm, rnn"),
        (["--hidden-size", "0"], 2, "give 1 or more, not 0"),
        (["--steps", "x"], 2, "'x' is not a whole number"),
        (["--scale", "nan"], 1, "Error: weights cannot be drawn at scale nan; give one between 0 and 10"),
        (["--hidden-size", "1000000"], 1, "GiB of memory; choose smaller sizes"),
        (["--steps", "3000"], 1, "Error: steps can be at most 2,000, not 3,000"),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments: list[str], code: int, told: str) -> None:
    result = run(*arguments)
    assert result.exit_code == code and told in result.stderr
    assert isinstance(result.exception, SystemExit) and result.stdout == ""


def test_in_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "poetgen", "gradcheck", "--hidden-size", "2", "--steps", "2"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("84 of 84 rows pass\n")
