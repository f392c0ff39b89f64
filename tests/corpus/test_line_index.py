"""A table of lines answers for what is in it, and hardly ever for what is not."""

import numpy as np

from poetgen.corpus.line_index import LineIndex


def test_lines_are_known_whatever_their_marks(poems):
    known = LineIndex.of(poem.text for poem in poems)
    assert all(line in known for poem in poems for line in poem.lines)
    assert len(known) == len({line for poem in poems for line in poem.lines})
    assert known.sums.dtype == np.uint32
    assert (np.diff(known.sums.astype(np.int64)) > 0).all()


def test_other_lines_are_not(poems):
    known = LineIndex.of(poem.text for poem in poems[:30])
    others = [line[::-1] for poem in poems[30:] for line in poem.lines]
    assert not any(line in known for line in others)


def test_short_lines_and_empty_tables_know_nothing():
    known = LineIndex.of(["春風，明月光。"])
    assert len(known) == 0
    assert len(LineIndex.of(["江南可採。"])) == 1, "four hanzi are a line"
    assert "春風" not in known
    assert "明月光來" not in known
