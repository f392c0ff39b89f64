"""`poetgen score`, from the command line."""

import json

import pytest
from click.testing import CliRunner

from poetgen.cli import poetgen

POEM = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"


def invoke(*arguments: str, typed: str | None = None):
    return CliRunner().invoke(poetgen, ["score", *arguments], input=typed)


def test_a_known_poem_surprises_less_than_its_characters_shuffled() -> None:
    shuffled = "流海山日盡，河白入黃依。樓窮目里千，層更上欲一。"
    result = invoke("--json", "-", typed=f"{POEM}\n\n{shuffled}\n")
    assert result.exit_code == 0, result.output
    known, other = map(json.loads, result.stdout.splitlines())
    assert known["form"] == other["form"] == "五絕"
    assert known["bits_per_hanzi"] + 1 < other["bits_per_hanzi"]
    assert known["percentile"] < other["percentile"] == 100
    assert [len(row) for row in known["bits"]] == [5, 5, 5, 5]


def test_each_line_stands_above_its_bits_in_the_script_typed() -> None:
    result = invoke("白日依山尽，黄河入海流。")
    assert result.exit_code == 0, result.output
    summary, first, bits, *_ = result.stdout.splitlines()
    assert summary.startswith("5x2: ") and "%" not in summary
    assert first == "白 日 依 山 尽" and len(bits) == 14 and len(bits.split()) == 5


def test_a_picture_is_drawn(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    result = invoke(POEM, "--picture", str(tmp_path / "score.png"))
    assert result.exit_code == 0, result.output
    assert (tmp_path / "score.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["poem"], 1, "neither a file nor Chinese text"),
        ([POEM, "--picture", "score.jpg"], 1, "'score.jpg'; end its name in .png"),
    ],
)
def test_bad_input_is_a_sentence(arguments: list[str], code: int, says: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == code and says in result.stderr
