"""One model file: safetensors weights and JSON metadata, read without torch; nothing in it can execute."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.config import ModelConfig, from_dict
from poetgen.corpus.conditions import ConditionTable
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import CheckpointError, ConfigError, CorpusError
from poetgen.files import Workspace, expand_home, shipped, to_json, written_whole
from poetgen.language import tr

FORMAT_VERSION = 1
KIND = "language model"
OTHER_USES = {
    KIND: "it writes with: poetgen generate --checkpoint FILE",
    "classifier": "it tells labels apart with: poetgen classify predict --checkpoint FILE TEXT",
}
BEST = "best.safetensors"
RELEASED = "tang"  # the name of the released model, everywhere
NEWEST = "newest"  # the name of the run whose best model was saved last
_KEY = "poetgen"
_LINES = "corpus.lines"  # among the weights, though nothing is learned in it
DEEPEST = 32  # tables and lists in one another; a card as training writes it has three or four
AGAIN = "fetch or train it again"
LARGEST_WEIGHT = (
    1e6  # products of smaller ones stay finite in float32; a trained model's stay below a hundred
)
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Checkpoint:
    """A model as it travels: weights by name, vocabulary, and what is known of its making.

    `weights` are float32 or float16 arrays named as LanguageModel's parameters; `config` is the resolved
    configuration as a plain dict (sections corpus, model, training); `card` holds data source, corpus commit,
    split, seed, step, epoch and measured perplexities, all plain JSON values. `lines`, where there are any, are
    the sums of the training poems' lines (poetgen.corpus.line_index), by which a copied line is known;
    `conditions` are the forms and poets that it can be told, None for a model that is told nothing.
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
    def load(cls, path: Path) -> "Checkpoint":
        """Read and check a file.

        Raises CheckpointError when it is missing, truncated, not a poetgen checkpoint, of another format
        version, or when its weights do not fit its own configuration and vocabulary.
        """
        weights, metadata = read_model_file(path, KIND, FORMAT_VERSION)
        try:
            lines = _checked_lines(weights.pop(_LINES, None))
            config = from_dict(metadata["config"], tr("its configuration"))
            vocabulary, card = _vocabulary(metadata), _card(metadata)
            told = metadata.get("conditions")
            conditions = None if told is None else ConditionTable.from_dict(told)
            checkpoint = cls(weights, vocabulary, config.to_dict(), card, lines, conditions)
        except (KeyError, TypeError, ValueError, AttributeError, ConfigError, CorpusError) as error:
            what = tr("{args} is missing", args=error.args[0]) if isinstance(error, KeyError) else error
            raise CheckpointError(
                tr("{path} is a damaged checkpoint ({what}); {again}", path=path, what=what, again=tr(AGAIN))
            ) from error
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


def write_model_file(path: Path, weights: Mapping[str, Array], metadata: Mapping[str, Any]) -> None:
    """Weights and JSON metadata as one file, whole or not at all. Raises PoetgenError when the disk refuses."""
    from safetensors.numpy import save

    with written_whole(path) as temporary:
        arrays = {name: np.ascontiguousarray(array) for name, array in weights.items()}
        # not save_file, whose errors hide that the disk is full
        temporary.write_bytes(save(arrays, metadata={_KEY: to_json(metadata)}))


def read_model_file(path: Path, kind: str, version: int) -> tuple[dict[str, Array], dict[str, Any]]:
    """Weights and metadata of a model of this kind and format version. Raises CheckpointError."""
    weights, metadata = _read(path)
    found = metadata.get("kind", KIND)  # a language model's file names none
    if found != kind:
        use = OTHER_USES.get(
            found if isinstance(found, str) else "", tr("use the poetgen version that wrote it")
        )
        raise CheckpointError(
            tr(
                "{path} is the checkpoint of a {found!s:.30}, not of a {kind}; {use}",
                path=path,
                found=found,
                kind=kind,
                use=use,
            )
        )
    if "format_version" not in metadata:
        raise CheckpointError(
            tr(
                "{path} is a damaged checkpoint (format_version is missing); {again}",
                path=path,
                again=tr(AGAIN),
            )
        )
    found = metadata["format_version"]
    if type(found) is not int or found != version:
        raise CheckpointError(
            tr(
                "{path} has checkpoint format {found!r:.20}, this poetgen reads {version}; use the "
                "poetgen version that wrote it",
                path=path,
                found=found,
                version=version,
            )
        )
    return weights, metadata


def _checked_lines(lines: Array | None) -> Array | None:
    """Raises ValueError for what is no sorted array of line sums."""
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
    """Raises ValueError and the like for what is no vocabulary."""
    tokens, counts, unknown_types = metadata["vocabulary"], metadata["counts"], metadata["unknown_types"]
    tokens.encode("utf-8")  # a lone surrogate is no character, and could not be printed
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
            raise CheckpointError(
                tr(
                    "{path} is inconsistent: {name!r:.80} should be {wanted} and is {found}; {again}",
                    path=path,
                    name=name,
                    wanted=wanted,
                    found=found,
                    again=tr(AGAIN),
                )
            )
    check_values(path, weights)


def check_values(path: Path, weights: Mapping[str, Array]) -> None:
    """Raises CheckpointError for weights of another type or that are no numbers."""
    for name, array in weights.items():
        if array.dtype not in (np.float32, np.float16):
            raise CheckpointError(
                tr(
                    "{path} holds {name} as {dtype}, not float32 or float16; {again}",
                    path=path,
                    name=name,
                    dtype=array.dtype,
                    again=tr(AGAIN),
                )
            )
        largest = largest_magnitude(array)
        if not math.isfinite(largest):
            raise CheckpointError(
                tr(
                    "{path} holds values in {name} that are not numbers; {again}",
                    path=path,
                    name=name,
                    again=tr(AGAIN),
                )
            )
        if largest > LARGEST_WEIGHT:
            raise CheckpointError(
                tr(
                    "{path} holds values in {name} beyond {largest_weight:,.0f}: its training went "
                    "astray; {again}",
                    path=path,
                    name=name,
                    largest_weight=LARGEST_WEIGHT,
                    again=tr(AGAIN),
                )
            )


def largest_magnitude(array: Array) -> float:
    """The largest |value| of float16 or float32 numbers, NaN where there is one; 0 without any.

    Read off their bits, for speed: without the sign these order as the numbers do, NaN after infinity (IEEE 754).
    """
    bits = array.view(np.dtype(f"u{array.itemsize}"))
    magnitude = (bits & bits.dtype.type((1 << (8 * array.itemsize - 1)) - 1)).max(initial=0)
    return float(bits.dtype.type(magnitude).view(array.dtype))


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
    return shipped("checkpoints") / f"{RELEASED}.safetensors"


def model_name(path: Path) -> str:
    """What a model is called: tang, its run's name, or its file's where it is not the best of a run."""
    if path == released_path():
        return RELEASED
    return path.resolve().parent.name if path.name == BEST else path.name


def find_model(runs: Path, given: Path) -> Path:
    """`given`: a file, a run folder, the name of one of `runs`, or newest.

    A plain name is that of a run, if there is one, and else of a file. Raises CheckpointError, saying what there
    is, when `given` is none of these.
    """
    if str(given) == NEWEST:
        there = sorted(runs.glob(f"*/{BEST}"), key=lambda path: (path.stat().st_mtime, path))
        if not there:
            raise CheckpointError(tr("no run in {runs} has a model; train one first", runs=runs))
        return there[-1]
    given = Path(expand_home(str(given)))
    named = runs / given
    places = (named, given) if len(given.parts) == 1 else (given, named)
    usable = (place for place in places if place.is_file() or (place / BEST).is_file())
    place = next(usable, given if given.exists() or not named.exists() else named)
    if not place.is_dir() and place.exists():
        return place
    if (place / BEST).is_file():
        return place / BEST
    names = sorted(path.parent.name for path in runs.glob(f"*/{BEST}"))
    known = (
        tr("runs here: {names}", names=", ".join(names))
        if names
        else tr("no run in {runs} has one", runs=runs)
    )
    what = (
        tr("{place} holds no {best}", place=place, best=BEST)
        if place.is_dir()
        else tr("no checkpoint at {place}", place=place)
    )
    raise CheckpointError(tr("{what}; give a checkpoint file or a run ({known})", what=what, known=known))


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


def _read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Weights and metadata as they stand in the file. safetensors bounds and checks its own header."""
    from safetensors import SafetensorError, safe_open

    try:
        if not path.exists():
            raise CheckpointError(tr("no checkpoint at {path}; train one with: poetgen train", path=path))
        if not path.is_file():
            raise CheckpointError(tr("{path} is not a file; give a checkpoint file or a run", path=path))
        with safe_open(path, framework="np") as file:
            header = (file.metadata() or {}).get(_KEY)
            if header is None:
                raise CheckpointError(
                    tr("{path} is a safetensors file, but not a poetgen checkpoint", path=path)
                )
            metadata = json.loads(header)
            if not isinstance(metadata, dict):
                raise CheckpointError(
                    tr(
                        "{path} is a damaged checkpoint (its metadata is not a table); {again}",
                        path=path,
                        again=tr(AGAIN),
                    )
                )
            return {name: file.get_tensor(name) for name in list(file.keys())}, metadata
    except (SafetensorError, ValueError, TypeError, AttributeError, RecursionError) as error:
        reason = str(error).removeprefix("Error while deserializing header: ")
        raise CheckpointError(
            tr(
                "{path} is not a checkpoint, or only part of one ({reason}); {again}",
                path=path,
                reason=reason,
                again=tr(AGAIN),
            )
        ) from error
    except OSError as error:
        raise CheckpointError(
            tr("cannot read {path}: {strerror}", path=path, strerror=error.strerror or error)
        ) from error
