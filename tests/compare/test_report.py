"""The report in its four files' words and numbers."""

import csv
import io
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from poetgen.compare.plan import Plan
from poetgen.compare.report import ComparisonReport, make_report, markdown, table
from poetgen.compare.results import Result, curves_csv
from poetgen.corpus.dataset import Dataset

Planned = Callable[..., Plan]
Compared = Callable[[Plan, Path], list[Result]]


@pytest.fixture(scope="module")
def reported(
    small_plan: Planned,
    compared: Compared,
    prepared: Dataset,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., ComparisonReport]:
    """`reported(values, section__key=...)`: the report of a comparison on the shared poems."""

    def report(values: dict[str, list[Any]] | None = None, **single: Any) -> ComparisonReport:
        plan = small_plan(values, **single)
        results = compared(plan, tmp_path_factory.mktemp("comparison"))
        poems = {setting.label: prepared for setting in plan.variants}
        return make_report(plan, poems, results, command="poetgen compare …")

    return report


def test_the_page_says_what_was_compared_and_how(reported: Callable[..., ComparisonReport]) -> None:
    report = reported(compare__reported="9.9 with Adam")
    page = markdown(report)
    assert page.startswith("# Compared: optimizer\n\nReported: 9.9 with Adam\n")
    assert "44 in train, 8 in validation" in page and "commit 0123456789ab" in page
    assert "There are only 8 poems to validate on" in page
    assert "Median of 2 seeds" in page and "seeds: 0, 1;" in page and "budget: 2 epochs" in page
    assert "model.hidden_size=7" in page and "training.optimizer" not in page
    assert "```sh\npoetgen compare …\n```" in page and "![" in page
    head, line, *body = [text for text in page.splitlines() if text.startswith("|")]
    assert [row.split(" | ")[0] for row in body] == ["| adam", "| sgd"]
    assert {text.count("|") for text in (head, line, *body)} == {head.count("|")}


def test_the_table_has_the_metrics_of_the_runs(reported: Callable[..., ComparisonReport]) -> None:
    report = reported(compare__seeds=1, compare__target=1e6)
    head, adam, _ = table(report)
    cells = dict(zip(head, adam, strict=True))
    [run] = report.chosen["adam"]
    assert run.best and run.final
    assert float(cells["best"]) == pytest.approx(math.exp(run.best.loss), rel=1e-2)
    assert float(cells["final"]) == pytest.approx(math.exp(run.final.loss), rel=1e-2)
    assert cells["rate"] == "0.003"
    assert int(cells["at step"]) == run.best.step
    assert int(cells["steps to 1e+06"]) == run.validation[0].step


def test_what_is_never_reached_is_a_dash(reported: Callable[..., ComparisonReport]) -> None:
    head, adam, _ = table(reported(compare__seeds=1, compare__target=1.5))
    assert dict(zip(head, adam, strict=True))["steps to 1.5"] == "–"


def test_diverged_runs_are_called_so(reported: Callable[..., ComparisonReport]) -> None:
    report = reported(
        {"training.learning_rate": [2e9, 0.1]}, training__optimizer="sgd", training__clip_norm=0.0
    )
    [_, astray, sound] = table(report)
    assert "diverged" in astray and "diverged" not in sound
    assert re.search(r"Diverged: [^.]{20,}\.", markdown(report))
    numbers = json.dumps(report.to_dict(), allow_nan=False)
    assert [row["diverged"] for row in json.loads(numbers)["table"]] == [2, 0]


def test_the_numbers_are_all_there(reported: Callable[..., ComparisonReport]) -> None:
    report = reported()
    values = json.loads(json.dumps(report.to_dict(), ensure_ascii=False, allow_nan=False))
    assert [row["label"] for row in values["table"]] == ["adam", "sgd"]
    assert [(run["label"], run["seed"]) for run in values["runs"]] == [
        ("adam", 0), ("adam", 1), ("sgd", 0), ("sgd", 1),
    ]  # fmt: skip
    assert all(run["best"]["loss"] <= run["final"]["loss"] for run in values["runs"])
    assert values["settings"]["sgd"]["training"]["optimizer"] == "sgd"
    assert values["machine"]["threads"] >= 1
    assert values["poems"][0]["splits"]["train"]["poems"] == 44


def test_one_rate_for_all_optimizers_is_remarked(reported: Callable[..., ComparisonReport]) -> None:
    remark = "All have the rate 0.01"
    assert remark in markdown(reported(training__learning_rate=0.01))
    assert remark not in markdown(reported())
    values = {"training.backend": ["torch", "numpy"]}
    assert remark not in markdown(reported(values, training__learning_rate=0.01))


def test_metrics_are_every_point(reported: Callable[..., ComparisonReport]) -> None:
    report = reported()
    rows = list(csv.DictReader(io.StringIO(curves_csv(report.chosen))))
    runs = [run for runs in report.chosen.values() for run in runs]
    assert len(rows) == sum(len(run.training) + len(run.validation) for run in runs)
    first = rows[0]
    assert (first["setting"], first["seed"], first["kind"], first["step"]) == ("adam", "0", "training", "1")
    for row in rows:
        assert float(row["perplexity"]) == pytest.approx(math.exp(float(row["loss"])), rel=1e-4)


def test_tuning_says_what_it_tried_and_what_it_cost(reported: Callable[..., ComparisonReport]) -> None:
    report = reported(compare__tune=True, training__learning_rate=0.01)
    page = markdown(report)
    [paragraph] = re.findall(r"A third of each rate.*", page)
    assert "6 runs, 0 s" in paragraph or re.search(r"6 runs, \d+ s", paragraph)
    lines = [line for line in page.splitlines() if " at 0.00333" in line]
    assert len(lines) == 2 and all(line.count("**") == 2 for line in lines)
    assert [len(runs) for runs in report.tries.values()] == [3, 3]
    for label, runs in report.chosen.items():
        assert {run.learning_rate for run in runs} == {
            min(report.tries[label], key=lambda r: r.rank).learning_rate
        }
    assert len(report.to_dict()["tuning"]["sgd"]) == 3


def test_one_seed_says_nothing_of_chance(reported: Callable[..., ComparisonReport]) -> None:
    page = markdown(reported(compare__seeds=1))
    assert "nothing is said of chance" in page and "±" not in page.split("## ")[0].split("One seed")[0]
