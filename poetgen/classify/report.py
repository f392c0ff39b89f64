"""A trained classifier on held-out texts beside its baselines: figures, tables, files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poetgen.classify import baselines
from poetgen.classify.classifier import log_probabilities
from poetgen.classify.saved import SavedClassifier
from poetgen.classify.scores import Scores, compare_predictions, most_confused, score_predictions
from poetgen.classify.split import TRAIN, VALIDATION
from poetgen.classify.texts import LabelledTexts
from poetgen.files import write_json, write_text
from poetgen.measures import Interval
from poetgen.printable import markdown_cell, markdown_table, printable

MOST_IN_TABLE = 60  # labels whose confusions a page can show
CONFUSIONS = 10  # of the most frequent that are listed
OURS, MAJORITY, LINEAR = "this classifier", "majority class", "linear, characters 1–2"


@dataclass(frozen=True)
class BaselineComparison:
    """The scores of a classifier and its baselines on one part; `linear` is None without scikit-learn.

    `ahead` is the interval of ours less the linear model's in macro-F1, `penalty` the C that one was made with.
    """

    labels: tuple[str, ...]
    part: str
    learned_from: int
    classifier: Scores
    majority: Scores
    linear: Scores | None
    penalty: float | None
    ahead: Interval | None

    @property
    def rows(self) -> list[tuple[str, Scores]]:
        """Each with its name, the baselines first."""
        named = [(MAJORITY, self.majority), (LINEAR, self.linear), (OURS, self.classifier)]
        return [(name, one) for name, one in named if one is not None]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "labels": list(self.labels),
            "part": self.part,
            "learned_from": self.learned_from,
            "classifier": self.classifier.to_dict(),
            "majority": self.majority.to_dict(),
            "linear": self.linear and self.linear.to_dict(),
            "linear_penalty": self.penalty,
            "macro_f1_ahead_of_linear": self.ahead,
        }


def compare_with_baselines(
    saved: SavedClassifier, data: LabelledTexts, part: str, *, with_linear: bool = True
) -> BaselineComparison:
    """Measure on validation or test; the linear baseline is left out without scikit-learn."""
    train, validation, held = data.parts[TRAIN], data.parts[VALIDATION], data.parts[part]
    labels, truth = len(data.labels), held.labels
    predictions = log_probabilities(saved.model(), held.encoded).argmax(axis=1)
    linear, penalty, ahead = None, None, None
    if with_linear and baselines.can_compare():
        theirs, penalty = baselines.predict_linear(
            (train.texts, train.labels), (validation.texts, validation.labels), held.texts
        )
        linear = score_predictions(truth, theirs, labels)
        ahead = compare_predictions(truth, predictions, theirs, labels)
    return BaselineComparison(
        data.labels,
        part,
        len(train),
        score_predictions(truth, predictions, labels),
        score_predictions(truth, baselines.predict_majority(train.labels, len(held)), labels),
        linear,
        penalty,
        ahead,
    )


def write_report(folder: Path, comparison: BaselineComparison) -> Path:
    """report.json, and report.md for people, whose path is given back. Raises PoetgenError."""
    write_json(folder / "report.json", comparison.to_dict())
    write_text(folder / "report.md", "\n".join(render_page(folder.name, comparison)) + "\n")
    return folder / "report.md"


def render_page(run: str, comparison: BaselineComparison) -> Iterator[str]:
    """The report as Markdown: scores, labels, confusion matrix."""
    held = comparison.classifier.texts
    yield f"# {markdown_cell(run)}"
    yield ""
    yield (
        f"{len(comparison.labels)} labels, {held:,} {comparison.part} texts, learned from "
        f"{comparison.learned_from:,}; near duplicates stand on one side. In brackets: 95 % bootstrap intervals."
    )
    yield ""
    rows = [
        [
            name,
            format_interval(one.accuracy, one.accuracy_interval),
            format_interval(one.macro_f1, one.macro_f1_interval),
        ]
        for name, one in comparison.rows
    ]
    yield markdown_table([["", "accuracy", "macro-F1"], *rows])
    yield ""
    if comparison.ahead:
        low, high = comparison.ahead
        yield f"Ahead of the linear model in macro-F1, both on the same resamples: {low:+.3f} to {high:+.3f}."
        yield ""
    yield markdown_table(confusion_table(comparison.labels, comparison.classifier))


def format_interval(value: float, interval: Interval | None) -> str:
    """0.512 (0.480 – 0.545)."""
    return f"{value:.3f}" + (f" ({interval[0]:.3f} – {interval[1]:.3f})" if interval else "")


def confusion_table(labels: Sequence[str], found: Scores) -> Iterator[list[str]]:
    """Rows are the truth, columns what it was taken for; then each label's F1. Of many labels a row each."""
    if len(labels) > MOST_IN_TABLE:
        yield ["label", "texts", "right", "F1"]
        for k, (label, value) in enumerate(zip(labels, found.f1, strict=True)):
            yield [label, str(sum(found.confusion[k])), str(found.confusion[k][k]), f"{value:.2f}"]
        return
    yield ["truth \\ taken for", *map(markdown_cell, labels), "F1"]
    for label, row, value in zip(labels, found.confusion, found.f1, strict=True):
        yield [label, *(str(count or "") for count in row), f"{value:.2f}"]


def describe_scores(comparison: BaselineComparison) -> Iterator[str]:
    """The lines a person reads at once."""
    held = comparison.classifier.texts
    yield (
        f"{len(comparison.labels)} labels, {held:,} {comparison.part} texts, "
        f"learned from {comparison.learned_from:,}"
    )
    yield f"{'':<24}{'accuracy':<24}macro-F1"
    for name, one in comparison.rows:
        accuracy = format_interval(one.accuracy, one.accuracy_interval)
        yield f"{name:<24}{accuracy:<24}{format_interval(one.macro_f1, one.macro_f1_interval)}"
    if comparison.ahead:
        low, high = comparison.ahead
        yield f"ahead of the linear model in macro-F1: {low:+.3f} to {high:+.3f}"
    confused = most_confused(comparison.classifier.confusion, comparison.labels)[:CONFUSIONS]
    if confused:
        pairs = ", ".join(
            f"{printable(label)} for {printable(other)} {count}" for label, other, count in confused
        )
        yield f"most often taken for another: {pairs}"
