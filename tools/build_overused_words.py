"""Write the words that poems by the released model have more often than poets', for poetgen.writing.ranking.

    python tools/build_overused_words.py --prepared data/prepared --poems 150 --seed 901

A word is two hanzi side by side in a line. So many poems of each form are written, with no beginning, CANDIDATES
candidates each, and the best of each is taken, at first without a price on words. Each word that then comes FEWEST
times or more, and TIMES as often as in the training poems' lines of five and seven hanzi, has a price: RAISE times
the logarithm of how many times as often. The best are taken again at these prices, which rise or fall by what
comes too often or too seldom now; ROUNDS times.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import NamedTuple

from arguments import make_parser

from poetgen.checkpoint import Checkpoint, released_path
from poetgen.corpus.dataset import Dataset
from poetgen.files import write_text
from poetgen.poem.form import FORMS
from poetgen.poem.lineation import USUAL_LENGTHS
from poetgen.script.opencc import TRADITIONAL
from poetgen.writing import ranking
from poetgen.writing.decoding import CANDIDATES, OPENING
from poetgen.writing.writer import Writer
from poetgen.yardstick.surprise import BITS, SurpriseMeter

FEWEST, TIMES, RAISE, ROUNDS = 6, 1.5, 2.0, 4
DOUBT = 3  # times that every word is taken to have come besides, on both sides
LEAST = 0.1  # nats; a lower price is none
OUT = Path(ranking.__file__).with_name("overused_words.txt")
HEAD = """\
# Words that poems by the released model would have more often than poets', and the nats that each costs a poem
# (tools/build_overused_words.py).
"""
Prices = Mapping[str, float]
Usual = Callable[[str], float]  # how often a word comes in a line of training poems


class Drawn(NamedTuple):
    """A candidate: its lines, what speaks for it in nats, and how its hanzi are read."""

    lines: Sequence[str]
    log_probability: float
    tones: Sequence[str] | None


def main() -> None:
    """Draw, learn, write."""
    parser = make_parser(__doc__)
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--poems", type=int, default=150, help="of each form")
    parser.add_argument("--seed", type=int, default=901)
    args = parser.parse_args()
    usual = count_usual(read_lines(Dataset.open(args.prepared)))
    model = Checkpoint.load(released_path())
    poems = list(draw_poems(model, args.poems, args.seed))
    known = Writer(model).model.known_lines

    def choose(prices: Prices) -> list[Sequence[str]]:
        def score(one: Drawn) -> float:
            lines, likely, tones = one
            return ranking.score(lines, likely, known=known, tones=tones, word_prices=prices)

        return [max(candidates, key=score).lines for candidates in poems]

    prices = learn_prices(choose, usual)
    rows = sorted(prices.items(), key=lambda item: (-item[1], item[0]))
    write_text(OUT, HEAD + "".join(f"{word}\t{price:.2f}\n" for word, price in rows))
    print(f"{OUT}: {len(rows)} words")


def draw_poems(model: Checkpoint, count: int, seed: int) -> Iterator[list[Drawn]]:
    """The candidates of `count` poems of each form."""
    writer, meter = Writer(model), SurpriseMeter(model)
    for form in FORMS:
        drawn = list(
            writer.write(form=form, count=count * CANDIDATES, best_of=1, seed=seed, script=TRADITIONAL)
        )
        surprises = meter.measure([poem.corpus_lines for poem in drawn])
        candidates = [
            Drawn(
                poem.corpus_lines,
                -sum(map(sum, leave_openings(surprise.bits))) / BITS,
                poem.tones if poem.template else None,
            )
            for poem, surprise in zip(drawn, surprises, strict=True)
        ]
        for first in range(0, len(candidates), CANDIDATES):
            yield candidates[first : first + CANDIDATES]


def leave_openings(bits: Iterable[Sequence[float]]) -> Iterator[Sequence[float]]:
    """A number for each hanzi, line by line, without those that begin the poem or a couplet: they are no merit."""
    for k, line in enumerate(bits):
        yield line[OPENING if k == 0 else 1 - k % 2 :]


def learn_prices(choose: Callable[[Prices], Sequence[Sequence[str]]], usual: Usual) -> Prices:
    """Prices of words, from the poems that are chosen at given ones."""
    prices: Prices = {}
    for _ in range(ROUNDS):
        lines = list(chain(*choose(prices)))
        seen = count_words(lines)
        raised = {}
        for word in sorted(seen.keys() | prices.keys()):
            times = (seen[word] + DOUBT) / (usual(word) * len(lines) + DOUBT)
            is_overused = seen[word] >= FEWEST and times >= TIMES
            if word in prices or is_overused:
                raised[word] = prices.get(word, 0.0) + RAISE * math.log(times)
        prices = {word: price for word, price in raised.items() if price > LEAST}
    return prices


def count_usual(lines: Iterable[str]) -> Usual:
    """How often a word comes in a line of these."""
    lines = list(lines)
    seen = count_words(lines)
    return lambda word: seen[word] / len(lines)


def count_words(lines: Iterable[str]) -> Counter[str]:
    """How often each word comes."""
    return Counter(a + b for line in lines for a, b in pairwise(line))


def read_lines(prepared: Dataset) -> Iterator[str]:
    """The lines of five and seven hanzi of the training poems."""
    for poem in prepared.poems("train"):
        yield from (line for line in poem.lines if len(line) in USUAL_LENGTHS)


if __name__ == "__main__":
    main()
