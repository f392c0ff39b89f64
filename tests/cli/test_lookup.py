"""`poetgen rhyme` and `poetgen tone` as their users meet them."""

import json
import re

import pytest
from click.testing import CliRunner

from poetgen.cli import poetgen


def run(*arguments):
    return CliRunner().invoke(poetgen, arguments)


def test_rhymes_of_both_readings():
    rows = run("rhyme", "看", "--count", "3").stdout.splitlines()
    assert [row.split(",")[0] for row in rows] == [
        "看 平 上平聲十四寒 (平水韻)",
        "  寒難安",
        "看 仄 去聲十五翰 (平水韻)",
        "  難漢半",
    ]
    assert rows[0].endswith(" rhymes")


def test_simplified_is_answered_in_simplified():
    result = run("rhyme", "东", "--count", "4")
    assert re.fullmatch(r"东 平 上平声一东 \(平水韵\), \d+ rhymes\n  风中空同\n", result.stdout)
    assert result.stderr == ""
    assert run("rhyme", "云").stderr == "云 read as 雲\n"


def test_no_character_of_a_list_is_printed_twice():
    first, *rows = run("rhyme", "月", "--script", "简体", "--count", "500").stdout.splitlines()
    listed = "".join(rows).replace(" ", "")
    assert len(set(listed)) == len(listed) == int(re.search(r"\d+ rhymes", first)[0].split()[0])


def test_tones_with_every_reading():
    assert run("tone", "看山，白").stdout.splitlines() == [
        "看山白",
        "中平入",
        "(平水韻)",
        "看  平 上平聲十四寒 · 仄 去聲十五翰",
        "山  平 上平聲十五刪",
        "白  仄 入聲十一陌",
    ]


def test_json_has_one_object_a_line():
    (record,) = map(json.loads, run("rhyme", "月", "--json", "--count", "2").stdout.splitlines())
    assert record == {
        "hanzi": "月",
        "typed": "月",
        "rhyme_book": "平水韻",
        "tone": "仄",
        "group": "月",
        "volume": "入",
        "rhymes": ["忽", "發"],
    }
    (record,) = map(json.loads, run("tone", "月", "--json").stdout.splitlines())
    assert record["tone"] == "入"
    assert record["readings"] == [{"tone": "仄", "group": "月", "volume": "入"}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rhyme", "abc"], "Error: 'abc' has no Chinese character; look up one such as 月"),
        (["tone", ""], "Error: '' has no Chinese character"),
        (["rhyme", "𠀀"], "Error: the rhyme table has no rhyme group for 𠀀; try another character"),
        (["tone", "月" * 1001], "Error: 1,001 characters are too many; look up at most 1,000 at once"),
    ],
)
def test_what_cannot_be_looked_up_is_told(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith(message)


def test_what_is_typed_comes_back_and_the_rest_is_in_the_script_asked_for():
    assert run("rhyme", "裡", "--count", "3").stdout.startswith("裡 仄 上聲四紙")
    assert run("rhyme", "裡", "--script", "simplified").stdout.startswith("里 仄 上声四纸")
    assert run("tone", "爲裏", "--script", "taiwan").stdout.startswith("為裡\n")


def test_the_rhyme_book_may_be_chosen_and_is_named():
    assert run("rhyme", "月", "--rhyme-book", "新韻", "--count", "3").stdout.startswith(
        "月 仄 三皆仄 (新韻), "
    )
    assert "白  平 四開" in run("tone", "白", "--rhyme-book", "xinyun").stdout
    result = run("tone", "白", "--rhyme-book", "廣韻")
    assert result.exit_code == 1
    assert "unknown rhyme book '廣韻'" in result.stderr
