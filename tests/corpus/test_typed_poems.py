"""Poems are read however they are typed, and what is no poem is told in a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus.typed_poems import MOST_HANZI, MOST_LINES, TypedPoem, read_typed_poems
from poetgen.errors import PromptError

LINES = ("牀前看月光", "疑是地上霜", "舉頭望山月", "低頭思故鄉")
TITLED = TypedPoem(1, "靜夜思", LINES)


def read(text, **options):
    return list(read_typed_poems(text, **options))


def fault(text):
    (found,) = read_typed_poems(text)
    assert isinstance(found, PromptError)
    assert "\n" not in str(found)
    return str(found)


@pytest.mark.parametrize(
    "text",
    [
        "牀前看月光，疑是地上霜。舉頭望山月，低頭思故鄉。",
        "牀前看月光,疑是地上霜.舉頭望山月;低頭思故鄉!",
        "牀前看月光\n疑是地上霜\n舉頭望山月\n低頭思故鄉",
        "牀前看月光，疑是地上霜。\r\n舉頭望山月，低頭思故鄉。\r\n",
        "牀前看月光　疑是地上霜\n舉頭望山月　低頭思故鄉",
        "牀前看月光疑是地上霜舉頭望山月低頭思故鄉",
        "牀前看月光疑是地上霜。舉頭望山月低頭思故鄉。",
        "\ufeff\n\n  牀前看⽉光，疑是地上霜。「舉頭望山月，低頭思故鄉。」\n",
        "牀前看月光（一作明），疑是地上霜。舉頭望山月（一作明月），低頭思故鄉。",
        "牀前看月光\n疑是地上霜。\n舉頭望山月\n低頭思故鄉。",
        "牀前看月光/疑是地上霜/舉頭望山月/低頭思故鄉",
        "牀前看月光 / 疑是地上霜 / 舉頭望山月 / 低頭思故鄉",
    ],
)
def test_one_poem_in_many_layouts(text):
    (poem,) = read(text)
    assert poem.lines == LINES
    assert poem.title == ""


@pytest.mark.parametrize(
    "text",
    [
        "靜夜思\n牀前看月光，疑是地上霜。\n舉頭望山月，低頭思故鄉。",
        "《靜夜思》\n牀前看月光，疑是地上霜。\n舉頭望山月，低頭思故鄉。",
        "《靜夜思》牀前看月光，疑是地上霜。舉頭望山月，低頭思故鄉。",
        "靜夜思:牀前看月光，疑是地上霜。舉頭望山月，低頭思故鄉。",
        "靜夜思\n牀前看月光\n疑是地上霜\n舉頭望山月\n低頭思故鄉",
        "靜夜思\n牀前看月光 疑是地上霜\n舉頭望山月 低頭思故鄉",
    ],
)
def test_a_title_is_no_verse(text):
    assert read(text) == [TITLED]


VERSE = "牀前看月光，疑是地上霜。舉頭望山月，低頭思故鄉。"


@pytest.mark.parametrize(
    "text",
    [
        f"《靜夜思》 李白 {VERSE}",
        f"《靜夜思》李白：{VERSE}",
        f"《靜夜思》〔唐代〕李白 {VERSE}",
        f"靜夜思〔唐代〕李白 {VERSE}",
        f"靜夜思 李白〔唐代〕 {VERSE}",
        f"靜夜思 [唐] 李白 {VERSE}",
        "《靜夜思》 李白 " + " ".join(LINES),
        f"靜夜思\n李白\n{VERSE}",
    ],
)
def test_title_and_author_on_one_line(text):
    assert read(text) == [TypedPoem(1, "靜夜思", LINES, "李白")]


def test_a_line_of_four_is_no_author():
    (poem,) = read("《關雎》 關關雎鳩 在河之洲 窈窕淑女 君子好逑")
    assert (poem.title, len(poem.lines)) == ("關雎", 4)


def test_title_and_author():
    (poem,) = read("登鸛雀樓\n王之渙\n白日依山盡，黃河入海流。\n欲窮千里目，更上一層樓。")
    assert (poem.title, len(poem.lines)) == ("登鸛雀樓", 4)
    assert poem.author == "王之渙"


def test_a_line_is_taken_for_a_title_only_where_that_makes_a_form():
    assert read("題作五個字\n" + "\n".join(LINES)) == [TypedPoem(1, "題作五個字", LINES)]
    assert read("\n".join([*LINES, LINES[0], LINES[1], LINES[2]]))[0].title == ""


def test_blank_lines_part_poems_and_rows_are_counted():
    text = "靜夜思\n" + "\n".join(LINES) + "\n\n \n" + "，".join(LINES)
    assert read(text) == [TITLED, TypedPoem(8, "", LINES)]


def test_rows_that_are_whole_poems_are_one_each():
    rows = ["，".join(LINES), "題:" + "，".join(LINES[::-1])]
    assert read("\n".join(rows)) == [TypedPoem(1, "", LINES), TypedPoem(2, "題", LINES[::-1])]


@pytest.mark.parametrize(
    ("hanzi", "shape"), [(20, (5, 4)), (28, (7, 4)), (40, (5, 8)), (56, (7, 8)), (24, (24, 1))]
)
def test_one_run_is_cut_where_only_one_form_has_its_length(hanzi, shape):
    (poem,) = read("月" * hanzi)
    assert (len(poem.lines[0]), len(poem.lines)) == shape


def test_a_line_length_cuts_what_has_no_marks():
    (poem,) = read("月" * 60, line_length=5)
    assert poem.lines == ("月" * 5,) * 12


def test_a_lost_character_stays():
    (poem,) = read("牀前□月光，疑是地上霜。")
    assert poem.lines[0] == "牀前□月光"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("moon", "row 1: no hanzi in 'moon'"),
        ("。。。", "no hanzi"),
        ("牀前看月光\n疑是x上霜", "row 1: 'x' is not a hanzi"),
        ("牀前看月光\x00", r"'\\x00' is not a hanzi"),
        ("牀前（看月光", "row 1: '（' is not a hanzi"),
        ("月" * (MOST_HANZI + 1), "runs on for 51 hanzi"),
        ("月月\n" * (MOST_LINES + 2), "a poem of 1,002 lines; separate the poems"),
        ("月 moon", "'m' is not a hanzi"),
    ],
)
def test_what_is_no_verse_is_told(text, said):
    assert said.replace("\\\\", "\\") in fault(text)


def test_a_bad_poem_does_not_spoil_the_others():
    first, second, third = read("，".join(LINES) + "\n\nmoon\n\n" + "，".join(LINES))
    assert first.lines == third.lines == LINES
    assert isinstance(second, PromptError)


@pytest.mark.parametrize("text", ["", "\n \n\t\n", "\ufeff"])
def test_nothing_is_no_poem(text):
    assert read(text) == []


@given(st.text(max_size=200) | st.text("月山水，。\n :《》(（x□", max_size=60))
def test_any_text_is_poems_or_sentences(text):
    for poem in read_typed_poems(text):
        if isinstance(poem, PromptError):
            assert "\n" not in str(poem)
        else:
            assert poem.lines
            assert all(poem.lines)


HANZI = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)


@given(st.data(), st.sampled_from([(5, 4), (7, 4), (5, 8), (7, 8), (5, 12), (6, 4)]))
def test_marks_rows_and_blanks_make_no_difference(data, shape):
    length, count = shape
    line = st.text(HANZI, min_size=length, max_size=length)
    lines = data.draw(st.lists(line, min_size=count, max_size=count))
    couplets = ["".join(lines[k : k + 2]) for k in range(0, count, 2)]
    layouts = ["，".join(lines), "\n".join(lines), "　".join(lines) + "。", "。\n".join(lines) + "。"]
    layouts += ["。".join(couplets)] if length != 6 else []
    for layout in layouts:
        assert [poem.lines for poem in read_typed_poems(layout)] == [tuple(lines)]


@pytest.mark.parametrize(
    "text",
    [
        "春望 / 〔唐〕杜甫 / 国破山河在，城春草木深。/ 感时花溅泪，恨别鸟惊心。",
        "春望\n〔唐代〕杜甫\n国破山河在，城春草木深。／感时花溅泪，恨别鸟惊心。/",
        "《春望》 杜甫 国破山河在，城春草木深。感时花溅泪，恨别鸟惊心。",
    ],
)
def test_a_slash_ends_a_row_as_web_pages_have_it(text):
    (poem,) = read_typed_poems(text)
    assert poem.lines == ("国破山河在", "城春草木深", "感时花溅泪", "恨别鸟惊心")
    assert (poem.title, poem.author) == ("春望", "杜甫")
