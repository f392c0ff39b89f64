"""Which of several candidates is the best poem: the likeliest to the model, a hanzi, less what speaks against it.

Likelihood alone prefers poems that say the same thing again and lines known by heart. So a character that comes
again more often than poems of that length have it, and a line that training contained, cost about the nats that
they gain.
"""

from collections.abc import Sequence

from poetgen.corpus.line_index import LineIndex

# Hanzi that come again in a poem, doubled ones (悠悠) not counted, grow with the square of its length: in 全唐詩
# 0.33 in 五絕, 0.54 in 七絕, 0.44 in 五律, 0.93 in 七律, and as this has it 0.11, 0.22, 0.46, 0.90.
USUAL_REPEATS = 1 / 3500
# Nats for a hanzi that comes again, and for a hanzi of a copied line. At 3 nats for the first, the best of 16
# repeat twice as much as at this price; their perplexity stays far below that of unranked poems.
REPEATED, COPIED = 8.0, 3.0


def repeats(lines: Sequence[str]) -> int:
    """Hanzi that have been in the poem before, but not just before."""
    seen: set[str] = set()
    found = 0
    for line in lines:
        for place, hanzi in enumerate(line):
            found += hanzi in seen and line[place - 1 : place] != hanzi
            seen.add(hanzi)
    return found


def score(lines: Sequence[str], log_probability: float, *, known: LineIndex | None, given: int = 0) -> float:
    """Nats a hanzi; higher is better. `given` hanzi of the poem are the prompt's, and no fault of it."""
    hanzi = sum(map(len, lines))
    excess = max(0.0, repeats(lines) - hanzi**2 * USUAL_REPEATS)
    return (log_probability - REPEATED * excess - COPIED * copied(lines, known, given=given)) / hanzi


def copied(lines: Sequence[str], known: LineIndex | None, *, given: int = 0) -> int:
    """Hanzi in lines that training contained, those wholly from the prompt left out."""
    found, place = 0, 0
    for line in lines:
        place += len(line)
        if known is not None and place > given and line in known:
            found += len(line)
    return found
