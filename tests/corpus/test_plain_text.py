import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus.decoding import remove_invisible
from poetgen.corpus.plain_text import plain_poems
from poetgen.poem.lineation import ends_with_mark as ends_verse

MOON = "牀前看月光，疑是地上霜。舉頭望山月，低頭思故鄉。"


def text_poems(text):
    _, poems, _ = plain_poems(remove_invisible(text))
    return ((poem.number, f"{poem.title} {poem.author}".strip(), poem.body) for poem in poems)


TOWER = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"


def test_one_poem_a_line():
    assert list(text_poems(f"{MOON}\n{TOWER}\n")) == [(1, "", MOON), (2, "", TOWER)]


def test_blocks_with_and_without_titles():
    text = f"靜夜思\n{MOON[:12]}\n{MOON[12:]}\n\n \n{TOWER}\n"
    assert list(text_poems(text)) == [(1, "靜夜思", MOON), (6, "", TOWER)]


def test_a_lone_line_without_end_mark_is_a_poem_and_no_title():
    assert list(text_poems("白日依山盡黃河入海流\n\n靜夜思\n" + MOON)) == [
        (1, "", "白日依山盡，黃河入海流。"),
        (3, "靜夜思", MOON),
    ]


def test_byte_order_mark_and_windows_line_ends_change_nothing():
    assert list(text_poems(f"\ufeff靜夜思\r\n{MOON}\r\n\r\n{TOWER}\r\n")) == [
        (1, "靜夜思", MOON),
        (4, "", TOWER),
    ]


def test_nothing_in_nothing_out():
    assert list(text_poems("\n \n\n")) == []


@pytest.mark.parametrize("title", ["靜夜思", "秋興（其一）", "（其一）", "「靜夜思」", "秋興 (1)"])
def test_a_note_after_a_title_makes_it_no_verse(title):
    assert list(text_poems(f"{title}\n{MOON}\n\n{TOWER}")) == [(1, title, MOON), (4, "", TOWER)]


@pytest.mark.parametrize(
    "line",
    ["白日依山盡，", "白日依山盡。（一作「月」。）", "「白日依山盡。」", "白日依山盡!", "盡。 (一作月)"],
)
def test_a_first_line_with_its_mark_is_verse_whatever_follows_the_mark(line):
    assert ends_verse(line)
    assert next(text_poems(f"{line}\n{MOON}\n\n{TOWER}")) == (1, "", line + MOON)


def test_verse_lines_without_marks_stay_lines():
    text = "登樓\n白日依山盡\n黃河入海流\n欲窮千里目\n更上一層樓\n\n" + MOON
    assert next(text_poems(text)) == (1, "登樓", "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。")


def test_a_title_before_a_colon():
    assert list(text_poems(f"登樓:{TOWER}\n歌曰：{MOON}\n")) == [(1, "登樓", TOWER), (2, "", f"歌曰：{MOON}")]


def test_lone_lines_between_blank_ones_are_poems_where_none_can_be_a_heading():
    assert [body for _, _, body in text_poems("春江花月夜\n\n山山水水")] == ["春江花月夜。", "山山水水。"]


@given(st.text("白日，。： \u3000\n\r\ufeff靜」", max_size=40))
def test_every_text_is_read_and_no_hanzi_is_lost(text):
    poems = list(text_poems(text))
    assert all(1 <= number <= len(text.splitlines()) for number, _, _ in poems)
    hanzi = "白日靜"
    found = "".join(title + body for _, title, body in poems)
    assert sorted(char for char in found if char in hanzi) == sorted(char for char in text if char in hanzi)


def test_the_end_of_a_line_is_found_at_once_behind_a_megabyte_of_notes():
    assert ends_verse("。" + "()" * 2**19) and not ends_verse("月" + "（注） " * 2**18)


def test_a_title_as_short_as_the_poets_name_is_no_verse() -> None:
    text = "## 相思\n\n**王維**\n\n紅豆生南國，春來發幾枝。\n願君多采擷，此物最相思。\n"
    (poem,) = plain_poems(text).poems
    assert (poem.title, poem.author) == ("相思", "王維")
    assert poem.body == "紅豆生南國，春來發幾枝。願君多采擷，此物最相思。"


def test_strokes_after_a_title_and_a_colon_part_the_lines_of_each_poem() -> None:
    moon = "靜夜思：床前明月光 / 疑是地上霜/舉頭望明月 / 低頭思故鄉"
    dawn = "春曉：春眠不覺曉/處處聞啼鳥/夜來風雨聲/花落知多少？"
    one, other = plain_poems(f"{moon}\n{dawn}").poems
    assert (one.title, one.body) == ("靜夜思", "床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。")
    assert (other.title, other.body) == ("春曉", "春眠不覺曉，處處聞啼鳥，夜來風雨聲，花落知多少？")
