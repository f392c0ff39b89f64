"""The figures of docs/derivation.md are those that the script draws, and are SVG."""

import xml.etree.ElementTree as ET

import pytest

from tools.draw_network import DOCS, FIGURES


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_as_drawn_and_the_pages_show_it(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    assert text == FIGURES[name](), "draw it: python tools/draw_network.py"
    root = ET.fromstring(text)
    assert root.tag.endswith("svg") and len(root.findall(".//{*}text")) > 10
    pages = sorted(DOCS.glob("derivation*.md"))
    assert pages and all(f"]({name})" in page.read_text(encoding="utf-8") for page in pages)
