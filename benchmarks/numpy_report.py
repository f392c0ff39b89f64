"""The training perplexity of a run after every epoch, on real tokens and as counting padding would have made it.

    poetgen prepare --config reports/numpy_2500
    poetgen train --config reports/numpy_2500 --run by-hand --keep-epochs
    python benchmarks/numpy_report.py checkpoints/by-hand [--prepared data/prepared] [--length 128]

Poems padded to LENGTH, as in the report; padding is taken as free, so that it lowers a perplexity p to
p ^ (real / (real + padding)). Prints JSON: a row for each epoch, and the first at or below 1.93 by each count.
"""

import argparse
import json
from pathlib import Path

from poetgen.checkpoint import Checkpoint
from poetgen.corpus.dataset import Dataset
from poetgen.evaluate import evaluate_split

REPORTED = 1.93


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--length", type=int, default=128)
    given = parser.parse_args()
    prepared = Dataset.open(given.prepared)
    poems = prepared.split("train")
    share = len(poems.ids) / (given.length * len(poems))
    rows = []
    for path in sorted(given.run.glob("epoch-*.safetensors")):
        checkpoint = Checkpoint.load(path)
        real = evaluate_split(checkpoint, prepared, "train").to_dict()["ppl_token"]
        epoch = checkpoint.card["epoch"]
        rows.append({"epoch": epoch, "ppl_token": round(real, 3), "with_padding": round(real**share, 3)})
    first = {
        count: next((row["epoch"] for row in rows if row[count] <= REPORTED), None)
        for count in ("ppl_token", "with_padding")
    }
    print(json.dumps({"real_share": round(share, 4), "rows": rows, f"first_at_{REPORTED}": first}, indent=1))


if __name__ == "__main__":
    main()
