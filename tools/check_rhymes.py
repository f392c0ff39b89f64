"""What the rhyme table knows of the corpus, and how it stands held-out poems, before our changes and after them.

    python tools/check_rhymes.py [data/prepared]

Prints JSON. `coverage`: hanzi with a tone, and rhyme feet (ends of even lines of 五絕 七絕 五律 七律) with a
group, of all poems. `held_out`: the validation poems, which build_rhymes.py has not seen: how often what a regular
poem asks of a foot or key position is what the table says. `poems`: share of all poems of each shape whose even
lines rhyme, of those in a level group, and whose first line rhymes too; beside it the same of shuffled characters.
"""

import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from arguments import parse_prepared
from rhyme_evidence import Lines, gather, is_regular, read_bodies, shuffle_hanzi

from poetgen.corpus.dataset import SPLITS
from poetgen.poem.form import FORMS
from poetgen.poem.poem import is_hanzi
from poetgen.verse import rhymes
from poetgen.verse.rhyme_books import VOLUMES
from poetgen.verse.rhymes import RhymeTable

LEVEL_GROUPS = frozenset(VOLUMES["上平"] + VOLUMES["下平"])


def percent(part: float, whole: float) -> float | None:
    """100 part / whole to two digits."""
    return round(100 * part / whole, 2) if whole else None


def coverage(poems: Sequence[Lines], table: RhymeTable) -> dict[str, float | None]:
    """Shares of hanzi with a tone, with both tones, and of feet with a group."""
    hanzi = Counter(char for lines in poems for line in lines for char in line if is_hanzi(char))
    feet = Counter(line[-1] for lines in poems if shape(lines) in FORMS.values() for line in lines[1::2])
    return {
        "hanzi with a tone": percent(
            sum(n for c, n in hanzi.items() if table.tones(c, usual=True)), hanzi.total()
        ),
        "hanzi with both tones": percent(
            sum(n for c, n in hanzi.items() if len(table.tones(c, usual=True)) == 2), hanzi.total()
        ),
        "feet with a group": percent(
            sum(n for c, n in feet.items() if table.groups(c, usual=True)), feet.total()
        ),
    }


def shape(lines: Lines) -> tuple[int, int] | None:
    """(hanzi a line, lines) when all lines are of one length."""
    return (len(lines[0]), len(lines)) if len(set(map(len, lines))) == 1 else None


def rhymed(lines: Lines, table: RhymeTable) -> frozenset[str]:
    """The groups that all even lines share; an unknown foot rhymes with nothing."""
    return frozenset.intersection(*(table.groups(line[-1], usual=True) for line in lines[1::2]))


def rhyme_rates(poems: Iterable[Lines], table: RhymeTable) -> dict[str, float | None]:
    """Shares of poems whose even lines rhyme; of those, in a level group, and with the first line."""
    shared = [(lines, rhymed(lines, table)) for lines in poems]
    good = [(lines, groups) for lines, groups in shared if groups]
    return {
        "even lines": percent(len(good), len(shared)),
        "of it level": percent(sum(bool(groups & LEVEL_GROUPS) for _, groups in good), len(good)),
        "of it first line": percent(
            sum(bool(groups & table.groups(lines[0][-1], usual=True)) for lines, groups in good), len(good)
        ),
    }


def held_out(poems: Sequence[Lines], table: RhymeTable) -> dict[str, float | None]:
    """Of what poems ask, read by the amended table: the share that `table` knows and allows."""
    amended = RhymeTable.load()
    evidence = gather(poems, {char: amended.readings(char, usual=True) for char in amended})
    tones = Counter({(char, tone): n for char, each in evidence.items() for tone, n in each.tones.items()})
    feet = Counter({(char, group): n for char, each in evidence.items() for group, n in each.feet.items()})
    return {
        "key positions": tones.total(),
        "allowed": percent(
            sum(n for (c, t), n in tones.items() if t in table.tones(c, usual=True)), tones.total()
        ),
        "and nothing else": percent(
            sum(n for (c, t), n in tones.items() if table.tones(c, usual=True) == {t}), tones.total()
        ),
        "feet": feet.total(),
        "in the group": percent(
            sum(n for (c, g), n in feet.items() if g in table.groups(c, usual=True)), feet.total()
        ),
    }


def by_source(poems: Sequence[Lines]) -> dict[str, dict[str, float | None]]:
    """Of characters changed by each source: the share of held-out witnesses that agree."""
    table = RhymeTable.load()
    evidence = gather(poems, {char: table.readings(char, usual=True) for char in table})
    text = Path(rhymes.__file__).with_name("pingshui.txt").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    result = {}
    for source in ("異體", "語料"):
        changed = {row[0] for row in rows if len(row) > 2 and row[2] == source} & evidence.keys()
        tones = [(n, t in table.tones(c, usual=True)) for c in changed for t, n in evidence[c].tones.items()]
        feet = [(n, g in table.groups(c, usual=True)) for c in changed for g, n in evidence[c].feet.items()]
        result[source] = {
            "key positions": sum(n for n, _ in tones),
            "tone agrees": percent(sum(n for n, agrees in tones if agrees), sum(n for n, _ in tones)),
            "feet": sum(n for n, _ in feet),
            "group agrees": percent(sum(n for n, agrees in feet if agrees), sum(n for n, _ in feet)),
        }
    return result


def main(prepared: Path) -> None:
    """Measure and print."""
    splits = {name: read_bodies(prepared, name) for name in SPLITS}
    everything = [lines for poems in splits.values() for lines in poems]
    rng = random.Random(7)
    tables = {"book": RhymeTable.load(amended=False), "amended": RhymeTable.load()}
    figures: dict[str, object] = {"readings": {name: len(table) for name, table in tables.items()}}
    figures["coverage"] = {name: coverage(everything, table) for name, table in tables.items()}
    validation = [lines for lines in splits["validation"] if is_regular(lines)]
    figures["held_out"] = {
        **{name: held_out(validation, table) for name, table in tables.items()},
        **{f"characters by {source}": rates for source, rates in by_source(validation).items()},
    }
    shares = {}
    for name, wanted in FORMS.items():
        poems = [lines for lines in everything if shape(lines) == wanted]
        shares[name] = {
            "poems": len(poems),
            **{
                f"{label}: {k}": v
                for label, table in tables.items()
                for k, v in rhyme_rates(poems, table).items()
            },
            "shuffled": rhyme_rates([shuffle_hanzi(lines, rng) for lines in poems], tables["amended"])[
                "even lines"
            ],
            "validation, amended": rhyme_rates(
                [lines for lines in validation if shape(lines) == wanted], tables["amended"]
            )["even lines"],
        }
    figures["poems"] = shares
    print(json.dumps(figures, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main(parse_prepared(__doc__))
