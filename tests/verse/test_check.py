"""Poems judged rule by rule: masterpieces that keep the rules, and those known to break them, with why."""

import json
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.errors import PromptError
from poetgen.poem.form import Form, parse_form
from poetgen.verse.check import RELAXED, STRICT, check_poem
from poetgen.verse.report import BROKEN, HOLDS, NOT_JUDGED, NOTES, RHYME_RULES, RULES, TONE_RULES
from poetgen.verse.rhyme_books import LEVEL, OBLIQUE, Reading
from poetgen.verse.rhyme_rules import RhymePositions
from poetgen.verse.rhymes import RhymeTable
from poetgen.verse.senses import Senses
from poetgen.verse.templates import templates

BOOK = RhymeTable.load(amended=False)

REGULAR = {
    "登鸛雀樓": ("白日依山盡，黃河入海流。欲窮千里目，更上一層樓。", "五絕", "尤", "仄起首句不入韻"),
    "八陣圖": ("功蓋三分國，名高八陣圖。江流石不轉，遺恨失吞吳。", "五絕", "虞", "仄起首句不入韻"),
    "樂遊原": ("向晚意不適，驅車登古原。夕陽無限好，只是近黃昏。", "五絕", "元", "仄起首句不入韻"),
    "楓橋夜泊": (
        "月落烏啼霜滿天，江楓漁父對愁眠。姑蘇城外寒山寺，夜半鐘聲到客船。",
        "七絕",
        "先",
        "仄起首句入韻",
    ),
    "早發白帝城": (
        "朝辭白帝彩雲間，千里江陵一日還。兩岸猨聲啼不盡，輕舟已過萬重山。",
        "七絕",
        "刪",
        "平起首句入韻",
    ),
    "春望": (
        "國破山河在，城春草木深。感時花濺淚，恨別鳥驚心。烽火連三月，家書抵萬金。白頭搔更短，渾欲不勝簪。",
        "五律",
        "侵",
        "仄起首句不入韻",
    ),
    "山居秋暝": (
        "空山新雨後，天氣晚來秋。明月松間照，清泉石上流。竹喧歸浣女，蓮動下漁舟。隨意春芳歇，王孫自可留。",
        "五律",
        "尤",
        "平起首句不入韻",
    ),
    "登高": (
        "風急天高猨嘯哀，渚清沙白鳥飛迴。無邊落木蕭蕭下，不盡長江衮衮來。"
        "萬里悲秋常作客，百年多病獨登臺。艱難苦恨繁霜鬢，潦倒新停濁酒桮。",
        "七律",
        "灰",
        "仄起首句入韻",
    ),
    "錦瑟": (
        "錦瑟無端五十絃，一絃一柱思華年。莊生曉夢迷蝴蝶，望帝春心託杜鵑。"
        "滄海月明珠有淚，藍田日暖玉生煙。此情可待成追憶，只是當時已惘然。",
        "七律",
        "先",
        "仄起首句入韻",
    ),
}

# What everybody knows to be irregular: the rules broken, and where.
IRREGULAR = {
    "靜夜思": (  # old style: two lines without alternation, no opposition, no adhesion
        "牀前看月光，疑是地上霜。舉頭望山月，低頭思故鄉。",
        {("不合律", 2), ("失對", 4), ("失粘", 3)},
    ),
    "黃鶴樓": (  # 乘 "ride" is 平; six oblique tones in a row, answered by three level ones
        "昔人已乘白雲去，此地空餘黃鶴樓。黃鶴一去不復返，白雲千載空悠悠。"
        "晴川歷歷漢陽樹，春草萋萋鸚鵡洲。日暮鄉關何處是，煙波江上使人愁。",
        {("不合律", 1), ("不合律", 3), ("三平調", 4)},
    ),
    "登金陵鳳凰臺": (  # two couplets do not adhere
        "鳳凰臺上鳳凰遊，鳳去臺空江自流。吳宮花草埋幽徑，晉代衣冠成古丘。"
        "三山半落青天外，二水中分白鷺洲。總爲浮雲能蔽日，長安不見使人愁。",
        {("失粘", 3), ("失粘", 5)},
    ),
    "滁州西澗": (  # 折腰體
        "獨憐幽草澗邊生，上有黃鸝深樹鳴。春潮帶雨晚來急，野渡無人舟自橫。",
        {("失粘", 3)},
    ),
    "渭城曲": (  # 折腰體
        "渭城朝雨浥輕塵，客舍青青楊柳春。勸君更盡一杯酒，西出陽關無故人。",
        {("失粘", 3)},
    ),
    "終南別業": (
        "中歲頗好道，晚家南山陲。興來每獨往，勝事空自知。行到水窮處，坐看雲起時。偶然值林叟，談笑無還期。",
        {("三平調", 2), ("三平調", 8), ("不合律", 2), ("不合律", 4)},
    ),
    "行宮": (  # 宗 is in 冬
        "寥落古行宮，宮花寂寞紅。白頭宮女在，閑坐說玄宗。",
        {("出韻", 4)},
    ),
    "回鄉偶書": (  # 衰 is in 支, whatever it is read as today
        "少小離家老大回，鄉音難改鬢毛衰。兒童相見不相識，笑問客從何處來。",
        {("出韻", 2)},
    ),
    "江南春": (  # 江 for 紅, as 全唐詩 has it
        "千里鶯啼綠映江，水村山郭酒旗風。南朝四百八十寺，多少樓臺煙雨中。",
        {("首句出韻", 1)},
    ),
}


def lines_of(text):
    return re.findall("[^，。]+", text)


def told(report):
    return {(finding.name, finding.line) for finding in report.broken}


@pytest.mark.parametrize("title", REGULAR)
def test_masterpieces_that_keep_every_rule(title):
    text, form, group, template = REGULAR[title]
    report = check_poem(lines_of(text))
    assert told(report) == set()
    assert report.holds
    assert report.rhymes_hold is report.tones_hold is True
    assert (report.form.name, report.rhyme_group, report.template) == (form, group, template)
    assert report.strictness == RELAXED
    assert [line.rhymes for line in report.lines][1::2] == [True] * (len(report.lines) // 2)
    assert report.lines[0].rhymes is not template.endswith("不入韻")


@pytest.mark.parametrize("title", IRREGULAR)
def test_masterpieces_that_do_not_and_why(title):
    text, broken = IRREGULAR[title]
    report = check_poem(lines_of(text))
    assert told(report) == broken
    assert not report.holds
    tones = {name for name, _ in broken} & TONE_RULES.keys()
    assert report.tones_hold is not bool(tones)
    assert report.strictness == report.template == None or not tones  # noqa: E711


def test_a_poem_that_keeps_every_place_of_its_template():
    report = check_poem(lines_of("紫府仙人號寶燈，雲漿未飲結成冰。如何雪月交光夜，更在瑤臺十二層。"))
    assert report.strictness == STRICT
    assert check_poem([line.text for line in report.lines], strict=True).holds


def test_strict_tells_each_place_that_relaxed_leaves_free():
    lines = lines_of(REGULAR["登鸛雀樓"][0])
    report = check_poem(lines, strict=True)
    assert [(fault.name, fault.line, fault.position) for fault in report.broken] == [("不合律", 3, 1)]
    assert report.strictness == RELAXED
    assert check_poem(lines_of(IRREGULAR["靜夜思"][0]), strict=True).strictness is None


def test_a_first_line_may_borrow_its_rhyme_from_a_neighbour():
    """杜牧, 清明, has the like: 紛 in 文, the others in 元."""
    lines = lines_of("清明時節雨紛紛，路上行人欲斷魂。借問酒家何處有，牧童遙指杏花村。")
    report = check_poem(lines)
    assert report.holds
    assert [(note.name, note.line, note.position) for note in report.notes if note.name == "鄰韻"] == [
        ("鄰韻", 1, 7)
    ]
    assert not report.lines[0].rhymes
    assert report.template == "平起首句入韻"


def test_a_rhyme_twice_is_a_fault_and_another_character_twice_a_note():
    lines = lines_of("白日依山盡，黃河入海流。欲窮千里目，更上一層樓。")
    report = check_poem([*lines[:3], "更上白雲流"])
    assert ("重韻", 4) in told(report)
    assert report.rhymes_hold is False
    repeated = [(note.line, note.position) for note in report.notes if note.name == "重字"]
    assert repeated == [(4, 3), (4, 5)]


@pytest.mark.parametrize("pair", ["迴回", "閑閒", "臺台"])
def test_two_spellings_are_one_rhyme_and_one_character(pair):
    group, other = ("刪", "山") if pair == "閑閒" else ("灰", "來")
    report = check_poem(["明月松間照", f"清泉石上{pair[0]}", f"春風人不{other}", f"日暮客歸{pair[1]}"])
    assert report.rhyme_group == group
    assert ("重韻", 4) in told(report)
    assert f"{pair[1]} ends line 2 too, spelled {pair[0]}" in [fault.reason for fault in report.broken]
    assert ("重字", 4) in {(note.name, note.line) for note in report.notes}


def test_a_rhyming_first_line_counts_among_the_rhymes():
    """早發白帝城 with 山 in its first line too."""
    lines = lines_of(REGULAR["早發白帝城"][0].replace("彩雲間", "彩雲山"))
    assert told(check_poem(lines)) == {("重韻", 4)}


def test_doubled_characters_are_no_repetition():
    report = check_poem(lines_of(REGULAR["登高"][0]))
    assert not [note for note in report.notes if note.name == "重字"]


def test_tone_and_rhyme_are_one_reading():
    """看 is level in 寒 and oblique in 翰: among rhymes in 寒 it is level."""
    lines = lines_of(
        "相見時難別亦難，東風無力百花殘。春蠶到死絲方盡，蠟炬成灰淚始乾。"
        "曉鏡但愁雲鬢改，夜吟應覺月光寒。蓬山此去無多路，青鳥殷勤爲探看。"
    )
    report = check_poem(lines)
    assert report.holds
    assert report.lines[7].tones[-1] == LEVEL
    assert report.lines[7].groups == ("寒",)


@pytest.mark.parametrize(("unknown", "place"), [("甭萄美酒夜光杯", 1), ("萄甭美酒夜光杯", 2)])
def test_what_the_table_does_not_know_fits_and_is_told(unknown, place):
    report = check_poem([unknown, *lines_of("欲飲琵琶馬上催。醉臥沙場君莫笑，古來征戰幾人回。")])
    assert report.lines[0].tones[place - 1] == "?"
    note = next(note for note in report.notes if note.name == "不識")
    assert (note.line, note.position) == (1, place)
    assert "甭" in note.reason


def test_an_unknown_end_rhymes_and_is_noted():
    table = RhymeTable({"東": (Reading(LEVEL, "東"),), "地": (Reading(OBLIQUE, "寘"),)})
    report = check_poem(["地地", "地東", "地地", "地無"], table=table)
    assert report.rules[0].status == HOLDS
    assert [(note.name, note.line) for note in report.notes] == [("不識", 4)]


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("千山鳥飛絕，萬逕人蹤滅。孤舟蓑笠翁，獨釣寒江雪。", "屑"),
        ("春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。", "篠"),
    ],
)
def test_an_oblique_rhyme_is_old_style_and_its_tones_are_not_judged(text, group):
    report = check_poem(lines_of(text))
    assert report.holds and report.is_old_style
    assert (report.rhyme_group, report.rhymes_hold, report.tones_hold) == (group, True, None)
    assert {rule.reason for rule in report.rules if rule.status == NOT_JUDGED} == {
        f"old style: it rhymes in {group}, which is oblique"
    }


@pytest.mark.parametrize(
    "text",
    [
        "昨夜雨疏風驟，濃睡不消殘酒。試問捲簾人，却道海棠依舊。知否，知否，應是綠肥紅瘦。",
        "明月幾時有，把酒問青天。不知天上宮闕，今夕是何年。",
    ],
)
def test_lines_of_unlike_length_are_not_judged(text):
    report = check_poem(lines_of(text))
    assert {rule.status for rule in report.rules} == {NOT_JUDGED}
    assert report.holds and report.rhyme_group is None and not report.is_old_style
    assert check_poem(lines_of(text), forms=[Form(5, 4)]).broken[0].name == "不合體"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (  # 杜甫, 登岳陽樓
            "昔聞洞庭水，今上岳陽樓。吳楚東南坼，乾坤日夜浮。親朋無一字，老病有孤舟。戎馬關山北，憑軒涕泗流。",
            ("特拗首仄", 1, 1),
        ),
        (  # 杜甫, 天末懷李白
            "涼風起天末，君子意如何。鴻雁幾時到，江湖秋水多。文章憎命達，魑魅喜人過。應共冤魂語，投詩贈汨羅。",
            ("小拗", 3, 3),
        ),
    ],
)
def test_licences_are_named(text, note):
    report = check_poem(lines_of(text))
    assert report.holds, told(report)
    assert note in [(each.name, each.line, each.position) for each in report.notes]


SELDOM = {  # regular poems that rest on a reading which poems seldom use, and the character
    "喜達行在所": (
        "死去憑誰報，歸來始自憐。猶瞻太白雪，喜遇武功天。影靜千官裏，心蘇七校前。今朝漢社稷，新數中興年。",
        "中",
    ),
    "送鄭十八虔": (
        "鄭公樗散鬢成絲，酒後常稱老畫師。萬里傷心嚴譴日，百年垂死中興時。"
        "蒼惶已就長途往，邂逅無端出餞遲。便與先生應永訣，九重泉路盡交期。",
        "中",
    ),
    "將赴成都草堂": (
        "處處清江帶白蘋，故園猶得見殘春。雪山斥候無兵馬，錦里逢迎有主人。"
        "休怪兒童延俗客，不教鵝鴨惱比鄰。習池未覺風流盡，況復荊州賞更新。",
        "比",
    ),
    "沈隱侯": ("我愛沈東陽，風流滿玉堂。春雲宮樹暗，夜雨郡樓涼。", "沈"),
    "旺": ("欲王關中久，今來自有真。江山千里夢，風雨十年人。", "王"),
    "相望": ("兩地相望久，三年一夢頻。江山千里月，風雨十年人。", "望"),
    "衣錦": ("何年身衣錦，一夜雪盈頭。欲問江南路，春風滿古樓。", "衣"),
}


@pytest.mark.parametrize("title", SELDOM)
def test_no_poem_is_faulted_for_a_reading_that_poems_seldom_use(title):
    text, hanzi = SELDOM[title]
    report = check_poem(lines_of(text))
    assert report.holds, told(report)
    found = {
        report.lines[note.line - 1].text[note.position - 1] for note in report.notes if note.name == "異讀"
    }
    assert set(hanzi) <= found


def test_a_reading_is_the_one_in_the_sense_of_its_line():
    """松下問童子: 去 "go" and 處 "place" are 御, not 語; 更 before 上 is "still more", 去聲."""
    report = check_poem(["松下問童子", "言師採藥去", "只在此山中", "雲深不知處"])
    assert report.rhyme_group == "御"
    assert check_poem(lines_of(REGULAR["登鸛雀樓"][0])).lines[3].tones == "仄仄入平平".replace("入", "仄")
    carriage = Senses.load().tone("萬乘華山下", 1)
    assert (carriage, Senses.load().tone("又乘黃鶴去", 1)) == ("仄", "平")


def test_where_the_sense_would_break_a_rule_the_other_reading_is_taken_and_told():
    """杜甫, 送鄭十八虔: 興 in 中興 is 平, though 中興 elsewhere is not what decides."""
    report = check_poem(lines_of(SELDOM["送鄭十八虔"][0]))
    assert report.holds
    assert "中 is read 仄 here" in " ".join(note.reason for note in report.notes if note.name == "異讀")


def test_a_reading_against_the_sense_is_told():
    """空 is 平 in most poems; in 潭影空人心 it is a verb, and 仄."""
    report = check_poem(
        lines_of(
            "清晨入古寺，初日照高林。竹逕通幽處，禪房花木深。"
            + "山光悅鳥性，潭影空人心。萬籟此都寂，但餘鐘磬音。"
        )
    )
    assert report.holds
    reasons = [note.reason for note in report.notes if note.name == "異讀"]
    assert reasons == ["空 is read 仄 here, where poems read it 平"]


def test_a_reading_against_the_sense_hides_no_fault_where_it_saves_no_poem():
    """昔人已乘黃鶴去: 乘 "ride" is 平, and only 仄 would make the line a 大拗."""
    report = check_poem(lines_of(IRREGULAR["黃鶴樓"][0].replace("白雲去", "黃鶴去", 1)))
    assert ("不合律", 1) in told(report)
    assert "異讀" not in {note.name for note in report.notes}


def test_modern_rhymes_know_no_old_senses():
    table = RhymeTable.load(book="新韻")
    lines = ["白日依山盡", "黃河入海流", "欲窮千里目", "更上一層樓"]
    assert not any("where poems read it" in note.reason for note in check_poem(lines, table=table).notes)


def test_a_usual_reading_is_taken_where_it_breaks_no_rule():
    """中 is 平 in 空山新雨中, whatever it is in 中興."""
    lines = lines_of("空山新雨後，天氣晚來秋。明月松中照，清泉石上流。")
    report = check_poem(lines)
    assert report.lines[2].tones == "平仄平平仄"
    assert not [note for note in report.notes if note.name == "異讀"]


def test_nothing_known_is_nothing_judged():
    report = check_poem(["甲乙", "丙丁", "戊己", "庚辛"], table=RhymeTable({}))
    assert {rule.status for rule in report.rules} == {NOT_JUDGED}
    assert report.rhymes_hold is report.tones_hold is report.rhyme_group is None
    assert report.holds


def test_the_book_alone_knows_less():
    """Poems rhyme 勤 in 真, the book has it in 文."""
    lines = lines_of("千山鳥飛盡，萬里日光新。孤舟蓑笠去，獨釣五湖勤。")
    assert check_poem(lines).rhymes_hold
    assert not check_poem(lines, table=BOOK).rhymes_hold


@pytest.mark.parametrize(
    "lines",
    [
        ["白日依山盡", "黃河入海流"] * 3,
        ["天地玄黃", "宇宙洪荒"] * 2,
    ],
)
def test_free_shapes_are_judged_for_rhyme_alone(lines):
    report = check_poem(lines)
    statuses = {rule.name: rule.status for rule in report.rules}
    assert {statuses[name] for name in (*TONE_RULES, "首句出韻")} == {NOT_JUDGED}
    assert NOT_JUDGED not in (statuses["出韻"], statuses["重韻"])
    assert all(rule.reason for rule in report.rules if rule.status == NOT_JUDGED)
    assert report.tones_hold is report.template is report.strictness is None
    assert all(len(line.tones) == len(line.text) for line in report.lines)


def test_one_even_line_rhymes_with_nothing():
    report = check_poem(["白日依山盡", "黃河入海流"])
    assert report.rhymes_hold is None


def test_the_form_asked_for():
    lines = lines_of(REGULAR["登鸛雀樓"][0])
    assert check_poem(lines, forms=[Form(5, 4)]).rules[0].status == HOLDS
    report = check_poem(lines, forms=[parse_form("七絕")])
    assert told(report) == {("不合體", None)}
    assert "五絕, not 七絕" in report.broken[0].reason
    assert check_poem(lines, forms=[Form(7, 4), Form(5, 4)]).holds
    octaves = check_poem(lines, forms=[Form(5, 8), Form(7, 8)])
    assert octaves.broken[0].reason == "a poem of the form 五絕, not 五律 or 七律"
    assert "different lengths" in check_poem([*lines, "樓"], forms=[Form(5, 5)]).broken[0].reason


@pytest.mark.parametrize("lines", [[], [""], ["白日", ""]])
def test_no_line_no_judgement(lines):
    with pytest.raises(PromptError, match="needs lines"):
        check_poem(lines)


HANZI = sorted(RhymeTable.load())
SOME = st.sampled_from(random.Random(7).sample(HANZI, 400)) | st.characters(
    min_codepoint=0x4E00, max_codepoint=0x9FFF
)


@given(st.lists(st.text(SOME, min_size=1, max_size=8), min_size=1, max_size=12), st.booleans())
def test_any_lines_give_a_report_that_is_json(lines, strict):
    report = check_poem(lines, strict=strict)
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()
    assert [line.text for line in report.lines] == lines
    assert [rule.name for rule in report.rules] == [*RHYME_RULES, *TONE_RULES]
    assert report.holds is not any(rule.status == BROKEN for rule in report.rules)
    for finding in (*report.broken, *report.notes):
        assert finding.gloss == (RULES | NOTES)[finding.name]
        assert finding.line is None or 1 <= finding.position <= len(lines[finding.line - 1])


@given(st.data(), st.sampled_from(["五絕", "七絕", "五律", "七律", "五言排律五韻"]))
def test_a_poem_made_by_a_template_holds_and_is_named(data, name):
    """Characters of a table of our own, each of one tone; rhymes of one group, none twice."""
    template = data.draw(st.sampled_from(templates(parse_form(name))))
    patterns = [data.draw(st.sampled_from(sorted(allowed))) for allowed in template.couplets(RELAXED)]
    length = template.form.line_length
    tones = [pattern[k : k + length] for pattern in patterns for k in (0, length)]
    code = iter(range(0x4E00, 0x9FFF))
    readings = {}
    lines = []
    for line in tones:
        hanzi = [chr(next(code)) for _ in line]
        groups = ["東" if tone == LEVEL else "董" for tone in line]
        readings |= {
            char: (Reading(tone, group),) for char, tone, group in zip(hanzi, line, groups, strict=True)
        }
        lines.append("".join(hanzi))
    report = check_poem(lines, table=RhymeTable(readings), forms=[template.form])
    assert report.holds
    assert report.template == template.name
    assert [line.tones for line in report.lines] == tones
    is_strict = all(line.pattern == each for line, each in zip(template.lines, tones, strict=True))
    assert report.strictness == (STRICT if is_strict else RELAXED)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    "text",
    [  # whose other places let the first line end level alone, and oblique alone
        "紫府仙人玉寶甭，雲漿未飲結成冰。如何雪月交光夜，更在瑤臺十二層。",
        "白日依山甭，黃河入海流。遙憐千里目，更上一層樓。",
    ],
)
def test_an_unknown_end_of_the_first_line_breaks_nothing(text, strict):
    report = check_poem(lines_of(text), strict=strict)
    assert report.holds and (not strict or report.strictness == STRICT)


def test_of_groups_that_serve_as_many_lines_the_level_one_is_the_rhyme():
    # 月 stands first and is oblique; 東 is level
    lines = ["白日依山盡", "黃河入海月", "欲窮千里目", "更上一層東"]
    assert RhymePositions(lines, RhymeTable.load()).group == "東"
    lines[1], lines[3] = lines[3], lines[1]
    assert RhymePositions(lines, RhymeTable.load()).group == "東"
