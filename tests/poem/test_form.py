"""Forms have names in both scripts, in pinyin and as shapes, and a text shows which one it has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.errors import PromptError
from poetgen.poem.form import FORMS, MOST_HANZI, MOST_LINES, Form, form_name, form_of, parse_form, parse_forms


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        *[
            (name, (5, 4))
            for name in ("五絕", "五绝", "五言絕句", "五言绝句", "wujue", "wǔjué", "WuJueJu", "5x4")
        ],
        *[
            (name, (7, 8))
            for name in ("七律", "七言律詩", "七言律诗", "qilü", "qilv", "qī lǜ", "qilu", "qiyanlushi")
        ],
        *[("七絕", (7, 4)), ("qijue", (7, 4)), ("wulü", (5, 8)), ("５Ｘ６", (5, 6)), ("5 × 6", (5, 6))],
        *[("五言排律", (5, 12)), ("七言排律", (7, 12)), ("五排", (5, 12)), ("wuyanpailü", (5, 12))],
        *[("五言排律12", (5, 24)), ("五排十二韻", (5, 24)), ("五排十二韵", (5, 24)), ("wupai12", (5, 24))],
        *[
            ("七排百韻", (7, 200)),
            ("七排一百韻", (7, 200)),
            ("五言排律五韻", (5, 10)),
            ("wupailu20", (5, 40)),
        ],
    ],
)
def test_names_in_many_spellings(text, shape):
    assert parse_form(text) == Form(*shape)


@pytest.mark.parametrize(
    "text", ["sonnet", "", "絕句", "五", "5x", "x4", "0x4", "5x0", "五絕4", "五言排律十十", "5x4x4"]
)
def test_an_unknown_form_is_told_what_exists(text):
    with pytest.raises(PromptError, match=r"unknown form .*五絕.*五言排律12.*5x6"):
        parse_form(text)


@pytest.mark.parametrize("text", ["21x4", "5x201", "9999x9999", "五排101", "五排" + "9" * 5000])
def test_a_poem_without_end_is_refused(text):
    with pytest.raises(PromptError, match=f"at most {MOST_LINES} lines of at most {MOST_HANZI}"):
        parse_form(text)


def test_a_short_pailu_is_refused():
    with pytest.raises(PromptError, match="at least 5 couplets, not 4"):
        parse_form("五言排律四韻")


@given(st.integers(1, MOST_HANZI), st.integers(1, MOST_LINES))
def test_every_form_is_named_so_that_it_can_be_asked_for(length, count):
    form = Form(length, count)
    assert parse_form(form.name) == form
    assert form_of(["月" * length] * count) == form


@given(st.text(max_size=12))
def test_any_text_is_a_form_or_an_error_in_one_sentence(text):
    try:
        form = parse_form(text)
    except PromptError as error:
        assert "\n" not in str(error)
    else:
        assert form.line_length > 0 < form.line_count


@pytest.mark.parametrize(
    ("shape", "regulated"),
    [
        *[(shape, True) for shape in FORMS.values()],
        *[((5, 10), True), ((7, 12), True), ((5, 200), True)],
        *[
            ((5, 6), False),
            ((5, 11), False),
            ((6, 4), False),
            ((4, 8), False),
            ((7, 2), False),
            ((5, 5), False),
        ],
    ],
)
def test_which_forms_have_rules_of_tone(shape, regulated):
    assert Form(*shape).regulated is regulated


def test_mixed_lines_have_no_form():
    assert form_of(["牀前明月光", "疑是地上"]) is None
    assert form_of([]) is None
    assert form_of(["", ""]) is None


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ((5, 4), "五絕"),
        ((7, 4), "七絕"),
        ((5, 8), "五律"),
        ((7, 8), "七律"),
        ((5, 10), "5x10"),
        (None, "雜言"),
    ],
)
def test_forms_have_names(shape, name):
    assert form_name(shape) == name


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("律诗", [(5, 8), (7, 8)]),
        ("律", [(5, 8), (7, 8)]),
        ("lǜshī", [(5, 8), (7, 8)]),
        ("绝句", [(5, 4), (7, 4)]),
        ("jueju", [(5, 4), (7, 4)]),
        ("五言", [(5, 4), (5, 8)]),
        ("七", [(7, 4), (7, 8)]),
        ("qiyan", [(7, 4), (7, 8)]),
        ("五言律诗", [(5, 8)]),
        ("5x6", [(5, 6)]),
        ("七言排律", [(7, 12)]),
    ],
)
def test_a_family_names_two_forms_and_a_form_one(name, forms):
    assert [(form.line_length, form.line_count) for form in parse_forms(name)] == forms


def test_an_unknown_form_is_answered_with_the_near_one_and_all_there_are():
    with pytest.raises(PromptError, match="did you mean 五絕, 五律, 五言\\?"):
        parse_forms("五决")
    with pytest.raises(PromptError, match="did you mean 律詩"):
        parse_forms("律試")
    with pytest.raises(PromptError, match="did you mean 五絕"):
        parse_form("五決")
    with pytest.raises(PromptError) as told:
        parse_forms("sonnet")
    assert all(name in str(told.value) for name in ("五絕", "絕句", "律詩", "五言", "5x6", "or free"))
