"""What to do where poems are few: a split, a minimum count or another model's characters that suit them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from poetgen.checkpoint import RELEASED
from poetgen.cli.options import command_line
from poetgen.files import Workspace

if TYPE_CHECKING:
    from poetgen.config import CorpusConfig
    from poetgen.corpus.prepare import PrepareReport

FEW = 10  # poems to validate on: with fewer, chance decides between two models
LARGER = "8:2"
UNKNOWN = 0.05  # of the validation hanzi; in 全唐詩 it is far below


def advise(
    report: "PrepareReport", config: "CorpusConfig", workspace: Workspace, words: list[str], out: list[str]
) -> Iterator[str]:
    """Warnings, and commands that do better: `words` and `out` are what was typed but for split and characters."""
    validation, poems = report.splits["validation"], report.selection["kept"]
    few, unknown = validation["poems"], validation["out_of_vocabulary_rate"]
    split = ["--split", LARGER] if few < FEW and config.split != LARGER else []
    count = ["--min-count", "1"] if unknown > UNKNOWN and config.min_count > 1 else []
    if few < FEW:
        larger = f"--split {LARGER} keeps about {poems // 5}" if split else "add poems"
        yield f"{few} of {poems:,} poems validate{'s' * (few == 1)}, too few to choose between models; {larger}"
    if unknown > UNKNOWN:
        yield f"{unknown:.0%} of the validation hanzi are <unknown>, for the training poems are few"
    if split or count:
        prepare = command_line(workspace, "poetgen", "prepare", *words, *out, *split, *count)
        yield f"to prepare them better: {prepare}"
    if unknown > UNKNOWN:
        prepare = command_line(
            workspace, "poetgen", "prepare", *words, *out, *split, "--vocabulary", RELEASED
        )
        data = ["--data", out[1]] if out else []
        train = command_line(workspace, "poetgen", "train", "--from", RELEASED, *data)
        yield f"or to learn on from the released model: {prepare} && {train}"


def quote_flags(values: dict[str, Any]) -> list[str]:
    """Options as they were typed, of those that took a value."""
    words = []
    for name, value in values.items():
        for one in value if isinstance(value, tuple) else [value]:
            if one is not None and not isinstance(one, bool):
                words += [f"--{name.replace('_', '-')}", str(one)]
    return words
