"""A finished comparison in words and numbers: report.md, report.json, metrics.csv."""

import csv
import io
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from poetgen import __version__
from poetgen.compare.plan import TUNING, Plan
from poetgen.compare.poems import real_share, sizes
from poetgen.compare.results import Result, Row, common_target, row
from poetgen.compare.running import best_share
from poetgen.corpus.dataset import Dataset
from poetgen.measures import finite
from poetgen.printable import csv_cell
from poetgen.training.events import perplexity


@dataclass(frozen=True)
class Report:
    """All that is told of a comparison. `chosen` are the runs that count, by label; `tries` what tune tried."""

    plan: Plan
    poems: Mapping[str, Dataset]
    chosen: Mapping[str, Sequence[Result]]
    tries: Mapping[str, Sequence[Result]]
    target: float
    rows: Sequence[Row]
    command: str

    @property
    def title(self) -> str:
        """What is compared, in words."""
        what = [key.partition(".")[2].replace("_", " ") for key in self.plan.compared]
        return f"Compared: {' × '.join(what)}"

    @property
    def subtitle(self) -> str:
        """How the picture is to be read."""
        poems = {f"{folder.manifest['splits']['train']['poems']:,}" for folder in self.poems.values()}
        seeds = self.plan.options.seeds
        runs = f"median of {seeds} seeds, band from lowest to highest" if seeds > 1 else "one seed"
        few = (
            f"{' / '.join(sorted(poems, key=len))} training poems"
            if len(poems) < 5
            else f"{len(poems)} sets of poems"
        )
        return f"{few} · {runs} · training is smoothed · numbers: best validation perplexity"

    @property
    def most(self) -> float:
        """A perplexity worth drawing, far above that of guessing; of what lies beyond, only that it does."""
        return 10.0 * max(len(folder.vocabulary) for folder in self.poems.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain values for report.json."""
        folders = list({str(folder.path): folder for folder in self.poems.values()}.values())
        return {
            "poetgen": __version__,
            "command": self.command,
            "machine": machine(),
            "compared": list(self.plan.compared),
            "options": asdict(self.plan.options),
            "seeds": list(self.plan.seeds),
            "target": self.target,
            "table": [one.to_dict() for one in self.rows],
            "tuning": {label: [tried(result) for result in runs] for label, runs in self.tries.items()},
            "poems": sizes(folders),
            "settings": {setting.label: setting.config.to_dict() for setting in self.plan.settings},
            "runs": [told(result) for runs in self.chosen.values() for result in runs],
        }


def make_report(
    plan: Plan, poems: Mapping[str, Dataset], results: Sequence[Result], *, command: str
) -> Report:
    """Gather what a finished comparison has come to."""
    by_name = {result.name: result for result in results}
    chosen, tries = {}, {}
    for setting in plan.settings:
        share = best_share(plan, setting, by_name) if plan.options.tune else 1.0
        chosen[setting.label] = [by_name[plan.job(setting, seed, share).name] for seed in plan.seeds]
        if plan.options.tune:
            jobs = (plan.job(setting, plan.seeds[0], share) for share in sorted(TUNING))
            tries[setting.label] = [by_name[job.name] for job in jobs]
    target = plan.options.target or common_target(chosen)
    rows = [
        row(runs, target=target, **shares(plan, setting.label, poems))
        for setting, runs in zip(plan.settings, chosen.values(), strict=True)
    ]
    return Report(plan, poems, chosen, tries, target, rows, command)


def shares(plan: Plan, label: str, poems: Mapping[str, Dataset]) -> dict[str, float]:
    """The share of real tokens, were the poems padded, of validation and of training."""
    [config] = [setting.config for setting in plan.settings if setting.label == label]
    ways = {"padded_to": plan.options.padded_to, "batch_size": config.training.batch_size}
    validation, training = (real_share(poems[label].split(name), **ways) for name in ("validation", "train"))
    return {"real_share": validation, "training_share": training}


def machine() -> dict[str, Any]:
    """What the seconds were measured on."""
    import os

    import numpy as np
    import torch

    return {
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "processors": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def told(result: Result) -> dict[str, Any]:
    """A run for JSON: its curve is in metrics.csv."""
    values = result.to_dict()
    del values["training"], values["validation"]
    points = {"best": result.best, "final": result.final}
    return {**values, **{name: point and point._asdict() for name, point in points.items()}}


def tried(result: Result) -> dict[str, Any]:
    """A try for JSON."""
    best = result.best
    return {
        "learning_rate": result.learning_rate,
        "best_perplexity": finite(perplexity(best.loss)) if best and not result.diverged else None,
        "diverged": result.diverged,
        "seconds": result.seconds,
    }


# ---- metrics.csv ----


def metrics(report: Report) -> str:
    """Every point of every curve; training losses are smoothed."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["setting", "learning_rate", "seed", "kind", "step", "seconds", "loss", "perplexity"])
    for runs in report.chosen.values():
        for result in runs:
            head = [csv_cell(result.label), f"{result.learning_rate:g}", result.seed]
            for kind, points in (("training", result.training), ("validation", result.validation)):
                for step, seconds, loss in points:
                    figures = [f"{seconds:.3f}", f"{loss:.6f}", f"{perplexity(loss):.4f}"]
                    writer.writerow([*head, kind, step, *figures])
    return file.getvalue()
