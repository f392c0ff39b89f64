"""The page's files: nothing from elsewhere, every part there, every word in every language."""

import re
from pathlib import Path

import pytest

from poetgen.web.app import STATIC

TEXTS = {path.name: path.read_text(encoding="utf-8") for path in STATIC.iterdir()}
SCRIPTS = [name for name in TEXTS if name.endswith(".js")]
LANGUAGES = re.findall(r'^  (?:"([^"]+)"|(\w+)): \{$(.*?)^  \},$', TEXTS["words.js"], re.M | re.S)
WORDS = {
    quoted or plain: dict(re.findall(r'^    "?([^":]+)"?: "(.*)",$', body, re.M))
    for quoted, plain, body in LANGUAGES
}


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_is_asked_of_another_host(name):
    addresses = set(re.findall(r"(?:https?:)?//[\w.-]+", re.sub(r"^\s*//.*$", "", TEXTS[name], flags=re.M)))
    assert addresses <= {"http://www.w3.org"}  # the name of SVG, never fetched


@pytest.mark.parametrize("name", TEXTS)
def test_every_part_that_is_named_is_served(client, name):
    for address in re.findall(r"""(?:from |href=|src=|url\()["']?(/[\w./-]+)""", TEXTS[name]):
        assert client.get(address).status_code == 200, address


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_writes_markup_or_evaluates_text(name):
    assert not re.search(r"(inner|outer|Adjacent)HTML|document\.write|eval\(|Function\(", TEXTS[name])


def test_nothing_stands_inline_that_the_policy_forbids():
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=", TEXTS["index.html"])


def test_every_language_has_every_word():
    assert [*WORDS] == ["en", "zh-Hans", "zh-Hant"]
    assert WORDS["zh-Hans"].keys() == WORDS["zh-Hant"].keys()
    assert WORDS["en"].keys() == {name for name in WORDS["zh-Hans"] if not name.startswith("rule_")}
    for name, english in WORDS["en"].items():
        for words in WORDS.values():
            assert set(re.findall(r"\{\w+\}", words[name])) <= {*re.findall(r"\{\w+\}", english)}


def test_every_word_that_is_said_is_there():
    said = set(re.findall(r'data-(?:say|label)="(\w+)"', TEXTS["index.html"]))
    for name in SCRIPTS:
        said |= set(re.findall(r'\bsay\("(\w+)"', TEXTS[name]))
    assert said <= WORDS["en"].keys()


def test_every_rule_and_note_is_explained_in_chinese():
    from poetgen.verse.report import NOTES, RULES

    assert {f"rule_{name}" for name in RULES | NOTES} <= WORDS["zh-Hans"].keys()


def test_every_field_has_a_label():
    page = TEXTS["index.html"]
    for field in re.findall(r"<(?:input|select|textarea)\b[^>]*>", page):
        named = re.search(r'id="([\w-]+)"', field)
        before = page[: page.index(field)]
        inside = before.rfind("<label") > before.rfind("</label>")
        assert inside or (named and f'for="{named[1]}"' in page), field


def test_the_licence_of_the_font_travels_with_it():
    assert (Path(STATIC).parents[1] / "picture" / "OFL.txt").is_file()


THEMES = [
    dict(re.findall(r"--(\w[\w-]*): (#\w{6});", block))
    for block in re.findall(r":root[^{]*\{(.*?)\}", TEXTS["page.css"], re.S)
]


@pytest.mark.parametrize("theme", THEMES, ids=["paper", "dark"])
def test_text_and_edges_are_far_enough_from_what_they_stand_on(theme, contrast):
    for below in ("paper", "sheet"):
        assert contrast(theme["ink"], theme[below]) >= 7
        assert min(contrast(theme[name], theme[below]) for name in ("faint", "red")) >= 4.5
        assert contrast(theme["edge"], theme[below]) >= 3
    assert contrast(theme["on-red"], theme["red"]) >= 4.5
