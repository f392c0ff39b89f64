"""The font of page and pictures: what it has, measured on the released model, and what it shows for the rest."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.checkpoint import Checkpoint
from poetgen.files import shipped_folder
from poetgen.picture.font import FONT, MISSING, Font
from poetgen.poem.poem import MARKS
from poetgen.script.opencc import SCRIPTS, spellings
from poetgen.verse.rhyme_books import GROUPS

FONT_HAS = Font.load()


@pytest.fixture(scope="module")
def vocabulary():
    return Checkpoint.load(shipped_folder("checkpoints") / "tang.safetensors").vocabulary


@pytest.mark.parametrize("script", SCRIPTS)
def test_training_text_can_be_drawn_in_every_script(vocabulary, script):
    hanzi = vocabulary.tokens[vocabulary.first_hanzi :]
    printed = spellings(hanzi, script)
    seen = {shown: 0 for shown in printed}
    for char, shown in zip(hanzi, printed, strict=True):
        seen[shown] += vocabulary.count(char)
    lost = sum(seen[char] for char in FONT_HAS.find_missing("".join(seen)))
    assert 0 < lost <= 1e-4 * sum(seen.values())


def test_what_stands_beside_poems_can_be_drawn():
    ascii_text = "".join(map(chr, range(0x20, 0x7F)))
    gb2312 = b"".join(bytes([row, cell]) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    for text in (
        MARKS,
        ascii_text,
        "".join(GROUPS),
        "平仄中入韻韵",
        gb2312.decode("gb2312", "ignore"),
        MISSING,
    ):
        assert not FONT_HAS.find_missing(text)


def test_marks_have_forms_for_columns():
    assert FONT_HAS.outline("「") != FONT_HAS.outline("「", vertical=True)
    assert FONT_HAS.outline("月") == FONT_HAS.outline("月", vertical=True)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_lacking_is_drawn_as_a_sign_that_is_seen(text):
    for char in text:
        shown = FONT_HAS.find_drawable(char)
        assert shown in FONT_HAS
        assert (shown == char) == (char not in FONT_HAS.find_missing(text))
        assert shown == MISSING or char in FONT_HAS
        assert FONT_HAS.outline(char) == FONT_HAS.outline(shown)
    assert FONT_HAS.width(text) >= 0


def test_its_licence_lies_beside_it():
    licence = Path(FONT).with_name("OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert FONT.stat().st_size < 2.6e6
