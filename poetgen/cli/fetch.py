"""`poetgen fetch`: download the corpus with git."""

import json
import sys
from dataclasses import asdict
from typing import Any

import click

from poetgen.cli import INTERRUPTED
from poetgen.cli.options import home_option, json_option
from poetgen.cli.output import echo
from poetgen.fetch.fetch import COLLECTIONS, DEFAULT_URL, FetchProgress, FetchReport, fetch_corpus
from poetgen.files import Workspace


@click.command()
@home_option
@click.option(
    "--url",
    help="Address of a git repository, or a folder with one [default: the one used before, at first "
    f"{DEFAULT_URL}].",
)
@click.option(
    "--revision", metavar="REV", help="Commit id, tag or branch to fetch [default: the newest commit]."
)
@click.option(
    "--collection",
    type=click.Choice([*COLLECTIONS, "all"]),
    help="tang: 全唐詩; song: 全宋詩, thirty megabytes more; all: both. Added to what is here [default: tang].",
)
@click.option("--update", is_flag=True, help="Ask the repository for something newer than what is here.")
@json_option
@click.pass_context
def fetch(
    ctx: click.Context,
    *,
    workspace: Workspace,
    url: str | None,
    revision: str | None,
    collection: str | None,
    update: bool,
    as_json: bool,
) -> None:
    """Download the corpus 全唐詩 with git: only its files, about ten megabytes.

    If it is stopped or killed, run it again and it continues. A complete corpus is left as it is, unless --update
    or another --revision is given.
    """
    bar = ProgressBar()
    try:
        report = fetch_corpus(
            url,
            workspace.corpus,
            collections=COLLECTIONS if collection == "all" else [collection] if collection else [],
            revision=revision,
            update=update,
            on_progress=bar.show,
        )
    except KeyboardInterrupt:
        bar.close()
        echo("Stopped; what has arrived is kept. To continue, run the same command again.", err=True)
        ctx.exit(INTERRUPTED)
    finally:
        bar.close()
    values = asdict(report) | {"path": str(report.path)}
    echo(json.dumps(values, ensure_ascii=False) if as_json else summary(report))
    echo("Next, run: poetgen prepare", err=True)


def summary(report: FetchReport) -> str:
    """The report in one line: where, how much, which commit."""
    already = " (already there)" if report.already_there else ""
    return (
        f"{report.path}: {report.files} files, {report.bytes / 1e6:.1f} MB, commit {report.commit}{already}"
    )


class ProgressBar:
    """Progress on stderr: a tqdm bar for what is counted; off a terminal, a line now and then."""

    def __init__(self) -> None:
        self._what = ""
        self._bar: Any = None
        self._quarter = 1  # how many quarters done make the next plain line due

    def show(self, progress: FetchProgress) -> None:
        """Take up one report of progress."""
        if progress.what != self._what:
            self.close()
            self._what, self._quarter = progress.what, 1
            echo(progress.what, err=True)
        if progress.total < 10:  # nothing to count, or nothing worth counting
            return
        if sys.stderr.isatty():
            self._move_bar(progress)
        elif progress.done * 4 >= self._quarter * progress.total:
            echo(f"  {progress.done} of {progress.total}", err=True)
            self._quarter = progress.done * 4 // progress.total + 1

    def _move_bar(self, progress: FetchProgress) -> None:
        from tqdm import tqdm

        if self._bar is None:
            # `initial` keeps what an earlier run received out of the speed
            self._bar = tqdm(total=progress.total, initial=progress.done, unit="file", leave=False)
        self._bar.update(progress.done - self._bar.n)
        self._bar.refresh()

    def close(self) -> None:
        """End the bar, if there is one."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
