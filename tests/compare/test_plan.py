"""Values → settings with labels, and the runs they take."""

from typing import Any

import pytest

from poetgen.compare.plan import MOST_VARIANTS, TUNING, file_name, plan_comparison
from poetgen.config import OPTIMIZERS
from poetgen.errors import ConfigError
from poetgen.optimizers import RULES

TWO = {"training.optimizer": ["adam", "sgd"]}


def labels(**values: list[Any]) -> list[str]:
    keyed = {key.replace("__", "."): chosen for key, chosen in values.items()}
    return [setting.label for setting in plan_comparison({}, keyed).variants]


def test_every_combination_in_the_order_given() -> None:
    assert labels(training__optimizer=["sgd", "adam"], model__hidden_size=[8, 1024]) == [
        "sgd, hidden size 8", "sgd, hidden size 1,024", "adam, hidden size 8", "adam, hidden size 1,024",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "values", "expected"),
    [
        ("training__learning_rate", [0, 0.01], ["own learning rate", "learning rate 0.01"]),
        ("model__tied", [True, False], ["tied", "no tied"]),
        ("corpus__form", ["", "五絕"], ["no form", "五絕"]),
        ("training__backend", ["torch", "numpy"], ["torch", "numpy"]),
        ("model__cell", ["lstm", "rnn"], ["lstm", "rnn"]),
        ("corpus__limit", [500, 10_000], ["limit 500", "limit 10,000"]),
    ],
)
def test_labels(key: str, values: list[Any], expected: list[str]) -> None:
    assert labels(**{key: values}) == expected


def test_settings_differ_in_what_is_compared_alone() -> None:
    plan = plan_comparison({"model.hidden_size": 8, "training.epochs": 3}, TWO)
    adam, sgd = (setting.config for setting in plan.variants)
    assert adam.replace({"training.optimizer": "sgd"}) == sgd
    assert (adam.model.hidden_size, adam.training.epochs, adam.training.patience) == (8, 3, 0)


def test_each_optimizer_has_its_own_rate_unless_one_is_given() -> None:
    plan = plan_comparison({}, {"training.optimizer": list(OPTIMIZERS)})
    assert {s.label: s.learning_rate for s in plan.variants} == {name: RULES[name].lr for name in OPTIMIZERS}
    plan = plan_comparison({"training.learning_rate": 0.5}, TWO)
    assert [setting.learning_rate for setting in plan.variants] == [0.5, 0.5]


def test_jobs_have_names_of_their_own_and_their_seed() -> None:
    single = {"compare.seeds": 3, "compare.tune": True, "training.seed": 7}
    plan = plan_comparison(single, TWO)
    jobs = [plan.run(s, seed, share) for s in plan.variants for seed in plan.seeds for share in TUNING]
    assert len({job.name for job in jobs}) == len(jobs) == 18
    assert [*plan.seeds] == [7, 8, 9]
    assert all(job.config.training.seed == job.seed for job in jobs)
    assert plan.number_of_runs == 2 * (3 + 2)
    own = plan.run(plan.variants[0], 7)
    assert own.config == plan.variants[0].config and own.learning_rate == RULES["adam"].lr
    tried = plan.run(plan.variants[0], 7, 3.0)
    assert tried.config.training.learning_rate == tried.learning_rate == 3 * RULES["adam"].lr


@pytest.mark.parametrize(
    "values", [{}, {"training.optimizer": ["adam"]}, {"training.optimizer": ["adam"] * 2}]
)
def test_one_run_is_no_comparison(values: dict[str, list[Any]]) -> None:
    with pytest.raises(ConfigError, match="only one run to compare; give two values"):
        plan_comparison({}, values)


def test_rates_are_compared_or_tuned_not_both() -> None:
    with pytest.raises(ConfigError, match="omit --tune"):
        plan_comparison({"compare.tune": True}, {"training.learning_rate": [0.1, 0.2]})


def test_no_more_than_a_picture_can_show() -> None:
    many = list(range(1, MOST_VARIANTS + 2))
    with pytest.raises(ConfigError, match="25 settings are more than"):
        plan_comparison({}, {"model.hidden_size": many})
    assert len(plan_comparison({}, {"model.hidden_size": many[:-1]}).variants) == MOST_VARIANTS


@pytest.mark.parametrize(
    ("label", "name"),
    [("adam, hidden size 1,024", "adam-hidden-size-1024"), ("../五絕", "..-五絕"), ("no form", "no-form")],
)
def test_labels_as_file_names(label: str, name: str) -> None:
    assert file_name(label) == name and "/" not in file_name(label)


def test_a_constant_that_one_of_the_rules_does_not_have_is_refused_before_any_run() -> None:
    with pytest.raises(ConfigError, match="sgd has no beta1"):
        plan_comparison({"training.beta1": 0.8}, TWO)
