"""The task of a language model: the next character of poems."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from poetgen import __version__
from poetgen.checkpoint import RELEASED, Checkpoint, released_path
from poetgen.config import Config, TrainingConfig
from poetgen.corpus.batches import Batch, Indices, make_batch, ordered_batches
from poetgen.corpus.conditions import ConditionTable
from poetgen.corpus.dataset import Dataset, EncodedPoems
from poetgen.corpus.line_index import LineIndex
from poetgen.corpus.vectors import read_vectors
from poetgen.corpus.vocabulary import SPECIALS
from poetgen.errors import CheckpointError, ConfigError, CorpusError
from poetgen.measures import finite, perplexity
from poetgen.model.initialize import Rows
from poetgen.model_files import Array
from poetgen.script.opencc import other_forms
from poetgen.training.events import Progress, ValidationReport
from poetgen.training.learner import build_learner


class LanguageModeling:
    """The next character of poems, learned by a language model. See Task."""

    def __init__(self, prepared: Dataset, config: Config, *, is_new: bool = True) -> None:
        """A run that goes on is not new: it needs no vectors to begin with.

        Raises ConfigError for a device that is not there or vectors that do not fit, CorpusError for a split
        without poems or a file without vectors.
        """
        self.prepared, self.config, self.settings = prepared, config, config.training
        self.texts, self.validation_poems = prepared.require("train"), prepared.require("validation")
        self.source, self.messages = str(prepared.path.resolve()), list[str]()
        rows = None
        if is_new and config.model.pretrained_embeddings:
            tokens = prepared.vocabulary.tokens
            rows, message = read_vector_rows(config, tokens, tokens[len(SPECIALS) :])
            self.messages.append(message)
        self.table = require_conditions(prepared) if config.model.conditions else None
        self.learner = build_learner(
            len(prepared.vocabulary), config, rows=rows, condition_rows=len(self.table) if self.table else 0
        )
        self.messages += describe_settings(config, self.texts)
        self.parent: dict[str, Any] | None = None
        self.parents_lines: Array | None = None
        if config.training.start:
            (self.load_start if is_new else self.recall_lines)(Path(config.training.start))

    def load_start(self, path: Path) -> None:
        """Begin with the weights of a checkpoint. Raises CheckpointError when it is another kind of model."""
        found, where = Checkpoint.load(path), RELEASED if path == released_path() else str(path)
        check_same_kind(found, self.config, self.prepared, self.table, where=where)
        self.learner.load_weights(found.weights)
        self.parent, self.parents_lines = dict(found.card), found.lines
        self.messages.append(f"begins with the weights of {path}")

    def recall_lines(self, path: Path) -> None:
        """Which lines the model knew that a resumed run began with, if it is still there."""
        try:
            self.parents_lines = Checkpoint.load(path).lines
        except CheckpointError as error:
            self.messages.append(f"lines learned before this run are not known any longer: {error}")

    def batch(self, indices: Indices) -> Batch:
        """These poems, padded, as the learner takes them."""
        conditions = self.texts.conditions if self.table else None
        if conditions is None:
            return make_batch(self.texts, indices)
        # which poems come together is another draw in every epoch, so it decides which conditions are given too
        rng = np.random.default_rng([self.settings.seed, crc32(indices.tobytes())])
        size, share = len(self.prepared.vocabulary), self.settings.unconditional
        prefixes = [conditions.draw_prefix(int(k), size, rng, share) for k in indices]
        return make_batch(self.texts, indices, prefixes)

    def validation_loss(self) -> float:
        """`loss_on` the validation poems."""
        return self.loss_on(self.validation_poems)

    def loss_on(self, poems: EncodedPoems) -> float:
        """Mean natural-log loss of a token of these poems, the unknown counted as in docs/measures.md."""
        length, vocabulary = self.settings.bptt_length, self.prepared.vocabulary
        batches = (batch for _, batch in ordered_batches(poems, batch_size=64, max_tokens=64 * length))
        unknown = int((poems.ids == vocabulary.unknown).sum())
        loss = self.learner.validation_loss(batches)
        return loss + unknown * math.log(vocabulary.unknown_types) / len(poems.ids)

    def metrics(self, loss: float) -> Mapping[str, float]:
        """The perplexity."""
        return {"perplexity": perplexity(loss)}

    def label(self, loss: float) -> str:
        """The perplexity, as part of a file's name."""
        return f"ppl-{perplexity(loss):.1f}"

    def reason_to_stop(self, report: ValidationReport) -> str:
        """The perplexity that was aimed at, once it is reached; else nothing."""
        target, on = self.settings.target_perplexity, self.settings.target_on
        loss = report.train_loss if on == "training" else report.validation_loss
        reached = f"{on} perplexity reached {target:g}: {perplexity(loss):,.1f}"
        return reached if target and loss <= math.log(target) else ""

    @property
    def guess_loss(self) -> float:
        """That of a uniform guess over the vocabulary."""
        return math.log(len(self.prepared.vocabulary))

    def save_model(
        self, paths: Sequence[Path], *, run: str, progress: Progress, validation: float | None
    ) -> None:
        """Write the weights, the vocabulary and the card."""
        card = make_card(run, self.prepared, self.settings, progress, validation=validation)
        config = self.config.to_dict()
        checkpoint = Checkpoint(
            self.learner.weights(), self.prepared.vocabulary, config, card, self.lines, self.table
        )
        for path in paths:
            checkpoint.save(path)

    @cached_property
    def lines(self) -> Array | None:
        """Which lines were learned from, for the checkpoint, by the model it began with too; without marks it is
        not known where lines end."""
        if self.config.corpus.punctuation == "drop":
            return None
        own = LineIndex.build(self.texts, self.prepared.vocabulary).sums
        return own if self.parents_lines is None else np.union1d(own, self.parents_lines)

    def fingerprint(self) -> dict[str, str]:
        """Digests of the prepared poems."""
        return self.prepared.fingerprint()


def describe_settings(config: Config, texts: EncodedPoems) -> Iterator[str]:
    """What to know of some settings before they are trained with."""
    settings = config.training
    if settings.target_perplexity and not settings.validate_every:
        yield (
            f"{settings.target_on} perplexity {settings.target_perplexity:g} is looked for at the ends of epochs; "
            "for more often: --set training.validate_every=N"
        )
    if settings.gradient == "rtrl":
        from poetgen.training.rtrl_cost import describe_rtrl

        yield describe_rtrl(config, min(settings.bptt_length, int(np.median(texts.lengths))))


def require_conditions(prepared: Dataset) -> ConditionTable:
    """The forms and poets to condition on. Raises ConfigError for a folder prepared before there were any."""
    if prepared.conditions is None:
        raise ConfigError(
            f"model.conditions is on, and {prepared.path} was prepared without titles; run: poetgen prepare"
        )
    return prepared.conditions


def check_same_kind(
    found: Checkpoint, config: Config, prepared: Dataset, table: ConditionTable | None, *, where: str
) -> None:
    """Raises CheckpointError that says what keeps a checkpoint's weights from being begun with."""
    theirs, ours = found.model_config.shape, config.model.shape
    different = [
        f"{key} is {theirs[key]!r} there and {ours[key]!r} here" for key in ours if theirs[key] != ours[key]
    ]
    if different:
        raise CheckpointError(f"cannot begin with {where}: {', '.join(different)}; set them alike")
    if found.vocabulary.tokens != prepared.vocabulary.tokens or found.conditions != table:
        raise CheckpointError(
            f"cannot begin with {where}: it knows other characters, or poets, than {prepared.path}; prepare the "
            f"poems with --vocabulary {where}"
        )


def read_vector_rows(config: Config, tokens: Sequence[str], wanted: Sequence[str]) -> tuple[Rows, str]:
    """`model.pretrained_embeddings` for the `wanted` of these tokens, by place, and what to say of them.

    Raises ConfigError when they are not as long as the embedding is wide.
    """
    vectors = read_vectors(Path(config.model.pretrained_embeddings), wanted, forms=other_forms(wanted))
    if vectors.size != config.model.embedding_size:
        raise ConfigError(
            f"{vectors.path} has vectors of {vectors.size} numbers and model.embedding_size is "
            f"{config.model.embedding_size}; set --embedding-size {vectors.size}"
        )
    if not vectors.values:
        raise CorpusError(
            f"{vectors.path} has no vector for any of {len(wanted):,} tokens; give another file"
        )
    return vectors.rows(tokens), str(vectors)


def make_card(
    run: str,
    prepared: Dataset,
    settings: TrainingConfig,
    progress: Progress,
    *,
    validation: float | None,
) -> dict[str, Any]:
    """Plain JSON values; `validation` is the mean natural-log loss of a token, None when it was not measured."""
    manifest = prepared.manifest
    loss = {} if validation is None else {"loss": validation, "ppl_token": finite(perplexity(validation))}
    return {
        "poetgen": __version__,
        "run": run,
        "corpus": manifest.get("corpus", {}),
        "splits": manifest.get("splits", {}),
        "seed": settings.seed,
        "optimizer": settings.optimizer,
        "optimizer_constants": settings.optimizer_constants,
        "epoch": progress.epoch,
        "step": progress.step,
        "training_seconds": round(progress.seconds, 1),
        "validation": loss,
        **({"parent": progress.parent} if progress.parent else {}),
    }
