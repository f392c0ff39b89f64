"""A training told on stderr as it goes: a bar at a terminal, a plain line now and then elsewhere."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import exp
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING

from poetgen.cli import INTERRUPTED
from poetgen.cli.options import command_line
from poetgen.cli.output import echo
from poetgen.cli.pictures import try_to_draw
from poetgen.cli.progress import duration, new_bar
from poetgen.files import Workspace

if TYPE_CHECKING:
    from poetgen.training.events import Event, Finished, Started, ValidationReport
    from poetgen.training.loop import StepReport
    from poetgen.training.run_folder import RunFolder

SECONDS_BETWEEN_LINES = 30.0
LATEST = 0.05  # share that the newest step has in the running means of loss and speed, more at the beginning
BAR = "{percentage:3.0f}%|{bar}| step {n_fmt}/{total_fmt}, {remaining} left{postfix}"


class TrainingProgress:
    """Told every report of a run; the best model's path and perplexity go to stdout at the end.

    `hanzi_share` is that of hanzi among the tokens. Who tells of another kind of model says its own `pace`,
    `verdict` and `best`; `unit` is what a loss is the mean over.
    """

    unit = "token"

    def __init__(self, hanzi_share: float) -> None:
        self.hanzi_share = hanzi_share
        self.began = False
        self.bar = new_bar(hidden=True)
        self.loss, self.rate, self.told_at = 0.0, 0.0, -SECONDS_BETWEEN_LINES
        self.steps_told, self.steps_left = 0, 0

    def __call__(self, report: "Event") -> None:
        """Tell one report."""
        from poetgen.training.events import Finished, Started, ValidationReport
        from poetgen.training.loop import StepReport

        match report:
            case Started():
                self.begin(report)
            case StepReport():
                self.step(report)
            case ValidationReport():
                self.validation(report)
            case Finished():
                self.end(report)

    def begin(self, report: "Started") -> None:
        """The first line: how big, how much, how long."""
        self.began, self.steps_left = True, report.total_steps - report.step
        step = f", from step {report.step:,}" if report.step else ""
        echo(
            f"{report.run.name}: {report.parameters:,} parameters on {report.computes_on}, "
            f"{report.tokens:,} tokens, {report.total_steps:,} steps{step}; "
            f"about {duration(report.expected_seconds)}",
            err=True,
        )
        for message in report.messages:
            echo(message, err=True)
        self.bar = new_bar(total=report.total_steps, initial=report.step, bar_format=BAR)

    def step(self, report: "StepReport") -> None:
        """Move the bar, or say a line when it is time for one."""
        self.steps_told += 1
        self.steps_left -= 1
        newest = max(LATEST, 2 / (self.steps_told + 1))
        self.loss += newest * (report.loss - self.loss)
        self.rate += newest * (report.tokens / report.seconds - self.rate)
        figures = f"loss {self.loss:.3f}, {self.pace()}"
        self.bar.set_postfix_str(figures, refresh=False)
        self.bar.update()
        if self.bar.disable and monotonic() - self.told_at > SECONDS_BETWEEN_LINES:
            self.told_at = monotonic()
            echo(f"step {report.step:,}: {figures}, {self.steps_left:,} steps left", err=True)

    def validation(self, report: "ValidationReport") -> None:
        """A line above the bar."""
        self.bar.clear()
        echo(
            f"epoch {report.epoch}, step {report.step:,}: train loss {report.train_loss:.4f}, "
            f"validation loss {report.validation_loss:.4f}, {self.verdict(report)}"
            f"{' (best)' if report.is_best else ''}, {duration(report.seconds)}",
            err=True,
        )
        self.bar.refresh()

    def end(self, report: "Finished") -> None:
        """Why it ended, and the best model there is."""
        self.bar.close()
        if report.interrupted:
            return
        run = report.best.parent.name
        echo(
            f"done: {report.reason}" if self.began else f"{run} is finished already: {report.reason}",
            err=True,
        )
        echo(f"{report.best}  {self.best(report)}")

    def pace(self) -> str:
        """How fast it goes, and how well, by the newest steps."""
        return f"perplexity {exp(min(self.loss, 50)):,.1f}, {self.rate * self.hanzi_share:,.0f} hanzi/s"

    def verdict(self, report: "ValidationReport") -> str:
        """What an epoch's validation found besides its loss."""
        return f"perplexity {report.metrics['perplexity']:,.2f}"

    def best(self, report: "Finished") -> str:
        """How good the best model is."""
        from poetgen.measures import perplexity

        return f"validation perplexity {perplexity(report.best_loss):,.2f}"


def follow_training(
    folder: "RunFolder",
    progress: TrainingProgress,
    train: Callable[..., "Iterator[Event]"],
    *,
    workspace: Workspace,
) -> None:
    """Run a training, which is asked to stop by `should_stop`, and say how it goes."""
    from poetgen.errors import TrainingError
    from poetgen.training.events import Finished

    last: Event | None = None
    with stop_requests() as stop:
        try:
            for last in train(should_stop=lambda: bool(stop)):
                progress(last)
        except TrainingError:
            progress.bar.close()
            draw(folder, progress.unit)  # the picture of what went wrong
            raise
        finally:
            progress.bar.close()
    if isinstance(last, Finished) and last.interrupted:
        echo(f"stopped and saved; to continue: {resume_command(workspace, folder)}", err=True)
    if progress.began or not folder.curves.exists():
        draw(folder, progress.unit)
    if isinstance(last, Finished) and last.interrupted:
        sys.exit(128 + stop[0] if stop else INTERRUPTED)


def is_first_process() -> bool:
    """Whether this process speaks and draws; of those that torchrun started, one does."""
    return "WORLD_SIZE" not in os.environ or os.environ.get("RANK", "0") == "0"


def draw(folder: "RunFolder", unit: str) -> None:
    """Draw curves.png, or say what it takes."""
    if not is_first_process():
        return
    from poetgen.plots.training import draw_curves

    try_to_draw(folder.curves, lambda path: draw_curves(folder.records(), path, folder.name, unit=unit))


def resume_command(workspace: Workspace, folder: "RunFolder") -> str:
    """What to type to go on."""
    return command_line(workspace, *folder.command.split(), "--resume", folder.name)


@contextmanager
def exit_when_interrupted(advice: str) -> Iterator[None]:
    """A second Ctrl-C ends the command at once, with advice on how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        echo(f"stopped at once; {advice}", err=True)
        sys.exit(INTERRUPTED)


@contextmanager
def stop_requests() -> Iterator[list[int]]:
    """Collects SIGINT and SIGTERM, so that a step is finished and saved first; a second SIGINT ends at once."""
    received: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, before[signal.SIGINT])

    before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
