"""Which of several candidates is the best poem: the likeliest to the model, a hanzi, less what speaks against it.

Likelihood alone prefers poems that say the same thing again and lines known by heart. So a character that comes
again more often than poems of that length have it, and a line that training contained, cost about the nats that
they gain. And a character in a tone that it hardly has (離 as 仄) is taken only where no candidate does without.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from poetgen.corpus.line_index import LineIndex
from poetgen.poem.spellings import word_of

# Hanzi that come again in a poem, doubled ones (悠悠) not counted, grow with the square of its length: in 全唐詩
# 0.33 in 五絕, 0.54 in 七絕, 0.44 in 五律, 0.93 in 七律, and as this has it 0.11, 0.22, 0.46, 0.90.
USUAL_REPEATS = 1 / 3500
# Nats for a hanzi that comes again, and for a hanzi of a copied line. At 3 nats for the first, the best of 16
# repeat twice as much as at this price; their perplexity stays far below that of unranked poems.
REPEATED, COPIED = 8.0, 3.0
FORCED = 20.0  # nats for a character in a rare tone
_RARE_TONES = Path(__file__).with_name("rare_tones.txt")


def repeats(lines: Sequence[str]) -> int:
    """Hanzi that have been in the poem before, in any spelling, but not just before."""
    seen: set[str] = set()
    found = 0
    for line in ("".join(map(word_of, each)) for each in lines):
        for place, hanzi in enumerate(line):
            found += hanzi in seen and line[place - 1 : place] != hanzi
            seen.add(hanzi)
    return found


def score(
    lines: Sequence[str],
    log_probability: float,
    *,
    known: LineIndex | None,
    given: int = 0,
    tones: Sequence[str] | None = None,
) -> float:
    """Nats a hanzi; higher is better.

    `given` hanzi of the poem are the prompt's, and no fault of it; `tones` are those of each line where the poem
    follows a template.
    """
    hanzi = sum(map(len, lines))
    excess = max(0.0, repeats(lines) - hanzi**2 * USUAL_REPEATS)
    price = REPEATED * excess + COPIED * copied(lines, known, given=given)
    price += FORCED * count_forced(lines, tones, given=given) if tones else 0.0
    return (log_probability - price) / hanzi


def count_forced(lines: Sequence[str], tones: Sequence[str], *, given: int = 0) -> int:
    """Hanzi in a tone that they hardly have, and doubled ones (冥冥) in two tones, where tones matter.

    That is at the 2nd, 4th and 6th places and where lines end without rhyme; a rhyme has readings of its own.
    """
    found, before, rare = 0, 0, load_rare_tones()
    for k, (line, read) in enumerate(zip(lines, tones, strict=True)):
        for place, (hanzi, tone) in enumerate(zip(line, read, strict=True)):
            ends = place + 1 == len(line)
            rhymes = ends and (k % 2 == 1 or (k == 0 and tone == read_end(tones)))
            is_doubled = line[place - 1 : place] == hanzi and read[place - 1] != tone
            is_rare = (place % 2 == 1 or ends) and not rhymes and rare.get(hanzi) == tone
            found += (is_rare or is_doubled) and before + place >= given
        before += len(line)
    return found


def read_end(tones: Sequence[str]) -> str:
    """The tone that ends the second line, and so all that rhyme."""
    return tones[1][-1]


@cache
def load_rare_tones() -> Mapping[str, str]:
    """Character → the tone that poems hardly give it where tones matter."""
    rows = _RARE_TONES.read_text(encoding="utf-8").splitlines()
    return {row[0]: row.split("\t")[1] for row in rows if not row.startswith("#")}


def copied(lines: Sequence[str], known: LineIndex | None, *, given: int = 0) -> int:
    """Hanzi in lines that training contained, those wholly from the prompt left out."""
    found, place = 0, 0
    for line in lines:
        place += len(line)
        if known is not None and place > given and line in known:
            found += len(line)
    return found
