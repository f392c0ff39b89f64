"""`poetgen gradients`, from the command line."""

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from poetgen.cli import poetgen
from poetgen.config import INITIALIZATIONS
from poetgen.experiments.reach import ReachSettings, measure_reach
from poetgen.experiments.symmetry import SymmetryTask, learn

SMALL = ("--hidden-size", "6", "--steps", "8", "--batch", "3")
CURVES = [
    ("sigmoid", "h"),
    ("tanh", "h"),
    ("relu", "h"),
    ("lstm", "h"),
    ("lstm", "c"),
    ("lstm", "forget gates"),
]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(poetgen, ["gradients", *SMALL, *arguments])


def values(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    found = json.loads(result.stdout, parse_constant=refuse)
    assert isinstance(found, dict)
    return found


def picture(path: Path) -> tuple[int, int]:
    """Width and height of a PNG that is not blank."""
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n") and len(data) > 20_000
    width, height = struct.unpack(">II", data[16:24])
    return width, height


# ---- how far gradients reach ----


def test_the_table_has_a_row_for_each_curve_and_a_column_for_each_distance() -> None:
    result = run("--scale", "0.5", "--scale", "2")
    lines = result.stdout.splitlines()
    assert "median of 3 sequences, H = 6, forget bias 1" in lines[0]
    for scale in (0.5, 2):
        start = lines.index(next(line for line in lines if line.startswith(f"recurrent norm {scale:g} ")))
        assert lines[start].split()[3:] == ["0", "1", "2", "5", "8"]
        reaches = list(measure_reach([scale], ReachSettings(6, 8, 3)))
        expected = []
        for reach in reaches:
            expected.append([f"{reach.quartiles[1, d]:.2g}" for d in (0, 1, 2, 5, 8)])
            if reach.bound is not None:
                expected.append([f"{reach.bound[d]:.2g}" for d in (0, 1, 2, 5, 8)])
        assert [line.split()[-5:] for line in lines[start + 1 : start + 10]] == expected
    assert result.stderr == ""


def test_json_holds_every_distance_and_the_quartiles() -> None:
    found = values(run("--json", "--scale", "0.9", "--seed", "4", "--forget-bias", "2"))
    assert (found["hidden_size"], found["steps"], found["batch"]) == (6, 8, 3)
    assert (found["seed"], found["forget_bias"], found["scales"]) == (4, 2, [0.9])
    assert [(row["cell"], row["of"]) for row in found["rows"]] == CURVES
    reaches = measure_reach([0.9], ReachSettings(6, 8, 3, forget_bias=2, seed=4))
    for row, reach in zip(found["rows"], reaches, strict=True):
        assert [row["lower_quartile"], row["median"], row["upper_quartile"]] == reach.quartiles.tolist()
        assert (row["bound"] is None) == (row["cell"] == "lstm")


def test_without_scales_there_are_three_and_one_given_twice_is_one() -> None:
    assert values(run("--json"))["scales"] == [0.5, 1, 2]
    assert values(run("--json", "--scale", "1", "--scale", "1.0"))["scales"] == [1]


def test_what_no_number_holds_is_said_and_null_in_json() -> None:
    arguments = ("--scale", "1e6", "--steps", "100")
    result = run(*arguments)
    relu = next(line for line in result.stdout.splitlines() if line.startswith("ReLU"))
    assert relu.split()[-3:] == ["-", "-", "-"]
    assert "ReLU RNN at norm 1e+06: its states grew beyond what float64 can hold" in result.stderr
    assert "inf: more than float64 can hold" in result.stderr
    assert "0: nothing arrives, or less than float64 can hold" in result.stderr
    relu = next(row for row in values(run(*arguments, "--json"))["rows"] if row["cell"] == "relu")
    assert relu["median"] == [None] * 101
    assert relu["bound"][100] is None and relu["bound"][1] == 1e6


@pytest.mark.parametrize(
    ("scales", "steps"), [(("1",), "1"), (("0", "1e6", "10", "2"), "60"), (("1", "2", "3", "4", "5"), "7")]
)
def test_a_picture_of_any_reach_is_drawn(tmp_path: Path, scales: tuple[str, ...], steps: str) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "reach.png"
    given = [word for scale in scales for word in ("--scale", scale)]
    result = run("--out", str(out), "--steps", steps, *given)
    assert result.exit_code == 0, result.output
    assert result.stderr.endswith(f"drawn: {out}\n")
    width, height = picture(out)
    assert width >= 1200 and height >= 900
    assert [path.name for path in tmp_path.iterdir()] == ["reach.png"]


# ---- what equal weights cannot learn ----


def test_a_symmetry_table_has_a_row_for_each_parameter() -> None:
    result = run("--init", "zeros", "--init", "constant", "--init", "normal", "--after", "20")
    assert result.exit_code == 0, result.output
    rows = {line[:15].strip(): line[15:].split() for line in result.stdout.splitlines()[2:]}
    assert rows[""] == ["zeros", "constant", "normal"]
    assert rows["steps"] == ["1", "20"] * 3
    units = re.findall(r"(\d+) of 6", " ".join(rows["distinct units"]))
    assert units == ["1", "1", "1", "1", "6", "6"]
    assert rows["output bias"].count("-") == 0
    assert [cell == "-" for cell in rows["output weight"]] == [True, True, False, False, False, False]
    for name in ("embedding", "W_i", "U_g", "b_o"):
        assert [cell == "-" for cell in rows[name]] == [True, True, True, False, False, False]


@pytest.mark.parametrize("tied", [True, False])
def test_json_says_what_moved_and_how_far(tied: bool) -> None:
    found = values(
        run("--init", "constant", "--after", "9", "--learning-rate", "0.5", "--json", *["--tied"] * tied)
    )
    assert (found["tied"], found["after"], found["learning_rate"]) == (tied, 9, 0.5)
    expected = learn("constant", SymmetryTask(6, 8, 3, tied=tied, after=9, learning_rate=0.5))
    assert [row["after"] for row in found["rows"]] == [1, 9]
    for row, stage in zip(found["rows"], expected.stages, strict=True):
        assert (row["init"], row["distinct_units"], row["hidden_size"]) == ("constant", 1, 6)
        assert row["loss"] == expected.losses[stage.after]
        assert [name for name, part in row["parameters"].items() if part["moved"]] == stage.moved
        assert {name: part["change"] for name, part in row["parameters"].items()} == stage.changes


def test_one_step_is_one_stage_and_an_init_given_twice_is_one() -> None:
    found = values(run("--init", "xavier", "--init", "xavier", "--after", "1", "--json"))
    assert [row["after"] for row in found["rows"]] == [1]


@pytest.mark.parametrize(("inits", "after"), [(("constant",), "1"), (INITIALIZATIONS, "12")])
def test_a_picture_of_any_symmetry_is_drawn(tmp_path: Path, inits: tuple[str, ...], after: str) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "units.PNG"
    given = [word for init in inits for word in ("--init", init)]
    result = run("--out", str(out), "--after", after, *given)
    assert result.exit_code == 0, result.output
    assert picture(out)[1] == 1125


# ---- what is refused ----


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--hidden-size", "0"), "give 1 or more, not 0"),
        (("--steps", "-1"), "give 1 or more, not -1"),
        (("--batch", "many"), "'many' is not a whole number"),
        (("--after", "0", "--init", "zeros"), "give 1 or more, not 0"),
        (("--init", "ones"), "'ones' is not a choice; "),
        (("--init", "zeros", "--scale", "1"), "--scale and --init belong to different experiments"),
        (("--after", "3"), "--after needs --init"),
        (("--learning-rate", "0"), "--learning-rate needs --init"),
        (("--tied",), "--tied needs --init"),
    ],
)
def test_a_slip_of_the_hand_is_a_usage_error(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scale", "nan"), "the scale must be between 0 and 1,000,000, not nan"),
        (("--scale", "-0.5"), "the scale must be between 0 and 1,000,000, not -0.5"),
        (("--scale", "1", "--scale", "inf"), "the scale must be between 0 and 1,000,000, not inf"),
        (("--forget-bias", "nan"), "the forget bias must be between -1,000,000 and 1,000,000, not nan"),
        (("--hidden-size", "1000000"), "GiB of memory; choose smaller sizes"),
        (("--steps", "9" * 4000), "the number of steps through time must be between 1 and 1,000,000,000"),
        (("--init", "zeros", "--after", "100000000"), "minutes; choose smaller sizes or fewer steps"),
        (("--init", "zeros", "--learning-rate", "nan"), "the learning rate must be between 0"),
        (("--out", "reach.svg"), "a picture cannot be written as 'reach.svg'; end its name in .png"),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert message in result.stderr
    assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1


def test_without_matplotlib_the_picture_is_refused_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = run("--out", str(tmp_path / "reach.png"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "pictures need matplotlib; run: pip install 'matplotlib" in result.stderr
    assert run().exit_code == 0
    assert not list(tmp_path.iterdir())


def test_a_process_of_its_own_prints_the_table(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "poetgen", "gradients", *SMALL, "--scale", "2"],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run("--scale", "2").stdout
