"""`poetgen show`: what a checkpoint holds."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from poetgen.checkpoint import Checkpoint, find_checkpoint
from poetgen.cli.options import complete_by, home_option, json_option
from poetgen.cli.output import echo
from poetgen.files import Workspace
from poetgen.printable import printable


@click.command()
@home_option
@click.argument(
    "checkpoint", metavar="[CHECKPOINT]", required=False, shell_complete=complete_by("offer_models")
)
@json_option
def show(workspace: Workspace, *, checkpoint: str | None, as_json: bool) -> None:
    """Show a checkpoint's card: data, commit, configuration, sizes, perplexities.

    CHECKPOINT is a file, a run, newest (the newest run) or tang (the released model).  [default: tang]
    """
    path = find_checkpoint(workspace, checkpoint)
    contents = card_of(Checkpoint.load(path), path)
    if as_json:
        echo(json.dumps(finite(contents), ensure_ascii=False))
    else:
        echo("\n".join(map(printable, lines(contents))))


def card_of(checkpoint: Checkpoint, path: Path) -> dict[str, Any]:
    """Everything there is to say, sizes first, then the card as training wrote it, then the settings."""
    types = sorted({str(array.dtype) for array in checkpoint.weights.values()})
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        "parameters": checkpoint.parameters,
        "weights": ", ".join(types),
        "vocabulary_size": len(checkpoint.vocabulary),
        "card": dict(checkpoint.card),
        "config": dict(checkpoint.config),
    }


def lines(value: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """A table as `key: value` lines, tables within it indented below their key."""
    for key, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield f"{indent}{key}:"
            yield from lines(inner, indent + "  ")
        elif isinstance(inner, list) and any(isinstance(one, str) and " " in one for one in inner):
            yield f"{indent}{key}:"  # sentences
            yield from (f"{indent}  {text_of(one)}" for one in inner)
        else:
            yield f"{indent}{key}: {text_of(inner)}".rstrip(" ")


def text_of(value: Any) -> str:
    """A plain JSON value on one line."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return ", ".join(map(text_of, value)) or "-"
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False) if value else "-"
    return str(value)


def finite(value: Any) -> Any:
    """The same JSON with null for numbers that JSON does not have."""
    if isinstance(value, Mapping):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
