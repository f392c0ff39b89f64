"""Which poems are kept: the limits belong to what is kept."""

import pytest

from poetgen.config import CorpusConfig
from poetgen.corpus.selection import excluding_setting
from poetgen.poem.poem import Poem


@pytest.mark.parametrize(
    ("hanzi", "setting"), [(9, "min_length"), (10, ""), (11, ""), (12, ""), (13, "max_length")]
)
def test_a_poem_exactly_as_long_as_the_limit_is_kept(hanzi: int, setting: str) -> None:
    config = CorpusConfig(min_length=10, max_length=12)
    assert excluding_setting(Poem("", "", ("月" * hanzi,), "。"), config, None) == setting
