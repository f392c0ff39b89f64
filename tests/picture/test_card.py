"""Poems laid out: every character once, on the page, none upon another; and the files that come of it."""

import io
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from poetgen.errors import PoetgenError
from poetgen.picture import INK, PAPER, RED, SIZES, THEMES
from poetgen.picture.card import Card, compose
from poetgen.picture.cards import judged_card
from poetgen.picture.drawing import Box, Glyph, Ring, Row
from poetgen.picture.font import MISSING, Font
from poetgen.picture.save import render, save
from poetgen.verse.check import check_poem

QUATRAIN = ("渭城朝雨浥輕塵", "客舍青青楊柳春", "勸君更盡一杯酒", "西出陽關無故人")
shapes = st.one_of(
    st.tuples(st.integers(1, 9), st.integers(1, 60)).map(lambda shape: ["月" * shape[0]] * shape[1]),
    st.lists(st.integers(1, 20).map(lambda n: "山" * n), min_size=1, max_size=24),
)


@settings(max_examples=40)
@given(shapes, st.sampled_from([*SIZES]), st.booleans(), st.sampled_from(["", "秋思", "送元二使安西"]))
def test_every_character_has_a_place_of_its_own_on_the_page(lines, size, marked, title):
    tones = ["平" * len(line) for line in lines] * marked
    card = Card(lines, title, "五絕真韻", tones=tones)
    drawing = compose(card, size=size)
    glyphs = [item for item in drawing.items if isinstance(item, Glyph)]
    poem = [glyph for glyph in glyphs if glyph.char in "月山" and glyph.colour == INK]
    assert len(poem) == sum(map(len, lines))
    assert [glyph.char for glyph in glyphs[: len(poem)]] == list("".join(lines))
    for glyph in glyphs:
        assert glyph.size / 2 <= glyph.x <= drawing.width - glyph.size / 2
        assert glyph.size / 2 <= glyph.y <= drawing.height - glyph.size / 2
    places = sorted((round(glyph.x, 3), glyph.y) for glyph in poem)
    for (x, y), (other_x, other_y) in pairwise(places):
        assert x != other_x or other_y - y > 0.99 * poem[0].size
    columns = sorted({x for x, _ in places})
    assert all(b - a > 1.2 * poem[0].size for a, b in pairwise(columns))


def test_lines_run_from_right_to_left_and_down():
    first, second, *_, last = [item for item in compose(Card(QUATRAIN)).items if isinstance(item, Glyph)][:28]
    assert (first.char, second.char, last.char) == ("渭", "城", "人")
    assert first.x == second.x > last.x
    assert first.y < second.y < last.y


def test_what_was_judged_is_seen():
    card = judged_card(check_poem(QUATRAIN), title="送元二使安西")
    drawing = compose(card, size="wide")
    rhymes = [item.char for item in drawing.items if isinstance(item, Glyph) and item.colour == RED]
    assert rhymes == list("塵春人")
    rings = [item for item in drawing.items if isinstance(item, Ring)]
    assert len(rings) == 28
    assert [ring.filled for ring in rings[:7]] == [1, 0, 0, 1, 1, 0, 0]
    fault = next(item for item in drawing.items if isinstance(item, Box) and item.colour == RED)
    second = [item for item in drawing.items if isinstance(item, Glyph)][15]
    assert second.char == "君"
    assert fault.y < second.y < fault.y + fault.height
    rows = [item.text for item in drawing.items if isinstance(item, Row)]
    assert any(row.startswith("七絕 · 真韻 (平水韻) · breaks 1 rule: 失粘") for row in rows)
    assert any("line 3, 君: the 2nd is 平, unlike in line 2" in row for row in rows)


@pytest.mark.parametrize("theme", THEMES)
def test_text_and_paper_are_far_enough_apart(theme, contrast):
    paper = THEMES[theme][PAPER]
    for name, least in (("ink", 7), ("faint", 4.5), ("red", 4.5)):
        assert contrast(THEMES[theme][name], paper) >= least
    assert contrast(THEMES[theme]["seal"], THEMES[theme]["carved"]) >= 4.5


@pytest.mark.parametrize("size", SIZES)
def test_png_has_its_size_and_its_ink(size):
    data = render(Card(QUATRAIN[:1]), "png", size=size, theme="dark")
    image = Image.open(io.BytesIO(data))
    assert image.size == SIZES[size]
    colours = {colour for _, colour in image.getcolors(1 << 24)}
    assert (0x16, 0x18, 0x1D) in colours
    assert (0xEC, 0xE5, 0xD6) in colours
    assert data == render(Card(QUATRAIN[:1]), "png", size=size, theme="dark")


def test_svg_is_outlines_alone():
    data = render(Card(QUATRAIN, "題<&>", tones=["平仄中?平仄中"] * 4), "svg", size="phone", theme="paper")
    root = ET.fromstring(data)
    kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert kinds == {"svg", "title", "rect", "path", "circle"}
    assert root[0].text == "題<&>\n" + "\n".join(QUATRAIN)
    outlines = {element.get("d") for element in root.iter() if element.tag.endswith("path")}
    assert {Font.load().outline(hanzi) for hanzi in "".join(QUATRAIN)} <= outlines


@settings(max_examples=40)
@given(st.text(max_size=20))
def test_whatever_the_title_the_file_is_whole(title):
    root = ET.fromstring(render(Card(("月",), title), "svg", size="phone", theme="paper"))
    assert root[0].text.endswith("月")


def test_a_png_takes_any_title_too():
    title = "a\x00\x1b[31m\ud800\u202e<&>\t\n🌕"
    assert render(Card(("月",), title, captions=[title]), "png", size="phone", theme="paper")


def test_what_the_font_lacks_is_seen_and_told(tmp_path):
    card = Card(("月𡋯",))
    note = save(card, tmp_path / "a.svg", size="phone", theme="paper")
    assert note == f"{tmp_path / 'a.svg'}: the font has no 𡋯; drawn as {MISSING}"
    assert Font.load().outline(MISSING) in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert save(Card(("月",)), tmp_path / "b.png", size="phone", theme="paper") == ""


@pytest.mark.parametrize(
    ("name", "asked", "message"),
    [
        ("a.jpg", {}, "a picture cannot be written as 'a.jpg'; end its name in .png or .svg"),
        ("a.png", {"size": "huge"}, "size cannot be 'huge'; choose one of: phone, wide, print"),
        ("a.svg", {"theme": "neon"}, "theme cannot be 'neon'; choose one of: paper, dark"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_nothing_written(tmp_path, name, asked, message):
    with pytest.raises(PoetgenError, match=message):
        save(Card(("月",)), tmp_path / name, **({"size": "phone", "theme": "paper"} | asked))
    assert not [*tmp_path.iterdir()]
