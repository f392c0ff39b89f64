"""Nothing that was read is obeyed by a terminal, a Markdown page or a spreadsheet."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.printable import as_sentence, csv_cell, markdown_cell, printable

ANY = st.text(st.characters())  # lone surrogates too


@given(ANY)
def test_what_is_printable_commands_nothing(text: str) -> None:
    shown = printable(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in shown)
    assert printable(shown) == shown


@given(ANY)
def test_json_means_the_same_when_it_is_printable(text: str) -> None:
    assert json.loads(printable(json.dumps([text], ensure_ascii=False))) == [text]


@pytest.mark.parametrize("text", ["春眠不覺曉", "題　目", "𠮷 é ẽ", "non\u00a0breaking"])
def test_what_people_write_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("\x1b[31m", "\\u001b[31m"), ("a\nb", "a\\nb"), ("\x9b1m", "\\u009b1m"), ("\u202e", "\\u202e")],
)
def test_what_is_obeyed_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(ANY)
def test_a_sentence_stays_short(text: str) -> None:
    assert len(as_sentence(text * 100)) <= 1003
    assert "\n" not in as_sentence(text)


def test_a_long_value_is_cut_and_what_to_do_stays() -> None:
    told = as_sentence(f"no poem at {'x' * 5000}; give another")
    assert told == f"no poem at {'x' * 60}… give another"


@given(st.text(st.characters(codec="utf-8")))
def test_a_cell_of_a_spreadsheet_is_no_formula(text: str) -> None:
    assert not csv_cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_cell_of_a_page_is_one_cell() -> None:
    assert markdown_cell("a|b\n![x](y)<b>") == r"a\|b\\n!\[x\](y)\<b\>"
