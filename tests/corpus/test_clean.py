import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus.clean import RULES, CleaningReport, Unusable, clean
from poetgen.poem.lineation import split_lines
from poetgen.poem.poem import MARKS, is_hanzi

VERSE = "白日依山盡，黃河入海流。"


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("forms", "白 日依山盡，\u3000黃河入海流。", VERSE),
        ("forms", "白⽇依山盡，黃河入海流。", VERSE),
        ("notes", "白日（一作「月」）依山盡，黃河入海流。（《樂府》卷九（補））", VERSE),
        ("notes", "白日依山盡，〖1〗黃河入海流。(同前)", VERSE),
        ("quotes", "「白日依山盡，黃河《入海》流。」", VERSE),
        ("restored", "[白]日依山盡，黃河入［海］流。", VERSE),
        ("page-numbers", "白日依山盡，--七○七--黃河入海流。", None),
        ("page-numbers", "白日依山盡，-12-黃河入海流。34", VERSE),
        ("marks", "白日依山盡、黃河入海流！。", VERSE),
        ("marks", "，白日依山盡：黃河入海流", VERSE),
        ("marks", "白日依山盡，黃河入海流，", VERSE),
        ("lacunae", "白日依□盡，黃河入海流。", None),
        ("lacunae", "白日依囗盡，黃河入海流。", None),
        ("lacunae", "白日依{𥫗/戢}盡，黃河入海流。", None),
        ("lacunae", "白日依山盡，……黃河入海流。", None),
        ("lacunae", "白日依山盡，...黃河入海流。", None),
        ("notes", "白日（一作〖1月）依山盡，黃河入海流。", VERSE),
        ("notes", "白日依山盡（一作，黃河入海流。", None),
        ("notes", "白日依山盡一作），黃河入海流。", None),
        ("notes", "白日（依山〖盡，黃河）入海〗流。", None),
        ("strays", "白日依\ue829盡，黃河入海流。", None),
        ("strays", "Ｂ白日依山盡，黃河入海流。", None),
        ("empty", "。", None),
        ("empty", "", None),
    ],
)
def test_each_rule_does_its_work_and_counts_it(rule, before, after):
    report = CleaningReport()
    assert clean(before, report, where="here") == after
    assert report.records == 1 and report.kept == (after is not None)
    if after is not None:
        assert report.rules[rule].changed == 1
        assert report.rules[rule].examples[0][0] == "here"
    else:
        dropped = {name: count.dropped for name, count in report.rules.items() if count.dropped}
        assert sum(dropped.values()) == 1
        assert rule in dropped or before.count("○")  # ○ in a number is a lacuna first


def test_questions_are_kept():
    assert clean("海內存知己？天涯若比鄰。", CleaningReport()) == "海內存知己？天涯若比鄰。"


@given(st.text(max_size=60))
def test_whatever_comes_in_a_kept_body_is_lines_of_hanzi_each_with_a_mark(raw):
    report = CleaningReport()
    body = clean(raw, report)
    assert sum(count.dropped for count in report.rules.values()) == (body is None)
    if body is not None:
        lines, marks = split_lines(body)
        assert "".join(line + mark for line, mark in zip(lines, marks, strict=True)) == body
        assert all(lines) and all(is_hanzi(char) for line in lines for char in line)
        assert set(marks) <= set(MARKS) and not body.endswith("，")


@given(st.text("白日依山盡黃河，。？！；：、（）〖〗[]「」□{} 1-", max_size=40))
def test_cleaning_twice_is_cleaning_once(raw):
    body = clean(raw, CleaningReport())
    if body is not None:
        report = CleaningReport()
        assert clean(body, report) == body
        assert not any(count.changed for count in report.rules.values())


def test_kept_falls_by_what_each_rule_drops():
    report = CleaningReport()
    for raw in (VERSE, "□。", "。", VERSE):
        clean(raw, report)
    rules = report.to_dict()["rules"]
    assert list(rules) == list(RULES)
    assert rules["lacunae"]["kept"] == 3 and rules["empty"]["kept"] == 2 == report.kept


def test_no_more_than_two_examples_a_rule():
    report = CleaningReport()
    for _ in range(5):
        clean("□", report)
    assert len(report.rules["lacunae"].examples) == 2


def test_examples_show_the_place_that_matters():
    report = CleaningReport()
    clean("日" * 50 + "（注）" + "月" * 50, report, where="change")
    clean("日" * 50 + "□" + "月" * 50, report, where="drop")
    clean("。", report, where="nothing")
    (change,), (drop,), (nothing,) = (report.rules[name].examples for name in ("notes", "lacunae", "empty"))
    assert change[0] == "change" and "日（注）月" in change[1] and "日月" in change[2]
    assert drop[0] == "drop" and "日□月" in drop[1] and all(len(text) < 40 for text in (*change, *drop))
    assert nothing == ["nothing", "。"]


def test_brackets_a_hundred_thousand_deep_are_quick():
    assert clean("（" * 100_000 + "）" * 100_000 + VERSE, CleaningReport()) == VERSE


@pytest.mark.parametrize("part", ["-", "1-", "[", "[一", "(", "()", "、", "□"])
def test_a_line_of_a_megabyte_is_as_quick_as_a_megabyte_of_lines(part):
    clean(
        "一" + part * (2**20 // len(part)), CleaningReport()
    )  # a rule that begins anew everywhere takes hours


def test_a_megabyte_of_strays_no_two_alike_is_dropped_at_the_first():
    with pytest.raises(Unusable) as dropped:
        RULES["strays"]("一" + "".join(map(chr, range(0xF0000, 0xFFFFE))) * 16)
    assert dropped.value.place == 1


@given(st.text("-1a 一"))
def test_page_numbers_go_with_the_dashes_around_them(text):
    assert RULES["page-numbers"](text) == re.sub("-*[0-9]+-*", "", text)


@pytest.mark.parametrize(
    ("mark", "read_as"), [*zip("、：,:", "，，，，", strict=True), *zip("；;！!.", "。。。。。", strict=True)]
)
def test_every_mark_is_read_as_the_one_it_stands_for(mark: str, read_as: str) -> None:
    assert clean(f"牀前明月光{mark}疑是地上霜。", CleaningReport()) == f"牀前明月光{read_as}疑是地上霜。"
