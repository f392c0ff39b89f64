"""The other rhyme books: 詞林正韻 joins and parts the groups of 平水韻, 新韻 goes by today's readings."""

import pytest

from poetgen.errors import PromptError
from poetgen.verse.check import check_poem
from poetgen.verse.check_text import check
from poetgen.verse.lookup import find_rhymes, sign_of
from poetgen.verse.rhyme_books import (
    BOOKS,
    CILIN,
    CILIN_GROUPS,
    CILIN_OF,
    EVERY_GROUP,
    GROUPS,
    PINGSHUI,
    XINYUN,
    XINYUN_GROUPS,
    groups_of,
    label_of,
    parse_book,
    reading_in,
)
from poetgen.verse.rhymes import RhymeTable, parse_group

LU_YOU = "死去元知萬事空，但悲不見九州同。王師北定中原日，家祭無忘告乃翁。"
WANG = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"
# Mao's 七律·長征 (1935) rhymes 難 閒 丸 寒 顏: two groups of 平水韻, one of the others
LONG_MARCH = (
    "紅軍不怕遠征難，萬水千山只等閒。五嶺逶迤騰細浪，烏蒙磅礴走泥丸。"
    "金沙水拍雲崖暖，大渡橋橫鐵索寒。更喜岷山千里雪，三軍過後盡開顏。"
)


@pytest.mark.parametrize(
    ("text", "book"),
    [
        *[
            ("平水韻", PINGSHUI),
            ("平水韵", PINGSHUI),
            ("pingshui", PINGSHUI),
            ("詞林正韻", CILIN),
            ("词林正韵", CILIN),
        ],
        *[("CILIN", CILIN), ("新韻", XINYUN), ("新韵", XINYUN), ("中华新韵", XINYUN), ("xinyun", XINYUN)],
    ],
)
def test_books_go_by_either_script_and_plain_letters(text, book):
    assert parse_book(text) == book


def test_an_unknown_book_is_told_with_those_there_are():
    with pytest.raises(PromptError, match="unknown rhyme book '廣韻'; choose 平水韻, 詞林正韻 or 新韻"):
        parse_book("廣韻")


def test_no_two_groups_have_one_name():
    assert len(EVERY_GROUP) == len(set(EVERY_GROUP)) == 106 + 33 + 28
    assert [len(groups_of(book)) for book in BOOKS] == [106, 33, 28]


def test_every_group_of_pingshui_is_in_one_bu_or_parted_between_two():
    assert CILIN_OF.keys() == set(GROUPS)
    assert {group for group, parts in CILIN_OF.items() if len(parts) == 2} == set("灰佳元賄泰卦隊阮願")
    for group, parts in CILIN_OF.items():
        assert {reading_in(part).tone for part in parts} == {reading_in(group).tone}


@pytest.mark.parametrize(("group", "tenth"), [("佳", "第十部"), ("卦", "第十部仄")])
def test_the_halves_of_a_group_that_no_old_rhyme_parts_are_those_of_todays_sound(group, tenth):
    """佳 jiā, 卦 guà: 第十部; 街 jiē, 怪 guài: 第五部; others sound anew, or are seldom."""
    cilin, modern = RhymeTable.load(book=CILIN), RhymeTable.load(book=XINYUN)
    others = {
        hanzi
        for hanzi in RhymeTable.load().members(group)
        if (tenth in cilin.groups(hanzi, usual=True))
        != any(one.startswith("一麻") for one in modern.groups(hanzi, usual=True))
    }
    assert others == set({"佳": "崖睚厓扠蝸", "卦": "鎩殺价繣煞尬扒膪"}[group])


@pytest.mark.parametrize(
    ("hanzi", "parts"),
    [
        *[("東", ["第一部"]), ("梅", ["第三部"]), ("來", ["第五部"]), ("街", ["第五部"]), ("佳", ["第十部"])],
        *[("門", ["第六部"]), ("元", ["第七部"]), ("魂", ["第六部"]), ("原", ["第七部"]), ("花", ["第十部"])],
        *[("會", ["第三部仄"]), ("帶", ["第五部仄"]), ("畫", ["第十部仄", "第十七部"]), ("月", ["第十八部"])],
        *[("夢", ["第一部", "第一部仄"]), ("國", ["第十七部"]), ("業", ["第十九部"]), ("雪", ["第十八部"])],
    ],
)
def test_characters_in_cilin(hanzi, parts):
    table = RhymeTable.load(book=CILIN)
    assert sorted(table.groups(hanzi)) == sorted(parts)


@pytest.mark.parametrize(
    ("hanzi", "groups"),
    [
        *[("東", ["十一庚"]), ("庚", ["十一庚"]), ("梅", ["五微"]), ("白", ["四開"]), ("月", ["三皆仄"])],
        *[
            ("日", ["十三支仄"]),
            ("兒", ["十二齊"]),
            ("雨", ["十二齊仄"]),
            ("孤", ["十四姑"]),
            ("斜", ["三皆"]),
        ],
        *[("國", ["二波"]), ("樓", ["七尤"]), ("看", ["八寒", "八寒仄"]), ("長", ["十唐", "十唐仄"])],
        *[("髮", ["一麻仄"]), ("發", ["一麻"]), ("雲", ["九文"]), ("詩", ["十三支"]), ("高", ["六豪"])],
    ],
)
def test_characters_in_xinyun(hanzi, groups):
    assert sorted(RhymeTable.load(book=XINYUN).groups(hanzi)) == sorted(groups)


def test_xinyun_has_no_entering_tone():
    table = RhymeTable.load(book=XINYUN)
    assert not {reading.volume for hanzi in table for reading in table.readings(hanzi)} - set("平仄")
    assert sign_of("白", XINYUN) == "平" and sign_of("白", CILIN) == sign_of("白") == "入"


def test_cilin_keeps_every_tone_of_pingshui():
    ours, joined = RhymeTable.load(), RhymeTable.load(book=CILIN)
    assert all(ours.tones(hanzi) == joined.tones(hanzi) for hanzi in ours)
    assert all(joined.readings(hanzi, usual=True) for hanzi in ours if ours.readings(hanzi, usual=True))


@pytest.mark.parametrize(
    ("text", "book", "group"),
    [
        *[("第一部", CILIN, "第一部"), ("一", CILIN, "第一部"), ("第一部仄", CILIN, "第一部仄")],
        *[("第十五部", CILIN, "第十五部"), ("第十一部平", CILIN, "第十一部"), ("麻", XINYUN, "一麻")],
        *[
            ("一麻", XINYUN, "一麻"),
            ("麻韵", XINYUN, "一麻"),
            ("麻仄", XINYUN, "一麻仄"),
            ("齐", XINYUN, "十二齊"),
        ],
    ],
)
def test_groups_by_name(text, book, group):
    assert parse_group(text, book) == group


def test_an_unknown_group_is_told_with_those_of_its_book():
    with pytest.raises(PromptError, match="東 rhymes in 十一庚; the level groups are 一麻 二波"):
        parse_group("東", XINYUN)
    with pytest.raises(PromptError, match="unknown rhyme group '仄'"):
        parse_group("仄", XINYUN)


def test_labels_in_a_line_of_text():
    assert [label_of(group) for group in ("東", CILIN_GROUPS[0], XINYUN_GROUPS[1])] == [
        "東韻",
        "第一部",
        "一麻仄",
    ]


@pytest.mark.parametrize(("book", "group"), [("平水韻", "尤"), ("詞林正韻", "第十二部"), ("新韻", "七尤")])
def test_a_poem_that_rhymes_in_every_book(book, group):
    report = check(WANG, rhyme_book=book)
    assert (report.rhyme_group, report.rhyme_book, report.rhymes_hold) == (group, book, True)
    assert report.to_dict()["rhyme_book"] == book


@pytest.mark.parametrize(("book", "holds"), [(PINGSHUI, False), (CILIN, True), (XINYUN, True)])
def test_the_long_march_rhymes_by_the_wider_books(book, holds):
    report = check(LONG_MARCH, rhyme_book=book)
    assert report.rhymes_hold is holds
    assert ("出韻" in {fault.name for fault in report.broken}) is not holds


def test_tones_of_today_are_judged_by_today():
    """白 and 國 are 仄 in the old books and 平 today."""
    lines = WANG.replace("。", "，").strip("，").split("，")
    by = {book: check_poem(lines, table=RhymeTable.load(book=book)).lines[0].tones for book in BOOKS}
    assert by == {PINGSHUI: "仄仄平平仄", CILIN: "仄仄平平仄", XINYUN: "平仄平平仄"}


def test_rhymes_of_a_character_are_of_the_book():
    (found,) = find_rhymes("東", XINYUN)
    assert "庚" in found.rhymes and "風" in found.rhymes
    assert "冬" in next(iter(find_rhymes("東", CILIN))).rhymes
    assert "冬" not in next(iter(find_rhymes("東"))).rhymes
