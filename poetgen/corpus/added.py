"""Poems of another collection, taken for training alone."""

from collections.abc import Sequence

from poetgen.poem.poem import Poem

SHARED_LINE = 5  # hanzi: shorter lines come again by chance


def drop_held_out(added: Sequence[Poem], held_out: Sequence[Poem]) -> list[Poem]:
    """The added poems that say nothing of the held-out ones.

    Left out is a poem that shares a line of SHARED_LINE hanzi or more with a held-out poem, or three quarters of
    its lines, however short.
    """
    seen = {line for poem in held_out for line in poem.lines}
    return [poem for poem in added if not _tells(frozenset(poem.lines) & seen, poem)]


def _tells(shared: frozenset[str], poem: Poem) -> bool:
    long = any(len(line) >= SHARED_LINE for line in shared)
    return long or (bool(shared) and 4 * len(shared) >= 3 * len(set(poem.lines)))
