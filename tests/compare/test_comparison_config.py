"""What a config says of a comparison."""

from pathlib import Path

import pytest

from poetgen.compare.plan import (
    CompareConfig,
    ComparisonConfig,
    check_values,
    drop_repeats,
    plan_comparison,
    read_comparison,
)
from poetgen.config import Config
from poetgen.config_files import config_names, load_config
from poetgen.errors import ConfigError

REPORTS = [name for name in config_names() if name.startswith("reports/")]


def written(path: Path, text: str) -> str:
    file = path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_comparison_is_read_beside_the_settings_of_its_runs(tmp_path: Path) -> None:
    name = written(
        tmp_path,
        '[model]\nhidden_size = 8\n[compare]\nseeds = 2\ntraining.optimizer = ["adam", "sgd"]\n'
        "model.tied = [true, false]\n",
    )
    single, values = read_comparison(name)
    assert single == {"model.hidden_size": 8, "compare.seeds": 2}
    assert values == {"training.optimizer": ["adam", "sgd"], "model.tied": [True, False]}
    assert load_config(name) == load_config(settings=["model.hidden_size=8"]), "train passes [compare] over"


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_a_comparison_that_can_be_made(name: str) -> None:
    plan = plan_comparison(*read_comparison(name))
    assert len(plan.variants) > 1
    assert len({setting.label for setting in plan.variants}) == len(plan.variants)


def test_there_is_a_report_for_each_setting() -> None:
    assert len(REPORTS) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed = 3", r"unknown key in \[compare\]: 'seed'; did you mean seeds"),
        ("seeds = 0", "compare.seeds must be at least 1"),
        ("seeds = [1, 2]", "compare.seeds must be of type int"),
        ('training.optimizer = "adam"', "compare.training.optimizer must be a list of values"),
        ("training.optimizer = []", "compare.training.optimizer must be a list of values"),
        ('training.optimizer = ["adam", "adma"]', "training.optimizer cannot be 'adma'"),
        ('training.optimiser = ["adam"]', "did you mean optimizer"),
        ('trainig.optimizer = ["adam"]', "unknown section: 'trainig'; did you mean training"),
        ("training.seed = [1, 2]", "say how many with --seeds"),
        ("training = 3", "unknown key in .compare."),
    ],
)
def test_a_comparison_that_cannot_be_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        read_comparison(written(tmp_path, f"[compare]\n{text}\n"))
    assert "\n" not in str(error.value)


def test_what_is_about_the_whole_cannot_be_compared() -> None:
    with pytest.raises(ConfigError, match=r"compare\.seeds is about the whole comparison"):
        check_values({}, {"compare.seeds": [1, 2]})


def test_distinct_keeps_the_order_and_parts_true_from_1() -> None:
    assert list(map(repr, drop_repeats([2, 1, True, 2, 1.0, "1"]))) == ["2", "1", "True", "1.0", "'1'"]


def test_a_run_is_told_nothing_of_the_comparison() -> None:
    config = ComparisonConfig(compare=CompareConfig(seeds=9))
    assert type(config.run) is Config and "compare" not in config.run.to_dict()
