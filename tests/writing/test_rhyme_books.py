"""Poems by 詞林正韻 and 新韻 keep the rules of their own book, as the judge reads it."""

import pytest

from poetgen.errors import ConfigError, PromptError
from poetgen.verse.check import check_poem
from poetgen.verse.rhyme_books import CILIN, PINGSHUI, XINYUN
from poetgen.verse.rhymes import RhymeTable


@pytest.mark.parametrize("book", [CILIN, XINYUN])
@pytest.mark.parametrize("form", ["五絕", "七律"])
def test_poems_keep_the_rules_of_their_book(tang, book, form):
    for poem in tang.write("月", form=form, rhyme_book=book, seed=4, count=8, best_of=1):
        report = check_poem(poem.corpus_lines, table=RhymeTable.load(book=book))
        assert report.holds, str(poem)
        assert report.rhyme_group == poem.rhyme_group
        assert poem.to_dict()["rhyme_book"] == book


def test_a_group_of_the_book_may_be_asked_for(tang):
    poem = next(tang.write("月", form="五絕", rhyme_book="xinyun", rhyme="庚", seed=1, best_of=1))
    assert poem.rhyme_group == "十一庚"
    with pytest.raises(PromptError, match=r"十一庚仄 is an oblique rhyme .* such as 一麻"):
        tang.write("月", form="五絕", rhyme_book="xinyun", rhyme="庚仄", tones="relaxed")
    with pytest.raises(PromptError, match="unknown rhyme book 'x'"):
        tang.write("月", rhyme_book="x")


def test_no_rhyme_is_written_that_the_book_alone_would_not_have(tang):
    amended, alone = (tang.model.prosody(PINGSHUI, amended=amended) for amended in (True, False))
    for token, by_others, by_the_book in zip(
        tang.model.vocabulary.tokens, amended.groups, alone.groups, strict=True
    ):
        assert not by_others & ~by_the_book, token
    printed = RhymeTable.load(amended=False)
    for form in ("五絕", "七律"):
        for poem in tang.write("月", form=form, rhyme="麻", book=True, seed=4, count=4, best_of=1):
            assert check_poem(poem.corpus_lines, table=printed).holds, str(poem)
    with pytest.raises(ConfigError, match="--book is 平水韻 alone, and 新韻 is another book"):
        tang.write("月", book=True, rhyme_book=XINYUN)
    kept = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"
    with pytest.raises(ConfigError, match="--book is 平水韻 alone"):
        tang.rewrite(kept, 2, book=True, rhyme_book=XINYUN)


def test_a_line_is_rewritten_by_the_book(tang):
    kept = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"
    (poem,) = tang.rewrite(kept, 2, seed=1, rhyme_book=XINYUN)
    assert poem.rhyme_book == XINYUN and poem.rhyme_group == "七尤"
