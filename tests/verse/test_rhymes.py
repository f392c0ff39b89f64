"""The rhyme table: 106 groups, tone and rhyme of one reading together, and nothing guessed."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.errors import PromptError
from poetgen.poem.poem import is_hanzi
from poetgen.script.opencc import convert
from poetgen.verse import rhymes
from poetgen.verse.rhyme_books import (
    GROUPS,
    LEVEL,
    OBLIQUE,
    VOLUMES,
    Reading,
    full_name,
    neighbours,
    reading_in,
)
from poetgen.verse.rhymes import RhymeTable, parse_group, parse_table

TABLE = RhymeTable.load()
BOOK = RhymeTable.load(amended=False)
TABLE_LINES = Path(rhymes.__file__).with_name("pingshui.txt").read_text(encoding="utf-8").splitlines()


def test_there_are_106_groups_in_five_volumes():
    assert len(set(GROUPS)) == len(GROUPS) == 106
    assert [len(names) for names in VOLUMES.values()] == [15, 15, 29, 30, 17]


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_found_by_any_of_its_names(group):
    name = full_name(group)
    assert {
        parse_group(text) for text in (group, group + "韻", name, name.replace("聲", "声"), f" {name} ")
    } == {group}
    assert group in TABLE.members(group)
    assert all(group in TABLE.groups(hanzi) for hanzi in TABLE.members(group))


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("东", "東"),
        ("一东", "東"),
        ("八庚韵", "庚"),
        ("下平一先", "先"),
        ("平声七阳", "陽"),
        ("去聲四寘", "寘"),
        ("药", "藥"),
    ],
)
def test_groups_may_be_named_in_simplified_characters(text, group):
    assert parse_group(text) == group


@pytest.mark.parametrize("text", ["", "韻", "聲", "二東", "去聲一東", "xx", "東冬", "\ud800"])
def test_what_is_no_group_is_told_which_there_are(text):
    with pytest.raises(PromptError, match=r"unknown rhyme group .* the level groups are 東冬江.*鹽咸"):
        parse_group(text)


def test_a_character_that_names_no_group_is_told_its_own():
    with pytest.raises(PromptError, match="'春'; 春 rhymes in 真; "):
        parse_group("春")


def test_tone_and_rhyme_come_from_one_reading():
    assert set(TABLE.readings("看")) == {Reading(LEVEL, "寒"), Reading(OBLIQUE, "翰")}
    for hanzi in TABLE:
        for tone, group in TABLE.readings(hanzi):
            assert reading_in(group or tone) == (tone, group)


def test_volumes_tell_the_tone():
    assert reading_in("東") == Reading("平", "東")
    assert reading_in("東").volume == "上平"
    assert reading_in("先").volume == "下平"
    assert {reading_in(group).tone for group in VOLUMES["上"] + VOLUMES["去"] + VOLUMES["入"]} == {"仄"}
    assert reading_in("仄") == Reading("仄", "")
    assert reading_in("仄").volume == ""


@pytest.mark.parametrize(
    ("hanzi", "tones", "expected"),
    [
        ("先", "平", "先"),  # the text at hand leaves it out of 先
        *[
            ("爲", "平仄", "支寘"),
            ("溪", "平", "齊"),
            ("爐", "平", "虞"),
            ("啼", "平", "齊"),
            ("跡", "仄", "陌"),
        ],
        *[
            ("龍", "平", "冬"),
            ("兒", "平", "支"),
            ("北", "仄", "隊職"),
            ("昂", "平", "陽"),
            ("昴", "仄", "巧"),
        ],
        *[
            ("不", "仄", "尤物"),
            ("如", "平", "魚"),
            ("夢", "仄", "送"),
            ("三", "平", "覃"),
            ("聞", "平", "文"),
        ],
        *[("過", "平仄", "歌箇"), ("思", "平仄", "支寘"), ("勤", "平", "真文"), ("槎", "平", "麻")],
        *[
            ("馬", "仄", "馬"),
            ("月", "仄", "月"),
            ("花", "平", "麻"),
            ("猨", "平", "元"),
            ("劒", "仄", "豔陷"),
        ],
    ],
)
def test_readings_are_those_of_tang_verse(hanzi, tones, expected):
    assert TABLE.tones(hanzi, usual=True) == set(tones)
    assert TABLE.groups(hanzi, usual=True) == set(expected)


@pytest.mark.parametrize(
    ("hanzi", "to_rhyme"), [("望", "陽"), ("不", "尤"), ("歎", "寒"), ("幾", "微"), ("翰", "寒")]
)
def test_some_readings_are_for_rhyme_alone(hanzi, to_rhyme):
    assert TABLE.tones(hanzi, usual=True) == {OBLIQUE}
    assert TABLE.tones(hanzi) == {LEVEL, OBLIQUE}
    assert Reading(LEVEL, to_rhyme) in TABLE.readings(hanzi, usual=True)
    assert hanzi in TABLE.members(to_rhyme)


@given(st.characters())
def test_what_is_unknown_stays_unknown(char):
    if char not in TABLE:
        assert TABLE.readings(char) == ()
        assert TABLE.tones(char) == TABLE.groups(char) == frozenset()
    else:
        assert is_hanzi(char)
        assert TABLE.tones(char)


def test_simplified_characters_are_not_mistaken_for_others():
    assert not any(TABLE.readings(hanzi) for hanzi in "龙东见马风x，")
    assert TABLE.members("x") == ()


def test_every_character_has_a_tone_inside_lines():
    assert all(TABLE.tones(hanzi, usual=True) for hanzi in TABLE)
    assert all(TABLE.tones(hanzi) == {r.tone for r in TABLE.readings(hanzi)} for hanzi in TABLE)


@pytest.mark.parametrize("pair", ["忘陽", "腰嘯", "秤蒸", "淒薺", "衆東", "廻隊", "籠冬", "酇寒"])
def test_no_reading_is_dropped_that_guangyun_has_under_any_spelling_or_tells_in_a_gloss(pair):
    hanzi, group = pair
    assert group in TABLE.groups(hanzi)


@pytest.mark.parametrize("pair", ["勤真", "攢寒", "阿仄", "厭鹽", "嘆仄"])
def test_who_writes_uses_no_reading_that_a_witness_lacks(pair):
    """廣韻 or the book has the character without it, and poems of today hang on none."""
    hanzi, disputed = pair
    assert reading_in(disputed) in TABLE.readings(hanzi, usual=True)
    assert reading_in(disputed) not in TABLE.undisputed.readings(hanzi, usual=True)
    assert TABLE.undisputed.readings(hanzi) == TABLE.readings(hanzi)
    assert all(TABLE.undisputed.readings(each, usual=True) for each in TABLE)


def test_what_many_poems_have_is_written_whatever_a_witness_lacks():
    assert "麻" in TABLE.undisputed.groups("涯", usual=True)
    assert TABLE.undisputed.tones("應", usual=True) == TABLE.tones("應", usual=True)


@pytest.mark.parametrize(
    ("hanzi", "seldom"),
    [
        ("中", "送"),
        ("沈", "寢沁"),
        ("比", "支質"),
        ("衣", "未"),
        ("句", "虞尤"),
        ("戲", "支虞"),
        ("繁", "寒歌"),
    ],
)
def test_what_poems_seldom_use_is_kept_and_told_apart(hanzi, seldom):
    assert TABLE.groups(hanzi) - TABLE.groups(hanzi, usual=True) == set(seldom)
    assert not any(hanzi in TABLE.members(group) for group in seldom)


def test_the_book_alone_lacks_what_was_added():
    assert BOOK.groups("勤") == TABLE.groups("勤") - {"真"}
    assert BOOK.groups("先") == {"先", "霰"}  # a slip of the text at hand is none of the book's
    assert BOOK.groups("籠") == TABLE.groups("籠") - {"冬"}
    assert all(BOOK.groups(hanzi) <= TABLE.groups(hanzi) for hanzi in TABLE)


def test_what_the_book_alone_lacks_is_read_as_else():
    """A poem is kept by the book alone only if it is kept by all we know."""
    assert set(BOOK) == set(TABLE)
    assert set(BOOK.readings("爲")) == set(TABLE.readings("爲"))


def test_first_lines_borrow_from_neighbours():
    assert neighbours("東") == {"冬"}
    assert neighbours("支") == {"微", "齊"}
    assert neighbours("元") == {"真", "文", "寒", "刪", "先"}
    assert neighbours("侵") == neighbours("尤") == frozenset()
    for group in GROUPS:
        assert group not in neighbours(group)
        assert all(group in neighbours(other) for other in neighbours(group))
        assert {reading_in(other).volume[-1] for other in neighbours(group)} <= {reading_in(group).volume[-1]}


def test_changes_are_read_as_written():
    changes = [
        "中\t~送\t語料\t平9",
        "風\t-送\t語料\t平9",
        "月\t+仄\t語料",
        "東\t-東\t校",
        "日\t+屋 +東\t異體\t曰",
    ]
    text = "\n".join(["# head", "上平聲一東\t東中風", "去聲一送\t風中", "", *changes]) + "\n"
    table = parse_table(text, amended=True)
    assert set(table) == {"中", "月", "日", "風"}
    assert table.readings("中") == (Reading("平", "東"), Reading("仄", "送"))
    assert table.tones("中", usual=True) == {"平"}
    assert table.tones("中") == table.tones("風") == {"平", "仄"}
    assert table.groups("風", usual=True) == {"東"}
    assert table.readings("月") == (Reading("仄", ""),)
    assert table.groups("月") == frozenset()
    assert table.members("東") == ("中", "風", "日")
    book = parse_table(text, amended=False)
    assert set(book) == {"中", "風", "月", "日"}  # a slip corrected, and what it lacks read as else
    assert book.tones("中", usual=True) == book.tones("風", usual=True) == {"平"}


def test_it_loads_at_once_and_only_once():
    assert RhymeTable.load() is TABLE
    code = "import sys, poetgen.verse.rhymes as r; r.RhymeTable.load(); print('|'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"opencc", "torch", "numpy", "click"} & set(done.stdout.strip().split("|"))


MISPRINTS = {"衡": "冬", "嬴": "支", "鈴": "鹽", "灣": "寒", "禪": "寒", "佳": "支", "逢": "東江", "戍": "質"}
MISPRINTS |= {"冢": "東", "追": "灰", "浮": "虞", "乖": "支", "壚": "魚", "數": "沃", "國": "屋", "話": "禡"}


def test_what_the_text_at_hand_leaves_out_is_in_the_book_too():
    """槎 in 麻, as another text of 平水韻, 廣韻 and the poems have it."""
    assert BOOK.groups("槎", usual=True) == TABLE.groups("槎", usual=True) == {"麻"}


@pytest.mark.parametrize("hanzi", MISPRINTS)
def test_misprints_of_the_book_rhyme_no_longer(hanzi):
    printed = {
        row.split("\t")[0][-1] for row in TABLE_LINES if hanzi in row.partition("\t")[2] and "聲" in row[:3]
    }
    assert set(MISPRINTS[hanzi]) <= printed
    assert not set(MISPRINTS[hanzi]) & TABLE.groups(hanzi)
    assert not set(MISPRINTS[hanzi]) & BOOK.groups(hanzi)


@pytest.mark.parametrize("pair", ["司寘", "峨哿", "嚴咸", "搴先", "滲侵", "懵東"])
def test_what_other_texts_of_the_book_have_is_no_misprint(pair):
    hanzi, group = pair
    assert group in TABLE.groups(hanzi) and group in BOOK.groups(hanzi)
    assert group not in TABLE.groups(hanzi, usual=True)


@pytest.mark.parametrize(
    ("tone", "characters"), [(LEVEL, "森優熏豬涇韜醅紆塍娼晁"), (OBLIQUE, "矯冢俾甑嶮潦弛斐廡戌")]
)
def test_no_character_has_a_tone_that_only_a_misprint_gives(tone, characters):
    assert {hanzi: TABLE.tones(hanzi) for hanzi in characters} == {hanzi: {tone} for hanzi in characters}


@pytest.mark.parametrize("row", ["她 歌 他", "們 元 門", "葡 虞 蒲", "蝴 虞 胡", "找 巧 爪", "嘴 紙 觜"])
def test_characters_younger_than_the_book_take_the_sound_of_their_phonetic(row):
    hanzi, group, phonetic = row.split()
    assert group in TABLE.groups(hanzi)
    assert any(line.split("\t")[::2] == [hanzi, "諧聲"] and line.endswith(phonetic) for line in TABLE_LINES)


def test_most_of_what_is_written_today_has_a_tone():
    level_1 = [
        bytes([a, b]) for a in range(0xB0, 0xD8) for b in range(0xA1, 0xFF)
    ]  # of GB 2312, its commonest
    hanzi = [convert(each.decode("gb2312"), "s2t") for each in level_1 if each < b"\xd7\xfa"]
    assert len(hanzi) == 3755
    unknown = {each for each in hanzi if not TABLE.tones(each)}
    assert unknown == set("甭泵歹掂碉丟硷卡趴乓耪醛叄歪喲")


def test_what_the_book_alone_has_is_disputed_or_gone():
    """Each row of source 廣韻 names the groups that it has; none of them is among those called in question."""
    rows = [line.split("\t") for line in TABLE_LINES if "\t廣韻\t" in line]
    assert len(rows) > 500
    for hanzi, changes, _, evidence in (row for row in rows if len(row) == 4):
        questioned = {change[1:] for change in changes.split() if change[0] in "-?"}
        assert not questioned & set(evidence.split(";")[0].split()), hanzi
