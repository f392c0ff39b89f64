"""Give a checkpoint trained before there was one the table of the lines it learned from.

    python benchmarks/add_lines.py checkpoints/tang.safetensors --prepared data/prepared

The prepared poems must be those it was trained on: their vocabulary, counted in the training poems, is compared.
`poetgen generate --best-of` knows by the table which lines are copied.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from poetgen.checkpoint import Checkpoint
from poetgen.corpus.lines import KnownLines
from poetgen.corpus.prepared import PreparedFolder


def main() -> None:
    """Parse the command line and write the checkpoint again."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    args = parser.parse_args()
    model, prepared = Checkpoint.load(args.checkpoint), PreparedFolder.open(args.prepared)
    if model.vocabulary != prepared.vocabulary:
        raise SystemExit(f"{args.checkpoint} was not trained on the poems in {args.prepared}")
    known = KnownLines.learned(prepared.split("train"), prepared.vocabulary)
    replace(model, lines=known.sums).save(args.checkpoint)
    print(f"{args.checkpoint}: {len(known):,} lines, {known.sums.nbytes / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
