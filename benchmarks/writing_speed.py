"""How fast poems are written: many at once, one alone, and one after a cold start of a process.

    python benchmarks/writing_speed.py
    python benchmarks/writing_speed.py --checkpoint checkpoints/poetgen-tang.safetensors
    python benchmarks/writing_speed.py --form 七律 --best-of 16 --count 16

Free poems of four lines of five hanzi, or poems by the rules of a form, by an untrained model of E 256, H 256,
V 6,824 (what it writes has no meaning and costs the same), or by a checkpoint. Poems a second over 1,024 poems,
and seconds for one poem, the model loaded: median, lowest and highest of the rounds. Prints JSON.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from poetgen.checkpoint import Checkpoint, parameter_shapes
from poetgen.config import Config
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.writing.writer import Writer

VOCABULARY = 6824
FOUR_LINES = 20  # hanzi: a poem of this most has four lines of five


def untrained() -> Checkpoint:
    """E 256, H 256, V 6,824, weights drawn small."""
    config = Config().replace({"model.embedding_size": 256, "model.hidden_size": 256, "model.tied": False})
    marks = len(Vocabulary.build([]))
    vocabulary = Vocabulary.build([chr(0x4E00 + k) for k in range(VOCABULARY - marks)])
    rng = np.random.default_rng(0)
    weights = {
        name: rng.normal(scale=0.05, size=shape).astype(np.float32)
        for name, shape in parameter_shapes(len(vocabulary), config.model).items()
    }
    return Checkpoint(weights, vocabulary, config.to_dict())


def timed(work: Callable[[], object], rounds: int) -> list[float]:
    """Seconds of each round, after one that is not counted."""
    work()
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return seconds


def spread(values: list[float], digits: int) -> list[float]:
    """Median, lowest, highest."""
    return [round(value, digits) for value in (statistics.median(values), min(values), max(values))]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--form", default="free", help="free, or a form whose rules are kept")
    parser.add_argument("--best-of", type=int, default=1, help="candidates for each poem")
    parser.add_argument("--count", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    checkpoint = Checkpoint.load(given.checkpoint) if given.checkpoint else untrained()
    writer = Writer(checkpoint)

    longest = FOUR_LINES if given.form == "free" else None

    def poems(count: int) -> Callable[[], object]:
        write = partial(writer.write, form=given.form, best_of=given.best_of, max_length=longest)
        return lambda: list(write(seed=1, count=count, temperature=1.0))

    many = [given.count / seconds for seconds in timed(poems(given.count), given.rounds)]
    alone = timed(poems(1), 4 * given.rounds)
    print(json.dumps({"poems_per_second": spread(many, 0), "seconds_for_one": spread(alone, 4)}))


if __name__ == "__main__":
    main()
