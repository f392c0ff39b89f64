"""A wrong type is answered by a sentence that names the argument."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poetgen.argument_types import check_arguments
from poetgen.errors import ConfigError


@check_arguments
def plant(
    trees: str | Iterable[str] | None = None, *, rows: int = 1, width: float = 1.0, place: Path | str = "."
) -> tuple[Any, ...]:
    """A function like those that are public."""
    return trees, rows, width, place


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"trees": None},
        {"trees": ["elm", "oak"]},
        {"trees": iter(["elm"])},
        {"rows": np.int64(2), "width": np.float32(2)},
        {"width": 3},
        {"place": Path()},
    ],
)
def test_what_fits_goes_through(arguments: dict[str, Any]) -> None:
    assert plant(**arguments) == tuple(
        {"trees": None, "rows": 1, "width": 1.0, "place": ".", **arguments}.values()
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"trees": 5}, "trees must be text or a list or None, not 5"),
        ({"rows": "two"}, "rows must be a whole number, not 'two'"),
        ({"rows": 1.5}, "rows must be a whole number, not 1.5"),
        ({"width": None}, "width must be a number, not None"),
        ({"place": "x" * 0 or 7}, "place must be a path or text, not 7"),
        ({"rows": "9" * 100}, f"rows must be a whole number, not '{'9' * 59}"),
    ],
)
def test_what_does_not_is_named(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plant(**arguments)
    assert str(caught.value) == sentence


def test_the_function_is_still_itself() -> None:
    assert (plant.__name__, plant.__doc__) == ("plant", "A function like those that are public.")
    with pytest.raises(TypeError, match="colour"):
        plant(colour="green")  # type: ignore[call-arg]
