"""What is compared, as a list of settings, and the runs it takes."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from poetgen.compare.settings import CompareConfig, ComparisonConfig, Values, distinct
from poetgen.config import Config, flatten
from poetgen.errors import ConfigError
from poetgen.optimizers import RULES

TUNING = (1.0, 1 / 3, 3.0)  # shares of a learning rate that --tune tries
MOST_SETTINGS = 24  # that a picture can tell apart


@dataclass(frozen=True)
class Setting:
    """One of what is compared; its configuration is that of the first seed."""

    label: str
    config: Config

    @property
    def learning_rate(self) -> float:
        """The rate given, or the optimizer's own."""
        return self.config.training.learning_rate or RULES[self.config.training.optimizer].lr


@dataclass(frozen=True)
class Job:
    """A run to be made."""

    name: str
    label: str
    seed: int
    learning_rate: float
    config: Config


@dataclass(frozen=True)
class Plan:
    """The settings to compare, the keys in which they differ, and what is done with them."""

    settings: tuple[Setting, ...]
    compared: tuple[str, ...]
    options: CompareConfig

    @property
    def seeds(self) -> range:
        """Those of each setting's runs."""
        first = self.settings[0].config.training.seed
        return range(first, first + self.options.seeds)

    @property
    def jobs(self) -> int:
        """How many runs it takes, those that tune counted."""
        tries = len(TUNING) - 1 if self.options.tune else 0
        return len(self.settings) * (self.options.seeds + tries)

    def job(self, setting: Setting, seed: int, share: float = 1.0) -> Job:
        """A setting's run with this seed, at its learning rate or a share of it."""
        rate = setting.learning_rate * share
        changes = {"training.seed": seed} | ({"training.learning_rate": rate} if share != 1 else {})
        tried = f"-rate-{rate:.3g}" if share != 1 else ""
        name = f"{file_name(setting.label)}{tried}-seed-{seed}"
        return Job(name, setting.label, seed, rate, setting.config.replace(changes))


def plan_comparison(single: Mapping[str, Any], values: Values) -> Plan:
    """Every combination of the compared values, the rest held as `single` says.

    Raises ConfigError for what cannot be, and when fewer than two settings or more than a picture can show come
    of it.
    """
    listed = {key: distinct(chosen) for key, chosen in values.items()}
    base = ComparisonConfig().replace(
        {**single, **{key: one for key, (one, *more) in listed.items() if not more}}
    )
    compared = {key: chosen for key, chosen in listed.items() if len(chosen) > 1}
    if not compared:
        raise ConfigError(
            "there is only one run to compare; give two values, such as --optimizer adam --optimizer sgd"
        )
    if base.compare.tune and "training.learning_rate" in compared:
        raise ConfigError("learning rates are compared already; omit --tune")
    settings = tuple(settings_of(base.run, compared))
    if len(settings) > MOST_SETTINGS:
        raise ConfigError(
            f"{len(settings)} settings are more than a picture can show; compare at most {MOST_SETTINGS}"
        )
    return Plan(settings, tuple(compared), base.compare)


def settings_of(base: Config, compared: Values) -> Iterator[Setting]:
    """The combinations, in the order given, each labelled by what it has of its own."""
    for combination in itertools.product(*compared.values()):
        config = base.replace(dict(zip(compared, combination, strict=True)))
        found = flatten(config.to_dict(), "config")
        yield Setting(", ".join(said(key, found[key]) for key in compared), config)


def said(key: str, value: Any) -> str:
    """A value as a label has it: words as they are, numbers and switches with their name."""
    name = key.partition(".")[2].replace("_", " ")
    if name == "learning rate" and not value:
        return "own learning rate"
    if isinstance(value, bool) or value == "":
        return name if value else f"no {name}"
    if isinstance(value, str):
        return value
    return f"{name} {value:,}" if isinstance(value, int) else f"{name} {value:g}"


def file_name(label: str) -> str:
    """A label as part of a file's name."""
    return re.sub(r"[^\w.+-]+", "-", label.replace(",", "")).strip("-")
