"""The characters a model knows, each with its number and how often training saw it."""

from collections import Counter
from collections.abc import Iterable, Sequence

from poetgen.errors import CorpusError
from poetgen.poem.poem import MARKS
from poetgen.printable import printable

PAD, BEGIN, END, UNKNOWN = "<pad>", "<begin>", "<end>", "<unknown>"
SPECIALS = (PAD, BEGIN, END, UNKNOWN)
FIRST_HANZI = len(SPECIALS) + len(MARKS)


class Vocabulary:
    """Tokens in a fixed order: `<pad> <begin> <end> <unknown> ， 。 ？`, then hanzi by falling count.

    `counts[k]` says how often token k occurs in the training text; `unknown_types` is the number of hanzi
    types that `<unknown>` stands for: those seen in training below the cut, at least 1 (docs/measures.md).
    """

    def __init__(self, tokens: Sequence[str], counts: Sequence[int], unknown_types: int) -> None:
        """Raises CorpusError for misplaced specials, a token that comes twice or one that is not a character."""
        if tuple(tokens[:FIRST_HANZI]) != (*SPECIALS, *MARKS):
            raise CorpusError(f"a vocabulary must begin with {' '.join((*SPECIALS, *MARKS))}")
        if len(set(tokens)) != len(tokens) or len(counts) != len(tokens):
            raise CorpusError("a vocabulary must name each token once, with one count for each")
        for token in tokens[FIRST_HANZI:]:
            if len(token) != 1 or token.isspace() or printable(token) != token:
                raise CorpusError(f"a vocabulary has characters only, not {token[:20]!r}")
        self.tokens = tuple(tokens)
        self.counts = tuple(int(count) for count in counts)
        self.unknown_types = max(1, int(unknown_types))
        self.seen = len(self.tokens)  # so many of them are from training; `extend` adds others
        self._ids = {token: number for number, token in enumerate(self.tokens)}

    pad, begin, end, unknown = range(len(SPECIALS))
    first_hanzi = FIRST_HANZI

    @classmethod
    def build(
        cls, bodies: Iterable[str], min_count: int = 1, *, added: Iterable[str] = (), added_min_count: int = 1
    ) -> "Vocabulary":
        """Count the bodies of the training poems; hanzi seen fewer than `min_count` times are unknown.

        With `added` bodies, a hanzi is known too if all bodies together have it `added_min_count` times.
        """
        own, poems = _count(bodies)
        more, more_poems = _count(added)
        seen, poems = own + more, poems + more_poems
        hanzi = sorted((char for char in seen if char not in MARKS), key=lambda char: (-seen[char], char))
        needed = added_min_count if more_poems else min_count
        kept = [char for char in hanzi if own[char] >= min_count or seen[char] >= needed]
        cut = sorted(set(hanzi).difference(kept))
        special_counts = [0, poems, poems, sum(seen[char] for char in cut)]
        counts = special_counts + [seen[char] for char in (*MARKS, *kept)]
        return cls((*SPECIALS, *MARKS, *kept), counts, len(cut))

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return (self.tokens, self.counts, self.unknown_types) == (
            other.tokens,
            other.counts,
            other.unknown_types,
        )

    __hash__ = None  # type: ignore[assignment]

    def extend(self, hanzi: Sequence[str]) -> "Vocabulary":
        """With these hanzi after all others, counted 0; `seen` stays. Raises CorpusError for one that is known."""
        counts = (*self.counts, *[0] * len(hanzi))
        extended = Vocabulary((*self.tokens, *hanzi), counts, self.unknown_types)
        extended.seen = self.seen
        return extended

    def encode(self, text: Iterable[str]) -> list[int]:
        """Characters to numbers; what is not known becomes `unknown`."""
        return [self._ids.get(char, self.unknown) for char in text]

    def decode(self, ids: Iterable[int]) -> str:
        """Numbers to characters; specials print as their names, such as `<end>`."""
        return "".join(self.tokens[number] for number in ids)

    def count(self, char: str) -> int:
        """How often training saw this character."""
        number = self._ids.get(char)
        return 0 if number is None else self.counts[number]


def _count(bodies: Iterable[str]) -> tuple[Counter[str], int]:
    """How often each character occurs, and in how many bodies they were counted."""
    seen, number = Counter[str](), 0
    for body in bodies:
        seen.update(body)
        number += 1
    return seen, number
