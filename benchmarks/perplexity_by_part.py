"""How well the released model predicts poems of each form, length and volume of 全唐詩: validation, nothing given.

    python benchmarks/perplexity_by_part.py --prepared data/prepared --corpus data/corpus

Prints Markdown tables, every figure as docs/measures.md defines it, with 95 % bootstrap intervals over poems. A
volume is a file of chinese-poetry, a thousand poems; ten of them are a row.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from poetgen.checkpoint import Checkpoint, released_path
from poetgen.corpus.dataset import Dataset
from poetgen.corpus.sources import volume_number
from poetgen.evaluate import check_belongs, score
from poetgen.measures import FIGURES, Figures, PoemLosses, figures
from poetgen.poem.form import FORMS, parse_form

OTHER = "other shapes"
BOUNDS = (24, 32, 48, 64, 100)  # hanzi, beyond which a row of lengths begins
ROW = 10_000  # poems of 全唐詩 in a row of volumes
SPLIT = "validation"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--corpus", type=Path, default=Path("data/corpus"))
    args = parser.parse_args()
    prepared, model = Dataset.open(args.prepared), Checkpoint.load(released_path())
    check_belongs(model, prepared)
    poems = list(prepared.poems(SPLIT))
    losses = score(model, prepared.split(SPLIT))
    volumes = read_volumes(args.corpus)
    lines = [poem.lines for poem in poems]
    for heading, parts in (
        ("form", [name_form(poem) for poem in lines]),
        ("hanzi", [name_length(sum(map(len, poem))) for poem in lines]),
        ("volumes", [name_volumes(volumes[poem.id]) for poem in poems]),
    ):
        print("\n".join(table(heading, parts, losses)), end="\n\n")


def name_form(lines: Sequence[str]) -> str:
    """五絕 and the like, or OTHER."""
    shape = ({len(line) for line in lines}, len(lines))
    for name in FORMS:
        form = parse_form(name)
        if shape == ({form.line_length}, form.line_count):
            return name
    return OTHER


def name_length(hanzi: int) -> str:
    """The row of BOUNDS."""
    above = sum(bound < hanzi for bound in BOUNDS)
    low = BOUNDS[above - 1] + 1 if above else 20
    return f"{low} – {BOUNDS[above]}" if above < len(BOUNDS) else f"{low} and more"


def name_volumes(number: int) -> str:
    """The row of a volume, from 1."""
    first = number // ROW * ROW // 1000
    return f"{first + 1} – {first + ROW // 1000}"


def read_volumes(corpus: Path) -> Mapping[str, int]:
    """The number of the file that each poem's id stands in."""
    found: dict[str, int] = {}
    for file in corpus.rglob("poet.tang.*.json"):
        number = volume_number(file)
        if number is not None:
            found |= {record["id"]: number for record in json.loads(file.read_bytes())}
    return found


def table(heading: str, parts: Sequence[str], losses: PoemLosses) -> Iterator[str]:
    """A row a part, in their natural order, and one for all."""
    yield f"| {heading} | poems | {' | '.join(FIGURES[:3])} |"
    yield "|---" * 5 + "|"
    names = (
        [*FORMS, OTHER] if heading == "form" else sorted(set(parts), key=lambda name: int(name.split()[0]))
    )
    of = np.array(parts)
    for name in names:
        yield row(name, figures(losses[of == name]))
    yield row("all", figures(losses))


def row(name: str, measured: Figures) -> str:
    """A part's figures with their intervals."""
    cells = []
    for figure in FIGURES[:3]:
        low, high = measured.intervals[figure] or (np.nan, np.nan)
        cells.append(f"{getattr(measured, figure):.1f} ({low:.1f} – {high:.1f})")
    return f"| {name} | {measured.poems:,} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
