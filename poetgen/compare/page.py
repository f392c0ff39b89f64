"""A comparison as people read it: the table, and report.md."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from poetgen import __version__
from poetgen.compare.report import Report, machine
from poetgen.compare.results import Row, Spread, said
from poetgen.config import ModelConfig, TrainingConfig, flatten
from poetgen.corpus.dataset import Dataset
from poetgen.errors import CorpusError
from poetgen.printable import markdown_cell, printable
from poetgen.training.events import counted, perplexity

FEW = 100  # poems to validate on
ALWAYS_TOLD = {
    "model.embedding_size", "model.hidden_size", "model.dropout", "training.optimizer", "training.batch_size",
    "training.schedule", "training.clip_norm",
}  # fmt: skip


def table(report: Report) -> list[list[str]]:
    """Head and lines, one for each setting."""
    learned = any(one.training for one in report.rows)
    to = f"to {report.target:g}"
    head = ["setting", "rate", "best", "at step", "final", f"steps {to}", f"seconds {to}", "seconds"]
    head += ["if padding counted", *(["training", "if padding counted"] if learned else [])]
    return [head, *(line(one, learned) for one in report.rows)]


def line(row: Row, learned: bool) -> list[str]:
    """A setting's cells; every cell of what diverged says so, or nothing."""
    sound = row.runs - row.diverged
    label = printable(row.label)
    if row.diverged and sound:
        label += f" ({row.diverged} of {row.runs} diverged)"
    there = "" if row.reached == sound else f" ({row.reached} of {sound})"
    cells = [
        label,
        f"{row.learning_rate:.3g}",
        spread(row.best) if sound else "diverged",
        count(row.best_step),
        spread(row.final),
        count(row.steps_to_target) + (there if row.reached else ""),
        count(row.seconds_to_target),
        count(row.seconds),
        said(row.padded) if row.padded else "–",
    ]
    if learned:
        cells += [spread(row.training), said(row.training_padded) if row.training_padded else "–"]
    return cells


def spread(value: Spread | None) -> str:
    """12.3 ± 0.4"""
    if value is None:
        return "–"
    half = f" ± {said(value.half_range, like=value.median)}" if value.half_range else ""
    return said(value.median) + half


def count(value: Spread | None) -> str:
    """A number of steps or seconds."""
    if value is None:
        return "–"
    return f"{value.median:,.0f}" if value.median >= 10 else f"{value.median:.2g}"


def markdown(report: Report) -> str:
    """The report as people read it."""
    paragraphs = [f"# {markdown_cell(report.title)}"]
    if report.plan.options.reported:
        paragraphs.append(f"Reported: {printable(report.plan.options.reported)}")
    paragraphs += [
        "\n".join(rows(table(report))),
        " ".join(legend(report)),
        "![Training and validation perplexity over steps and seconds](curves.png)",
        *tuning(report),
        "## The same for all",
        "\n".join(f"- {printable(text)}" for text in held(report)),
        "## Again",
        f"```sh\n{printable(report.command)}\n```",
        f"poetgen {__version__}, {', '.join(f'{name} {value}' for name, value in machine().items())}.",
    ]
    return "\n\n".join(paragraphs) + "\n"


def rows(table: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Markdown table."""
    head, *body = table
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for label, *cells in body:
        yield f"| {' | '.join([markdown_cell(label), *cells])} |"


def legend(report: Report) -> Iterator[str]:
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
    padded = report.plan.options.padded_to
    how = f"padded to {padded} tokens" if padded else "in shuffled batches, each padded to its longest poem"
    yield (
        f"“If padding counted” is p^(real / (real + padding)) of the best, with poems {how}: what such a count "
        "would have called the same model, padding taken as free."
    )
    plan = report.plan
    rate = plan.settings[0].config.training.learning_rate
    if rate and plan.compared == ("training.optimizer",) and not report.tries:
        yield f"All have the rate {rate:g}, as asked for; optimizers differ in the rate they need."
    if any(one.training for one in report.rows):
        yield "“Training” is measured on the training poems after the last step, dropout off."
    if any(one.diverged for one in report.rows):
        reasons = {run.diverged for runs in report.chosen.values() for run in runs if run.diverged}
        yield f"Diverged: {'; '.join(sorted(reasons))}."
    few = min(folder.manifest["splits"]["validation"]["poems"] for folder in report.poems.values())
    if few < FEW:
        yield f"There are only {few} poems to validate on: small differences are chance."
    if len({folder.path for folder in report.poems.values()}) > 1:
        yield "The settings have different poems or vocabularies: their perplexities compare only roughly."


def tuning(report: Report) -> Iterator[str]:
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
            "diverged" if run.diverged or run.best is None else said(perplexity(run.best.loss))
            for run in runs
        )
        marked = (
            f"**{cell}** at {run.learning_rate:.3g}"
            if run.learning_rate == chosen
            else f"{cell} at {run.learning_rate:.3g}"
            for cell, run in zip(cells, runs, strict=True)
        )
        body.append([label, *marked])
    yield "\n".join(rows([head, *body]))


def held(report: Report) -> Iterator[str]:
    """Poems, budget and settings that all runs had."""
    for folder in {str(folder.path): folder for folder in report.poems.values()}.values():
        yield poems_line(folder)
    first = report.plan.settings[0].config
    training = first.training
    budget = counted(training.steps, "step") if training.steps else counted(training.epochs, "epoch")
    budget += f", or {training.minutes:g} minutes" if training.minutes else ""
    seeds = ", ".join(map(str, report.plan.seeds))
    yield f"seeds: {seeds}; each decides first weights and batches, the same for every setting"
    yield f"budget: {budget}" + (
        f"; patience {counted(training.patience, 'epoch')}" if training.patience else ""
    )
    common = flatten({"model": asdict(first.model), "training": asdict(first.training)}, "config")
    defaults = flatten({"model": asdict(ModelConfig()), "training": asdict(TrainingConfig())}, "config")
    listed = [
        f"{key}={value}"
        for key, value in common.items()
        if key not in report.plan.compared and (value != defaults[key] or key in ALWAYS_TOLD)
    ]
    yield f"settings: {', '.join(listed)}"


def poems_line(folder: Dataset) -> str:
    """How many poems, from where."""
    try:
        splits, corpus = folder.manifest["splits"], folder.manifest["corpus"]
        parts = [f"{splits[name]['poems']:,} in {name}" for name in ("train", "validation")]
        rate = splits["validation"].get("out_of_vocabulary_rate")
    except (KeyError, TypeError) as error:
        raise CorpusError(f"{folder.path} is damaged ({error}); run: poetgen prepare") from error
    unknown = "" if rate is None else f", {rate:.2%} of validation hanzi outside it"
    commit = f", commit {corpus['commit'][:12]}" if corpus.get("commit") else ""
    return (
        f"{folder.path.name}: {', '.join(parts)} ({splits['train']['tokens']:,} training tokens), "
        f"vocabulary {len(folder.vocabulary):,}{unknown}; {corpus.get('selection', 'selection not told')}{commit}"
    )
