"""What several test files share: a tiny model with random weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poetgen.checkpoint import Checkpoint, parameter_shapes
from poetgen.config import Config
from poetgen.corpus.poem import MARKS
from poetgen.corpus.vocabulary import SPECIALS, Vocabulary

# Characters with how often "training" saw them: among them pairs that simplified spelling merges.
SEEN = {
    **dict.fromkeys("月山水花春秋日風人天地上前明光疑是霜松間照泉流石清舉頭望低思故鄉", 100),
    **{"雲": 142, "云": 17, "後": 44, "后": 3, "里": 45, "裏": 34, "牀": 90, "床": 2, "爲": 120, "為": 1},
    **{"紅": 60, "湖": 30, "海": 50, "夜": 70, "胡": 20, "翫": 17, "玩": 11, "劒": 13, "劍": 5, "三": 40},
    **{"幾": 32, "几": 2, "乾": 9, "干": 8, "發": 22, "髮": 12, "溫": 9, "說": 9, "真": 9, "龍": 9},
}


def tiny_vocabulary() -> Vocabulary:
    hanzi = sorted(SEEN, key=lambda char: (-SEEN[char], char))
    counts = [0, 50, 50, 3, 300, 280, 20, *(SEEN[char] for char in hanzi)]
    return Vocabulary((*SPECIALS, *MARKS, *hanzi), counts, 2)


def tiny_checkpoint(*, seed: int = 0, dtype: Any = np.float32, **settings: Any) -> Checkpoint:
    """Random weights, large enough that no two poems are alike; settings as `section__key=value`."""
    small = {"model.embedding_size": 12, "model.hidden_size": 20}
    config = Config().replace(small | {key.replace("__", "."): value for key, value in settings.items()})
    vocabulary, rng = tiny_vocabulary(), np.random.default_rng(seed)
    shapes = parameter_shapes(len(vocabulary), config.model)
    weights = {name: rng.normal(0, 0.5, shape).astype(dtype) for name, shape in shapes.items()}
    return Checkpoint(weights, vocabulary, config.to_dict(), {"step": 1})


@pytest.fixture(scope="session")
def checkpoint_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model on disk."""
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    tiny_checkpoint(dtype=np.float16).save(path)
    return path


@pytest.fixture(scope="session", name="tiny_checkpoint")
def tiny_checkpoint_fixture() -> Any:
    """Make a tiny model: `tiny_checkpoint(seed=0, model__num_layers=2)`."""
    return tiny_checkpoint
