"""A finished comparison in words and numbers: the table, report.md and report.json."""

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from poetgen import __version__
from poetgen.compare.plan import TUNING, Plan
from poetgen.compare.poems import describe_folders, describe_poems
from poetgen.compare.results import Result, Spread, Summary, common_target, format_perplexity, summarize
from poetgen.compare.running import best_multiplier
from poetgen.config import ModelConfig, TrainingConfig, flatten
from poetgen.corpus.dataset import Dataset
from poetgen.measures import perplexity
from poetgen.printable import markdown_cell, markdown_table, pluralize, printable

FEW = 100  # poems to validate on
FEWEST_STEPS = 100  # from which on settings differ by more than their first steps
ALWAYS_TOLD = {
    "model.embedding_size", "model.hidden_size", "model.dropout", "training.optimizer", "training.batch_size",
    "training.schedule", "training.clip_norm",
}  # fmt: skip


@dataclass(frozen=True)
class ComparisonReport:
    """A finished comparison. `chosen` are the runs that count, by label; `tries` what tune tried."""

    plan: Plan
    poems: Mapping[str, Dataset]
    chosen: Mapping[str, Sequence[Result]]
    tries: Mapping[str, Sequence[Result]]
    target: float
    summaries: Sequence[Summary]
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
    def warning(self) -> str:
        """Why the runs are too short to judge by; empty: they are not."""
        for variant in self.plan.variants:
            poems = self.poems[variant.label].manifest["splits"]["train"]["poems"]
            enough = max(-(-poems // variant.config.training.batch_size), FEWEST_STEPS)
            steps = max((run.steps for run in self.chosen[variant.label] if not run.diverged), default=enough)
            if steps < enough:
                taken = f"{pluralize(steps, 'step')} of {variant.label}"
                return f"too short to judge by: {taken}; try --steps {10 * enough}"
        return ""

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
            "table": [one.to_dict() for one in self.summaries],
            "tuning": {
                label: [result.tuning_summary() for result in runs] for label, runs in self.tries.items()
            },
            "poems": describe_folders(folders),
            "settings": {variant.label: variant.config.to_dict() for variant in self.plan.variants},
            "runs": [result.summary() for runs in self.chosen.values() for result in runs],
        }


def make_report(
    plan: Plan, poems: Mapping[str, Dataset], results: Sequence[Result], *, command: str
) -> ComparisonReport:
    """Gather what a finished comparison has come to."""
    by_name = {result.name: result for result in results}
    chosen, tries = {}, {}
    for variant in plan.variants:
        multiplier = best_multiplier(plan, variant, by_name) if plan.options.tune else 1.0
        chosen[variant.label] = [by_name[plan.run(variant, seed, multiplier).name] for seed in plan.seeds]
        if plan.options.tune:
            runs = (plan.run(variant, plan.seeds[0], multiplier) for multiplier in sorted(TUNING))
            tries[variant.label] = [by_name[run.name] for run in runs]
    target = plan.options.target or common_target(chosen)
    summaries = [summarize(runs, target=target) for runs in chosen.values()]
    return ComparisonReport(plan, poems, chosen, tries, target, summaries, command)


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


# ---- as people read it ----


def table(report: ComparisonReport) -> list[list[str]]:
    """Head and lines, one for each setting."""
    learned = any(one.training for one in report.summaries)
    to = f"to {report.target:g}"
    head = ["setting", "rate", "best", "at step", "final", f"steps {to}", f"seconds {to}", "seconds"]
    head += ["training"] if learned else []
    return [head, *(table_row(one, learned) for one in report.summaries)]


def table_row(row: Summary, learned: bool) -> list[str]:
    """A setting's cells; every cell of what diverged says so, or nothing."""
    sound = row.runs - row.diverged
    label = printable(row.label)
    if row.diverged and sound:
        label += f" ({row.diverged} of {row.runs} diverged)"
    there = "" if row.reached == sound else f" ({row.reached} of {sound})"
    cells = [
        label,
        f"{row.learning_rate:.3g}",
        format_spread(row.best) if sound else "diverged",
        format_count(row.best_step),
        format_spread(row.final),
        format_count(row.steps_to_target) + (there if row.reached else ""),
        format_count(row.seconds_to_target),
        format_count(row.seconds),
    ]
    if learned:
        cells.append(format_spread(row.training))
    return cells


def format_spread(value: Spread | None) -> str:
    """12.3 ± 0.4"""
    if value is None:
        return "–"
    half = f" ± {format_perplexity(value.half_range, like=value.median)}" if value.half_range else ""
    return format_perplexity(value.median) + half


def format_count(value: Spread | None) -> str:
    """A number of steps or seconds."""
    if value is None:
        return "–"
    return f"{value.median:,.0f}" if value.median >= 10 else f"{value.median:.2g}"


def markdown(report: ComparisonReport) -> str:
    """The report as people read it."""
    paragraphs = [f"# {markdown_cell(report.title)}"]
    if report.plan.options.reported:
        paragraphs.append(f"Reported: {printable(report.plan.options.reported)}")
    paragraphs += [
        markdown_table(table(report)),
        " ".join(explain_table(report)),
        "![Training and validation perplexity over steps and seconds](curves.png)",
        *describe_tuning(report),
        "## The same for all",
        "\n".join(f"- {printable(text)}" for text in describe_common(report)),
        "## Again",
        f"```sh\n{printable(report.command)}\n```",
        f"poetgen {__version__}, {', '.join(f'{name} {value}' for name, value in machine().items())}.",
    ]
    return "\n\n".join(paragraphs) + "\n"


def explain_table(report: ComparisonReport) -> Iterator[str]:
    """How to read the table."""
    seeds = report.plan.options.seeds
    yield (
        "Perplexities are per token (`ppl_token` of docs/measures.md) on the validation poems, real tokens alone."
    )
    if seeds > 1:
        yield (
            f"Median of {seeds} seeds ± half the distance from the lowest to the highest; "
            "steps and seconds are medians."
        )
    else:
        yield "One seed, so nothing is said of chance."
    yield "Seconds are of training, validation excluded."
    yield f"“To {report.target:g}” is up to the first validation at or below that perplexity."
    plan = report.plan
    rate = plan.variants[0].config.training.learning_rate
    if rate and plan.compared == ("training.optimizer",) and not report.tries:
        yield f"All have the rate {rate:g}, as asked for; optimizers differ in the rate they need."
    if any(one.training for one in report.summaries):
        yield "“Training” is measured on the training poems after the last step, dropout off."
    if any(one.diverged for one in report.summaries):
        reasons = {run.diverged for runs in report.chosen.values() for run in runs if run.diverged}
        yield f"Diverged: {'; '.join(sorted(reasons))}."
    few = min(folder.manifest["splits"]["validation"]["poems"] for folder in report.poems.values())
    if few < FEW:
        yield f"There are only {few} poems to validate on: small differences are chance."
    if len({folder.path for folder in report.poems.values()}) > 1:
        yield "The settings have different poems or vocabularies: their perplexities compare only roughly."


def describe_tuning(report: ComparisonReport) -> Iterator[str]:
    """What tune tried, and what it cost."""
    if not report.tries:
        return
    yield "## Learning rates tried"
    spent = sum(result.seconds for runs in report.tries.values() for result in runs)
    number = sum(len(runs) for runs in report.tries.values())
    yield (
        "A third of each rate, the rate and three times it, with the first seed and the whole budget; the lowest "
        f"validation perplexity decides. {number} runs, {spent:,.0f} s, those chosen among them."
    )
    head = ["setting", *("a third", "as given", "three times")]
    body = []
    for label, runs in report.tries.items():
        chosen = report.chosen[label][0].learning_rate
        cells = (
            "diverged" if run.diverged or run.best is None else format_perplexity(perplexity(run.best.loss))
            for run in runs
        )
        marked = (
            f"**{cell}** at {run.learning_rate:.3g}"
            if run.learning_rate == chosen
            else f"{cell} at {run.learning_rate:.3g}"
            for cell, run in zip(cells, runs, strict=True)
        )
        body.append([label, *marked])
    yield markdown_table([head, *body])


def describe_common(report: ComparisonReport) -> Iterator[str]:
    """Poems, budget and settings that all runs had."""
    for folder in {str(folder.path): folder for folder in report.poems.values()}.values():
        yield describe_poems(folder)
    first = report.plan.variants[0].config
    training = first.training
    budget = pluralize(training.steps, "step") if training.steps else pluralize(training.epochs, "epoch")
    budget += f", or {training.minutes:g} minutes" if training.minutes else ""
    seeds = ", ".join(map(str, report.plan.seeds))
    yield f"seeds: {seeds}; each decides first weights and batches, the same for every setting"
    yield f"budget: {budget}" + (
        f"; patience {pluralize(training.patience, 'epoch')}" if training.patience else ""
    )
    common = flatten({"model": asdict(first.model), "training": asdict(first.training)}, "config")
    defaults = flatten({"model": asdict(ModelConfig()), "training": asdict(TrainingConfig())}, "config")
    listed = [
        f"{key}={value}"
        for key, value in common.items()
        if key not in report.plan.compared and (value != defaults[key] or key in ALWAYS_TOLD)
    ]
    yield f"settings: {', '.join(listed)}"
