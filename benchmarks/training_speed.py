"""How fast training is beside the baseline (baseline.py): the layer, a whole step, and steps on real poems.

    python -m benchmarks.training_speed measure --prepared data/prepared --rounds 3 --out speed.json
    python -m benchmarks.training_speed picture speed.json --out docs/training-speed.png

The settings a to d are batch, steps, E, H, V and layers. Layer: embedding and LSTM forward and backward, token ids
in. Step: loss, backward, clipping and Adam besides. Both on made-up ids (1 / (rank + 20), as characters are
distributed), no padding, so that all compute the same. Poems: whole steps on prepared poems, batched as each one's
user would, real tokens a second, beside the cell as students write it too.

On another device (`measure --device cuda`) the same, each repetition waited for.

Every figure is a process of its own, the baseline's in the environment as it is; the systems take turns, and a
ratio is taken within a round. "Same process" has baseline and poetgen take turns in one process instead. Without
--out the figures go to stdout.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SETTINGS = {
    "a": (200, 64, 256, 256, 6824, 1),
    "b": (256, 50, 128, 256, 3500, 1),
    "c": (32, 128, 128, 128, 2508, 1),
    "d": (64, 64, 512, 1024, 7000, 2),
}
SYSTEMS = {
    "layer": ("baseline", "float32"),
    "step": ("baseline", "float32", "bfloat16"),
    "poems": ("baseline", "student", "float32", "bfloat16"),
}
PANELS = {"layer": "embedding and layer", "step": "a whole step", "poems": "steps on real poems"}
LOOKS = {
    "student": ("#999999", "a cell written as students do"),
    "float32": ("#0072b2", "poetgen, float32"),
    "bfloat16": ("#c44e00", "poetgen, bfloat16 products"),
}
SECONDS = 4.0  # a figure is the median of the repetitions that fit, two at least


# ---- one figure, in a process of its own ----


def made_up_ids(setting: str) -> Any:
    """(T + 1, B), the same in every process."""
    import numpy as np

    batch, steps, _, _, vocabulary, _ = SETTINGS[setting]
    weight = 1 / (np.arange(vocabulary) + 20.0)
    rng = np.random.default_rng(0)
    return rng.choice(vocabulary - 1, (steps + 1, batch), p=weight[:-1] / weight[:-1].sum()) + 1


def worker(
    system: str, part: str, setting: str, prepared: Path | None, device: str = "cpu"
) -> Callable[[], int]:
    """A function that does the work once and says how many real tokens it had."""
    if part == "poems":
        assert prepared is not None
        return on_poems(system, setting, prepared, device)
    return (of_baseline if system == "baseline" else of_poetgen)(system, part, setting, device)


def of_baseline(system: str, part: str, setting: str, device: str) -> Callable[[], int]:
    import numpy as np
    import torch

    from benchmarks.baseline import Baseline, train_step
    from poetgen.corpus.batches import Batch

    batch, steps, embedding, hidden, vocabulary, layers = SETTINGS[setting]
    torch.manual_seed(0)
    model = Baseline(vocabulary, embedding, hidden, num_layers=layers).to(device)
    optimizer = torch.optim.Adam(model.parameters())
    ids = made_up_ids(setting)
    whole = Batch(ids[:-1], ids[1:], np.full(batch, steps))
    inputs = torch.from_numpy(whole.inputs).to(device)
    dy = torch.randn(steps, batch, hidden, device=device)

    def once() -> int:
        if part == "layer":
            optimizer.zero_grad()
            model.lstm(model.embedding(inputs))[0].backward(dy)
        else:
            train_step(model, optimizer, whole)
        return whole.tokens

    return once


def of_poetgen(system: str, part: str, setting: str, device: str) -> Callable[[], int]:
    import numpy as np
    import torch

    from poetgen.corpus.batches import Batch
    from poetgen.training.devices import fastest_products
    from poetgen.training.torch_learner import TorchLanguageModelLearner

    batch, steps, _, hidden, vocabulary, _ = SETTINGS[setting]
    learner = TorchLanguageModelLearner(vocabulary, config_of(setting, system, device))
    ids = made_up_ids(setting)
    whole = Batch(ids[:-1], ids[1:], np.full(batch, steps))
    inputs = torch.from_numpy(whole.inputs).to(device)
    dy = torch.randn(steps, batch, hidden, device=device)
    layers = learner.model.get_submodule("lstm")

    def once() -> int:
        if part == "layer":
            learner.optimizer.zero_grad()
            with fastest_products(learner.device):
                found, index = torch.unique(inputs, return_inverse=True)
                layers(learner.model.embed(found), index=index)[0].backward(dy)
        else:
            learner.compute_gradient(whole)
            learner.clip_gradient()
            learner.update(1e-3)
        return whole.tokens

    return once


def config_of(setting: str, precision: str, device: str = "cpu") -> Any:
    """poetgen's settings for a setting."""
    from poetgen.config import Config

    batch, _, embedding, hidden, _, layers = SETTINGS[setting]
    return Config().replace(
        {
            "model.embedding_size": embedding,
            "model.hidden_size": hidden,
            "model.num_layers": layers,
            "model.tied": False,
            "model.dropout": 0.0,
            "training.batch_size": batch,
            "training.precision": precision,
            "training.device": device,
        }
    )


def on_poems(system: str, setting: str, prepared: Path, device: str) -> Callable[[], int]:
    """One step on the next batch of poems."""
    import torch

    from benchmarks.baseline import Baseline, train_step
    from benchmarks.poem_batches import batches_by_length, shuffled_batches
    from poetgen.corpus.dataset import Dataset
    from poetgen.training.torch_learner import TorchLanguageModelLearner

    batch, _, embedding, hidden, _, layers = SETTINGS[setting]
    folder = Dataset.open(prepared)
    poems, vocabulary = folder.split("train"), len(folder.vocabulary)
    if system in ("baseline", "student"):
        torch.manual_seed(0)
        model = Baseline(vocabulary, embedding, hidden, num_layers=layers, student=system == "student")
        model.to(device)
        optimizer, batches = torch.optim.Adam(model.parameters()), shuffled_batches(poems, batch)

        def once() -> int:
            whole = next(batches)
            train_step(model, optimizer, whole)
            return whole.tokens

        return once
    learner = TorchLanguageModelLearner(vocabulary, config_of(setting, system, device))
    by_length = batches_by_length(poems, batch)

    def once_by_length() -> int:
        whole = next(by_length)
        learner.compute_gradient(whole)
        learner.clip_gradient()
        learner.update(1e-3)
        return whole.tokens

    return once_by_length


def tokens_per_second(workers: list[Callable[[], int]], *, poems: bool, device: str) -> list[float]:
    """Of each, taken in turn after two uncounted repetitions: the median; for poems, which differ, the mean."""
    import torch

    def finished(work: Callable[[], int]) -> int:
        tokens = work()
        if device == "cuda":  # which takes orders and goes on
            torch.cuda.synchronize()
        return tokens

    for each in workers:
        finished(each)
        finished(each)
    found: list[list[tuple[int, float]]] = [[] for _ in workers]
    began = time.perf_counter()
    least = 8 if poems else 2
    while len(found[0]) < least or time.perf_counter() - began < SECONDS * len(workers):
        for times, each in zip(found, workers, strict=True):
            started = time.perf_counter()
            tokens = finished(each)
            times.append((tokens, time.perf_counter() - started))
    if poems:
        return [sum(tokens for tokens, _ in times) / sum(seconds for _, seconds in times) for times in found]
    return [statistics.median(tokens / seconds for tokens, seconds in times) for times in found]


# ---- many figures ----


def figure_of(systems: list[str], part: str, setting: str, prepared: Path | None, device: str) -> list[float]:
    """Start a process and read its tokens a second."""
    command = [sys.executable, "-m", "benchmarks.training_speed", "worker", ",".join(systems), part, setting]
    command += ["--device", device]
    command += ["--prepared", str(prepared)] if prepared else []
    environment = dict(os.environ)
    if systems not in (["baseline"], ["student"]):
        environment.setdefault("GOMP_SPINCOUNT", "20000")  # as the poetgen command sets it
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, env=environment)
    if done.returncode:
        sys.exit(done.returncode)  # it has said why
    return list(json.loads(done.stdout))


def measure(
    settings: list[str], parts: list[str], *, rounds: int, prepared: Path | None, device: str
) -> dict[str, Any]:
    """All of them, row by row."""
    results: dict[str, Any] = {}
    for part in parts:
        for setting in settings:
            if part == "poems" and (prepared is None or setting == "d"):
                continue
            found = [
                {system: figure_of([system], part, setting, prepared, device)[0] for system in SYSTEMS[part]}
                for _ in range(rounds)
            ]
            row = summary(found)
            if part != "poems":
                row["same_process"] = {
                    system: round(both[1] / both[0], 2)
                    for system in SYSTEMS[part][1:]
                    for both in [figure_of(["baseline", system], part, setting, prepared, device)]
                }
            results[f"{part} {setting}"] = row
            print(f"{part} {setting}", json.dumps(row), file=sys.stderr, flush=True)
    return results


def summary(found: list[dict[str, float]]) -> dict[str, Any]:
    """Median tokens a second, and ratios within each round: median, lowest, highest."""
    ratios = {system: [round_[system] / round_["baseline"] for round_ in found] for system in found[0]}
    return {
        "tokens_per_second": {
            system: round(statistics.median(each[system] for each in found)) for system in found[0]
        },
        "ratio": {
            system: [round(value, 2) for value in (statistics.median(values), min(values), max(values))]
            for system, values in ratios.items()
            if system != "baseline"
        },
    }


def picture(results: dict[str, Any], out: Path) -> None:
    """Bars of ratios with their spread; below them, what the settings are."""
    from poetgen.plots.style import GREY, new_picture

    with new_picture(out, 9.5, 4.8) as figure:
        panels = figure.subplots(1, 3, sharey=True)
        for axes, part in zip(panels, PANELS, strict=True):
            rows = {key.split()[1]: row["ratio"] for key, row in results.items() if key.startswith(part)}
            systems = [system for system in SYSTEMS[part] if system != "baseline"]
            for k, system in enumerate(systems):
                places = [place + (k - (len(systems) - 1) / 2) * 0.27 for place in range(len(rows))]
                draw_bars(axes, places, [ratio[system] for ratio in rows.values()], system)
            axes.axhline(1, color="#444444", linewidth=0.8)
            axes.set_xticks(range(len(rows)), list(rows))
            axes.set_title(PANELS[part], loc="left", fontsize=10)
            axes.spines[["top", "right"]].set_visible(False)
        panels[0].set_ylabel("tokens a second, times those of nn.LSTM")
        handles, labels = panels[2].get_legend_handles_labels()
        panels[0].legend(handles, labels, frameon=False, fontsize=9, loc="upper left")
        a, b, c, d = map(describe, SETTINGS)
        told = "bar: median · line: lowest to highest of the rounds"
        caption = f"{a} · {b}\n{c} · {d}\n{told}"
        figure.supxlabel(caption, x=0.01, ha="left", fontsize=8, color=GREY)


def draw_bars(axes: Any, places: list[float], values: list[list[float]], system: str) -> None:
    """One system's, each with its figure; values are (median, lowest, highest)."""
    spread = [[m - low for m, low, _ in values], [high - m for m, _, high in values]]
    heights = [m for m, _, _ in values]
    colour, label = LOOKS[system]
    axes.bar(places, heights, 0.25, yerr=spread, color=colour, error_kw={"linewidth": 1}, label=label)
    for place, height, (_, _, high) in zip(places, heights, values, strict=True):
        # a figure beside the line at 1 stands above it
        above = max(high, 1.02) if high > 0.7 else high
        axes.annotate(f"{height:.1f}", (place, above), ha="center", va="bottom", fontsize=7)


def describe(name: str) -> str:
    """A setting in words."""
    batch, steps, embedding, hidden, vocabulary, layers = SETTINGS[name]
    more = f", {layers} layers" if layers > 1 else ""
    return f"{name}: {batch} poems of {steps} steps, E {embedding}, H {hidden:,}, V {vocabulary:,}{more}"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["measure", "picture", "worker"])
    parser.add_argument("arguments", nargs="*")
    parser.add_argument("--prepared", type=Path)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--settings", default="abcd")
    parser.add_argument("--parts", default="layer,step,poems")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.what == "worker":
        systems, part, setting = given.arguments
        workers = [
            worker(system, part, setting, given.prepared, given.device) for system in systems.split(",")
        ]
        print(json.dumps(tokens_per_second(workers, poems=part == "poems", device=given.device)))
    elif given.what == "measure":
        results = measure(
            list(given.settings),
            given.parts.split(","),
            rounds=given.rounds,
            prepared=given.prepared,
            device=given.device,
        )
        text = json.dumps(results, indent=1) + "\n"
        given.out.write_text(text, encoding="utf-8") if given.out else print(text, end="")
    elif given.out is None or len(given.arguments) != 1:
        parser.error("picture takes the JSON that measure has written, and --out PICTURE")
    else:
        picture(json.loads(Path(given.arguments[0]).read_text(encoding="utf-8")), given.out)


if __name__ == "__main__":
    main()
