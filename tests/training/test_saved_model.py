"""What a run saves is what it validated."""

from pathlib import Path

import pytest

from poetgen.checkpoint import Checkpoint
from poetgen.config import Config
from poetgen.corpus.dataset import Dataset
from poetgen.evaluate import evaluate_split
from poetgen.training.trainer import run_training


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_the_saved_weights_have_the_perplexity_on_their_card(
    prepared: Dataset, tmp_path: Path, average: float
) -> None:
    settings = {
        "model.embedding_size": 8,
        "model.hidden_size": 12,
        "training.epochs": 2,
        "training.batch_size": 4,
        "training.ema_decay": average,
    }
    config = Config().replace(settings)
    list(run_training(prepared, tmp_path / "run", config))
    for name in ("best", "last"):
        saved = Checkpoint.load(tmp_path / "run" / f"{name}.safetensors")
        measured = evaluate_split(saved, prepared, "validation")
        assert measured.ppl_token == pytest.approx(saved.card["validation"]["ppl_token"], rel=1e-5)
