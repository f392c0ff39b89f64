"""A language model as it travels: a model file whose weights, vocabulary, settings and card fit one another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from poetgen.argument_types import check_arguments
from poetgen.config import ModelConfig, from_dict
from poetgen.corpus.conditions import ConditionTable
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import CheckpointError, ConfigError, CorpusError
from poetgen.files import Workspace, shipped_folder
from poetgen.language import tr
from poetgen.model_files import (
    BEST,
    LANGUAGE_MODEL,
    Array,
    check_values,
    find_model,
    read_model_file,
    unusable,
    write_model_file,
)

FORMAT_VERSION = 1
RELEASED = "tang"  # the name of the released model, everywhere
DEEPEST = 32  # tables and lists in one another; a card as training writes it has three or four

_LINES = "corpus.lines"  # among the weights, though nothing is learned in it


@dataclass(frozen=True)
class Checkpoint:
    """A model as it travels: weights by name, vocabulary, and what is known of its making.

    `weights` are float32 or float16 arrays named as LanguageModel's parameters; `config` is the resolved
    configuration as a plain dict (sections corpus, model, training); `card` holds data source, corpus commit,
    split, seed, step, epoch and measured perplexities, all plain JSON values. `lines`, where there are any, are
    the sums of the training poems' lines (poetgen.corpus.line_index), by which a copied line is known;
    `conditions` are the forms and poets it can be conditioned on, None for a model without conditions.
    """

    weights: Mapping[str, Array]
    vocabulary: Vocabulary
    config: Mapping[str, Any]
    card: Mapping[str, Any] = field(default_factory=dict)
    lines: Array | None = None
    conditions: ConditionTable | None = None

    def save(self, path: Path) -> None:
        """Write the file whole or not at all. Raises PoetgenError when the disk refuses."""
        metadata = {
            "format_version": FORMAT_VERSION,
            "vocabulary": "\n".join(self.vocabulary.tokens),
            "counts": list(self.vocabulary.counts),
            "unknown_types": self.vocabulary.unknown_types,
            "config": self.config,
            "card": self.card,
            **({"conditions": self.conditions.to_dict()} if self.conditions else {}),
        }
        lines = {} if self.lines is None else {_LINES: self.lines}
        write_model_file(path, {**self.weights, **lines}, metadata)

    @classmethod
    @check_arguments
    def load(cls, path: Path | str) -> "Checkpoint":
        """Read and check a file.

        Raises CheckpointError when it is missing, truncated, not a poetgen checkpoint, of another format
        version, or when its weights do not fit its own configuration and vocabulary.
        """
        path = Path(path)
        weights, metadata = read_model_file(path, LANGUAGE_MODEL, FORMAT_VERSION)
        try:
            lines = _check_lines(weights.pop(_LINES, None))
            config = from_dict(metadata["config"], tr("its configuration"))
            vocabulary, card = _vocabulary(metadata), _card(metadata)
            table = metadata.get("conditions")
            conditions = None if table is None else ConditionTable.from_dict(table)
            checkpoint = cls(weights, vocabulary, config.to_dict(), card, lines, conditions)
        except (KeyError, TypeError, ValueError, AttributeError, ConfigError, CorpusError) as error:
            what = tr("{args} is missing", args=error.args[0]) if isinstance(error, KeyError) else error
            raise unusable(tr("{path} is a damaged checkpoint ({what})", path=path, what=what)) from error
        rows = len(conditions) if conditions else 0
        _check_weights(path, weights, parameter_shapes(len(vocabulary), config.model, rows))
        return checkpoint

    @property
    def model_config(self) -> ModelConfig:
        """The network's settings."""
        return from_dict(self.config).model

    @property
    def parameters(self) -> int:
        """How many numbers were learned."""
        return sum(array.size for array in self.weights.values())


def _check_lines(lines: Array | None) -> Array | None:
    """Raises ValueError for what is not a sorted array of line sums."""
    if lines is not None and (lines.dtype != np.uint32 or lines.ndim != 1 or (lines[1:] <= lines[:-1]).any()):
        raise ValueError(tr("its table of known lines is not in order"))
    return lines


def _card(metadata: Mapping[str, Any]) -> dict[str, Any]:
    card = metadata["card"]
    if not isinstance(card, dict):
        raise TypeError(tr("its card is not a table"))
    if _depth(card) > DEEPEST:
        raise ValueError(tr("its card is nested more than {deepest} deep", deepest=DEEPEST))
    return card


def _depth(value: Any) -> int:
    """How many tables and lists stand in one another; without recursion, which a hostile card could exhaust."""
    depth, level = 0, [value]
    while level := [inner for inner in level if isinstance(inner, dict | list)]:
        level = [item for inner in level for item in (inner.values() if isinstance(inner, dict) else inner)]
        depth += 1
    return depth


def _vocabulary(metadata: Mapping[str, Any]) -> Vocabulary:
    """Raises ValueError and the like for what is not a vocabulary."""
    tokens, counts, unknown_types = metadata["vocabulary"], metadata["counts"], metadata["unknown_types"]
    tokens.encode("utf-8")  # a lone surrogate is not a character, and could not be printed
    tokens = tokens.split("\n")
    if any(type(count) is not int or not 0 <= count < 2**63 for count in (*counts, unknown_types)):
        raise ValueError(tr("its counts are not all whole numbers"))
    if any(len(token) != 1 for token in tokens[Vocabulary.first_hanzi :]):
        raise ValueError(tr("its vocabulary has a token that is not one character"))
    return Vocabulary(tokens, counts, unknown_types)


def _check_weights(path: Path, weights: Mapping[str, Array], expected: Mapping[str, tuple[int, ...]]) -> None:
    for name in sorted(expected.keys() | weights.keys()):
        found = weights[name].shape if name in weights else "missing"
        if found != expected.get(name, "absent"):
            wanted = expected.get(name, "absent")
            fault = tr(
                "{path} is inconsistent: {name!r:.80} should be {wanted} and is {found}",
                path=path,
                name=name,
                wanted=wanted,
                found=found,
            )
            raise unusable(fault)
    check_values(path, weights)


def find_checkpoint(workspace: Workspace, given: str | Path | None = None) -> Path:
    """The file to use: `given` (a file, a run folder, a run's name, newest or tang), else the released model.

    Raises CheckpointError, saying what there is, when `given` is none of these or no model was released.
    """
    if given is None or str(given) == RELEASED:
        if not (path := released_path()).is_file():
            raise CheckpointError(
                tr("{path} is missing; install poetgen again, or name a run with --checkpoint", path=path)
            )
        return path
    return find_model(workspace.runs, Path(given))


def released_path() -> Path:
    """Where the model lies that came with the package."""
    return shipped_folder("checkpoints") / f"{RELEASED}.safetensors"


def model_name(path: Path) -> str:
    """What a model is called: tang, its run's name, or its file's where it is not the best of a run."""
    if path == released_path():
        return RELEASED
    return path.resolve().parent.name if path.name == BEST else path.name


def parameter_shapes(
    vocab_size: int, model: ModelConfig, condition_rows: int = 0
) -> dict[str, tuple[int, ...]]:
    """The name and shape of every parameter of a language model with these settings."""
    embedding, hidden = model.embedding_size, model.hidden_size
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (vocab_size, embedding)}
    rows = 4 * hidden if model.cell == "lstm" else hidden
    for layer in range(model.num_layers):
        cell = f"{model.cell}.cells.{layer}"
        shapes[f"{cell}.weight_ih"] = (rows, embedding if layer == 0 else hidden)
        shapes[f"{cell}.weight_hh"] = (rows, hidden)
        shapes[f"{cell}.bias"] = (rows,)
    if model.tied:
        shapes["projection.weight"] = (embedding, hidden)
    else:
        shapes["output.weight"] = (vocab_size, hidden)
    shapes["output.bias"] = (vocab_size,)
    if condition_rows:
        shapes["conditions.weight"] = (condition_rows, embedding)
    return shapes
