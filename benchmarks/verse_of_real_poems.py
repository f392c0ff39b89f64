"""How many real poems keep the rules of 近體詩 by `poetgen check`, and how many would by chance.

    python benchmarks/verse_of_real_poems.py [data/prepared] [--split NAME]...

Takes every poem that has the shape of a regulated form, old-style poems among them, copies once (default: of all
splits), judges it, and judges the same characters in another order beside it (seed 7). `rhyme`: all even lines in
one group and no foot twice, an unknown foot counted as off rhyme; `by the book`: the same by the rhyme book
alone; `relaxed` and `strict`: the rules of tone; `all`: rhyme, relaxed tones and first line. Prints JSON, which
also has the share of poems that break each rule, to stdout, and a Markdown table, shuffled in brackets, to stderr.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

from rhyme_evidence import Lines, is_regular, read_bodies, shuffle_hanzi

from poetgen.corpus.dataset import SPLITS
from poetgen.poem.form import form_of
from poetgen.verse.check import STRICT, check_poem
from poetgen.verse.report import BROKEN, Report
from poetgen.verse.rhymes import RhymeTable

SEED = 7
NAMES = ("五絕", "七絕", "五律", "七律", "五言排律", "七言排律")
COLUMNS = ("rhyme", "by the book", "relaxed", "strict", "all")
BOOK = RhymeTable.load(amended=False)
Rates = dict[str, float]


def is_rhymed(report: Report, table: RhymeTable) -> bool:
    """Whether the rhyme holds and each foot is known to be in it."""
    known = all(table.groups(line.text[-1]) for line in report.lines[1::2])
    return known and report.rhymes_hold is True


def judged(lines: Lines) -> Counter[str]:
    """What the poem keeps, by column, and the rules that it breaks."""
    report = check_poem(lines)
    kept: Counter[str] = Counter(rule.name for rule in report.rules if rule.status == BROKEN)
    kept["rhyme"] = is_rhymed(report, RhymeTable.load())
    kept["by the book"] = is_rhymed(check_poem(lines, table=BOOK), BOOK)
    kept["relaxed"] = report.tones_hold is True
    kept["strict"] = report.strictness == STRICT
    kept["all"] = bool(report.holds and kept["rhyme"] and kept["relaxed"])  # what is in 仄 holds, unjudged
    return kept


def rates(poems: Iterable[Lines]) -> Rates:
    """Per cent of poems, by column and by broken rule."""
    each = [judged(lines) for lines in poems]
    tally = sum(each, Counter())
    names = (*COLUMNS, *sorted({*tally} - {*COLUMNS}))
    return {name: round(100 * tally[name] / len(each), 2) for name in names}


def kind(lines: Lines) -> str:
    """五絕 七絕 五律 七律, and 排律 of any length together."""
    form = form_of(lines)
    assert form is not None
    return form.name if form.line_count <= 8 else f"{'五' if form.line_length == 5 else '七'}言排律"


def measure(poems: Sequence[Lines]) -> dict[str, dict[str, object]]:
    """Rates of real and of shuffled poems, by form."""
    rng = random.Random(SEED)
    by_kind: dict[str, list[Lines]] = {name: [] for name in NAMES}
    for lines in filter(is_regular, poems):
        by_kind[kind(lines)].append(lines)
    return {
        name: {
            "poems": len(some),
            "real": rates(some),
            "shuffled": rates([shuffle_hanzi(lines, rng) for lines in some]),
        }
        for name, some in by_kind.items()
        if some
    }


def table(figures: dict[str, dict[str, object]]) -> list[str]:
    """The Markdown rows: real, then shuffled in brackets."""
    rows = [
        "| form | poems | rhyme | … by the book | tones, relaxed | tones, strict | rhyme, tones and first line |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, each in figures.items():
        real, chance = each["real"], each["shuffled"]
        assert isinstance(real, dict)
        assert isinstance(chance, dict)
        cells = (f"{real[column]:.1f} ({chance[column]:.1f})" for column in COLUMNS)
        rows.append(f"| {name} | {each['poems']:,} | {' | '.join(cells)} |")
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("prepared", nargs="?", type=Path, default=Path("data/prepared"))
    parser.add_argument("--split", dest="splits", action="append", choices=SPLITS)
    given = parser.parse_args()
    splits = [read_bodies(given.prepared, name) for name in given.splits or SPLITS]
    poems = list(dict.fromkeys(lines for each in splits for lines in each))
    start = time.perf_counter()
    figures = measure(poems)
    seconds = round(time.perf_counter() - start, 1)
    print(json.dumps({"seconds": seconds, "forms": figures}, ensure_ascii=False, indent=1))
    print("\n".join(table(figures)), file=sys.stderr)


if __name__ == "__main__":
    main()
