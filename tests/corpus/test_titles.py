"""Titles cleaned by rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus.titles import LONGEST, RULES, TitleReport, clean_title
from poetgen.poem.poem import is_hanzi


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("春夜喜雨", "春夜喜雨"),
        ("帝京篇十首 一", "帝京篇"),
        ("道謁朱晦庵先生  其二", "道謁朱晦庵先生"),
        ("宮詞（第九十首）", "宮詞"),
        ("偈頌一百二十三首  其一二○", ""),
        ("輞川集二十首 鹿柴", "輞川集鹿柴"),
        ("予還自武林葺先人弊廬浄掃一室作小詩十五首 掃室", "掃室"),
        ("雜曲歌辭 楊柳枝", "楊柳枝"),
        ("郊廟歌辭 祭[太]社樂章 肅和", "祭太社樂章肅和"),
        ("次韵子由書王晉卿畫山水二首  其一", "子由書王晉卿畫山水"),
        ("賦得白日半西山", "白日半西山"),
        ("三茅觀置酒分韻得高字", "三茅觀置酒"),
        ("送王侍御歸江東", "送王侍御歸江東"),
        ("句 五", ""),
        ("無題", ""),
        ("樂府", "樂府"),
        ("二首", ""),
        ("十二詠 夢室", "十二詠夢室"),
        ("ABC，。", ""),
        ("", ""),
    ],
)
def test_what_a_title_says(raw: str, said: str) -> None:
    assert clean_title(raw) == said


@given(st.text(alphabet="春夜 　其二三十首次韻（）()[]句題樂府A，", max_size=50))
def test_only_a_few_hanzi_are_left_and_nothing_more_to_clean(raw: str) -> None:
    title = clean_title(raw)
    assert len(title) <= LONGEST
    assert all(map(is_hanzi, title))


def test_every_change_is_counted_by_its_rule() -> None:
    report = TitleReport()
    for raw in ("句", "春望", "秋興八首  其一"):
        clean_title(raw, report)
    values = report.to_dict()
    assert (values["titles"], values["kept"]) == (3, 2)
    changed = {name: rule["changed"] for name, rule in values["rules"].items() if rule["changed"]}
    assert changed == {"places": 1, "sizes": 1, "untitled": 1}
    assert values["rules"]["sizes"]["examples"] == [["秋興八首", "秋興"]]
    assert list(values["rules"]) == list(RULES)
