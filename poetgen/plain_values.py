"""Values read back from a file that somebody may have changed: what they must be, before they are used."""

import math
from typing import Any

LARGEST = 2**53  # up to here a float counts without gaps


def check_count(name: str, value: object, *, least: int = 0) -> int:
    """A whole number from `least` on. Raises ValueError."""
    if type(value) is not int or not least <= value < LARGEST:
        raise ValueError(f"{name} cannot be {value!r:.60}")
    return value


def check_finite(name: str, value: object, *, least: float = -math.inf) -> float:
    """A finite number from `least` on. Raises ValueError."""
    if type(value) not in (int, float) or not math.isfinite(number := float(value)) or number < least:  # type: ignore[arg-type]
        raise ValueError(f"{name} cannot be {value!r:.60}")
    return number


def check_table(name: str, value: object) -> dict[str, Any]:
    """A JSON object. Raises ValueError."""
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not a table")
    return value
