"""The learner of labels, and the task that a run gives it."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from poetgen import __version__
from poetgen.checkpoint import Checkpoint
from poetgen.classify.classifier import Classifier, build_classifier, encode_all, log_probabilities
from poetgen.classify.saved import SavedClassifier
from poetgen.classify.scores import macro_f1, matrix_of, tally
from poetgen.classify.settings import ClassifierConfig
from poetgen.classify.split import TRAIN, VALIDATION
from poetgen.classify.texts import LabelledBatch, LabelledTexts
from poetgen.classify.tokens import SPECIALS
from poetgen.corpus.batches import Indices
from poetgen.corpus.vocabulary import BEGIN
from poetgen.errors import CheckpointError, ConfigError
from poetgen.measures import finite
from poetgen.model.initialize import Rows, begin_embedding
from poetgen.model.language_model import reduced_precision
from poetgen.training.devices import fastest_products
from poetgen.training.events import Progress, ValidationReport
from poetgen.training.language_modeling import read_vector_rows
from poetgen.training.learner import check_fits_memory
from poetgen.training.torch_learner import TorchLearner


class ClassifierLearner(TorchLearner):
    """A poetgen.training.learner.Learner whose loss is that of a text's label."""

    model: Classifier

    def __init__(
        self, data: LabelledTexts, config: ClassifierConfig, *, rows: Rows, layers: Mapping[str, Any]
    ) -> None:
        """The embedding begins with `rows`, the forward layers with `layers` if there are any.

        Raises ConfigError for a device that is not there, or what torch refuses.
        """
        if config.training.backend != "torch":
            raise ConfigError("a classifier trains with PyTorch only; omit training.backend = 'numpy'")
        if config.training.temperature != 1:
            raise ConfigError("a classifier has no temperature; omit training.temperature")
        if config.training.processes > 1:
            raise ConfigError("a classifier learns in one process; omit training.processes")
        if config.classify.frozen and not config.classify.copy_layers:
            raise ConfigError(
                "only the layers of a language model can be frozen; set classify.copy_layers=true"
            )

        pairs = data.pairs() if config.classify.skip == "pairs" else None

        def build_bare() -> Classifier:
            return build_classifier(len(data.vocabulary), len(data.labels), config, pairs)

        with torch.device("meta"):  # shapes without memory
            check_fits_memory(sum(parameter.numel() for parameter in build_bare().parameters()))

        def build() -> Classifier:
            model = build_bare()
            for table in model.modules():
                if isinstance(table, nn.Embedding):
                    begin_embedding(table, rows)
            if layers:
                model.forward_layers.load_state_dict(
                    {name: torch.from_numpy(array.astype(np.float32)) for name, array in layers.items()}
                )
            return model

        super().__init__(config.training, build)

    def compute_gradient(self, batch: LabelledBatch) -> float:
        """The gradient of the batch's mean loss, the one before forgotten; returns the summed loss."""
        self.model.train()
        self.optimizer.zero_grad()
        batch = batch.to(self.device)
        low = self.settings.precision == "bfloat16"
        with fastest_products(self.device):
            with reduced_precision(self.device.type, low):
                logits = self.model.logits(batch.ids, batch.lengths, batch.features).float()
            labels = batch.labels.expand(len(logits), -1)
            loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten())
            loss.backward()  # type: ignore[no-untyped-call]
        return loss.item() * batch.tokens


class Classification:
    """The labels of texts, learned by a classifier. See poetgen.training.task.Task."""

    def __init__(self, data: LabelledTexts, config: ClassifierConfig, *, is_new: bool = True) -> None:
        """A run that goes on is not new: it needs nothing to begin with.

        Raises ConfigError for settings that cannot be, CheckpointError or CorpusError for what it begins with.
        """
        self.data, self.config, self.settings = data, config, config.training
        self.texts = data.parts[TRAIN].encoded
        self.source, self.messages = config.classify.labels or "the prepared folder", list[str]()
        rows, layers = self.initial_weights() if is_new else ({}, {})
        self.parent = None
        self.learner = ClassifierLearner(data, config, rows=rows, layers=layers)
        self._metrics: dict[str, float] = {}
        self._features: dict[str, Tensor] = {}
        if is_new and config.classify.frozen:
            features = self.features(TRAIN)
            assert features is not None
            self.learner.model.standardise(features)

    def features(self, part: str) -> Tensor | None:
        """What frozen layers make of a part's texts, found once; None when the layers learn."""
        if not self.config.classify.frozen:
            return None
        if part not in self._features:
            encoded = self.data.parts[part].encoded
            self._features[part] = encode_all(self.learner.model, encoded, device=self.learner.device)
        return self._features[part]

    def initial_weights(self) -> tuple[Rows, Mapping[str, Any]]:
        """What the embedding and the layers begin with, by `classify.embeddings`."""
        tokens = self.data.vocabulary.tokens
        if self.config.classify.embeddings == "vectors":
            rows, message = read_vector_rows(self.config, tokens, tokens[len(SPECIALS) :])
            self.messages.append(message)
            return rows, {}
        if self.config.classify.embeddings == "checkpoint":
            rows, layers, message = copy_language_model(self.config, tokens)
            self.messages.append(message)
            return rows, layers
        return {}, {}

    def batch(self, indices: Indices) -> LabelledBatch:
        """These texts and their labels, padded."""
        return self.data.parts[TRAIN].batch(indices, self.features(TRAIN))

    def validation_loss(self) -> float:
        """Mean natural-log loss of a validation text's label; accuracy and macro-F1 are kept for `metrics`."""
        part = self.data.parts[VALIDATION]
        log_probability = log_probabilities(self.learner.model, part.encoded, device=self.learner.device)
        predictions = log_probability.argmax(axis=1)
        self._metrics = {
            "accuracy": float((predictions == part.labels).mean()),
            "macro_f1": float(macro_f1(tally(matrix_of(part.labels, predictions, len(self.data.labels))))),
        }
        return float(-log_probability[np.arange(len(part)), part.labels].mean())

    def metrics(self, loss: float) -> Mapping[str, float]:
        """Accuracy and macro-F1 on the validation texts."""
        return self._metrics

    def label(self, loss: float) -> str:
        """The accuracy, as part of a file's name."""
        return f"accuracy-{self._metrics['accuracy']:.3f}"

    def reason_to_stop(self, report: ValidationReport) -> str:
        """A classifier has no target to stop at."""
        return ""

    @property
    def guess_loss(self) -> float:
        """Infinity: who is too sure of few labels may name most of them all the same."""
        return math.inf

    def save_model(
        self, paths: Sequence[Path], *, run: str, progress: Progress, validation: float | None
    ) -> None:
        """Write the weights, the tokens and labels, and the card."""
        card = {
            "poetgen": __version__,
            "run": run,
            "texts": {name: len(part) for name, part in self.data.parts.items()},
            "seed": self.settings.seed,
            "optimizer": self.settings.optimizer,
            "optimizer_constants": self.settings.optimizer_constants,
            "epoch": progress.epoch,
            "step": progress.step,
            "training_seconds": round(progress.seconds, 1),
            "validation": {} if validation is None else {"loss": finite(validation), **self._metrics},
        }
        saved = SavedClassifier(
            self.learner.weights(),
            self.data.labels,
            self.data.vocabulary,
            self.config.to_dict(),
            card,
            self.data.tokeniser.stop_words,
        )
        for path in paths:
            saved.save(path)

    def fingerprint(self) -> dict[str, str]:
        """Identifies these texts."""
        return self.data.fingerprint()


def copy_language_model(
    config: ClassifierConfig, tokens: Sequence[str]
) -> tuple[Rows, Mapping[str, Any], str]:
    """The language model's rows for these tokens by place, its layers if asked for, and what to say of them.

    Raises CheckpointError or ConfigError when it does not fit.
    """
    path = Path(config.classify.checkpoint)
    checkpoint = Checkpoint.load(path)
    model, wanted = checkpoint.model_config, config.model
    keys = ["embedding_size"]
    if config.classify.copy_layers:
        keys += ["hidden_size", "num_layers", "cell"]
    for key in keys:
        if getattr(model, key) != getattr(wanted, key):
            raise ConfigError(
                f"{path} has model.{key} = {getattr(model, key)!r}, and this classifier {getattr(wanted, key)!r}; "
                f"set model.{key}={getattr(model, key)}"
            )
    table = checkpoint.weights["embedding.weight"].astype(np.float32)
    known = {token: number for number, token in enumerate(checkpoint.vocabulary.tokens)}
    rows = {place: table[known[token]] for place, token in enumerate(tokens) if token in known}
    missing = [token for token in tokens[len(SPECIALS) :] if token not in known]
    if len(missing) == len(tokens) - len(SPECIALS):
        raise CheckpointError(
            f"{path} knows none of the {len(missing):,} tokens; read characters, not bigrams or words"
        )
    assert BEGIN in known
    prefix = f"{model.cell}."
    layers = {
        name.removeprefix(prefix): array
        for name, array in checkpoint.weights.items()
        if config.classify.copy_layers and name.startswith(prefix)
    }
    message = f"embeddings of {len(tokens) - len(SPECIALS) - len(missing):,} tokens from {path}"
    if missing:
        message += f"; {len(missing):,} begin at random: {' '.join(missing[:20])}"
    return rows, layers, message
