"""What is compared: the settings that say so, the variants that come of them, and the runs it takes.

A config of a comparison has the settings of a run, and a section [compare] that says what stands side by side:

[training]
epochs = 10

[compare]
seeds = 3
training.optimizer = ["adam", "sgd"]
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from poetgen.config import Config, CorpusConfig, TrainingConfig, flatten
from poetgen.config_files import read_sections
from poetgen.errors import ConfigError
from poetgen.setting import setting

TUNING = (1.0, 1 / 3, 3.0)  # multipliers of a learning rate that --tune tries
MOST_VARIANTS = 24  # that a picture can tell apart
Values = dict[str, list[Any]]  # section.key -> what it is compared at


@dataclass(frozen=True)
class CompareConfig:
    """What is done with the settings compared."""

    seeds: int = setting(3, "runs of each setting, with training.seed and the seeds after it", minimum=1)
    tune: bool = setting(False, "try a third and three times each learning rate too, and keep the best")
    target: float = setting(
        0.0,
        "perplexity to which steps and seconds are counted; 0: what half of the settings reach",
        minimum=0,
    )
    training_poems: bool = setting(False, "measure the training poems too, at the end of each run")
    reported: str = setting("", "what was published of such a comparison, quoted in the report")


CORPUS = CorpusConfig(split="8:2")  # a subset needs a larger part to validate on than the whole does
TRAINING = TrainingConfig(patience=0)  # no run stops early of itself


@dataclass(frozen=True)
class ComparisonConfig(Config):
    """All settings of a comparison."""

    corpus: CorpusConfig = CORPUS
    training: TrainingConfig = TRAINING
    compare: CompareConfig = CompareConfig()

    @property
    def run(self) -> Config:
        """Those of a run."""
        return Config(self.corpus, self.model, self.training)


def read_comparison(name: str) -> tuple[dict[str, Any], Values]:
    """What a config holds: single settings, and lists of those compared. Raises ConfigError."""
    single: dict[str, Any] = {}
    values: Values = {}
    for dotted, value in read_sections(name).items():
        section, _, key = dotted.partition(".")
        if section != "compare" or not isinstance(value, Mapping):
            single[dotted] = value
            continue
        for compared, listed in flatten({key: value}, name).items():
            if not isinstance(listed, list) or not listed:
                raise ConfigError(f"compare.{compared} must be a list of values, such as [1, 2]")
            values[compared] = listed
    check_values(single, values)
    return single, values


def check_values(single: Mapping[str, Any], values: Values) -> None:
    """Raises ConfigError for a key or a value that cannot be."""
    config = ComparisonConfig().replace(single)
    for key, listed in values.items():
        if key.startswith("compare."):
            raise ConfigError(f"{key} is about the whole comparison, and cannot itself be compared")
        if key == "training.seed":
            raise ConfigError("seeds are not compared but summarised; say how many with --seeds")
        for value in listed:
            config.replace({key: value})


def drop_repeats(values: list[Any]) -> list[Any]:
    """The values in their order, each once; 1 and true are two."""
    return list({(type(value), value): value for value in values}.values())


@dataclass(frozen=True)
class Variant:
    """One of what is compared; its configuration is that of the first seed."""

    label: str
    config: Config

    @property
    def learning_rate(self) -> float:
        """The rate given, or the optimizer's own."""
        return self.config.training.peak_learning_rate


@dataclass(frozen=True)
class Run:
    """A run to be made."""

    name: str
    label: str
    seed: int
    learning_rate: float
    config: Config


@dataclass(frozen=True)
class Plan:
    """The variants to compare, the keys in which they differ, and what is done with them."""

    variants: tuple[Variant, ...]
    compared: tuple[str, ...]
    options: CompareConfig

    @property
    def seeds(self) -> range:
        """Those of each variant's runs."""
        first = self.variants[0].config.training.seed
        return range(first, first + self.options.seeds)

    @property
    def number_of_runs(self) -> int:
        """How many runs it takes, those that tune counted."""
        tries = len(TUNING) - 1 if self.options.tune else 0
        return len(self.variants) * (self.options.seeds + tries)

    def run(self, variant: Variant, seed: int, lr_multiplier: float = 1.0) -> Run:
        """A variant's run with this seed, at its learning rate times a multiplier."""
        rate = variant.learning_rate * lr_multiplier
        changes = {"training.seed": seed} | ({"training.learning_rate": rate} if lr_multiplier != 1 else {})
        tried = f"-rate-{rate:.3g}" if lr_multiplier != 1 else ""
        name = f"{file_name(variant.label)}{tried}-seed-{seed}"
        return Run(name, variant.label, seed, rate, variant.config.replace(changes))


def plan_comparison(single: Mapping[str, Any], values: Values) -> Plan:
    """Every combination of the compared values, the rest held as `single` says.

    Raises ConfigError for what cannot be, and when fewer than two settings or more than a picture can show come
    of it.
    """
    listed = {key: drop_repeats(chosen) for key, chosen in values.items()}
    base = ComparisonConfig().replace(
        {**single, **{key: one for key, (one, *more) in listed.items() if not more}}
    )
    if base.training.processes > 1 or "training.processes" in listed:
        raise ConfigError("each run of a comparison is made in one process; omit training.processes")
    compared = {key: chosen for key, chosen in listed.items() if len(chosen) > 1}
    if not compared:
        raise ConfigError(
            "there is only one run to compare; give two values, such as --optimizer adam --optimizer sgd"
        )
    if base.compare.tune and "training.learning_rate" in compared:
        raise ConfigError("learning rates are compared already; omit --tune")
    variants = tuple(make_variants(base.run, compared))
    if len(variants) > MOST_VARIANTS:
        raise ConfigError(
            f"{len(variants)} settings are more than a picture can show; compare at most {MOST_VARIANTS}"
        )
    return Plan(variants, tuple(compared), base.compare)


def make_variants(base: Config, compared: Values) -> Iterator[Variant]:
    """The combinations, in the order given, each labelled by what it has of its own."""
    for combination in itertools.product(*compared.values()):
        config = base.replace(dict(zip(compared, combination, strict=True)))
        _ = config.training.optimizer_constants  # raises for one that this rule does not have
        found = flatten(config.to_dict(), "config")
        yield Variant(", ".join(describe_setting(key, found[key]) for key in compared), config)


def describe_setting(key: str, value: Any) -> str:
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
