"""Draw what `poetgen check` prints at a terminal: docs/check.png, the picture in README.

    pip install -e '.[plot]' && python tools/check_picture.py [docs/check.png]

Two quatrains: 王之渙 keeps every rule; 王維 breaks one, as everybody knows (折腰).
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from pylopdf_fonts_zh_cn import sans_path

from poetgen.cli import poetgen
from poetgen.poem.poem import is_hanzi

POEMS = (
    "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。",
    "渭城朝雨浥輕塵，客舍青青楊柳春。勸君更盡一杯酒，西出陽關無故人。",
)
CELL, ROW = 0.088, 0.24  # inches: half a hanzi, a line
MARGIN = 0.22
PAPER, INK, FAINT = "#14171c", "#d8dde6", "#7d8694"
COLOURS = {31: "#ff6b6b", 32: "#7bd88f", 33: "#e5c07b", 36: "#56b6c2"}
HANZI = FontProperties(fname=sans_path())
LATIN = FontProperties(family="DejaVu Sans Mono")
_CODE = re.compile(r"\x1b\[([0-9;]*)m")


def screen() -> list[str]:
    """The commands and what they print, with colours."""
    rows: list[str] = []
    for poem in POEMS:
        result = CliRunner().invoke(poetgen, ["check", poem], color=True)
        assert result.exit_code == 0, result.output
        rows += [click.style("$ ", fg="green") + f"poetgen check {poem}", *result.stdout.splitlines(), ""]
    return rows[:-1]


def characters(row: str) -> Iterator[tuple[float, str, set[int]]]:
    """(column, character, styles) of one row; a hanzi is two columns wide."""
    column, styles = 0.0, set[int]()
    for k, part in enumerate(_CODE.split(row)):
        if k % 2:
            codes = {int(code) for code in part.split(";") if code}
            styles = set() if codes == {0} else styles | codes
            continue
        for char in part:
            yield column, char, styles
            column += width(char)


def width(char: str) -> int:
    """Columns that a character takes."""
    return 2 if is_hanzi(char) or char in "，。\u3000" else 1


def draw(rows: list[str]) -> Figure:
    """One text for each character, on a grid as a terminal has it."""
    columns = max(column + width(char) for row in rows for column, char, _ in characters(row))
    wide, high = columns * CELL + 2 * MARGIN, len(rows) * ROW + 2 * MARGIN
    figure = Figure(figsize=(wide, high), facecolor=PAPER)
    for number, row in enumerate(rows):
        y = (high - MARGIN - (number + 0.5) * ROW) / high
        for column, char, styles in characters(row):
            colour = next((COLOURS[code] for code in sorted(styles) if code in COLOURS), INK)
            is_wide = width(char) == 2
            figure.text(
                (MARGIN + (column + width(char) / 2) * CELL) / wide, y, char,
                color=FAINT if 2 in styles else colour, fontproperties=HANZI if is_wide else LATIN,
                fontsize=12 if is_wide else 10.4, ha="center", va="baseline", parse_math=False,
            )  # fmt: skip
            if 4 in styles:
                figure.text(
                    (MARGIN + (column + 1) * CELL) / wide, y - 0.01 / high, "_" * 2,
                    color=colour, fontproperties=LATIN, fontsize=10.4, ha="center", va="baseline",
                )  # fmt: skip
    return figure


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "check.png"
    draw(screen()).savefig(place, dpi=120, facecolor=PAPER, metadata={"Software": None})
    print(place)
