"""Arguments of public functions, held to their annotations: a value of another type is answered by a sentence."""

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from poetgen.errors import ConfigError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
KINDS: dict[Any, type] = {int: Integral, float: Real}  # what counts as one, NumPy's numbers too
WORDS: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    NoneType: "None",
}
WORDS |= {Path: "a path", Iterable: "a list", list: "a list"}


def check_arguments(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Makes a call raise ConfigError for an argument that is of none of the types in its annotation."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def checked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        hints = get_type_hints(function)
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            if name in hints and not isinstance(value, tuple(_kinds(hints[name]))):
                words = " or ".join(WORDS.get(one, f"of type {one.__name__}") for one in _types(hints[name]))
                raise ConfigError(f"{name} must be {words}, not {value!r:.60}")
        return function(*args, **kwargs)

    return checked


def _types(hint: Any) -> Iterator[Any]:
    """The plain types of an annotation: `str | Iterable[str] | None` has three."""
    if get_origin(hint) in (Union, UnionType):
        for one in get_args(hint):
            yield from _types(one)
    else:
        yield get_origin(hint) or hint


def _kinds(hint: Any) -> Iterator[type]:
    return (KINDS.get(one, one) for one in _types(hint))
