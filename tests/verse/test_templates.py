"""Templates follow from four types of line by 對 and 粘; what is allowed beside them is spelled out here."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.poem.form import Form, parse_form
from poetgen.verse.rhyme_books import LEVEL, OBLIQUE
from poetgen.verse.templates import (
    MODES,
    RELAXED,
    STRICT,
    LineType,
    couplet_patterns,
    opposite,
    templates,
)

FORMS = [parse_form(name) for name in ("五絕", "七絕", "五律", "七律", "五言排律六韻", "七言排律五韻")]
TEMPLATES = [template for form in FORMS for template in templates(form)]
TYPES = [
    LineType(length, start, end)
    for length in (5, 7)
    for start in (LEVEL, OBLIQUE)
    for end in (LEVEL, OBLIQUE)
]


def named(name: str, template: str) -> tuple[str, ...]:
    """The strict lines of one template."""
    found = next(each for each in templates(parse_form(name)) if each.name == template)
    return tuple(line.pattern for line in found.lines)


def spelled(*patterns: str) -> frozenset[str]:
    """中 is either tone: 中平 → 平平, 仄平."""
    found = {""}
    for pattern in patterns:
        heads = {""}
        for tone in pattern:
            heads = {head + each for head in heads for each in (LEVEL + OBLIQUE if tone == "中" else tone)}
        found |= heads
    return frozenset(found - {""})


# As every handbook prints them (王力, 詩詞格律, chapter 2).
def test_the_two_commonest_quatrains():
    assert named("五絕", "仄起首句不入韻") == ("仄仄平平仄", "平平仄仄平", "平平平仄仄", "仄仄仄平平")
    assert named("七絕", "平起首句入韻") == (
        "平平仄仄仄平平",
        "仄仄平平仄仄平",
        "仄仄平平平仄仄",
        "平平仄仄仄平平",
    )


def test_the_other_quatrains():
    assert named("五絕", "平起首句不入韻") == ("平平平仄仄", "仄仄仄平平", "仄仄平平仄", "平平仄仄平")
    assert named("五絕", "仄起首句入韻")[0] == "仄仄仄平平"
    assert named("五絕", "平起首句入韻")[0] == "平平仄仄平"
    assert named("七絕", "仄起首句入韻")[:2] == ("仄仄平平仄仄平", "平平仄仄仄平平")
    assert named("七絕", "仄起首句不入韻")[0] == "仄仄平平平仄仄"
    assert named("七絕", "平起首句不入韻")[0] == "平平仄仄平平仄"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: f"{each.form.name}-{each.name}")
def test_lines_alternate_oppose_and_adhere(template):
    lines = [line.pattern for line in template.lines]
    assert len(lines) == template.form.line_count
    assert {len(line) for line in lines} == {template.form.line_length}
    for line in lines:
        seconds = line[1::2]
        assert all(a != b for a, b in pairwise(seconds))
        assert not line.endswith((LEVEL * 3, OBLIQUE * 3))
    for k, (line, after) in enumerate(pairwise(lines)):
        assert (line[1] != after[1]) == (k % 2 == 0)
    ends = "".join(line[-1] for line in lines)
    assert ends[1::2] == LEVEL * (len(lines) // 2)
    assert ends[2::2] == OBLIQUE * (len(lines) // 2 - 1)
    assert template.name == f"{lines[0][1]}起首句{'入' if ends[0] == LEVEL else '不入'}韻"


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_each_form_has_four_templates_that_no_poem_can_share(form):
    names = [template.name for template in templates(form)]
    assert len(set(names)) == 4
    for mode in MODES:
        firsts = [template.couplets(mode)[0] for template in templates(form)]
        assert sum(map(len, firsts)) == len(frozenset().union(*firsts))


@pytest.mark.parametrize("shape", [(5, 6), (6, 4), (4, 8), (5, 11), (7, 2)])
def test_free_shapes_have_none(shape):
    assert templates(Form(*shape)) == ()


@pytest.mark.parametrize(
    ("line", "patterns"),
    [
        (LineType(5, OBLIQUE, OBLIQUE), ["中仄中平仄"]),
        (LineType(5, LEVEL, LEVEL), ["平平中仄平", "仄平平仄平"]),
        (LineType(5, LEVEL, OBLIQUE), ["中平中仄仄", "平平仄平仄"]),
        (LineType(5, OBLIQUE, LEVEL), ["中仄仄平平"]),
        (LineType(7, LEVEL, OBLIQUE), ["中平中仄中平仄"]),
        (LineType(7, OBLIQUE, LEVEL), ["中仄平平中仄平", "中仄仄平平仄平"]),
        (LineType(7, OBLIQUE, OBLIQUE), ["中仄中平中仄仄", "中仄平平仄平仄"]),
        (LineType(7, LEVEL, LEVEL), ["中平中仄仄平平"]),
    ],
    ids=str,
)
def test_what_each_type_may_be_without_its_couplets_help(line, patterns):
    assert line.patterns(RELAXED) == spelled(*patterns)
    assert line.patterns(STRICT) == {line.pattern}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("line", TYPES, ids=str)
def test_no_line_has_a_lone_level_or_three_at_its_end(line, mode):
    for pattern in line.patterns(mode):
        assert not pattern.endswith(LEVEL * 3)
        assert pattern[-5:] != "仄平仄仄平"
        assert pattern[1] == line.start
        assert pattern[-1] == line.end


# 野火燒不盡 春風吹又生; 向晚意不適 驅車登古原; 南朝四百八十寺 多少樓臺煙雨中
@pytest.mark.parametrize(
    "couplet", ["仄仄平仄仄平平平仄平", "仄仄仄仄仄平平平仄平", "平平仄仄仄仄仄平仄平平平仄平"]
)
def test_a_broken_line_is_made_good_by_its_answer(couplet):
    length = len(couplet) // 2
    first = LineType(length, couplet[1], OBLIQUE)
    second = LineType(length, opposite(couplet[1]), LEVEL)
    assert couplet in couplet_patterns(first, second, RELAXED)
    unsaved = couplet[:-3] + OBLIQUE + couplet[-2:]
    assert unsaved not in couplet_patterns(first, second, RELAXED)
    assert couplet not in couplet_patterns(first, second, STRICT)
    assert couplet[:length] not in first.patterns(RELAXED)


@given(st.sampled_from(TEMPLATES), st.data())
def test_couplets_hold_what_their_lines_allow(template, data):
    couplets = template.couplets(RELAXED)
    number = data.draw(st.integers(0, len(couplets) - 1))
    first, second = template.lines[2 * number : 2 * number + 2]
    a = data.draw(st.sampled_from(sorted(first.patterns(RELAXED))))
    b = data.draw(st.sampled_from(sorted(second.patterns(RELAXED))))
    assert a + b in couplets[number]
    assert template.couplets(STRICT)[number] == {first.pattern + second.pattern} <= couplets[number]
    assert all(pattern[len(a) :] in second.patterns(RELAXED) for pattern in couplets[number])
