"""poetgen.check: one poem as it is typed."""

import pytest

import poetgen
from poetgen.errors import PoetgenError

POEM = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"
SIMPLIFIED = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"


@pytest.mark.parametrize("text", [POEM, "登鸛雀樓\n" + POEM, SIMPLIFIED, POEM.replace("，", "，\n")])
def test_a_poem_is_judged_however_it_is_typed(text: str) -> None:
    report = poetgen.check(text)
    assert report.holds
    assert (report.form and report.form.name, report.rhyme_group) == ("五絕", "尤")


def test_a_report_prints_as_a_verdict() -> None:
    assert str(poetgen.check(SIMPLIFIED)) == "五絕 · 仄起首句不入韻 · 尤韻 (平水韻) · keeps every rule"
    yangguan = poetgen.check("渭城朝雨浥轻尘，客舍青青杨柳春。劝君更尽一杯酒，西出阳关无故人。")
    assert str(yangguan).splitlines() == [
        "七絕 · 真韻 (平水韻) · breaks 1 rule: 失粘",
        "✗ 失粘  line 3, 君: the 2nd is 平, unlike in line 2",
    ]


def test_settings_are_those_of_the_command() -> None:
    assert not poetgen.check(POEM, form="七絕").holds
    assert poetgen.check(POEM, form="绝句").holds and poetgen.check(POEM, form="五言").holds
    assert not poetgen.check(POEM, form="律詩").holds
    with pytest.raises(PoetgenError, match=r"did you mean 律詩.*or a shape such as 5x6$"):
        poetgen.check(POEM, form="律試")
    loose = "故人西辭黃鶴樓，煙花三月下揚州。孤帆遠影碧空盡，唯見長江天際流。"
    assert {fault.name for fault in poetgen.check(loose, tones="strict").broken} >= {"失對"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the text has no poems"),
        ("moon", "no hanzi in 'moon'"),
        (POEM + "\n\n" + POEM, "the text has 2 poems"),
    ],
)
def test_what_is_not_one_poem_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(PoetgenError, match=sentence):
        poetgen.check(text)


def test_a_mode_and_a_type_that_cannot_be_are_refused() -> None:
    with pytest.raises(PoetgenError, match="tones cannot be 'loose'; choose relaxed or strict"):
        poetgen.check(POEM, tones="loose")
    with pytest.raises(PoetgenError, match="text must be text, not 5"):
        poetgen.check(5)  # type: ignore[arg-type]
