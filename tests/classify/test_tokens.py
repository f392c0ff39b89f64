"""Texts cut into characters and bigrams, with and without stop words."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.classify.tokens import CLASSICAL, Tokeniser, TokenVocabulary, bigrams, phrases, read_stop_words
from poetgen.classify.words import load_jieba
from poetgen.errors import ConfigError, CorpusError, PoetgenError

TEXT = st.text(st.sampled_from("床前明月光之乎者，。？ a1\n"), max_size=30)


def test_characters_and_bigrams_of_a_couplet() -> None:
    assert Tokeniser("characters")("床前， 明") == ["床", "前", "，", "明"]
    assert Tokeniser("bigrams")("床前明，月。光陰") == ["床前", "前明", "，", "月", "。", "光陰"]


def test_no_bigram_reaches_over_a_stop_word() -> None:
    assert Tokeniser("bigrams", ("之",))("山之水月") == ["山", "水月"]
    assert Tokeniser("characters", ("青山",))("見青山青") == ["見", "青"]


@given(TEXT)
def test_characters_lose_nothing_but_blanks_and_stop_words(text: str) -> None:
    assert "".join(Tokeniser("characters")(text)) == "".join(text.split())
    kept = Tokeniser("characters", tuple(CLASSICAL))(text)
    assert kept == [char for char in text if not char.isspace() and char not in CLASSICAL]


@given(TEXT)
def test_bigrams_are_as_many_as_their_phrases_have_neighbours(text: str) -> None:
    parts = list(phrases(text))
    assert "".join(parts) == "".join(text.split())
    assert len(Tokeniser("bigrams")(text)) == sum(max(1, len(part) - 1) for part in parts)
    for part in parts:
        assert all(token in part for token in bigrams(part))


@given(
    st.lists(st.lists(st.sampled_from(["月", "山", "明月", "風"]), max_size=9), max_size=9), st.integers(1, 4)
)
def test_a_vocabulary_knows_what_is_common_enough(texts: list[list[str]], least: int) -> None:
    vocabulary = TokenVocabulary.build(texts, least)
    for token in {token for text in texts for token in text}:
        assert (token in vocabulary) == (sum(text.count(token) for text in texts) >= least)
    for text in texts:
        ids = vocabulary.encode(text)
        assert ids[0] == vocabulary.begin and len(ids) == len(text) + 1
        for number, token in zip(ids[1:], text, strict=True):
            known = token in vocabulary
            assert vocabulary.tokens[number] == (token if known else "<unknown>")
        assert vocabulary.encode(text, limit=2) == ids[:3]


def test_a_vocabulary_must_begin_with_its_specials() -> None:
    for tokens in (["月"], ["<pad>", "<begin>", "<unknown>", "月", "月"]):
        with pytest.raises(CorpusError):
            TokenVocabulary(tokens)


def test_stop_words_by_name_and_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "stop.txt"
    file.write_text("\ufeff之\n青山\n之\n\n", encoding="utf-8")
    assert read_stop_words(str(file)) == ("之", "青山")
    assert read_stop_words("none") == ()
    assert "之" in read_stop_words("classical")


@pytest.mark.parametrize(
    ("content", "error", "told"),
    [
        (None, ConfigError, "no stop words at"),
        (b"", CorpusError, "has no stop words"),
        ("青山".encode("gbk"), CorpusError, "is not UTF-8"),
    ],
)
def test_what_is_no_list_of_stop_words(
    tmp_path: Path, content: bytes | None, error: type[PoetgenError], told: str
) -> None:
    file = tmp_path / "stop.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(error, match=told):
        read_stop_words(str(file))


def test_words_of_chinese_and_of_other_text() -> None:
    words = Tokeniser("words")
    assert words("今天天气很好，我们去公园。") == ["今天天气", "很", "好", "，", "我们", "去", "公园", "。"]
    assert words("The e-mail isn't  here: 3.5 MB!") == [
        "the",
        "e-mail",
        "isn't",
        "here",
        ":",
        "3.5",
        "mb",
        "!",
    ]
    assert words("我用Python写诗") == ["我用", "python", "写诗"]


@pytest.mark.parametrize("kind", ["words", "characters", "bigrams"])
def test_a_stop_word_is_never_cut_out_of_another_word(kind: str) -> None:
    tokeniser = Tokeniser(kind, ("the", "he"))
    assert tokeniser("other there") == Tokeniser(kind)("other there")
    assert tokeniser("the other") == Tokeniser(kind)("other")
    assert Tokeniser("words", ("公园",))("The公园 公园") == ["the"]
    assert Tokeniser("characters", ("the",))("看the書") == ["看", "書"]


def test_chinese_words_without_jieba_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jieba", None)
    load_jieba.cache_clear()
    with pytest.raises(ConfigError, match="words of Chinese text need jieba; run: pip install"):
        Tokeniser("words")("今天")
    assert Tokeniser("words")("to day") == ["to", "day"]
