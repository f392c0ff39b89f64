"""`poetgen compare`, from the command line: as its users meet it, and as they and the system stop it."""

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from poetgen.cli import poetgen
from poetgen.corpus.dataset import Dataset
from tests.cli.conftest import assert_refused
from tests.processes import PATIENCE, end

SMALL = [
    "--set", "training.device=cpu", "--set", "model.embedding_size=6", "--set", "model.hidden_size=8",
    "--set", "training.batch_size=12", "--epochs", "2",
]  # fmt: skip
TWO = ["--optimizer", "sgd", "--optimizer", "adam"]
Start = Callable[..., subprocess.Popen[str]]
REPORT = {"report.md", "report.json", "metrics.csv", "curves.png"}


def run(home: Path, *arguments: Any) -> Result:
    return CliRunner().invoke(poetgen, ["compare", "--home", str(home), *map(str, arguments)])


def small(home: Path, *arguments: Any) -> Result:
    return run(home, *SMALL, "--out", home / "out", *arguments)


def test_a_line_for_each_run_a_table_and_four_files(home: Path) -> None:
    result = small(home, *TWO, "--seeds", 2)
    assert result.exit_code == 0, result.output
    first, *lines, warning, last = result.stderr.splitlines()
    assert warning == "too short to judge by: 8 steps of sgd; try --steps 1000"
    assert first == f"2 settings, 2 seeds: 4 runs, in {home / 'out'}"
    assert len(lines) == 4 and last == f"written: {home / 'out' / 'report.md'}"
    run_of = r"\d of 4  (sgd, rate 4|adam, rate 0.003), seed [01]: "
    shape = run_of + r"best [\d.]+ at step \d, final [\d.]+; 8 steps, \d s(; about \d+ s left)?"
    assert all(re.fullmatch(shape, line) for line in lines), lines
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["setting", "sgd", "adam"]
    assert {path.name for path in (home / "out").iterdir()} == REPORT | {"comparison.json", "runs"}
    assert (home / "out" / "curves.png").stat().st_size > 20_000


def test_the_limit_is_prepared_for_it_alone(fetched: Path) -> None:
    result = small(fetched, *TWO, "--limit", 40, "--seeds", 1, "--json")
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    sizes = values["poems"][0]["splits"]
    assert sizes["train"]["poems"] + sizes["validation"]["poems"] == 40
    assert values["poems"][0]["settings"]["split"] == "8:2"
    assert json.loads((fetched / "out" / "report.json").read_text(encoding="utf-8")) == values
    assert not (fetched / "data" / "prepared").exists()
    assert "1 of 2" in result.stderr


def test_again_it_makes_nothing_anew_and_more_seeds_are_added(home: Path) -> None:
    small(home, *TWO, "--seeds", 1)
    again = small(home, *TWO, "--seeds", 1)
    assert again.stderr.count(", kept") == 2
    more = small(home, *TWO, "--optimizer", "nadam", "--seeds", 2)
    assert more.exit_code == 0 and more.stderr.count(", kept") == 2 and "6 of 6" in more.stderr
    assert {(row["setting"], row["seed"]) for row in metrics(home)} == {
        (name, seed) for name in ("sgd", "adam", "nadam") for seed in "01"
    }


def test_what_is_given_once_holds_for_all_and_wins_over_the_file(home: Path) -> None:
    file = home / "mine.toml"
    file.write_text(
        "[training]\nepochs = 9\n[compare]\nseeds = 5\n"
        'model.initialization = ["xavier", "zeros"]\ntraining.optimizer = ["sgd", "adam"]\n',
        encoding="utf-8",
    )
    result = small(home, "--config", file, "--seeds", 1, "--optimizer", "momentum", "--json")
    values = json.loads(result.stdout)
    assert values["compared"] == ["model.initialization"] and values["seeds"] == [0]
    for label in ("xavier", "zeros"):
        settings = values["settings"][label]["training"]
        assert (settings["optimizer"], settings["epochs"]) == ("momentum", 2)


def test_every_option_reaches_its_setting(home: Path) -> None:
    words = [
        "--init",
        "normal",
        "--init",
        "xavier",
        "--seeds",
        1,
        "--steps",
        3,
        "--minutes",
        5,
        "--target",
        70,
    ]
    values = json.loads(small(home, *words, "--tune", "--json").stdout)
    assert values["compared"] == ["model.initialization"]
    assert (values["target"], values["options"]["tune"]) == (70, True)
    settings = values["settings"]["xavier"]["training"]
    assert (settings["steps"], settings["minutes"], settings["patience"]) == (3, 5, 0)
    assert [len(tries) for tries in values["tuning"].values()] == [3, 3]


@pytest.mark.parametrize("name", ["first_100", "short_poems"])
def test_a_report_can_be_rerun_at_any_scale(name: str, fetched: Path) -> None:
    words = [
        "--steps",
        2,
        "--seeds",
        1,
        "--limit",
        50,
        "--set",
        "model.hidden_size=4",
        "--set",
        "corpus.min_count=1",
    ]
    result = run(fetched, "--config", f"reports/{name}", *words)
    assert result.exit_code == 0, result.output
    assert {path.name for path in (fetched / "comparisons" / name).iterdir()} > REPORT


def test_without_a_name_it_is_called_by_what_is_compared(home: Path) -> None:
    words = ["--set", "model.cell=lstm", "--set", "model.cell=rnn", "--seeds", 1]
    assert run(home, *SMALL, *TWO, *words).exit_code == 0
    assert (home / "comparisons" / "cell-optimizer" / "report.md").exists()


def test_without_matplotlib_there_is_no_picture_and_it_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = small(home, *TWO, "--seeds", 1, "--steps", 1)
    assert result.exit_code == 0 and "run: pip install 'matplotlib" in result.stderr
    assert not (home / "out" / "curves.png").exists() and (home / "out" / "report.md").exists()


# ---- what cannot be ----


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--optimizer", "sgd"], "only one run to compare; give two values"),
        (["--optimizer", "sgd", "--optimizer", "sgd"], "only one run to compare"),
        ([*TWO, "--set", "model.hiden_size=3"], "unknown key in .model.: 'hiden_size'; did you mean hidden_size"),
        (["--set", "model.hidden_size=3", "--set", "model.hidden_size=0"], "model.hidden_size must be at least 1"),
        ([*TWO, "--set", "model.hidden_size"], "has no value"),
        ([*TWO, "--seeds", "0"], "compare.seeds must be at least 1"),
        ([*TWO, "--limit", "-3"], "corpus.limit must be at least 0"),
        (["--set", "training.seed=1", "--set", "training.seed=2"], "say how many with --seeds"),
        ([*TWO, "--config", "nothing"], "no config 'nothing'; there are: .*reports/first_100"),
        (["--config", "tiny"], "only one run to compare"),
        ([*TWO, "--limit", "10"], "no poems at .*; run: poetgen fetch, or give others with --source"),
        ([*TWO, "--source", "nowhere"], "no poems at nowhere to prepare; run: poetgen fetch"),
        ([*TWO, "--set", "training.backend=numpy", "--set", "training.precision=bfloat16"], "numpy"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence_and_leaves_no_run(home: Path, words: list[str], told: str) -> None:
    assert_refused(small(home, *words), told)
    assert not (home / "out").exists()  # what failed at once leaves no folder


def test_runs_that_are_too_short_to_judge_by_are_said_to_be(home: Path) -> None:
    told = small(home, *TWO, "--seeds", 1, "--steps", 2).stderr
    assert "too short to judge by: 2 steps of sgd; try --steps 1000" in told


def test_an_unknown_optimizer_is_a_slip_of_usage(home: Path) -> None:
    result = small(home, "--optimizer", "adma", "--optimizer", "sgd")
    assert (
        result.exit_code == 2
        and "'adma' is not a choice; did you mean adamax, adam? There are: sgd" in result.stderr
    )


def test_a_folder_of_something_else_is_refused(home: Path) -> None:
    small(home, *TWO, "--seeds", 1, "--steps", 1)
    assert_refused(
        small(home, *TWO, "--epochs", 3, "--steps", 1), "in which training.epochs was 2 and is now 3"
    )
    assert_refused(
        small(home, "--init", "normal", "--init", "xavier"),
        "holds another comparison .sgd, adam.; choose another",
    )
    other = home / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("dear", encoding="utf-8")
    assert_refused(
        run(home, *SMALL, *TWO, "--out", other), r"holds other files \(thesis.txt\); choose a new folder"
    )
    assert_refused(run(home, *SMALL, *TWO, "--out", other / "thesis.txt"), "is a file; choose a new folder")
    assert [*other.iterdir()] == [other / "thesis.txt"]


def test_other_poems_are_refused(home: Path, fetched: Path) -> None:
    small(home, *TWO, "--seeds", 1, "--steps", 1)
    shutil.rmtree(home / "data" / "prepared")
    assert CliRunner().invoke(poetgen, ["prepare", "--home", str(home), "--min-count", "1"]).exit_code == 0
    assert_refused(small(home, *TWO, "--seeds", 2, "--steps", 1), "are not those that .* began with")


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"settings": 3, "poems": {}}'])
def test_a_damaged_comparison_is_named(home: Path, damage: str) -> None:
    small(home, *TWO, "--seeds", 1, "--steps", 1)
    (home / "out" / "comparison.json").write_text(damage, encoding="utf-8")
    assert_refused(small(home, *TWO, "--seeds", 1, "--steps", 1), r"comparison\.json is damaged")


# ---- stopped and killed, for real ----

LONG = ["--epochs", "15", "--seeds", "1", "--set", "model.dropout=0.3"]


@pytest.fixture(scope="module")
def start(slow_poetgen: Start) -> Start:
    return lambda home: slow_poetgen("compare", "--home", home, *SMALL, *TWO, *LONG, "--out", home / "out")


def wait_for(path: Path, lines: int) -> None:
    """Until a file has so many lines."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if path.exists() and path.read_text(encoding="utf-8").count("\n") >= lines:
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} never had {lines} lines")


def losses(home: Path) -> list[tuple[str, ...]]:
    return [tuple(row[key] for key in ("setting", "seed", "kind", "step", "loss")) for row in metrics(home)]


def metrics(home: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((home / "out" / "metrics.csv").read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=lambda how: how.name)
def test_stopped_or_killed_the_same_command_comes_to_the_same(
    home: Path, how: signal.Signals, whole: list[tuple[str, ...]], start: Start
) -> None:
    process = start(home)
    wait_for(home / "out" / "runs" / "adam-seed-0" / "metrics.jsonl", 20)
    process.send_signal(how)
    _, told = process.communicate(timeout=PATIENCE)
    if how == signal.SIGKILL:
        assert process.returncode == -how
    else:
        assert process.returncode == 128 + how
        assert told.splitlines()[-1] == "stopped and saved; the same command continues"
    assert not (home / "out" / "report.md").exists()
    told = uninterrupted(home)
    assert "1 of 2  sgd" in told and told.count(", kept") == 1 and "Traceback" not in told
    assert losses(home) == whole


@pytest.fixture(scope="module")
def whole(prepared: Dataset, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, ...]]:
    """The points of the comparison when nothing stops it."""
    home = tmp_path_factory.mktemp("whole")
    shutil.copytree(prepared.path, home / "data" / "prepared")
    uninterrupted(home)
    return losses(home)


def uninterrupted(home: Path) -> str:
    """The same command to its end, and what it said."""
    result = run(home, *SMALL, *TWO, *LONG, "--out", home / "out")
    assert result.exit_code == 0, result.output
    return result.stderr


def test_two_at_once_in_one_folder_are_refused(home: Path, start: Start) -> None:
    process = start(home)
    try:
        wait_for(home / "out" / "runs" / "sgd-seed-0" / "metrics.jsonl", 5)
        assert_refused(small(home, *TWO, *LONG), "another process is comparing in")
    finally:
        end(process)
