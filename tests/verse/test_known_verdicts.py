"""Poems and characters whose verdict is known from elsewhere: commentaries, 廣韻, 詩韻 with notes of sense.

known_verdicts.txt has poems that commentaries judge; the others were found where a judge went wrong.
"""

import re
from pathlib import Path

import pytest

from poetgen.script.opencc import to_simplified
from poetgen.verse.check import check_poem
from poetgen.verse.check_text import check as check_text
from poetgen.verse.rhyme_books import LEVEL, OBLIQUE
from poetgen.verse.rhymes import RhymeTable
from poetgen.verse.senses import Senses
from poetgen.writing.ranking import load_rare_tones

TABLE = RhymeTable.load()
KNOWN = [
    row.split("\t")
    for row in Path(__file__).with_name("known_verdicts.txt").read_text(encoding="utf-8").splitlines()
    if not row.startswith("#")
]


def lines_of(text):
    return re.findall("[^，。]+", text)


def verdict(report):
    """As the second column has it."""
    if report.is_old_style:
        return "="
    return " ".join(f"{fault.name}{fault.line}" for fault in report.broken) or "-"


@pytest.mark.parametrize(("title", "expected", "group", "text"), KNOWN, ids=[row[0] for row in KNOWN])
def test_poems_that_commentaries_judge(title, expected, group, text):
    report = check_poem(lines_of(text))
    assert (verdict(report), report.rhyme_group) == (expected, group)
    assert "不識" not in {note.name for note in report.notes}


@pytest.mark.parametrize(("title", "expected", "group", "text"), KNOWN, ids=[row[0] for row in KNOWN])
def test_simplified_characters_are_judged_alike(title, expected, group, text):
    report = check_text(to_simplified(text))
    assert (verdict(report), report.rhyme_group) == (expected, group)


# A poem, the character whose reading decides, its tone there, and who says so.
DECIDED = {
    "喜達行在所三": (
        "死去憑誰報，歸來始自憐。猶瞻太白雪，喜遇武功天。影靜千官裏，心蘇七校前。今朝漢社稷，新數中興年。",
        *("中", OBLIQUE, "廣韻 送, 詩韻 送"),
    ),
    "送鄭十八虔": (
        "鄭公樗散鬢成絲，酒後常稱老畫師。萬里傷心嚴譴日，百年垂死中興時。"
        "蒼惶已就長途往，邂逅無端出餞遲。便與先生應永訣，九重泉路盡交期。",
        *("中", OBLIQUE, "廣韻 送, 詩韻 送"),
    ),
    "將赴成都草堂": (
        "處處清江帶白蘋，故園猶得見殘春。雪山斥候無兵馬，錦里逢迎有主人。"
        "休怪兒童延俗客，不教鵝鴨惱比鄰。習池未覺風流盡，況復荊州賞更新。",
        *("比", LEVEL, "廣韻 脂, 詩韻 支"),
    ),
    "長安春遊": (
        "鳳城春報曲江頭，上客年年是勝遊。日暖雲山當廣陌，天清絲管在高樓。"
        "蘢蔥樹色分僊閣，縹緲花香汎御溝。桂壁朱門新邸第，漢家恩澤問酇侯。",
        *("酇", LEVEL, "廣韻 桓 歌, 詩韻 寒 歌"),
    ),
    "見王監兵馬使": (
        "雪飛玉立盡清秋，不惜奇毛恣遠遊。在野只教心力破，千人何事網羅求。"
        "一生自獵知無敵，百中爭能恥下韝。鵬礙九天須却避，兔藏三穴莫深憂。",
        *("中", OBLIQUE, "廣韻 送, 詩韻 送"),
    ),
    "春題湖上": (
        "湖上春來似畫圖，亂峰圍繞水平鋪。松排山面千重翠，月點波心一顆珠。"
        "碧毯線頭抽早稻，青羅帬帶展新蒲。未能拋得杭州去，一半句留是此湖。",
        *("句", LEVEL, "廣韻 侯: 句留, now 勾留"),
    ),
    "題破山寺後禪院": (
        "清晨入古寺，初日照高林。竹逕通幽處，禪房花木深。山光悅鳥性，潭影空人心。萬籟此都寂，但餘鐘磬音。",
        *("空", OBLIQUE, "廣韻 送, 詩韻 送: a verb"),
    ),
    "初到江州": (
        "泥埋劒戟終難久，水借蛟龍可在多。四十著緋軍司馬，男兒官職未蹉跎。",
        *("司", OBLIQUE, "洪邁, 容齋隨筆, of this line"),
    ),
    "觀夜戲": (
        "曾家機上聞投杼，尹氏園中見掇蜂。但以恩情生隙罅，何人不解作江充。",
        *("蜂", LEVEL, "廣韻 東"),
    ),
    "題木蘭院": (
        "上堂已了各西東，慚愧闍黎飯後鐘。三十年來塵撲面，如今始得碧紗籠。",
        *("籠", LEVEL, "廣韻 鍾"),
    ),
}


@pytest.mark.parametrize("title", DECIDED)
def test_a_reading_that_its_poem_needs_is_known(title):
    text, hanzi, tone, _ = DECIDED[title]
    report = check_poem(lines_of(text))
    assert verdict(report) == "-"
    read = [(line.text, line.tones) for line in report.lines if hanzi in line.text]
    assert tone in {tones[text.index(hanzi)] for text, tones in read}


# Characters of several readings in poems above, and the tone that sense and template both ask for.
READ = (
    "望廬山瀑布看平 閨怨教平 出塞教平 詠懷古跡三論平 九月九日憶山東兄弟思平 從軍行望仄 早春呈水部張十八員外勝平 "
    "春夜喜雨看平 春夜喜雨重仄 旅夜書懷應平 賦得古原草送別離平 烏衣巷燕仄 月夜看平 望月懷遠思平"
)


@pytest.mark.parametrize("case", READ.split())
def test_a_character_of_several_readings_is_shown_in_its_tone(case):
    title, hanzi, tone = case[:-2], case[-2], case[-1]
    (text,) = (text for own, _, _, text in KNOWN if own == title)
    (shown,) = (
        line.tones[line.text.index(hanzi)] for line in check_poem(lines_of(text)).lines if hanzi in line.text
    )
    assert shown == tone


# Culprits of poems that were wrongly faulted: the character, and the tone that had been dropped (廣韻, 詩韻).
DROPPED = (
    "中仄 沈仄 望平 王仄 帆仄 句平 衣仄 幾平 酇平 空仄 且平 親仄 跗平 凝仄 勞仄 氏平 閼平 比平 料平 嫣仄 不平"
)


@pytest.mark.parametrize("pair", DROPPED.split())
def test_no_reading_is_dropped_from_judging(pair):
    assert TABLE.tones(pair[0]) >= {pair[1]}


def test_the_lines_whose_readings_were_doubted():
    """蒼 is 平 in 蒼翠 (上聲 only in 莽蒼, 詩韻): 特拗, no 三仄尾; 乘 "ride" is 平 (詩韻: 駕乘), 車乘 仄."""
    wang_wei = (
        "寒山轉蒼翠，秋水日潺湲。倚杖柴門外，臨風聽暮蟬。渡頭餘落日，墟里上孤煙。復值接輿醉，狂歌五柳前。"
    )
    notes = check_poem(lines_of(wang_wei)).notes
    assert [note.name for note in notes if note.line == 1] == ["特拗"]
    cui_hao = (
        "昔人已乘黃鶴去，此地空餘黃鶴樓。黃鶴一去不復返，白雲千載空悠悠。"
        "晴川歷歷漢陽樹，芳草萋萋鸚鵡洲。日暮鄉關何處是，煙波江上使人愁。"
    )
    report = check_poem(lines_of(cui_hao))
    assert verdict(report).split() == ["不合律1", "不合律3", "三平調4"]
    assert report.lines[0].tones == "仄平仄平平仄仄"
    assert Senses.load().tone_beside("萬乘華山下", 1) == OBLIQUE


# A reading that texts of 平水韻 print and neither 廣韻 nor 詩韻 with notes has, most for a like character.
MISPRINTS = "衡冬 嬴支 鈴鹽 灣寒 禪寒 佳支 逢東 逢江 冢東 追灰 浮虞 乖支 壚魚 戍質 數沃 國屋 話禡"


@pytest.mark.parametrize("pair", MISPRINTS.split())
def test_a_misprint_does_not_rhyme(pair):
    hanzi, group = pair
    feet = [*[foot for foot in TABLE.members(group) if TABLE.groups(foot) == {group}][:3], hanzi]
    report = check_poem([line for foot in feet for line in ("春風千里去", f"江上一山{foot}")])
    assert report.rhyme_group == group
    assert {fault.name for fault in report.broken if fault.line == 8} & {"出韻", "不合律"}


def test_a_verse_on_misprints_is_off_rhyme_where_one_stands():
    """灣 is in 刪 alone; 繁 has 寒 too (馬腹帶, 詩韻), which nobody writes."""
    feet = "灣繁殘歡"
    report = check_poem([line for foot in feet for line in ("春風千里去", f"江上一山{foot}")])
    assert [fault.line for fault in report.broken if fault.name == "出韻"] == [2]
    assert TABLE.groups("繁", usual=True) == {"元"}


def test_what_only_looks_like_a_licence_is_none():
    """蝨 is 仄 where 特拗 has 平."""
    assert check_poem(["有時捫蝨獨搔首", "目送歸鴻籬下眠"]).notes == ()


WRONG_TONES = {LEVEL: "森優嗚熏紆韜醅豬涇呀塍娼晁逢衡", OBLIQUE: "矯冢俾甑嶮潦糾弛斐廡竝戌"}


@pytest.mark.parametrize("tone", WRONG_TONES)
def test_nothing_is_written_in_a_tone_of_a_misprint(tone):
    usual = {hanzi: TABLE.undisputed.tones(hanzi, usual=True) for hanzi in WRONG_TONES[tone]}
    assert {hanzi: tones for hanzi, tones in usual.items() if tones != {tone}} == {}


# Tones into which poems once forced a character for the template's sake.
FORCED = "離仄 間仄 華仄 當仄 昭仄 蒼仄 禪仄"


@pytest.mark.parametrize("pair", FORCED.split())
def test_a_tone_that_was_forced_is_written_no_more_or_costs(pair):
    hanzi, tone = pair
    is_written = tone in TABLE.undisputed.tones(hanzi, usual=True)
    assert not is_written or load_rare_tones().get(hanzi) == tone


@pytest.mark.parametrize("hanzi", "這她們嗎媽葡蝴嘴找拿躲桌糖扯吵烤胭戌稿菩蟋倏勤欣斤忻鄜襪")
def test_characters_of_today_and_of_famous_poems_are_known(hanzi):
    assert TABLE.groups(hanzi)


@pytest.mark.parametrize("feet", ["迴回", "閑閒", "臺台", "煙烟", "間間"])
@pytest.mark.parametrize("convert", [str, to_simplified])
def test_one_rhyme_in_two_spellings_is_told_in_either_script(feet, convert):
    text = f"明月滿天花自發，故人西去不曾{feet[0]}。江山萬里空相望，風雨十年獨自{feet[1]}。"
    assert "重韻" in {fault.name for fault in check_text(convert(text)).broken}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("涼風起天末，君子意如何。鴻雁幾時到，江湖秋水多。", 3),
        ("少小離家老大回，鄉音難改鬢毛衰。兒童相見不相識，笑問客從何處來。", 3),
    ],
)
def test_a_compensated_licence_is_named(text, line):
    assert ("小拗", line) in {(note.name, note.line) for note in check_poem(lines_of(text)).notes}


@pytest.mark.parametrize(
    "text",
    ["昔聞洞庭水，今上岳陽樓。吳楚東南坼，乾坤日夜浮。", "故人具雞黍，邀我至田家。綠樹村邊合，青山郭外斜。"],
)
def test_a_licence_that_begins_oblique_is_named_and_no_fault(text):
    report = check_poem(lines_of(text))
    assert report.holds
    assert [note.name for note in report.notes if note.line == 1] == ["特拗首仄"]
