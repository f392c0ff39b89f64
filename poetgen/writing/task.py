"""What one call of the writer is to do: where poems start, how they are drawn, what each draws from."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from poetgen.errors import ConfigError
from poetgen.script.opencc import SCRIPTS, preferred_script
from poetgen.writing.decoding import TILE, Masked, Row, Start
from poetgen.writing.draft import SHORTEST
from poetgen.writing.prompt import Prompt
from poetgen.writing.sampling import Sampling, random_stream

MOST_CANDIDATES = 10_000
CANDIDATES = TILE  # of which the best is kept: a poem alone takes no longer for it
FORM_STREAM = 2**31  # the random stream that draws a poem's form, beyond those of all candidates


@dataclass(frozen=True)
class Drawing:
    """How poems are drawn: `count` of them, each the best of `best_of` candidates. Raises ConfigError."""

    sampling: Sampling
    seed: int
    count: int
    best_of: int

    @classmethod
    def checked(cls, sampling: Sampling, *, seed: int | None, count: int, best_of: int) -> "Drawing":
        """A drawing whose seed, where None is given, is drawn itself."""
        if seed is not None and seed < 0:
            raise ConfigError(f"seed must be 0 or more, not {seed}")
        if count < 1:
            raise ConfigError(f"count must be at least 1, not {count}")
        if not 1 <= best_of <= MOST_CANDIDATES:
            raise ConfigError(f"best-of must be 1 to {MOST_CANDIDATES}, not {best_of}")
        return cls(sampling, secrets.randbelow(2**32) if seed is None else seed, count, best_of)


@dataclass(frozen=True)
class Opening:
    """How poems begin: the prompt and line heads as read, the model's state after them, and the drafts.

    There is one draft for each form that a poem may take, with its probability in `shares`.
    """

    prompt: Prompt
    heads: Prompt
    start: Start
    drafts: Sequence[Masked]
    shares: Sequence[float]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """Poems that begin as `opening` and are drawn as `drawing`, in a script."""

    opening: Opening
    drawing: Drawing
    script: str

    def row(self, number: int) -> Row:
        """Candidate `number % best_of` of poem `number // best_of`, not yet written."""
        index, candidate = divmod(number, self.drawing.best_of)
        start = self.opening.start
        return start.row(self._draft(index), random_stream(self.drawing.seed, index, start.text, candidate))

    def _draft(self, index: int) -> Masked:
        """Of the form that this poem takes, the same for all its candidates."""
        drafts, shares = self.opening.drafts, self.opening.shares
        if len(drafts) == 1 or self.drawing.sampling.is_greedy:
            return drafts[shares.index(max(shares))]
        drawn = random_stream(self.drawing.seed, index, self.opening.start.text, FORM_STREAM).random()
        for draft, share in zip(drafts, shares, strict=True):
            drawn -= share
            if drawn < 0:
                return draft
        return drafts[-1]


def check_page(max_length: int | None, script: str | None) -> None:
    """Raises ConfigError for a length or a script that cannot be."""
    if max_length is not None and max_length < SHORTEST:
        raise ConfigError(
            f"max-length must be at least {SHORTEST}, two lines of five hanzi, not {max_length}"
        )
    if script is not None and script not in SCRIPTS:
        raise ConfigError(f"script cannot be {script!r}; choose one of: {', '.join(SCRIPTS)}")
    preferred_script()  # a bad setting is refused even where it would not be needed
