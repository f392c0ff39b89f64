"""Wall time to a validation perplexity: the baseline, and poetgen in float32 and with bfloat16 products.

    poetgen prepare --max-length 96
    python -m benchmarks.time_to_quality baseline --minutes 20 --out baseline.json
    python -m benchmarks.time_to_quality float32 --until baseline.json --out float32.json
    python -m benchmarks.time_to_quality bfloat16 --until baseline.json --out bfloat16.json
    python -m benchmarks.time_to_quality picture baseline.json float32.json bfloat16.json --out time.png

E 256, H 256, one layer, untied, no dropout, 200 poems a batch, Adam at 1e-3, gradients clipped to 1, seed 0: the
same for all. The baseline (baseline.py) batches as its user would, shuffled and padded to the longest; poetgen by
length. Each is a process of its own; validation `ppl_hanzi` (docs/measures.md) is measured every half minute of
training by the same code for all, and its time is not counted. `--until` trains until the last perplexity of that
file is reached, or for --minutes.
"""

import os
import sys

if "baseline" not in sys.argv:  # which has the environment as it is
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from benchmarks.baseline import Baseline, train_step
from benchmarks.poem_batches import batches_by_length, shuffled_batches
from poetgen.checkpoint import Checkpoint
from poetgen.config import Config
from poetgen.corpus.dataset import Dataset
from poetgen.evaluate import evaluate_split
from poetgen.plots import style
from poetgen.training.learner import build_learner
from poetgen.training.loop import train

SECONDS = 30.0
SETTINGS = {
    "model.embedding_size": 256,
    "model.hidden_size": 256,
    "model.tied": False,
    "model.dropout": 0.0,
    "training.batch_size": 200,
    "training.learning_rate": 1e-3,
    "training.device": "cpu",
}


def baseline_steps(prepared: Dataset) -> tuple[Any, Iterator[int]]:
    """The weights so far, and a step at a time: how many real tokens it had."""
    torch.manual_seed(0)
    model = Baseline(len(prepared.vocabulary), 256, 256)
    optimizer = torch.optim.Adam(model.parameters())

    def steps() -> Iterator[int]:
        for batch in shuffled_batches(prepared.split("train"), 200):
            train_step(model, optimizer, batch)
            yield batch.tokens

    return model.as_poetgen, steps()


def poetgen_steps(prepared: Dataset, precision: str) -> tuple[Any, Iterator[int]]:
    """The same of poetgen."""
    config = Config().replace({**SETTINGS, "training.precision": precision})
    learner, poems = build_learner(len(prepared.vocabulary), config), prepared.split("train")
    reports = train(learner, batches_by_length(poems, 200), learning_rate=lambda s: 1e-3)
    return learner.weights, (report.tokens for report in reports)


def run(system: str, prepared: Dataset, *, minutes: float, until: float) -> dict[str, Any]:
    """Train, measure every half minute, stop at `until` or when the minutes are over."""
    weights, steps = baseline_steps(prepared) if system == "baseline" else poetgen_steps(prepared, system)
    config = Config().replace(SETTINGS).to_dict()
    seconds, tokens, number = 0.0, 0, 0
    rows: list[dict[str, Any]] = []
    while seconds < 60 * minutes:
        started = time.perf_counter()
        tokens += next(steps)
        number += 1
        seconds += time.perf_counter() - started
        if seconds >= SECONDS * (len(rows) + 1):
            measured = evaluate_split(
                Checkpoint(weights(), prepared.vocabulary, config), prepared, "validation"
            ).to_dict()
            row = {"seconds": round(seconds, 1), "steps": number, "tokens": tokens}
            rows.append({**row, "ppl_hanzi": measured["ppl_hanzi"], "ppl_token": measured["ppl_token"]})
            print(rows[-1], file=sys.stderr, flush=True)
            if measured["ppl_hanzi"] <= until:
                break
    return {"system": system, "tokens_per_second": round(tokens / seconds), "rows": rows}


def seconds_to(result: dict[str, Any], perplexity: float) -> float | None:
    """When the perplexity was reached, between two measurements by a straight line."""
    before = None
    for row in result["rows"]:
        if row["ppl_hanzi"] <= perplexity:
            if before is None:
                return float(row["seconds"])
            share = (before["ppl_hanzi"] - perplexity) / (before["ppl_hanzi"] - row["ppl_hanzi"])
            return float(before["seconds"] + share * (row["seconds"] - before["seconds"]))
        before = row
    return None


def picture(paths: list[Path], out: Path) -> None:
    """Draw perplexity against wall time; prints the ratios."""
    results = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    target = results[0]["rows"][-1]["ppl_hanzi"]
    times = {result["system"]: seconds_to(result, target) for result in results}
    first = times[results[0]["system"]]
    assert first is not None
    ratios = {name: round(first / value, 2) if value else None for name, value in times.items()}
    print(json.dumps({"ppl_hanzi": target, "seconds": times, "ratio": ratios}, indent=1))
    draw(results, out)


def draw(results: list[dict[str, Any]], out: Path) -> None:
    """A curve for each system; dashed, the perplexity that the first ends at."""
    looks = {
        "baseline": ("nn.LSTM baseline", style.GREY),
        "float32": ("poetgen, float32", style.BLUE),
        "bfloat16": ("poetgen, bfloat16 products", style.VERMILION),
    }
    target = results[0]["rows"][-1]["ppl_hanzi"]
    with style.new_picture(out, 8, 4.5) as figure:
        axes = figure.subplots()
        axes.axhline(target, color=style.GREY, linewidth=0.8, linestyle="--")
        for result in results:
            name, colour = looks[result["system"]]
            reached = seconds_to(result, target)
            label = f"{name}: {reached / 60:.1f} minutes" if reached else name
            points = [(row["seconds"] / 60, row["ppl_hanzi"]) for row in result["rows"]]
            axes.plot(
                *zip(*points, strict=True), color=colour, marker="o", markersize=3, linewidth=1.6, label=label
            )
        axes.set(xlabel="minutes of training", ylabel="validation perplexity per hanzi", yscale="log")
        axes.set_xlim(left=0)
        axes.locator_params(axis="x", integer=True)
        axes.legend(frameon=False, labelcolor="linecolor")
        style.tick_log(axes)
        style.tidy(axes)
        style.write_title(figure, f"Time to a perplexity of {target:.0f}")
        style.write_caption(figure, f"dashed: {target:.0f}, where the baseline ends · each dot a validation")


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("system", choices=["baseline", "float32", "bfloat16", "picture"])
    parser.add_argument("results", nargs="*", type=Path)
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--until", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    if given.system == "picture":
        picture(given.results, given.out)
        return
    until = (
        json.loads(given.until.read_text(encoding="utf-8"))["rows"][-1]["ppl_hanzi"] if given.until else 0.0
    )
    result = run(given.system, Dataset.open(given.prepared), minutes=given.minutes, until=until)
    given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
