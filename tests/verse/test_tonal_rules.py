"""The judge of tones: each rule by its own example, and agreement with the templates it never looks at."""

import ast
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.poem.form import parse_form
from poetgen.verse import check, report, rhyme_rules, tonal_line, tonal_rules
from poetgen.verse.report import Finding
from poetgen.verse.rhyme_books import LEVEL, OBLIQUE
from poetgen.verse.templates import MODES, RELAXED, STRICT, templates
from poetgen.verse.tonal_rules import ToneOptions, is_kept, judge_tones

FORMS = [parse_form(name) for name in ("五絕", "七絕", "五律", "七律", "五言排律五韻", "七言排律六韻")]
TEMPLATES = [template for form in FORMS for template in templates(form)]
FLIPPED = {LEVEL: OBLIQUE, OBLIQUE: LEVEL}


def poem(*lines):
    """Tones of one reading; 中 may be either. Even lines must end level."""
    options = tuple(tuple(OBLIQUE + LEVEL if tone == "中" else tone for tone in line) for line in lines)
    wanted = ["", *((OBLIQUE, LEVEL)[k % 2] for k in range(1, len(lines)))]
    return ToneOptions(options, wanted)


def faults(*lines, strict=False):
    return [
        (each.name, each.line, each.position) for each in judge_tones(poem(*lines), strict=strict).findings
    ]


def notes(*lines):
    return [(each.name, each.line, each.position) for each in judge_tones(poem(*lines)).notes]


REGULAR = ("仄仄平平仄", "平平仄仄平", "平平平仄仄", "仄仄仄平平")


def test_a_template_has_no_fault():
    assert faults(*REGULAR) == faults(*REGULAR, strict=True) == notes(*REGULAR) == []


@pytest.mark.parametrize(
    ("line", "pattern", "fault"),
    [
        (1, "仄平平仄仄", ("失對", 2, 2)),
        (2, "仄平仄仄平", ("孤平", 2, 2)),
        (2, "平平仄平平", ("不合律", 2, 4)),
        (2, "平平仄仄仄", ("不合律", 2, 5)),
        (3, "仄仄平平仄", ("失粘", 3, 2)),
        (3, "平平平仄平", ("不合律", 3, 5)),
        (3, "仄平仄平平", ("不合律", 3, 4)),
        (4, "仄仄平平平", ("三平調", 4, 3)),
        (1, "仄仄平仄仄", ("失救", 1, 4)),
    ],
)
def test_each_fault_is_told_with_its_place(line, pattern, fault):
    lines = [*REGULAR[: line - 1], pattern, *REGULAR[line:]]
    assert fault in faults(*lines)


# Lines put in from this one on, and what is told of them: a name, a line, a place, and a sentence. Of lines of
# seven the last five are these, and the place and every ordinal in the sentence are two further.
TOLD = [
    (1, ["仄平平仄仄"], "失對", 2, None, "the 2nd is {tone}, the same as in line 1"),
    (3, ["仄仄平平仄"], "失粘", 3, None, "the 2nd is {tone}, unlike in line 2"),
    (2, ["仄平仄仄平"], "孤平", 2, 2, "仄平仄仄平 has one 平 beside its last"),
    (2, ["平平仄平平"], "不合律", 2, 4, "the {2} and {4} are both 平"),
    (2, ["平平仄仄仄"], "不合律", 2, 5, "this rhyming line ends in 仄, not 平"),
    (3, ["平平平仄平"], "不合律", 3, 5, "this unrhymed line ends in 平, not 仄"),
    (4, ["仄仄平平平"], "三平調", 4, 3, "the line ends in 平平平"),
    (
        1,
        ["仄仄平仄仄"],
        "失救",
        1,
        4,
        "{line} has 仄 for 平 at the {4}, and line 2 answers without 平 at its {3}",
    ),
    (3, ["平平仄平仄"], "特拗", 3, 3, "平平仄平仄 for 平平平仄仄"),
    (3, ["仄平仄平仄"], "特拗首仄", 3, 1, "仄平仄平仄: 特拗 with 仄 for 平 at the {1}"),
    (1, ["仄仄仄平仄", "平平平仄平"], "小拗", 1, 3, "對句救: compensated for by 平 at the {3} of line 2"),
    (1, ["仄仄平仄仄", "平平平仄平"], "大拗", 1, 4, "對句救: compensated for by 平 at the {3} of line 2"),
    (2, ["仄平平仄平"], "孤平拗救", 2, 3, "仄平平仄平: the {3} compensates for the {1}"),
    (3, ["平平仄仄仄"], "三仄尾", 3, 3, "the line ends in 仄仄仄"),
]
ORDINALS = ("", "1st", "2nd", "3rd", "4th", "5th", "6th", "7th")


@pytest.mark.parametrize("length", [5, 7])
@pytest.mark.parametrize(("at", "fives", "name", "line", "place", "sentence"), TOLD)
def test_what_is_found_is_told_in_full(at, fives, name, line, place, sentence, length):
    shift = length - 5
    fives = [*REGULAR[: at - 1], *fives, *REGULAR[at - 1 + len(fives) :]]
    lines = [FLIPPED[five[1]] * shift + five for five in fives]
    judged = judge_tones(poem(*lines))
    there, ordinals = lines[line - 1], [ORDINALS[min(k + shift, 7)] for k in range(6)]
    told = sentence.format(*ordinals, line=there, tone=there[1])
    assert Finding(name, line, place + shift if place else 2, told) in judged.findings + judged.notes


@pytest.mark.parametrize("line", ["平仄平平仄", "仄仄仄平仄"])
def test_first_and_third_are_free_unless_strict(line):
    assert faults(line, *REGULAR[1:]) == []
    assert faults(line, *REGULAR[1:], strict=True)


def test_what_is_strict_is_told_in_full():
    regular = ("平平仄仄平平仄", "仄仄平平仄仄平", "仄仄平平平仄仄", "平平仄仄仄平平")
    other = "{} stands before {}; strictly the two have one tone"
    found = judge_tones(
        poem("仄平平仄仄平仄", regular[1], "仄仄平平仄平仄", regular[3]), strict=True
    ).findings
    assert {finding for finding in found if finding.name == "不合律"} == {
        Finding("不合律", 1, 1, other.format("仄", "平")),
        Finding("不合律", 1, 3, other.format("平", "仄")),
        Finding("不合律", 1, 5, "仄 is also the tone that ends the line"),
        Finding("不合律", 3, 5, "仄 is also the tone that ends the line"),
        Finding("不合律", 3, 6, "the 4th and 6th are both 平"),
    }
    crossed = judge_tones(poem(*regular[:2], "仄仄仄仄平仄仄", regular[3])).findings
    assert Finding("不合律", 3, 4, "the 2nd and 4th are both 仄") in crossed


@pytest.mark.parametrize(
    ("line", "patterns", "note"),
    [
        (3, ["平平仄平仄"], ("特拗", 3, 3)),
        (3, ["仄平仄平仄"], ("特拗首仄", 3, 1)),
        (1, ["仄仄仄平仄", "平平平仄平"], ("小拗", 1, 3)),
        (2, ["仄平平仄平"], ("孤平拗救", 2, 3)),
        (3, ["平平仄仄仄"], ("三仄尾", 3, 3)),
        (1, ["仄仄平仄仄", "平平平仄平"], ("大拗", 1, 4)),
        (1, ["仄仄仄仄仄", "仄平平仄平"], ("大拗", 1, 4)),
    ],
)
def test_a_licence_is_noted_and_not_strict(line, patterns, note):
    lines = [*REGULAR[: line - 1], *patterns, *REGULAR[line - 1 + len(patterns) :]]
    assert faults(*lines) == []
    assert note in notes(*lines)
    assert faults(*lines, strict=True)


def test_in_lines_of_seven_places_count_from_their_head():
    regular = ("平平仄仄平平仄", "仄仄平平仄仄平", "仄仄平平平仄仄", "平平仄仄仄平平")
    assert faults(*regular, strict=True) == []
    assert faults(regular[0], "仄仄仄平仄仄平", *regular[2:]) == [("孤平", 2, 4)]
    assert faults(*regular[:3], "平平仄仄平平平") == [("三平調", 4, 5)]
    assert faults(*regular[:2], "仄仄仄仄平仄仄", regular[3])[0] == ("不合律", 3, 4)
    assert faults(*regular[:2], "仄仄平平仄平仄", regular[3]) == []


def test_a_two_tone_character_is_read_as_it_fits():
    found = judge_tones(poem("仄仄平平仄", "平平仄仄平", "平平平仄仄", "仄中仄平平"))
    assert found.findings == ()
    assert found.patterns[3] == "仄仄仄平平"
    assert found.as_good[3] == tuple("仄仄仄平平")


def test_a_free_place_stays_open():
    assert judge_tones(poem("中仄平平仄", *REGULAR[1:])).as_good[0][0] == OBLIQUE + LEVEL


def test_a_licence_that_strict_poets_shun_is_the_last_to_be_taken():
    found = judge_tones(poem("中平仄平仄", "平仄仄平平", "平仄平平仄", "平平平仄平"))
    assert [note.name for note in found.notes] == ["特拗"]


def test_a_shunned_end_is_read_so_only_where_it_must_be():
    lines = poem("平平仄仄中", "仄仄仄平平", "仄仄平平仄", "平平仄仄平")
    for shunned in (LEVEL, OBLIQUE):
        other = ToneOptions(lines.lines, lines.ends, shunned=shunned)
        assert judge_tones(other).patterns[0][-1] == FLIPPED[shunned]
    must = poem("仄仄仄平中", "平平仄仄平", *REGULAR[2:])
    kept = judge_tones(ToneOptions(must.lines, must.ends, shunned=LEVEL))
    assert kept.patterns[0][-1] == OBLIQUE, "仄仄仄平仄 is a line too"


def test_a_shunned_end_outweighs_any_number_of_seldom_readings():
    # each line is either of a poem that begins level, by its usual readings, or of one that begins oblique
    usual = ("平平仄仄平", "仄仄仄平平", "仄仄平平仄", "平平仄仄平")
    other = ("仄仄平平仄", "平平仄仄平", "平平平仄仄", "仄仄仄平平")
    lines = tuple(
        tuple("".join(sorted({*pair})) for pair in zip(*both, strict=True))
        for both in zip(usual, other, strict=True)
    )
    seldom = tuple(
        tuple(b if a != b else "" for a, b in zip(*both, strict=True))
        for both in zip(usual, other, strict=True)
    )
    ends = ("", LEVEL, OBLIQUE, LEVEL)
    assert judge_tones(ToneOptions(lines, ends, seldom=seldom)).patterns == usual
    shunned = judge_tones(ToneOptions(lines, ends, shunned=LEVEL, seldom=seldom))
    assert shunned.findings == () and shunned.patterns[0][-1] == OBLIQUE


@cache
def couplets(form, mode):
    return [template.couplets(mode) for template in templates(form)]


def fits(couplet, allowed):
    """Whether some reading of a couplet's characters is among the patterns allowed."""
    if all(len(some) == 1 for some in couplet):
        return "".join(couplet) in allowed
    return any(all(tone in some for tone, some in zip(pattern, couplet, strict=True)) for pattern in allowed)


def agree(form, options, mode):
    """Judge and templates say the same of a poem whose characters have these tones; returns what they say."""
    pairs = [options[k] + options[k + 1] for k in range(0, len(options), 2)]
    by_template = any(all(map(fits, pairs, allowed)) for allowed in couplets(form, mode))
    wanted = ["", *((OBLIQUE, LEVEL)[k % 2] for k in range(1, len(options)))]
    tones, strict = ToneOptions(options, wanted), mode == STRICT
    found = judge_tones(tones, strict=strict)
    # the judge allows one licence that nobody need write
    is_late = any(note.name == "特拗首仄" for note in found.notes)
    assert (not found.findings) == is_kept(tones, strict=strict)
    assert (not found.findings and not is_late) == by_template
    return by_template


@pytest.mark.parametrize("mode", MODES)
@given(data=st.data())
def test_judge_and_templates_agree_near_a_template(mode, data):
    template = data.draw(st.sampled_from(TEMPLATES))
    lines = [list(line.pattern) for line in template.lines]
    places = st.tuples(
        st.integers(0, len(lines) - 1),
        st.integers(0, len(lines[0]) - 1),
        st.sampled_from(["flip", "either"]),
    )
    for line, place, how in data.draw(st.lists(places, max_size=8)):
        tone = lines[line][place]
        lines[line][place] = OBLIQUE + LEVEL if how == "either" else FLIPPED.get(tone, tone)
    agree(template.form, tuple(map(tuple, lines)), mode)


@pytest.mark.parametrize("form", FORMS[:2], ids=lambda form: form.name)
@given(data=st.data())
def test_judge_and_templates_agree_on_anything(form, data):
    tones = st.sampled_from([LEVEL, OBLIQUE, OBLIQUE + LEVEL])
    line = st.tuples(*[tones] * form.line_length)
    agree(form, data.draw(st.tuples(*[line] * form.line_count)), data.draw(st.sampled_from(MODES)))


AFTER = {  # a couplet that adheres to a line with this second tone
    5: {"平": ("平平平仄仄", "仄仄仄平平"), "仄": ("仄仄平平仄", "平平仄仄平")},
    7: {"平": ("平平仄仄平平仄", "仄仄平平仄仄平"), "仄": ("仄仄平平平仄仄", "平平仄仄仄平平")},
}


@pytest.mark.parametrize(("length", "heads"), [(5, [""]), (7, ["平平", "平仄"])])
def test_judge_and_templates_agree_on_every_couplet(length, heads):
    """All 2^10 couplets of 5, with heads of 7 before them: 42 are left by 一三五不論, 特拗 and 大拗."""
    form = parse_form("五絕" if length == 5 else "七絕")
    lines = [(*head, *five) for head in heads for five in product("平仄", repeat=5)]
    passed = [
        agree(form, (first, second, *map(tuple, AFTER[length][second[1]])), RELAXED)
        for first, second in product(lines, lines)
        if length == 5 or first[1] != second[1]
    ]
    assert sum(passed) == 42


@given(st.data())
def test_no_reading_has_fewer_faults_than_the_one_judged(data):
    tones = st.sampled_from([LEVEL, OBLIQUE, LEVEL, OBLIQUE, OBLIQUE + LEVEL])
    options = data.draw(st.tuples(*[st.tuples(*[tones] * 5)] * 4))
    wanted = ["", LEVEL, OBLIQUE, LEVEL]
    found = judge_tones(ToneOptions(options, wanted))
    assert all(
        tone in some
        for pattern, line in zip(found.patterns, options, strict=True)
        for tone, some in zip(pattern, line, strict=True)
    )
    flat = [tone for line in options for tone in line]
    fewest = len(found.findings)
    if sum(len(tone) == 2 for tone in flat) <= 6:
        readings = (tuple(reading[k : k + 5] for k in range(0, 20, 5)) for reading in product(*flat))
        fewest = min(len(judge_tones(ToneOptions(reading, wanted)).findings) for reading in readings)
    assert len(found.findings) == fewest
    for pattern, options_left in zip(found.patterns, found.as_good, strict=True):
        assert all(tone in some for tone, some in zip(pattern, options_left, strict=True))


@pytest.mark.parametrize(
    "module", [check, rhyme_rules, tonal_line, tonal_rules, report], ids=lambda module: module.__name__
)
def test_the_judge_looks_no_template_up(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
    assert "poetgen.verse.templates" not in imported


def test_each_cost_outweighs_all_that_a_regulated_poem_can_have_of_the_next():
    lines, hanzi = 8, 56
    assert tonal_rules._FAULT > tonal_rules._SHUNNED > hanzi * tonal_rules._SELDOM
    assert tonal_rules._SELDOM > tonal_rules._BORROWED > lines * tonal_rules._LATE
    assert lines * tonal_rules._LICENCE < tonal_rules._LATE
