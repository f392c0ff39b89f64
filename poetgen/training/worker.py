"""What the first process of a training starts as the others: they compute and say nothing.

    python -m poetgen.training.worker JOB

JOB is JSON: the prepared folder, the run's folder, its settings, and where to join the first process.
"""

import json
import signal
import sys
from pathlib import Path

from poetgen.config import from_dict
from poetgen.corpus.dataset import Dataset
from poetgen.errors import TrainingError
from poetgen.training import ranks
from poetgen.training.trainer import run_training


def main() -> int:
    """Take part until the first process is done, or gone."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # when to stop is the first process's to say
    job = json.loads(sys.argv[1])
    config = from_dict(job["config"])
    ranks.join_group(job, config.training)
    try:
        prepared = Dataset.open(Path(job["prepared"]))
        for _ in run_training(prepared, Path(job["run"]), config, resume=job["resume"]):
            pass
        ranks.wait_for_all()
    except TrainingError:
        return 1  # of which the first process speaks
    return 0


if __name__ == "__main__":
    sys.exit(main())
