"""A classifier as it travels: one safetensors file, like a language model's and not to be taken for one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poetgen.classify.classifier import Classifier, restore_classifier
from poetgen.classify.settings import ClassifierConfig
from poetgen.classify.tokens import Tokeniser, TokenVocabulary
from poetgen.config import read_saved_settings
from poetgen.errors import CheckpointError, ConfigError, CorpusError
from poetgen.files import Workspace
from poetgen.model_files import (
    BEST,
    NEWEST,
    Array,
    check_values,
    find_model,
    read_model_file,
    write_model_file,
)

KIND = "classifier"
FORMAT_VERSION = 1
AGAIN = "train it again"


@dataclass(frozen=True)
class SavedClassifier:
    """Weights by name, the labels and tokens they are for, and what is known of their making.

    `config` is the resolved configuration as a plain dict; `stop_words` are those it names.
    """

    weights: Mapping[str, Array]
    labels: tuple[str, ...]
    vocabulary: TokenVocabulary
    config: Mapping[str, Any]
    card: Mapping[str, Any]
    stop_words: Sequence[str] = ()

    def save(self, path: Path) -> None:
        """Write the file whole or not at all. Raises PoetgenError when the disk refuses."""
        metadata = {
            "kind": KIND,
            "format_version": FORMAT_VERSION,
            "labels": list(self.labels),
            "tokens": list(self.vocabulary.tokens),
            "stop_words": list(self.stop_words),
            "config": self.config,
            "card": self.card,
        }
        write_model_file(path, self.weights, metadata)

    @classmethod
    def load(cls, path: Path) -> "SavedClassifier":
        """Read and check a file.

        Raises CheckpointError when it is missing, damaged, of another version, or no classifier's.
        """
        weights, metadata = read_model_file(path, KIND, FORMAT_VERSION)
        try:
            found = cls(
                weights,
                tuple(_texts(metadata["labels"])),
                TokenVocabulary(_texts(metadata["tokens"])),
                ClassifierConfig()
                .replace(read_saved_settings(metadata["config"], "its configuration"))
                .to_dict(),
                dict(metadata["card"]),
                _texts(metadata["stop_words"]),
            )
            check_values(path, weights)
            found.model()
        except (KeyError, TypeError, ValueError, AttributeError, ConfigError, CorpusError) as error:
            what = f"{error.args[0]} is missing" if isinstance(error, KeyError) else error
            raise CheckpointError(f"{path} is a damaged classifier ({what}); {AGAIN}") from error
        except RuntimeError as error:  # torch answers weights that do not fit in many lines
            raise CheckpointError(
                f"{path} is inconsistent: its weights are of other sizes; {AGAIN}"
            ) from error
        return found

    @property
    def settings(self) -> ClassifierConfig:
        """The resolved configuration."""
        return ClassifierConfig().replace(read_saved_settings(self.config, "config"))

    @property
    def tokeniser(self) -> Tokeniser:
        """How its texts are cut."""
        return Tokeniser(self.settings.classify.tokens, self.stop_words)

    def model(self) -> Classifier:
        """The network, in float32, dropout off. Raises RuntimeError when the weights do not fit."""
        return restore_classifier(len(self.vocabulary), len(self.labels), self.settings, self.weights).eval()


def _texts(values: Any) -> list[str]:
    """Raises TypeError or ValueError for what is not a list of texts."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError("a list of texts is something else")
    "".join(values).encode("utf-8")  # a lone surrogate could not be printed
    return values


def find_classifier(workspace: Workspace, given: str | Path | None = None) -> Path:
    """The file to use: `given` (a file, a run folder, a run's name), else the newest. Raises CheckpointError."""
    if given is None and not any(workspace.classifiers.glob(f"*/{BEST}")):
        raise CheckpointError(
            f"no classifier in {workspace.classifiers}; train one with: poetgen classify train --by poet"
        )
    return find_model(workspace.classifiers, Path(given or NEWEST))
