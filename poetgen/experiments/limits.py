"""What an experiment may be asked for: numbers that make sense, and no more memory or time than one has."""

from typing import Any

from poetgen.errors import ConfigError

MOST = 10**9  # of anything that is counted
LARGEST = 1e6  # of weights, biases and rates
BYTES, SECONDS = 2**31, 600
WORDS = {
    "hidden_size": "the number of units",
    "steps": "the number of steps through time",
    "batch": "the number of sequences",
    "input_size": "the width of the input",
    "after": "the number of steps to learn",
}


def check_counts(settings: Any, *names: str) -> None:
    """Raises ConfigError for a count below 1 or beyond all reason."""
    for name in names:
        value = getattr(settings, name)
        if not 1 <= value <= MOST:
            raise ConfigError(f"{_words(name)} must be between 1 and {MOST:,}, not {_short(value)}")


def check_numbers(least: float, **numbers: float) -> None:
    """Raises ConfigError for a number below `least`, beyond `LARGEST`, or none."""
    for name, value in numbers.items():
        if not least <= value <= LARGEST:
            raise ConfigError(
                f"{_words(name)} must be between {least:,.0f} and {LARGEST:,.0f}, not {value:g}"
            )


def check_cost(*, numbers: float, seconds: float) -> None:
    """Raises ConfigError for `numbers` in float64 that need too much memory, or what takes too long."""
    gigabytes = 8 * numbers / 2**30
    if 8 * numbers > BYTES:
        raise ConfigError(
            f"this would need {gigabytes:,.1f} GiB of memory; choose smaller sizes, for at most {BYTES / 2**30:g}"
        )
    if seconds > SECONDS:
        raise ConfigError(
            f"this would take about {seconds / 60:,.0f} minutes; choose smaller sizes or fewer steps, "
            f"for at most {SECONDS / 60:g}"
        )


def _words(name: str) -> str:
    return WORDS.get(name, "the " + name.replace("_", " "))


def _short(value: int) -> str:
    return f"{value:,}" if abs(value) < 10**20 else "a number of more than 20 digits"
