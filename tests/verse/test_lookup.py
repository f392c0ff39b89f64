"""What rhymes, and which tone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.errors import PromptError
from poetgen.script.bigrams import Bigrams
from poetgen.verse.lookup import describe_reading, find_rhymes, sign_of
from poetgen.verse.rhymes import RhymeTable

TABLE = RhymeTable.load()
KNOWN = st.sampled_from(sorted(TABLE))


@given(KNOWN)
def test_what_is_found_rhymes_and_the_commonest_come_first(hanzi):
    if not TABLE.groups(hanzi):
        with pytest.raises(PromptError, match="no rhyme group"):
            find_rhymes(hanzi)
        return
    often = {char: -place for place, char in enumerate(Bigrams.load().characters)}
    found = find_rhymes(hanzi)
    assert [one.reading for one in found] == [one for one in TABLE.readings(hanzi) if one.group]
    for reading, rhymes in found:
        assert hanzi not in rhymes
        assert len(set(rhymes)) == len(rhymes)
        assert all(reading in TABLE.readings(other) for other in rhymes)
        counts = [often.get(other, -len(often)) for other in rhymes]
        assert counts == sorted(counts, reverse=True)


@given(KNOWN)
def test_a_sign_says_what_the_table_knows(hanzi):
    tones = TABLE.tones(hanzi)
    sign = sign_of(hanzi)
    assert sign == "中" if len(tones) == 2 else sign in ("入", *tones)


def test_readings_everybody_knows():
    assert [sign_of(hanzi) for hanzi in "看山白日𠀀"] == ["中", "平", "入", "入", "?"]
    assert [describe_reading(one) for one in TABLE.readings("月")] == ["仄 入聲六月"]
    assert find_rhymes("東")[0].rhymes[:3] == ("風", "中", "空")
