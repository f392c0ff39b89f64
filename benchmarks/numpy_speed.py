"""Training by hand in NumPy beside PyTorch's autograd: tokens a second on one thread, as a ratio.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/numpy_speed.py [--rounds 9]

Whole steps (gradient, clipping, Adam) of poetgen's two learners, the same weights and batches, taken in turn in
one process. The batches have the size of the report's setting, configs/reports/numpy_2500.toml: 32 poems, here of
54 tokens, the mean of its poems; and one poem alone. Prints JSON: medians, and the ratio within each round.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Mapping

import numpy as np
import torch

from poetgen.config import Config
from poetgen.corpus.batches import Batch
from poetgen.training.learner import Learner, build_learner
from poetgen.training.loop import train

STEPS, TOKENS = 8, 54


def tokens_per_second(learner: Learner, batch: Batch) -> float:
    """Of STEPS whole steps."""
    started = time.perf_counter()
    for _ in train(learner, [batch] * STEPS, learning_rate=lambda step: 1e-3):
        pass
    return STEPS * batch.tokens / (time.perf_counter() - started)


def made_up_batch(vocabulary: int, poems: int) -> Batch:
    """Real tokens only."""
    ids = np.random.default_rng(0).integers(4, vocabulary, (TOKENS + 1, poems))
    return Batch(ids[:-1], ids[1:], np.full(poems, TOKENS))


def measured(learners: Mapping[str, Learner], batch: Batch, rounds: int) -> dict[str, object]:
    """One uncounted round, then the learners in turn."""
    for learner in learners.values():
        tokens_per_second(learner, batch)
    found = [{name: tokens_per_second(each, batch) for name, each in learners.items()} for _ in range(rounds)]
    ratios = [speeds["numpy"] / speeds["torch"] for speeds in found]
    medians = {name: round(statistics.median(speeds[name] for speeds in found)) for name in learners}
    return {
        "tokens_per_second": medians,
        "ratio": round(statistics.median(ratios), 2),
        "ratio_from_to": [round(min(ratios), 2), round(max(ratios), 2)],
    }


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("--vocabulary", 2500), ("--hidden-size", 128), ("--rounds", 9)):
        parser.add_argument(name, type=int, default=default)
    given = parser.parse_args()
    if {os.environ.get("OMP_NUM_THREADS"), os.environ.get("OPENBLAS_NUM_THREADS")} != {"1"}:
        sys.exit("set OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1: NumPy reads them when it is loaded")
    torch.set_num_threads(1)
    settings = {
        "model.embedding_size": given.hidden_size,
        "model.hidden_size": given.hidden_size,
        "model.tied": False,
        "model.backward": "autograd",
        "model.dropout": 0.0,
        "training.device": "cpu",
    }
    learners = {
        backend: build_learner(given.vocabulary, Config().replace({**settings, "training.backend": backend}))
        for backend in ("torch", "numpy")
    }
    result = {
        f"batch {poems}": measured(learners, made_up_batch(given.vocabulary, poems), given.rounds)
        for poems in (32, 1)
    }
    print(json.dumps({"threads": 1, **vars(given), **result}, indent=1))


if __name__ == "__main__":
    main()
