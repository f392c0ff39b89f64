from poetgen.corpus.text import text_poems

MOON = "牀前看月光，疑是地上霜。舉頭望山月，低頭思故鄉。"
TOWER = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"


def test_one_poem_a_line():
    assert list(text_poems(f"{MOON}\n{TOWER}\n")) == [(1, "", MOON), (2, "", TOWER)]


def test_blocks_with_and_without_titles():
    text = f"靜夜思\n{MOON[:12]}\n{MOON[12:]}\n\n \n{TOWER}\n"
    assert list(text_poems(text)) == [(1, "靜夜思", MOON), (6, "", TOWER)]


def test_a_lone_line_without_end_mark_is_a_poem_and_no_title():
    assert list(text_poems("白日依山盡黃河入海流\n\n靜夜思\n" + MOON)) == [
        (1, "", "白日依山盡黃河入海流"),
        (3, "靜夜思", MOON),
    ]


def test_byte_order_mark_and_windows_line_ends_change_nothing():
    assert list(text_poems(f"\ufeff靜夜思\r\n{MOON}\r\n\r\n{TOWER}\r\n")) == [
        (1, "靜夜思", MOON),
        (4, "", TOWER),
    ]


def test_nothing_in_nothing_out():
    assert list(text_poems("\n \n\n")) == []
