"""Draw the figures of docs/derivation.md: the cell, and the network unrolled over three characters.

Run from anywhere: python tools/draw_network.py

They are SVG written out shape by shape, with the symbols of the page's section 1 and no words, so that one figure
serves both languages; hanzi are outlines of the package's own font. The test of this file draws them again and
compares.
"""

import html
import re
from collections.abc import Iterable
from pathlib import Path

import click
from arguments import make_parser

from poetgen.picture.font import ASCENT, Font

DOCS = Path(__file__).parents[1] / "docs"
INK, QUIET, BACK, PAPER = "#222", "#777", "#b03a2e", "#fff"
GATE, STATE, LAYER = "#dfe9f5", "#fdf0d5", "#e5f0e3"  # fills: a gate, an operation on states, a layer
FONT = "font-family=\"'STIX Two Math','Times New Roman','Songti SC','Noto Serif CJK SC',serif\""

Points = Iterable[tuple[float, float]]


def hanzi(x: float, y: float, char: str, size: int) -> str:
    """A hanzi about a point, as an outline: it needs no font where it is seen."""
    font = Font.load()
    scale = size / font.units
    place = f"translate({x - size / 2:.1f} {y + (ASCENT - 0.5) * size:.1f}) scale({scale:.4f} {-scale:.4f})"
    return f'<path fill="{INK}" transform="{place}" d="{font.outline(char)}"/>'


def label(x: float, y: float, text: str, size: int = 18, colour: str = INK) -> str:
    """Text about a point; `_` and `^` put the group in braces, or the character, that follows below or above."""
    parts, level = [], 0.0
    for mark, group, one in re.findall(r"([_^])?(?:\{(.*?)\}|([A-Za-z]{2,}|.))", text):
        wanted = {"_": 5.0, "^": -7.0}.get(mark, 0.0)
        style = ' font-size="70%"' if wanted else ""
        style += ' font-style="italic"' if re.fullmatch("[A-Za-z]", group or one) else ""
        parts.append(f'<tspan dy="{wanted - level:g}"{style}>{html.escape(group or one)}</tspan>')
        level = wanted
    return (
        f'<text x="{x:g}" y="{y + size * 0.34:g}" font-size="{size}" fill="{colour}" '
        f'text-anchor="middle">{"".join(parts)}</text>'
    )


def box(x: float, y: float, text: str, *, width: float = 46, height: float = 32, fill: str = GATE) -> str:
    """A rectangle about a point, with its label."""
    shape = (
        f'<rect x="{x - width / 2:g}" y="{y - height / 2:g}" width="{width:g}" height="{height:g}" rx="6" '
        f'fill="{fill}" stroke="{INK}"/>'
    )
    return shape + label(x, y, text)


def operation(x: float, y: float, text: str) -> str:
    """A circle about a point."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="13" fill="{STATE}" stroke="{INK}"/>' + label(x, y, text, 17)


def line(points: Points, *, colour: str = INK, dashed: bool = False, arrow: bool = True) -> str:
    """A path from point to point, with an arrow at its end."""
    path = " L".join(f"{x:g} {y:g}" for x, y in points)
    ends = f' marker-end="url(#{"back" if colour == BACK else "end"})"' if arrow else ""
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.4"{dash}{ends}/>'


def svg(width: int, height: int, shapes: Iterable[str]) -> str:
    """The whole file, on white, for a page may be dark."""
    markers = "".join(
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        f'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{colour}"/></marker>'
        for name, colour in (("end", INK), ("back", BACK))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" {FONT}>\n<defs>{markers}</defs>\n'
        f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>\n'
        + "\n".join(shapes)
        + "\n</svg>\n"
    )


def draw_cell() -> str:
    """One step: the four gates read h and x; the cell above is multiplied, added to, and shown."""
    cells, gates, below, out = 70, 235, 320, 570
    at = {"f": 150, "i": 240, "g": 330, "o": 420}
    shapes = [
        f'<rect x="80" y="30" width="450" height="255" rx="14" fill="#f7f7f7" stroke="{QUIET}"/>',
        line([(30, cells), (at["f"] - 13, cells)]),
        line([(at["f"] + 13, cells), (at["g"] - 45 - 13, cells)]),
        line([(at["g"] - 45 + 13, cells), (out, cells)]),
        # h and x run under all gates
        line([(30, 265), (at["o"], 265)], arrow=False),
        line([(110, below + 8), (110, 265)], arrow=False),
        *(line([(x, 265), (x, gates + 17)]) for x in at.values()),
        line([(at["f"], gates - 16), (at["f"], cells + 14)]),
        line([(at["i"], gates - 16), (at["i"], 150), (at["g"] - 45 - 14, 150)]),
        line([(at["g"], gates - 16), (at["g"], 150), (at["g"] - 45 + 14, 150)]),
        line([(at["g"] - 45, 150 - 13), (at["g"] - 45, cells + 14)]),
        line([(at["o"], gates - 16), (at["o"], 180), (470 - 14, 180)]),
        line([(470, cells), (470, 108)]),
        line([(470, 140), (470, 180 - 14)]),
        line([(470, 193), (470, 265), (out, 265)]),
        *(box(x, gates, "tanh" if name == "g" else "σ") for name, x in at.items()),
        operation(at["f"], cells, "⊙"),
        operation(at["g"] - 45, cells, "+"),
        operation(at["g"] - 45, 150, "⊙"),
        operation(470, 180, "⊙"),
        box(470, 124, "tanh", fill=STATE),
        *(label(x - 14, gates - 30, f"{name}_t") for name, x in at.items()),
        label(30, cells - 20, "c_{t−1}"),
        label(30, 265 - 20, "h_{t−1}"),
        label(110, below + 22, "x_t"),
        label(out + 14, cells, "c_t"),
        label(out + 14, 265, "h_t"),
    ]
    return svg(610, 360, shapes)


def draw_unrolled() -> str:
    """Three characters of a poem, two layers; dashed, the way of the gradient back from the last loss."""
    columns, rows = (130, 300, 470), {"out": 60, "second": 150, "first": 240, "in": 330}
    texts = ("床", "前", "明", "月")
    shapes = []
    for t, x in enumerate(columns, start=1):
        shapes += [
            line([(x, 392), (x, rows["in"] + 17)]),
            line([(x, rows["in"] - 16), (x, rows["first"] + 21)]),
            line([(x, rows["first"] - 20), (x, rows["second"] + 21)]),
            line([(x, rows["second"] - 20), (x, rows["out"] + 17)]),
            label(x + 24, 285, f"x_{t}", 15, QUIET),
            label(x + 30, 195, f"h_{t}^{{(1)}}", 15, QUIET),
            label(x + 30, 106, f"h_{t}^{{(2)}}", 15, QUIET),
            box(x, rows["in"], "M", width=60, fill=STATE),
            box(x, rows["out"], "V, d, p", width=84, fill=STATE),
            hanzi(x, 405, texts[t - 1], 20),
            label(x - 14, 22, "−log p (", 15),
            hanzi(x + 23, 22, texts[t], 15),
            label(x + 34, 22, ")", 15),
        ]
        for row, k in (("first", 1), ("second", 2)):
            shapes += [
                box(x, rows[row], f"W^{{({k})}}, U^{{({k})}}", width=100, height=40, fill=LAYER),
                line([(x - 120, rows[row]), (x - 51, rows[row])]),
                label(x - 85, rows[row] - 13, f"h_{t - 1}, c_{t - 1}", 13, QUIET),
            ]
    shapes += [
        line([(columns[-1] + 50, rows[row]), (columns[-1] + 90, rows[row])]) for row in ("first", "second")
    ]
    last = columns[-1] - 14
    for row in ("second", "first"):
        shapes.append(
            line([(last, rows["out"] + 18 if row == "second" else rows["second"] + 22), (last, rows[row] - 22)],
                 colour=BACK, dashed=True)
        )  # fmt: skip
        for x in columns[:0:-1]:
            shapes.append(
                line([(x - 52, rows[row] + 12), (x - 118, rows[row] + 12)], colour=BACK, dashed=True)
            )
    shapes += [
        line([(x - 14, rows["first"] + 22), (x - 14, rows["in"] - 18)], colour=BACK, dashed=True)
        for x in columns
    ]
    shapes += [
        line([(x - 14, rows["second"] + 22), (x - 14, rows["first"] - 22)], colour=BACK, dashed=True)
        for x in columns[:-1]
    ]
    return svg(600, 430, shapes)


FIGURES = {"lstm-cell.svg": draw_cell, "lstm-unrolled.svg": draw_unrolled}


def main() -> None:
    """Write both."""
    for name, draw in FIGURES.items():
        (DOCS / name).write_text(draw(), encoding="utf-8")
        click.echo(f"drew docs/{name}", err=True)


if __name__ == "__main__":
    make_parser(__doc__).parse_args()
    main()
