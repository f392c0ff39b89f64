"""A line rewritten: the others stay, the rules hold, the whole poem decides."""

import pytest

from poetgen.byhand.softmax import log_softmax
from poetgen.errors import ConfigError, PromptError
from poetgen.poem.poem import word_of
from poetgen.script.opencc import to_simplified
from poetgen.verse.check import check_poem
from poetgen.writing.rewriter import read_kept


@pytest.mark.parametrize(
    ("form", "line"),
    [("五絕", 1), ("五絕", 4), ("七絕", 2), ("七絕", 3), ("五律", 6), ("七律", 1), ("七律", 5)],
)
def test_the_others_stay_and_the_rules_hold(tang, form, line):
    poem = next(tang.write("山" if line > 1 else None, form=form, seed=line))
    first, second = tang.rewrite(poem.text, line, seed=3, count=2)
    for new in (first, second):
        assert new.lines[: line - 1] + new.lines[line:] == poem.lines[: line - 1] + poem.lines[line:]
        assert new.lines[line - 1] != poem.lines[line - 1]
        assert new.marks == poem.marks
        assert check_poem(new.corpus_lines).holds
    assert next(tang.rewrite(poem.text, line, seed=3)) == first
    assert first.log_probability == pytest.approx(whole(tang, first.text), abs=1e-3)


@pytest.mark.parametrize("form", ["七絕", "五律"])
def test_several_lines_are_written_one_after_another(tang, form):
    poem = next(tang.write("山", form=form, seed=1))
    for new in tang.rewrite(poem.text, [4, 3], seed=3, count=2):
        assert new.lines[:2] + new.lines[4:] == poem.lines[:2] + poem.lines[4:]
        assert poem.lines[2] != new.lines[2] and poem.lines[3] != new.lines[3]
        assert check_poem(new.corpus_lines).holds
        third = (*poem.lines[:2], new.lines[2], *poem.lines[3:])
        assert new.log_probability == pytest.approx(whole(tang, new.text), abs=1e-3)
        assert any(third == one.lines for one in tang.rewrite(poem.text, 3, seed=3, count=2))


def test_a_line_that_is_new_in_spelling_or_in_one_word_alone_is_not_taken(tang):
    kept = "山色濃於霧，谿煙澹似雲。松根如有鼻，不是卷簾聞。"
    for seed, begins in ((2510150181, ""), (2, "溪煙"), (7, "溪煙")):  # 溪煙淡似雲 suits the poem best
        (new,) = tang.rewrite(kept, 2, seed=seed, begins=begins)
        words = zip(new.corpus_lines[1], "谿煙澹似雲", strict=True)
        assert sum(word_of(one) != word_of(other) for one, other in words) > 1


def whole(tang, text):
    """The log-probability of a poem and its end, read character by character."""
    logits, _, total = tang.model.network.follow(text)
    return total + float(log_softmax(logits)[0, tang.model.vocabulary.end])


def test_of_several_the_one_is_taken_that_suits_the_whole_poem(tang):
    poem = next(tang.write("月", form="五絕", seed=1))
    alone = [next(tang.rewrite(poem.text, 2, seed=seed, best_of=1)) for seed in range(4)]
    best = [next(tang.rewrite(poem.text, 2, seed=seed, best_of=16)) for seed in range(4)]
    assert sum(new.rank.score for new in best) > sum(new.rank.score for new in alone)


def test_what_was_typed_is_kept_as_it_was_typed(tang):
    typed = "床前看月光，疑是地上霜？举头望山月；低头思故乡！"
    new = next(tang.rewrite(typed, 3, seed=1))
    assert [new.lines[k] for k in (0, 1, 3)] == ["床前看月光", "疑是地上霜", "低头思故乡"]
    assert new.marks == "，？，。"
    assert new.script == "simplified"
    assert to_simplified(new.lines[2]) == new.lines[2]


def test_a_line_begins_as_asked(tang):
    poem = next(tang.write("月", form="七絕", seed=2))
    new = next(tang.rewrite(poem.text, 3, begins="风", seed=1, script="traditional"))
    assert new.lines[2].startswith("風")


def test_a_line_may_be_given_whole(tang):
    poem = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"
    new = next(tang.rewrite(poem, 2, begins="長河入海流", seed=1))
    assert new.text == poem.replace("黃", "長")


WEI = "渭城朝雨浥輕塵，客舍青青柳色新。勸君更盡一杯酒，西出陽關無故人。"
JING = "牀前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。"
DENG = "白日依山盡，黃河入海流。欲窮千里目，更上一一樓。"  # ends in 仄入入平


@pytest.mark.parametrize(
    ("poem", "line", "broken"),
    [
        *((WEI, line, {"失粘"}) for line in (1, 2, 3, 4)),
        (JING, 3, {"不合律"}),
        (JING, 4, {"不合律", "失粘"}),
        *((DENG, line, {"不合律"}) for line in (1, 2, 3)),
        (DENG, 4, set()),
    ],
)
def test_a_kept_line_that_fits_no_template_gives_up_its_own_tones_alone(tang, poem, line, broken):
    for new in tang.rewrite(poem, line, seed=1, count=2):
        report = check_poem(new.corpus_lines)
        assert {finding.name for finding in report.broken} == broken
        assert line not in {finding.line for finding in report.broken} - {3}  # 失粘 is told at line 3


def test_where_the_beginning_of_the_line_fits_none_either_the_tones_give_way(tang):
    new = next(tang.rewrite(WEI, 3, begins="一日十", seed=1))
    assert new.lines[2].startswith("一日十") and check_poem(new.corpus_lines).rhymes_hold


def test_lines_that_keep_no_rule_ask_for_none(tang):
    new = next(tang.rewrite("大江東去，浪淘盡，千古風流人物。", 2, seed=1))
    assert (new.lines[0], len(new.lines[1]), new.lines[2]) == ("大江東去", 3, "千古風流人物")
    bad = "花花花花花，山山山山山。水水水水水，月月月月月。"
    assert len(next(tang.rewrite(bad, 2, seed=1)).lines[1]) == 5


@pytest.mark.parametrize(
    ("poem", "line", "settings", "message"),
    [
        ("月落烏啼，霜滿天。", 3, {}, "there is no line 3 to rewrite; the poem has 2"),
        ("月落烏啼，霜滿天。", 0, {}, "there is no line 0 to rewrite"),
        ("月落烏啼，霜滿天。", [1, 3], {}, "there is no line 3 to rewrite; the poem has 2"),
        ("月落烏啼，霜滿天。", ["1"], {}, "there is no line 1 to rewrite"),
        ("月落烏啼，霜滿天。", [], {}, "say which line to rewrite"),
        ("月落烏啼，霜滿天。", "1", {}, "line must be a whole number or a list"),
        ("", 1, {}, "give one poem to keep, not 0"),
        ("白日依山盡，黃河入海流。欲窮千里目，更上一層樓。\n\n" * 2, 1, {}, "give one poem to keep, not 2"),
        ("moon rises, sun sets.", 1, {}, "no hanzi"),
        (
            "月落烏啼，霜滿天。",
            2,
            {"begins": "江楓漁火"},
            "line 2 has 3 hanzi, and '江楓漁火' has 4; shorten it",
        ),
        ("月落烏啼，霜滿天。", 1, {"best_of": 0}, "best-of must be 1 to"),
    ],
)
def test_bad_input_is_refused_before_the_first(tang, poem, line, settings, message):
    with pytest.raises((ConfigError, PromptError), match=message):
        tang.rewrite(poem, line, **settings)


def test_marks_are_read_where_each_line_has_one():
    assert read_kept("《夜》月落，烏啼？霜滿，天寒！", [1]) == (("月落", "烏啼", "霜滿", "天寒"), "，？，。")
    assert read_kept("月落烏啼霜滿天 江楓漁火對愁眠", [1])[1] == "，。"
