"""A setting of a section: its default, its meaning in a line, what it may be, and how a value is held to that."""

import dataclasses
import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cache
from typing import Any, get_type_hints

from poetgen.errors import ConfigError, PoetgenError

BIG = 2**31 - 1  # counts beyond this are a slip of the hand, and torch would refuse them with a riddle


def setting(
    default: Any,
    meaning: str,
    *,
    minimum: float | None = None,
    maximum: float = BIG,
    below: float | None = None,
    choices: Sequence[str] = (),
    read: Callable[[str], str] | None = None,
) -> Any:
    """A setting: its default, its meaning in a line, and what it may be; `below` is a limit never reached.

    `read` turns what is given into the one way to write it. Raises PoetgenError.
    """
    limits = {"minimum": minimum, "maximum": maximum, "below": below, "choices": tuple(choices)}
    return field(default=default, metadata={"meaning": meaning, **limits, "read": read})


def key_names(section: type) -> list[str]:
    """The keys of a section, or the sections of a configuration."""
    return [one.name for one in dataclasses.fields(section)]


def check_name(name: str, names: Sequence[str], what: str) -> str:
    """`name`, if there is such a section or key. Raises ConfigError, with one that is nearly so called."""
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"
    raise ConfigError(f"unknown {what}: {_short(name)}; {hint}")


def check_value(section: Any, section_name: str, key: str, value: Any) -> Any:
    """`value` as this setting has it: whole numbers as floats where those are meant. Raises ConfigError."""
    kind, limits = _limits(section.__class__)[key]
    name = f"{section_name}.{key}"
    if kind is float and type(value) is int and abs(value) <= BIG:
        value = float(value)
    if type(value) is not kind:
        raise ConfigError(f"{name} must be of type {kind.__name__}, not {_short(value)}")
    if limits["choices"] and value not in limits["choices"]:
        raise ConfigError(f"{name} cannot be {_short(value)}; choose one of: {', '.join(limits['choices'])}")
    if kind in (int, float):
        _check_range(name, value, limits)
    try:
        return limits["read"](value) if limits["read"] else value
    except PoetgenError as error:
        raise ConfigError(f"{name}: {error}") from error


@cache
def _limits(section: type) -> Mapping[str, tuple[Any, Mapping[str, Any]]]:
    """The type of each key, and what it may be."""
    kinds = get_type_hints(section)
    return {one.name: (kinds[one.name], one.metadata) for one in dataclasses.fields(section)}


def _check_range(name: str, value: float, limits: Mapping[str, Any]) -> None:
    minimum, maximum, below = limits["minimum"], limits["maximum"], limits["below"]
    # written so that NaN, which is neither more nor less than anything, is refused too
    if minimum is not None and not value >= minimum:
        raise ConfigError(f"{name} must be at least {minimum}, not {_short(value)}")
    if below is not None and not value < below:
        raise ConfigError(f"{name} must be below {below}, not {_short(value)}")
    if not value <= maximum:
        raise ConfigError(f"{name} must be at most {maximum}, not {_short(value)}")


def _short(value: Any) -> str:
    """For messages: one line, however long the value."""
    if isinstance(value, int) and abs(value) > 10**40:
        return "a number of more than 40 digits"  # Python refuses to print one of thousands
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
