"""Tokens a second by 1, 2, ... processes that train one model, and how much of their number is gained.

    python benchmarks/scaling.py --prepared data/prepared --ranks 1 2 --rounds 3

Prints a table in Markdown and, with --out, writes the figures as JSON. Every figure is a training of its own in a
process of its own, begun anew: real tokens a second of whole steps, after the first tenth of them. The processors
of this machine are dealt out among the ranks (--threads: to each so many). The numbers of ranks take turns; a
speed-up is taken within a round. With --device cuda every rank has a GPU.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

Figures = dict[str, Any]


def train(given: argparse.Namespace, ranks: int) -> Figures:
    """One training by `ranks` processes: tokens a second and parameters."""
    from poetgen.config import Config
    from poetgen.corpus.dataset import Dataset
    from poetgen.training.events import Started
    from poetgen.training.loop import StepReport
    from poetgen.training.trainer import run_training

    config = Config().replace(
        {
            "model.embedding_size": given.embedding_size,
            "model.hidden_size": given.hidden_size,
            "model.dropout": 0.0,
            "training.batch_size": given.batch_size,
            "training.steps": given.steps,
            "training.device": given.device,
            "training.processes": ranks,
        }
    )
    steps, parameters = list[StepReport](), 0
    with tempfile.TemporaryDirectory() as folder:
        for report in run_training(Dataset.open(given.prepared), Path(folder) / "run", config):
            match report:
                case StepReport():
                    steps.append(report)
                case Started():
                    parameters = report.parameters
    counted = steps[len(steps) // 10 :]
    seconds = sum(step.seconds for step in counted)
    return {"tokens_per_second": sum(step.tokens for step in counted) / seconds, "parameters": parameters}


def measure(given: argparse.Namespace) -> Figures:
    """All rounds, the numbers of ranks taking turns."""
    rounds: list[dict[int, Figures]] = []
    for _ in range(given.rounds):
        rounds.append({ranks: figure_of(given, ranks) for ranks in given.ranks})
        print(json.dumps(rounds[-1]), file=sys.stderr, flush=True)
    first = given.ranks[0]
    rows = []
    for ranks in given.ranks:
        speeds = [found[ranks]["tokens_per_second"] for found in rounds]
        gains = [found[ranks]["tokens_per_second"] / found[first]["tokens_per_second"] for found in rounds]
        rows.append(
            {
                "ranks": ranks,
                "threads": threads_of(given, ranks),
                "tokens_per_second": spread(speeds),
                "speed_up": spread(gains),
                "efficiency": statistics.median(gains) * first / ranks,
            }
        )
    parameters = rounds[0][first]["parameters"]
    return {
        "rows": rows,
        "parameters": parameters,
        "bytes_summed_per_step": 4 * parameters,
        "processors": os.cpu_count(),
        "load_average": os.getloadavg()[0],
    }


def figure_of(given: argparse.Namespace, ranks: int) -> Figures:
    """`train` in a fresh process."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads_of(given, ranks)), "GOMP_SPINCOUNT": "20000"}
    command = [sys.executable, __file__, *sys.argv[1:], "--worker", str(ranks)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=True)
    return dict(json.loads(done.stdout))


def threads_of(given: argparse.Namespace, ranks: int) -> int:
    """Of each rank."""
    return given.threads or max(1, (os.cpu_count() or 1) // ranks)


def spread(values: list[float]) -> list[float]:
    """Median, lowest, highest."""
    return [statistics.median(values), min(values), max(values)]


def table(found: Figures) -> str:
    """As docs/scaling.md has it."""
    lines = [
        "| ranks | threads each | real tokens a second | speed-up | efficiency |",
        "|---|---|---|---|---|",
    ]
    for row in found["rows"]:
        speed, low, high = row["tokens_per_second"]
        gain, least, most = row["speed_up"]
        lines.append(
            f"| {row['ranks']} | {row['threads']} | {speed:,.0f} ({low:,.0f} – {high:,.0f}) "
            f"| {gain:.2f} ({least:.2f} – {most:.2f}) | {row['efficiency']:.0%} |"
        )
    megabytes = found["bytes_summed_per_step"] / 1e6
    lines += ["", f"{found['parameters']:,} parameters, {megabytes:.1f} MB summed a step; "
              f"{found['processors']} processors, load average {found['load_average']:.1f}."]  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prepared", type=Path, required=True)
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--embedding-size", type=int, default=256)
    parser.add_argument("--hidden-size", type=int, default=512)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        print(json.dumps(train(given, given.worker)))
        return
    found = measure(given)
    print(table(found))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
