"""One model file: safetensors weights and JSON metadata, read without torch; nothing in it can execute."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import CheckpointError, CorpusError
from poetgen.files import Workspace, shipped, written_whole

FORMAT_VERSION = 1
BEST = "best.safetensors"
_KEY = "poetgen"
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Checkpoint:
    """A model as it travels: weights by name, vocabulary, and what is known of its making.

    `weights` are float32 or float16 arrays named as LanguageModel's parameters; `config` is the resolved
    configuration as a plain dict (sections corpus, model, training); `card` holds data source, corpus commit,
    split, seed, step, epoch and measured perplexities, all plain JSON values.
    """

    weights: Mapping[str, Array]
    vocabulary: Vocabulary
    config: Mapping[str, Any]
    card: Mapping[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write the file whole or not at all. Raises PoetgenError when the disk refuses."""
        from safetensors.numpy import save_file

        metadata = {
            "format_version": FORMAT_VERSION,
            "vocabulary": "\n".join(self.vocabulary.tokens),
            "counts": list(self.vocabulary.counts),
            "unknown_types": self.vocabulary.unknown_types,
            "config": self.config,
            "card": self.card,
        }
        with written_whole(path) as temporary:
            arrays = {name: np.ascontiguousarray(array) for name, array in self.weights.items()}
            save_file(arrays, temporary, metadata={_KEY: json.dumps(metadata, ensure_ascii=False)})

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Read and check a file.

        Raises CheckpointError when it is missing, truncated, not a poetgen checkpoint, of another format
        version, or when its weights do not fit its own configuration and vocabulary.
        """
        weights, metadata = _read(path)
        try:
            version = metadata["format_version"]
            if version != FORMAT_VERSION:
                raise CheckpointError(
                    f"{path} has checkpoint format {version}, this poetgen reads {FORMAT_VERSION}; "
                    "use the poetgen version that wrote it"
                )
            vocabulary = Vocabulary(
                metadata["vocabulary"].split("\n"), metadata["counts"], metadata["unknown_types"]
            )
            checkpoint = cls(weights, vocabulary, dict(metadata["config"]), dict(metadata["card"]))
            checkpoint._check_shapes(path)
        except (KeyError, TypeError, ValueError, AttributeError, CorpusError) as error:
            raise CheckpointError(
                f"{path} is a damaged checkpoint ({error}); fetch or train it again"
            ) from error
        return checkpoint

    def _check_shapes(self, path: Path) -> None:
        expected = parameter_shapes(len(self.vocabulary), self.config["model"])
        for name in sorted(expected.keys() | self.weights.keys()):
            found = self.weights[name].shape if name in self.weights else None
            if found != expected.get(name):
                raise CheckpointError(
                    f"{path} does not fit itself: {name} should be {expected.get(name)} and is {found}; "
                    "fetch or train it again"
                )
        for name, array in self.weights.items():
            if array.dtype not in (np.float32, np.float16) or not np.isfinite(array).all():
                raise CheckpointError(
                    f"{path} holds {name} of type {array.dtype} or with values that are no numbers; "
                    "fetch or train it again"
                )


def find_checkpoint(workspace: Workspace, given: str | Path | None = None) -> Path:
    """The file to use: `given` (a file, a run folder, or a run's name), else the newest run, else the released.

    Raises CheckpointError, saying what there is, when `given` is none of these or there is no model anywhere.
    """
    if given is not None:
        return _find_given(workspace, Path(given))
    runs = sorted(workspace.runs.glob(f"*/{BEST}"), key=lambda path: (path.stat().st_mtime, path))
    found = runs[-1] if runs else shipped("checkpoints") / "tang.safetensors"
    if not found.is_file():
        raise CheckpointError(
            f"no model in {workspace.runs} and none released; train one with: poetgen train"
        )
    return found


def _find_given(workspace: Workspace, given: Path) -> Path:
    place = given if given.exists() or not (workspace.runs / given).exists() else workspace.runs / given
    if not place.is_dir() and place.exists():
        return place
    if (place / BEST).is_file():
        return place / BEST
    runs = sorted(path.parent.name for path in workspace.runs.glob(f"*/{BEST}"))
    there = f"runs here: {', '.join(runs)}" if runs else f"no run in {workspace.runs} has one"
    what = f"{place} holds no {BEST}" if place.is_dir() else f"no checkpoint at {place}"
    raise CheckpointError(f"{what}; give a checkpoint file or a run ({there})")


def parameter_shapes(vocab_size: int, model: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The name and shape of every parameter of a language model with these settings."""
    embedding, hidden = model["embedding_size"], model["hidden_size"]
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (vocab_size, embedding)}
    for layer in range(model["num_layers"]):
        input_size = embedding if layer == 0 else hidden
        shapes[f"lstm.cells.{layer}.weight_ih"] = (4 * hidden, input_size)
        shapes[f"lstm.cells.{layer}.weight_hh"] = (4 * hidden, hidden)
        shapes[f"lstm.cells.{layer}.bias"] = (4 * hidden,)
    if model["tied"]:
        shapes["projection.weight"] = (embedding, hidden)
    else:
        shapes["output.weight"] = (vocab_size, hidden)
    shapes["output.bias"] = (vocab_size,)
    return shapes


def _read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            header = (file.metadata() or {}).get(_KEY)
            if header is None:
                raise CheckpointError(f"{path} is a safetensors file, but not a poetgen checkpoint")
            names = list(file.keys())
            return {name: file.get_tensor(name) for name in names}, json.loads(header)
    except FileNotFoundError as error:
        raise CheckpointError(f"no checkpoint at {path}; train one with: poetgen train") from error
    except (SafetensorError, json.JSONDecodeError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{path} is not a checkpoint, or only part of one ({error}); fetch or train it again"
        ) from error
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror or error}") from error
