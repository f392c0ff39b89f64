"""What a command says on stderr of the poems it has read."""

from pathlib import Path
from typing import TYPE_CHECKING

from poetgen.cli.output import echo
from poetgen.language import tr
from poetgen.printable import printable

if TYPE_CHECKING:
    from poetgen.corpus.reading import ReadingReport

MOST_FAULTS = 20


def tell_reading(source: Path | str, reading: "ReadingReport") -> None:
    """Say once how a source was read, and what of it could not be."""
    from poetgen.corpus.sources import warn_of_rejects

    echo(printable(f"{source}: {reading}"), err=True)
    warning = warn_of_rejects(Path(source))
    if warning:
        echo(printable(warning), err=True)
    for fault in reading.faults[:MOST_FAULTS]:
        echo(tr("skipped {fault}", fault=printable(fault)), err=True)
    if len(reading.faults) > MOST_FAULTS:
        echo(tr("... and {count:,} more", count=len(reading.faults) - MOST_FAULTS), err=True)
