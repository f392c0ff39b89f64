"""What is typed becomes the beginning of a poem, or one sentence saying why not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.errors import PromptError
from poetgen.poem.poem import MARKS
from poetgen.script.variants import VariantTable
from poetgen.writing.prompt import read_acrostic, read_prompt


@pytest.fixture(scope="module")
def readings(tiny_checkpoint):
    return VariantTable(tiny_checkpoint().vocabulary)


@pytest.fixture(scope="module")
def read(readings):
    """Read a prompt; the model is replaced by a liking for lines of `length`."""

    def reading(typed, *, max_length=60, keeps_marks=True, length=5):
        return read_prompt(
            typed,
            readings,
            max_length=max_length,
            keeps_marks=keeps_marks,
            score=lambda texts: [float(text.find("，") == length) for text in texts],
        )

    return reading


@pytest.mark.parametrize(
    ("typed", "text", "script", "notes"),
    [
        ("月", "月", "traditional", ()),
        ("红", "紅", "simplified", ()),
        ("紅", "紅", "traditional", ()),
        ("后", "後", "simplified", ("后 read as 後",)),
        ("里", "里", "traditional", ()),
        ("為", "爲", "traditional", ()),
        ("床前明月光", "牀前明月光，", "traditional", ()),
        ("牀前明月光", "牀前明月光，", "traditional", ()),
        (" 明 月\n光 ", "明月光", "traditional", ()),
        ("⽉", "月", "traditional", ()),
        ("明月,清風.山水?", "明月，清風。山水？", "traditional", ()),
        ("月、", "月", "traditional", ("read as 月: no line is so short",)),
        ("明月，", "明月", "traditional", ("read as 明月: no line is so short",)),
        ("明月光，", "明月光，", "traditional", ()),  # a line may be so short
        ("春、月、秋、風", "春月秋風", "traditional", ("read as 春月秋風: no line is so short",)),
        ("明月，清風，", "明月，清風。", "traditional", ()),
        ("明月光疑是地上霜", "明月光疑是，地上霜", "traditional", ()),
        ("明月，山水花，春", "明月，山水花。春", "traditional", ()),
        ("松間照泉，流石清舉頭望", "松間照泉，流石清舉。頭望", "traditional", ()),
    ],
)
def test_readings(read, typed, text, script, notes):
    prompt = read(typed)
    assert (prompt.text, prompt.script, prompt.notes) == (text, script, notes)
    assert len(prompt.typed) == len(prompt.text)


def test_a_long_stretch_is_broken_as_the_model_likes(read):
    assert read("红明月松間照清泉石", length=7).text == "紅明月松間照清，泉石"
    assert read("红明月松間照清泉石", length=4).text == "紅明月松，間照清泉。石"
    assert read("红明月松間照清泉石", length=4).typed == "红明月松，間照清泉。石"


def test_a_model_without_marks_gets_none(read):
    assert read("明月，松間照清泉石流。", keeps_marks=False).text == "明月松間照清泉石流"


def test_what_was_typed_is_kept_the_more_the_surer_its_script(read):
    assert read("云后红").text == "雲後紅"
    assert read("云后紅").text == "云后紅"


def test_each_head_of_an_acrostic_is_read_by_itself(readings):
    heads = read_acrostic("红，云后", readings)
    assert (heads.text, heads.typed, heads.script) == ("紅雲後", "红云后", "simplified")
    assert heads.notes == ("云 read as 雲", "后 read as 後")


def test_alike_in_both_follows_the_setting(read, monkeypatch):
    monkeypatch.setenv("POETGEN_SCRIPT", "simplified")
    assert read("明月").script == "simplified"
    assert read("紅月").script == "traditional"


def test_bytes_of_a_terminal_without_utf8_are_understood(read):
    assert read("月".encode().decode("ascii", "surrogateescape")).text == "月"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "the prompt is empty"),
        (" \n\u3000", "the prompt is empty"),
        ("，。", "begins with the mark ，"),
        ("，月", "begins with the mark"),
        ("月，。", "two marks in a row"),
        ("moon", "'m' is not a Chinese character"),
        ("ｍ", "'m' is not a Chinese character"),
        ("月a", "'a' is not a Chinese character"),
        ("3", "did you mean 三?"),
        ("🌕", "is not a Chinese character"),
        ("月\ue000", "is not a Chinese character"),
        ("囍", "never seen 囍; if it is simplified"),
        ("\udcff", "not valid UTF-8"),
        ("\ud83c", "not valid UTF-8"),
        ("月" * 10_000, "10000 hanzi"),
        ("x" * 10_000, "'x' is not a Chinese character"),
    ],
)
def test_what_cannot_be_read_is_told(read, typed, message):
    with pytest.raises(PromptError) as caught:
        read(typed)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@given(typed=st.text(max_size=70))
def test_any_text_is_read_or_refused(read, typed):
    try:
        prompt = read(typed)
    except PromptError:
        return
    assert prompt.text
    assert len(prompt.typed) == len(prompt.text)
    assert prompt.text[0] not in MARKS
