"""How far a comparison is, on stderr: a line for each run, and a bar at a terminal."""

from typing import TYPE_CHECKING

from poetgen.cli.output import echo
from poetgen.cli.progress import duration, new_bar

if TYPE_CHECKING:
    from poetgen.compare.folder import ComparisonFolder
    from poetgen.compare.plan import Plan
    from poetgen.compare.results import Result
    from poetgen.compare.running import ComparisonEvent, RunFinished, RunStarted


class ComparisonProgress:
    """Told every event; says a line for each run, and at a terminal shows how far the one in hand is."""

    def __init__(self, plan: "Plan", folder: "ComparisonFolder") -> None:
        from poetgen.printable import pluralize

        self.runs, self.results = plan.number_of_runs, list["Result"]()
        self.spent = 0.0  # by runs of this session
        self.made = 0
        self.bar = new_bar(hidden=True)
        echo(
            f"{len(plan.variants)} settings, {pluralize(plan.options.seeds, 'seed')}: "
            f"{pluralize(self.runs, 'run')}, in {folder.path}",
            err=True,
        )

    def __call__(self, event: "ComparisonEvent") -> None:
        """Tell one event."""
        from poetgen.compare.running import RunFinished, RunStarted
        from poetgen.training.loop import StepReport

        match event:
            case RunStarted():
                self.begin(event)
            case StepReport():
                self.bar.update()
            case RunFinished():
                self.end(event)

    def begin(self, event: "RunStarted") -> None:
        """A bar at a terminal."""
        name = f"{event.run.name} ({event.number} of {self.runs})"
        self.bar = new_bar(desc=name, total=event.total_steps, initial=event.step, unit="step")

    def end(self, event: "RunFinished") -> None:
        """The run's line."""
        from poetgen.compare.results import format_perplexity
        from poetgen.measures import perplexity

        self.bar.close()
        result = event.result
        self.results.append(result)
        if result.diverged:
            outcome = f"diverged: {result.diverged}"
        elif result.best and result.final:
            outcome = f"best {format_perplexity(perplexity(result.best.loss))} at step {result.best.step:,}, "
            outcome += f"final {format_perplexity(perplexity(result.final.loss))}"
        else:
            outcome = "nothing validated"
        echo(
            f"{event.number} of {self.runs}  {result.label}, rate {result.learning_rate:.3g}, seed {result.seed}: "
            f"{outcome}; {result.steps:,} steps, {duration(result.seconds)}{self.estimate_left(event)}",
            err=True,
        )

    def estimate_left(self, event: "RunFinished") -> str:
        """How long the rest will take, by the runs of this session."""
        if event.is_kept:
            return ", kept"
        self.made += 1
        self.spent += event.result.seconds
        rest = self.runs - event.number
        return f"; about {duration(rest * self.spent / self.made)} left" if rest else ""
