"""What is chosen where several would do: the form that a poem takes, and of its candidates the best.

The best is the likeliest to the model, a hanzi, less what speaks against it.

Likelihood alone prefers poems that say the same thing again and lines known by heart. So a hanzi that comes again
or is doubled more often than poems of that length have it, and a line that training contained, cost about the nats
that they gain. What poets do not write, a hanzi doubled across the pause, 春 beside 秋, one in a tone that it
hardly has (離 as 仄), is taken only where no candidate does without. Words that the released model overuses (惆悵)
have a price, learned by tools/build_overused_words.py. And of 律詩 those are better whose middle couplets are
parallel (對仗). That common hanzi do not prevail is seen to where they are drawn (poetgen.writing.decoding).

The weights were chosen by `poetgen evaluate --written` (docs/results.md, "Decoding").
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from poetgen.byhand import language_model
from poetgen.byhand.softmax import log_softmax
from poetgen.corpus.line_index import LineIndex
from poetgen.files import read_table_rows
from poetgen.poem.form import Form
from poetgen.poem.poem import COMMA, word_of
from poetgen.writing.decoding import Matcher, Sampling, random_stream, sample
from poetgen.writing.network import TILE, Network, Prefix
from poetgen.writing.verse_matcher import VerseMatcher

# Hanzi that come again in a poem, doubled ones (悠悠) not counted, grow with the square of its length: in 全唐詩
# 0.33 in 五絕, 0.54 in 七絕, 0.44 in 五律, 0.93 in 七律, and as this has it 0.11, 0.22, 0.46, 0.90.
USUAL_REPEATS = 1 / 3500
# Nats for a hanzi that comes again, and for a hanzi of a copied line. At 3 nats for the first, the best of 16
# repeat twice as much as at this price; their perplexity stays far below that of unranked poems.
REPEATED, COPIED = 8.0, 3.0
USUAL_DOUBLINGS = 1 / 150  # a hanzi, in 全唐詩
DOUBLED = 3.0  # nats for one more than usual
AVOIDED = 20.0  # nats for what poets do not write, so that any candidate without it is better
PARALLEL = 0.3  # nats a hanzi, for a nat of parallelism a place (poetgen.verse.parallelism)
LEAST_LINES = 8  # of a poem with middle couplets
PAUSE = {5: 2, 7: 4}  # by the length of a line: the hanzi before its pause (caesura), 2-3 and 4-3
SEASONS = frozenset("春秋")
# Training poems of 全唐詩, core volumes, by form.
POEMS_OF_FORM = {Form(5, 4): 3337, Form(7, 4): 9683, Form(5, 8): 13492, Form(7, 8): 7380}
SKETCHES = TILE  # first lines begun to see how long they are, at the cost of one
_RARE_TONES = Path(__file__).with_name("rare_tones.txt")
_OVERUSED_WORDS = Path(__file__).with_name("overused_words.txt")


# ---- the form ----


def form_prior(
    network: Network, prefix: Prefix, matchers: Sequence[Matcher], *, keeps_marks: bool
) -> list[float]:
    """The probability of each matcher's form: that of its line length by the model, then by the corpus.

    The model is asked in a few sketches of the first five hanzi, at temperature 1, whether the line ends there.
    """
    ruled = [matcher for matcher in matchers if isinstance(matcher, VerseMatcher)]
    if len(ruled) < 2:
        return [1.0]
    forms = [matcher.grammar.form for matcher in ruled]
    weights = np.array([POEMS_OF_FORM.get(form, 1) for form in forms], float)
    short = np.array([form.line_length == 5 for form in forms])
    open_hanzi = ruled[0].column
    if (
        keeps_marks
        and not ruled[0].line
        and open_hanzi <= 5
        and len({form.line_length for form in forms}) > 1
    ):
        share = _ends_at_five(network, prefix, 5 - open_hanzi)
        for same, part in ((short, share), (~short, 1 - share)):
            weights[same] *= part / weights[same].sum()
    shares: list[float] = (weights / weights.sum()).tolist()
    return shares


def _ends_at_five(network: Network, prefix: Prefix, missing: int) -> float:
    """How likely the first line ends once `missing` more hanzi are written."""
    vocabulary = network.vocabulary
    hanzi = np.zeros((SKETCHES, len(vocabulary)), bool)
    hanzi[:, vocabulary.first_hanzi :] = True
    rng = random_stream(0, 0, prefix.text)
    rows = SKETCHES if missing else 1
    logits = np.repeat(prefix.logits, rows, axis=0)
    state = language_model.select_rows(prefix.state, [0] * rows)
    for _ in range(missing):
        ids = sample(logits, hanzi, sampling=Sampling(1.0), drawn=rng.random(rows))
        logits, state = network.step(ids, state)
    probabilities = np.exp(log_softmax(logits.astype(np.float64)))
    ends = probabilities[:, vocabulary.encode(COMMA)[0]]
    return float((ends / (ends + probabilities[:, vocabulary.first_hanzi :].sum(axis=1))).mean())


# ---- the best candidate ----


def count_repeats(lines: Sequence[str]) -> int:
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
    word_prices: Mapping[str, float] | None = None,
) -> float:
    """Nats a hanzi; higher is better.

    `given` hanzi of the poem are the prompt's, and no fault of it; `tones` are those of each line where the poem
    follows a template; `word_prices` are nats, by default those of the words that the released model overuses.
    """
    hanzi = sum(map(len, lines))
    price = REPEATED * max(0.0, count_repeats(lines) - hanzi**2 * USUAL_REPEATS)
    price += COPIED * count_copied(lines, known, given=given)
    price += DOUBLED * max(0.0, sum(map(count_doublings, lines)) - hanzi * USUAL_DOUBLINGS)
    avoided = sum(map(is_doubled_across, lines)) + (set("".join(lines)) >= SEASONS)
    avoided += count_forced(lines, tones, given=given) if tones else 0
    price += AVOIDED * avoided
    price += price_words(lines, load_overused_words() if word_prices is None else word_prices)
    return (log_probability - price) / hanzi + PARALLEL * parallelism(lines)


def count_doublings(line: str) -> int:
    """Places where a hanzi comes twice side by side."""
    return sum(a == b for a, b in pairwise(line))


def is_doubled_across(line: str) -> bool:
    """Whether the hanzi before the pause comes again just after it."""
    pause = PAUSE.get(len(line))
    return pause is not None and line[pause - 1] == line[pause]


def price_words(lines: Sequence[str], prices: Mapping[str, float]) -> float:
    """What the words of a poem cost: two hanzi side by side in a line."""
    return sum(prices.get(a + b, 0.0) for line in lines for a, b in pairwise(line))


@cache
def load_overused_words() -> Mapping[str, float]:
    """Word → the nats that it costs a candidate."""
    return {row[:2]: float(row[3:]) for row in read_table_rows(_OVERUSED_WORDS)}


def parallelism(lines: Sequence[str]) -> float:
    """How parallel the middle couplets of a 律詩 are, in nats a place; 0 for other poems."""
    if len(lines) < LEAST_LINES:
        return 0.0
    from poetgen.verse.parallelism import score_couplets  # its table is not read for an 絕句

    scores = [couplet.score for couplet in score_couplets(lines)]
    return sum(scores) / len(scores) if scores else 0.0


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
    return {row[0]: row.split("\t")[1] for row in read_table_rows(_RARE_TONES)}


def count_copied(lines: Sequence[str], known: LineIndex | None, *, given: int = 0) -> int:
    """Hanzi in lines that training contained, those wholly from the prompt left out."""
    found, place = 0, 0
    for line in lines:
        place += len(line)
        if known is not None and place > given and line in known:
            found += len(line)
    return found
