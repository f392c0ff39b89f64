"""A checkpoint's card: what is known of a model's making."""

from typing import Any

from poetgen import __version__
from poetgen.config import TrainingConfig
from poetgen.corpus.dataset import PreparedFolder
from poetgen.measures import finite
from poetgen.training.reports import Progress, perplexity


def card_of(
    run: str,
    prepared: PreparedFolder,
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
        "epoch": progress.epoch,
        "step": progress.step,
        "training_seconds": round(progress.seconds, 1),
        "validation": loss,
    }
