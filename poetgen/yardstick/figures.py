"""What poems are like together, counted: rules kept, words used, what comes again. For written and real alike.

A figure says nothing alone; beside that of as many held-out poems of the same form it shows a machine's habits.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from poetgen.corpus.line_index import LineIndex
from poetgen.poem.poem import COMMA, QUESTION, STOP, Poem
from poetgen.verse.check import check_poem
from poetgen.verse.parallelism import score_couplets
from poetgen.writing.ranking import SEASONS, count_doublings, is_doubled_across

if TYPE_CHECKING:
    from poetgen.yardstick.training_text import TrainingText

COMMONEST = 100  # characters
NEGATIONS = frozenset("不無未莫非勿弗")
FEWEST_OPENINGS = 20  # poems that begin with one hanzi, for their openings to be compared


@dataclass(frozen=True)
class Figure:
    """A row of the yardstick: what is counted, and how its values are written."""

    name: str
    meaning: str
    style: str


FIGURES = (
    Figure("poems", "poems", "{:,.0f}"),
    Figure("form", "lines, lengths and marks of the form", "{:.1%}"),
    Figure("rhyme", "rhyme holds", "{:.1%}"),
    Figure("tone", "tones hold", "{:.1%}"),
    Figure("characters", "different characters", "{:,.0f}"),
    Figure("commonest", "share of the 100 commonest", "{:.1%}"),
    Figure("doublings", "doublings, 1,000 lines", "{:.1f}"),
    Figure("caesura_doublings", "doublings across the pause", "{:.1f}"),
    Figure("both_seasons", "春 with 秋, of poems with either", "{:.1%}"),
    Figure("broken_rhythm", "lines with a word across the pause", "{:.1%}"),
    Figure("negations", "negations, 100 lines", "{:.1f}"),
    Figure("repeated_3", "repeated runs of 3 hanzi", "{:.2%}"),
    Figure("repeated_4", "repeated runs of 4 hanzi", "{:.2%}"),
    Figure("repeated_5", "repeated runs of 5 hanzi", "{:.2%}"),
    Figure("first_lines", "different first lines", "{:.1%}"),
    Figure("last_lines", "different last lines", "{:.1%}"),
    Figure("openings", "different first two hanzi", "{:.1%}"),
    Figure("same_opening", "most poems of one hanzi that go on alike", "{:.1%}"),
    Figure("copied_lines", "lines that training contained", "{:.2%}"),
    Figure("shared_run", "longest run that training has: mean", "{:.1f}"),
    Figure("longest_run", "… of the poem that shares most", "{:.0f}"),
    Figure("parallelism", "middle couplets: percentile among real", "{:.0f}"),
)


def measure_poems(
    poems: Sequence[Poem], known_lines: LineIndex | None = None, training: "TrainingText | None" = None
) -> dict[str, float | None]:
    """Every figure of FIGURES by its name; None where there is nothing to count.

    `known_lines` are those that the model was trained on, `training` poems that tell words and shared runs; None
    where they are not known.
    """
    lines = [line for poem in poems for line in poem.lines]
    reports = [check_poem(poem.lines) for poem in poems]
    couplets = [couplet.percentile for poem in poems for couplet in score_couplets(poem.lines)]
    shared = training.longest_runs(["".join(poem.lines) for poem in poems]) if training else []
    characters = Counter("".join(lines))
    hanzi = sum(characters.values())
    return {
        "poems": len(poems),
        "form": share(poems, has_regular_form),
        "rhyme": share(reports, lambda report: bool(report.rhymes_hold)),
        "tone": share(reports, lambda report: bool(report.tones_hold)),
        "characters": len(characters),
        "commonest": sum(n for _, n in characters.most_common(COMMONEST)) / hanzi if hanzi else None,
        "doublings": rate(map(count_doublings, lines), lines, 1000),
        "caesura_doublings": rate(map(is_doubled_across, lines), lines, 1000),
        "both_seasons": share(
            [poem for poem in poems if SEASONS & set(poem.text)], lambda poem: set(poem.text) >= SEASONS
        ),
        "broken_rhythm": share(lines, training.breaks_rhythm) if training else None,
        "negations": rate((sum(char in NEGATIONS for char in line) for line in lines), lines, 100),
        **{f"repeated_{n}": share_repeated(runs(lines, n)) for n in (3, 4, 5)},
        "first_lines": share_different(poem.lines[0] for poem in poems),
        "last_lines": share_different(poem.lines[-1] for poem in poems),
        "openings": share_different(poem.text[:2] for poem in poems),
        "same_opening": most_alike([poem.text[:2] for poem in poems]),
        "copied_lines": None if known_lines is None else share(lines, known_lines.__contains__),
        "shared_run": float(np.mean(shared)) if shared else None,
        "longest_run": max(shared, default=None),
        "parallelism": float(np.median(couplets)) if couplets else None,
    }


# ---- what a poem or a line is ----


def has_regular_form(poem: Poem) -> bool:
    """Lines of one length, and marks as couplets have them: ， then 。 or ？."""
    pairs = set(poem.marks[::2]) == {COMMA} and set(poem.marks[1::2]) <= {STOP, QUESTION}
    return poem.shape is not None and len(poem.lines) % 2 == 0 and pairs


def runs(lines: Iterable[str], n: int) -> Iterator[str]:
    """All runs of n hanzi, none across the end of a line."""
    for line in lines:
        yield from (line[k : k + n] for k in range(len(line) - n + 1))


# ---- shares and rates, None of nothing ----


def share(items: Sequence[Any], holds: Callable[[Any], bool]) -> float | None:
    """The part of the items for which it holds."""
    return sum(map(holds, items)) / len(items) if items else None


def rate(counts: Iterable[int], items: Sequence[Any], many: int) -> float | None:
    """How many there are in so many items."""
    return many * sum(counts) / len(items) if items else None


def share_different(items: Iterable[str]) -> float | None:
    """Different ones, as a part of all."""
    items = list(items)
    return len(set(items)) / len(items) if items else None


def share_repeated(items: Iterable[str]) -> float | None:
    """Those that have come before, as a part of all."""
    different = share_different(items)
    return None if different is None else 1 - different


def most_alike(openings: Sequence[str]) -> float | None:
    """Of the poems that begin with one hanzi, those that have the commonest second one; the worst hanzi counts."""
    by_first: dict[str, Counter[str]] = {}
    for opening in openings:
        by_first.setdefault(opening[:1], Counter())[opening] += 1
    enough = [found for found in by_first.values() if found.total() >= FEWEST_OPENINGS]
    return max((max(found.values()) / found.total() for found in enough), default=None)
