"""Write poetgen/verse/senses.txt: which tone a character of two has beside which others, as poems show.

    python tools/build_senses.py data/prepared

Of the training poems; the key positions that tell a tone are those of tools/rhyme_evidence.py, and the pair is the
character with the one before it or after it in its line. A pair decides where SURE of its positions ask for one
tone, at least TWICE, and LENT of a position shared out beforehand as all positions of the character have it; where
no pair does, all of them decide in the same way, from ENOUGH on. Characters with two groups of one tone have them
in the order in which poems rhyme.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from arguments import parse_prepared
from rhyme_evidence import Lines, Readings, fitting_positions, gather, is_regular, read_bodies

from poetgen.files import write_text
from poetgen.verse import senses
from poetgen.verse.rhyme_books import LEVEL, OBLIQUE
from poetgen.verse.rhymes import RhymeTable
from poetgen.verse.senses import neighbours_of

SURE, LENT, TWICE, ENOUGH = 0.9, 0.5, 2, 20
HEAD = """\
# Tones and groups that poems give characters which have several (tools/build_senses.py).
# A character, a tone, and the neighbours beside which poems give it that tone: 已_ before it, _黃 after it, * any.
# A character, 韻, and those of its groups in which poems rhyme, the most frequent first.
"""


class Seen(NamedTuple):
    """A character at a key position: its neighbours, and the tone asked for."""

    hanzi: str
    neighbours: tuple[str, ...]
    tone: str


def see_all(poems: Sequence[Lines], readings: Readings, wanted: frozenset[str]) -> Iterator[Seen]:
    """The wanted characters, at every key position that is no rhyme foot."""
    for lines in filter(is_regular, poems):
        for position in fitting_positions(lines, readings):
            if position.hanzi in wanted and not position.is_foot:
                yield Seen(position.hanzi, neighbours_of(lines[position.line], position.place), position.tone)


def decide(seen: Sequence[Seen]) -> dict[tuple[str, str], list[str]]:
    """(hanzi, tone) → the neighbours that decide for it, those left out that say what all others say."""
    every, beside = defaultdict[str, Counter[str]](Counter), defaultdict[str, Counter[str]](Counter)
    for one in seen:
        every[one.hanzi][one.tone] += 1
        for neighbour in one.neighbours:
            beside[one.hanzi + neighbour][one.tone] += 1
    usual = {hanzi: tone for hanzi, tones in every.items() if (tone := sure_tone(tones, tones, ENOUGH))}
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for hanzi, tone in usual.items():
        found[hanzi, tone].append(senses.ANY)
    for pair, tones in beside.items():
        tone = sure_tone(tones, every[pair[0]], TWICE)
        if tone and usual.get(pair[0]) != tone:
            found[pair[0], tone].append(pair[1:])
    return found


def sure_tone(tones: Counter[str], every: Counter[str], least: int) -> str:
    """The tone that nearly all have; "" where none has, or too few were seen."""
    tone, times = tones.most_common(1)[0]
    share = (times + LENT * every[tone] / every.total()) / (tones.total() + LENT)
    return tone if tones.total() >= least and share >= SURE else ""


def main(prepared: Path) -> None:
    """Gather, write."""
    table = RhymeTable.load()
    readings = {char: table.readings(char) for char in table}
    wanted = frozenset(char for char in table if len(table.tones(char)) == 2)
    poems = read_bodies(prepared, "train")
    found = decide(list(see_all(poems, readings, wanted)))
    rows = [f"{char}\t{tone}\t{' '.join(sorted(beside))}\n" for (char, tone), beside in sorted(found.items())]
    evidence = gather(poems, readings)
    for char in sorted(table):
        own = evidence[char].feet if char in evidence else Counter[str]()
        for tone in (LEVEL, OBLIQUE):
            groups = [one.group for one in table.readings(char) if one.tone == tone and own[one.group]]
            if len(groups) > 1:
                rows.append(f"{char}\t韻\t{' '.join(sorted(groups, key=lambda group: -own[group]))}\n")
    write_text(Path(senses.__file__).with_suffix(".txt"), HEAD + "".join(rows))


if __name__ == "__main__":
    main(parse_prepared(__doc__))
