"""Chinese help: no line wider than a terminal, and nothing parted that belongs together."""

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from poetgen.cli import poetgen
from poetgen.cli.wrapping import COLUMNS, count_columns, wrap_paragraphs

WORDS = st.sampled_from(["月", "山，", "（水", "花）。", " ", " --last-line、", " PROMPT ", "“雨”"])


@given(st.lists(WORDS, min_size=1, max_size=120).map("".join))
def test_lines_are_full_and_no_wider_than_a_terminal(text: str) -> None:
    lines = wrap_paragraphs(text).removeprefix("\b\n").split("\n")
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert count_columns(line) <= COLUMNS
        assert not line.startswith(("，", "。", "、", "）", "”", "last", "-line")) and not line.endswith(
            ("（", "“")
        )
    assert all(count_columns(line) > COLUMNS - 14 for line in lines[:-1])  # no word is longer


@pytest.mark.parametrize("command", ["generate", "check", "score", "rhyme", "tone", "serve"])
def test_what_chinese_help_says_of_a_command_fits_a_terminal(command: str) -> None:
    said = CliRunner().invoke(poetgen, [command, "--help"], env={"POETGEN_LANGUAGE": "zh"}).stdout
    paragraphs, options = said.split("选项:")
    assert options and all(count_columns(line) <= COLUMNS + 2 for line in paragraphs.split("\n"))
