"""The two layouts, to the character."""

from poetgen.writing.poem import horizontal, vertical

LINES = ("牀前明月光", "疑是地上霜", "舉頭望明月", "低頭思故鄉")


def test_horizontal_has_a_couplet_a_row():
    assert horizontal(LINES, "，。，？") == "牀前明月光，疑是地上霜。\n舉頭望明月，低頭思故鄉？"


def test_vertical_reads_from_right_to_left_with_marks_at_the_foot():
    assert vertical(LINES, "，。，。") == (
        "低　舉　疑　牀\n頭　頭　是　前\n思　望　地　明\n故　明　上　月\n鄉　月　霜　光\n。　，　。　，"
    )


def test_vertical_fills_short_columns_and_leaves_no_trailing_blanks():
    assert vertical(("月上", "月"), "，。") == "月　月\n。　上\n　　，"
    assert vertical(("月", "月上"), "，。") == "月　月\n上　，\n。"
