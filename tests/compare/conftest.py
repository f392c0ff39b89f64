"""Comparisons small enough for tests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from poetgen.compare.folder import ComparisonFolder
from poetgen.compare.plan import Plan, plan_comparison
from poetgen.compare.results import Result
from poetgen.compare.running import RunFinished, run_comparison
from poetgen.corpus.dataset import Dataset

SMALL = {
    "model.embedding_size": 6, "model.hidden_size": 7, "training.batch_size": 12, "training.epochs": 2,
    "training.device": "cpu", "compare.seeds": 2,
}  # fmt: skip


@pytest.fixture(scope="session")
def small_plan() -> Callable[..., Plan]:
    """`small_plan({key: values}, section__key=...)`: two optimizers and two seeds unless told otherwise."""

    def plan(values: dict[str, list[Any]] | None = None, **single: Any) -> Plan:
        given = {key.replace("__", "."): value for key, value in single.items()}
        return plan_comparison({**SMALL, **given}, values or {"training.optimizer": ["adam", "sgd"]})

    return plan


@pytest.fixture(scope="session")
def compared(prepared: Dataset) -> Callable[..., list[Result]]:
    """`compared(plan, path)`: every run of a plan on the shared poems."""

    def run(plan: Plan, path: Path) -> list[Result]:
        poems = {setting.label: prepared for setting in plan.variants}
        events = run_comparison(plan, poems, ComparisonFolder(path))
        return [event.result for event in events if isinstance(event, RunFinished)]

    return run
