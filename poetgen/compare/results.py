"""What came of a run, and what the runs of one setting come to."""

import csv
import io
import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from poetgen.measures import finite, perplexity
from poetgen.plain_values import check_count, check_finite
from poetgen.printable import csv_cell


class Point(NamedTuple):
    """A loss, in nats per token, after so many steps and seconds of training."""

    step: int
    seconds: float
    loss: float

    @classmethod
    def from_list(cls, values: Any) -> "Point":
        """Back from a list. Raises ValueError or TypeError for what is not a point."""
        step, seconds, loss = values
        return cls(check_count("step", step), check_finite("seconds", seconds), check_finite("loss", loss))


@dataclass(frozen=True)
class Result:
    """A finished run. `diverged` says why it is called so, and is empty when it is not."""

    name: str
    label: str
    seed: int
    learning_rate: float
    steps: int
    seconds: float
    ended: str
    diverged: str
    parameters: int
    computes_on: str
    training: tuple[Point, ...]
    validation: tuple[Point, ...]
    training_poems: float | None = None

    @property
    def best(self) -> Point | None:
        """The lowest validation loss."""
        return min(self.validation, key=lambda point: point.loss, default=None)

    @property
    def final(self) -> Point | None:
        """The last validation loss."""
        return self.validation[-1] if self.validation else None

    @property
    def rank(self) -> tuple[bool, float]:
        """Lower is better; a diverged run is worse than any other."""
        return bool(self.diverged), self.best.loss if self.best else math.inf

    def first_at(self, target: float) -> Point | None:
        """The first validation at or below this perplexity."""
        return next((point for point in self.validation if perplexity(point.loss) <= target), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def summary(self) -> dict[str, Any]:
        """As report.json has it: its curve is in metrics.csv."""
        values = self.to_dict()
        del values["training"], values["validation"]
        points = {"best": self.best, "final": self.final}
        return {**values, **{name: point and point._asdict() for name, point in points.items()}}

    def tuning_summary(self) -> dict[str, Any]:
        """What a learning rate that was tried came to."""
        best = self.best
        return {
            "learning_rate": self.learning_rate,
            "best_perplexity": finite(perplexity(best.loss)) if best and not self.diverged else None,
            "diverged": self.diverged,
            "seconds": self.seconds,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Result":
        """Back from plain values. Raises ValueError, KeyError or TypeError for others."""
        points = {name: tuple(map(Point.from_list, values[name])) for name in ("training", "validation")}
        for name in ("name", "label", "ended", "diverged", "computes_on"):
            if not isinstance(values[name], str):
                raise ValueError(f"{name} cannot be {values[name]!r:.60}")
        for name in ("seed", "steps", "parameters"):
            check_count(name, values[name])
        for name in ("learning_rate", "seconds"):
            check_finite(name, values[name], least=0)
        if values.get("training_poems") is not None:
            check_finite("training_poems", values["training_poems"])
        return cls(**{**values, **points})


@dataclass(frozen=True)
class Spread:
    """The median of some runs, and half the distance from the lowest to the highest."""

    median: float
    half_range: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread | None":
        """None of no values."""
        values = list(values)
        return cls(statistics.median(values), (max(values) - min(values)) / 2) if values else None


@dataclass(frozen=True)
class Summary:
    """A setting's line in the table: figures over the runs that did not diverge, None where there is none."""

    label: str
    learning_rate: float
    runs: int
    diverged: int
    best: Spread | None
    best_step: Spread | None
    final: Spread | None
    reached: int
    steps_to_target: Spread | None
    seconds_to_target: Spread | None
    seconds: Spread | None
    training: Spread | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def summarize(results: Sequence[Result], *, target: float) -> Summary:
    """What a setting's results, of which there is at least one, come to."""
    sound = [result for result in results if not result.diverged]
    there = [point for result in sound if (point := result.first_at(target))]
    best = spread_at(sound, lambda result: result.best)
    learned = [perplexity(result.training_poems) for result in sound if result.training_poems is not None]
    training = Spread.of(learned)
    bests = [point for result in sound if (point := result.best)]
    return Summary(
        label=results[0].label,
        learning_rate=results[0].learning_rate,
        runs=len(results),
        diverged=len(results) - len(sound),
        best=best,
        best_step=Spread.of(point.step for point in bests),
        final=spread_at(sound, lambda result: result.final),
        reached=len(there),
        steps_to_target=Spread.of(point.step for point in there),
        seconds_to_target=Spread.of(point.seconds for point in there),
        seconds=Spread.of(result.seconds for result in sound),
        training=training,
    )


def spread_at(results: Sequence[Result], point: Callable[[Result], Point | None]) -> Spread | None:
    """The perplexities at a point of each run."""
    return Spread.of(perplexity(found.loss) for result in results if (found := point(result)))


def common_target(results: Mapping[str, Sequence[Result]]) -> float:
    """A perplexity that half of the settings reach in their median runs, rounded up to two digits; 0: none."""
    sound = ([run for run in runs if not run.diverged] for runs in results.values())
    bests = sorted(best.median for runs in sound if (best := spread_at(runs, lambda result: result.best)))
    if not bests:
        return 0.0
    middle = bests[len(bests) // 2]
    unit = 10.0 ** (math.floor(math.log10(middle)) - 1)
    return round(math.ceil(middle / unit) * unit, 10)


def format_perplexity(value: float, *, like: float | None = None) -> str:
    """A perplexity, four digits where there are as many; or what is added to it, with as many places as `like`."""
    size = value if like is None else like
    if not math.isfinite(value) or max(size, value) >= 1e6:
        return f"{value:.1e}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def curves_csv(chosen: Mapping[str, Sequence[Result]]) -> str:
    """metrics.csv: every point of every curve; training losses are smoothed."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["setting", "learning_rate", "seed", "kind", "step", "seconds", "loss", "perplexity"])
    for runs in chosen.values():
        for result in runs:
            head = [csv_cell(result.label), f"{result.learning_rate:g}", result.seed]
            for kind, points in (("training", result.training), ("validation", result.validation)):
                for step, seconds, loss in points:
                    figures = [f"{seconds:.3f}", f"{loss:.6f}", f"{perplexity(loss):.4f}"]
                    writer.writerow([*head, kind, step, *figures])
    return file.getvalue()
