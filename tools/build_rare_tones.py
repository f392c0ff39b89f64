"""Write the tones that poems hardly give a character where tones matter, though the rhyme table has them.

    python tools/build_rare_tones.py data/prepared

Of the training poems; key positions are the 2nd, 4th and 6th places and the ends of lines that do not rhyme
(tools/rhyme_evidence.py). A tone is rare below RARE of at least ENOUGH positions.
"""

from pathlib import Path

from arguments import parse_prepared
from rhyme_evidence import Evidence, gather, read_bodies

from poetgen.files import write_text
from poetgen.verse.rhyme_books import LEVEL, OBLIQUE
from poetgen.verse.rhymes import RhymeTable
from poetgen.writing import ranking

RARE, ENOUGH = 0.12, 20
HEAD = """\
# Tones that poems hardly give a character at the 2nd, 4th and 6th places and at line ends without rhyme: the
# character, the tone, and how many key positions of the training poems ask for each (tools/build_rare_tones.py).
"""


def rare_tone(each: Evidence) -> str | None:
    """The tone below RARE of the key positions seen; None where neither is, or too few were seen."""
    total = each.tones.total()
    return next((t for t in (LEVEL, OBLIQUE) if total >= ENOUGH and each.tones[t] < RARE * total), None)


def main(prepared: Path) -> None:
    """Gather, write."""
    table = RhymeTable.load()
    evidence = gather(read_bodies(prepared, "train"), {c: table.readings(c, usual=True) for c in table})
    rows = []
    for hanzi, each in sorted(evidence.items(), key=lambda item: -item[1].tones.total()):
        rare = rare_tone(each)
        if rare and rare in table.tones(hanzi, usual=True) and len(table.tones(hanzi, usual=True)) == 2:
            rows.append(f"{hanzi}\t{rare}\t平{each.tones[LEVEL]} 仄{each.tones[OBLIQUE]}\n")
    write_text(Path(ranking.__file__).with_name("rare_tones.txt"), HEAD + "".join(rows))


if __name__ == "__main__":
    main(parse_prepared(__doc__))
