"""Peak resident memory of training, above what `import torch` takes: beside the baseline, and over corpus size.

    python -m benchmarks.training_memory --prepared data/prepared

Setting a of training_speed.py: three whole steps, each system in a process of its own. Then poetgen trains thirty
steps on the prepared poems once, four and sixteen times over. Prints JSON, in MiB.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

import numpy as np


def peak() -> float:
    """Of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def worker(system: str, prepared: str) -> None:
    """Prints the peak of the import, and of the work above it."""
    import torch

    assert torch.__version__
    imported = peak()
    if system == "corpus":
        steps_on(Path(prepared))
    elif system != "import":
        from benchmarks.training_speed import worker as build

        once = build(system, "step", "a", None)
        for _ in range(3):
            once()
    print(json.dumps({"import": round(imported), "above": round(peak() - imported)}))


def steps_on(prepared: Path) -> None:
    """Thirty steps of the default model's width on the poems of a folder."""
    from benchmarks.poem_batches import batches_by_length
    from benchmarks.training_speed import config_of
    from poetgen.corpus.dataset import Dataset
    from poetgen.training.learner import build_learner
    from poetgen.training.loop import train

    folder = Dataset.open(prepared)
    poems, learner = folder.split("train"), build_learner(len(folder.vocabulary), config_of("c", "float32"))
    for _ in train(learner, islice(batches_by_length(poems, 32), 30), learning_rate=lambda s: 1e-3):
        pass


def repeated(prepared: Path, times: int, out: Path) -> Path:
    """A prepared folder whose training poems stand there so many times."""
    shutil.copytree(prepared, out)
    ids, offsets = (np.load(prepared / f"train.{name}.npy") for name in ("ids", "offsets"))
    shifts = np.arange(times, dtype=offsets.dtype) * offsets[-1]
    np.save(out / "train.ids.npy", np.tile(ids, times))
    np.save(out / "train.offsets.npy", np.concatenate([[0], (shifts[:, None] + offsets[1:]).ravel()]))
    return out


def measured(system: str, prepared: Path) -> dict[str, int]:
    """In a process of its own."""
    command = [sys.executable, "-m", "benchmarks.training_memory", "--worker", system]
    command += ["--prepared", str(prepared)]
    return dict(json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout))


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prepared", type=Path, required=True)
    parser.add_argument("--worker")
    given = parser.parse_args()
    if given.worker:
        worker(given.worker, given.prepared)
        return
    result: dict[str, object] = {
        system: measured(system, given.prepared) for system in ("import", "baseline", "float32", "bfloat16")
    }
    with tempfile.TemporaryDirectory() as folder:
        for times in (1, 4, 16):
            place = repeated(given.prepared, times, Path(folder) / str(times))
            result[f"corpus × {times}"] = measured("corpus", place)
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
