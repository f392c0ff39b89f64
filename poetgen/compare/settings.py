"""Settings of a comparison: those of a run, with a section [compare] that says what stands side by side.

[training]
epochs = 10

[compare]
seeds = 3
training.optimizer = ["adam", "sgd"]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from poetgen.config import Config, CorpusConfig, TrainingConfig, flatten, read_sections, setting
from poetgen.errors import ConfigError

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
    padded_to: int = setting(
        0,
        "tokens a poem is padded to, for the estimate of what counting padding makes; 0: as its batch's longest",
        minimum=0,
    )
    training_poems: bool = setting(False, "measure the training poems too, at the end of each run")
    reported: str = setting("", "what was published of such a comparison, quoted in the report")


PARTS = CorpusConfig(split="8:2")  # a subset needs a larger part to validate on than the whole does
WHOLE_BUDGET = TrainingConfig(patience=0)  # no run stops early of itself


@dataclass(frozen=True)
class ComparisonConfig(Config):
    """All settings of a comparison."""

    corpus: CorpusConfig = PARTS
    training: TrainingConfig = WHOLE_BUDGET
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
    check(single, values)
    return single, values


def check(single: Mapping[str, Any], values: Values) -> None:
    """Raises ConfigError for a key or a value that cannot be."""
    config = ComparisonConfig().replace(single)
    for key, listed in values.items():
        if key.startswith("compare."):
            raise ConfigError(f"{key} is about the whole comparison, and cannot itself be compared")
        if key == "training.seed":
            raise ConfigError("seeds are not compared but summarised; say how many with --seeds")
        for value in listed:
            config.replace({key: value})


def distinct(values: list[Any]) -> list[Any]:
    """The values in their order, each once; 1 and true are two."""
    return list({(type(value), value): value for value in values}.values())
