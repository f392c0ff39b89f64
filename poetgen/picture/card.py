"""A poem laid out on paper: columns from right to left, title, signature and seal, and what was judged of it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from poetgen.errors import PoetgenError
from poetgen.language import join_names, tr
from poetgen.picture import CARVED, FAINT, INK, RED, RULE, SEAL, SIZES, THEMES
from poetgen.picture.drawing import Box, Drawing, Glyph, Item, Ring, Row
from poetgen.picture.font import MISSING, Font

# in ems of the poem's characters
PITCH, MARKED_PITCH = 1.62, 1.9  # from column to column; the second where tones stand beside
STEP, WIDEST_STEP = 1.12, 1.5  # from character to character
BREAK = 0.7  # between two lines in one column
SMALL = 0.56  # title and signature
LEADING = 1.18  # from character to character of these, in their own ems
PAD = 0.3  # between characters and the frame
FILLED = {"平": 0.0, "仄": 1.0, "中": 0.5}


@dataclass(frozen=True)
class Card:
    """What is to be drawn of a poem.

    `lines` are hanzi; `tones[k]` those of line k (平 仄 中 ?), `rhymes` the lines whose foot rhymes and `faults`
    the (line, place) of broken rules, all from 0; `captions` stand below, those in `warnings` in red.
    """

    lines: Sequence[str]
    title: str = ""
    signature: str = ""
    seal: str = "吟"
    footer: str = ""
    tones: Sequence[str] = ()
    rhymes: Collection[int] = ()
    faults: Collection[tuple[int, int]] = ()
    captions: Sequence[str] = ()
    warnings: Collection[str] = ()

    def find_missing(self, font: Font) -> str:
        """The characters that the font does not have."""
        return font.find_missing("".join((*self.lines, self.title, self.signature, *self.captions)))


class _Place(NamedTuple):
    """Where a character stands: its line and place in it, its tier, column and distance down it, in steps."""

    line: int
    place: int
    tier: int
    column: int
    down: float


@dataclass(frozen=True)
class _Grid:
    """The columns of a poem: in each `together` lines, and `tiers` rows of columns one below the other."""

    lines: Sequence[str]
    together: int
    tiers: int

    @property
    def columns(self) -> int:
        return -(-len(self.lines) // (self.together * self.tiers))

    @property
    def steps(self) -> float:
        """The height of a tier."""
        return self.together * max(map(len, self.lines)) + (self.together - 1) * BREAK

    def places(self) -> Iterator[_Place]:
        longest = max(map(len, self.lines))
        for number, line in enumerate(self.lines):
            column, within = divmod(number, self.together)
            tier, column = divmod(column, self.columns)
            for place in range(len(line)):
                yield _Place(number, place, tier, column, within * (longest + BREAK) + place)


class _Measures(NamedTuple):
    """How a grid comes out on a page: pixels an em, and the room its columns and tiers take."""

    grid: _Grid
    em: float
    pitch: float
    step: float
    sides: tuple[float, float]  # the columns of signature and title, to the left and to the right

    @property
    def width(self) -> float:
        return self.grid.columns * self.pitch + sum(self.sides)

    @property
    def height(self) -> float:
        return self.grid.tiers * self.grid.steps * self.step + (self.grid.tiers - 1) * self.em


def compose(card: Card, *, size: str = "phone", theme: str = "paper") -> Drawing:
    """Lay a poem out on a page of SIZES in a theme of THEMES. Raises PoetgenError for one that is neither."""
    for kind, name, known in (("size", size, SIZES), ("theme", theme, THEMES)):
        if name not in known:
            raise PoetgenError(
                tr(
                    "{kind} cannot be {name!r}; choose one of: {known}",
                    kind=kind,
                    name=name[:60],
                    known=join_names(known),
                )
            )
    width, height = SIZES[size]
    margin, small = 0.075 * min(width, height), 0.026 * min(width, height)
    below = list(_captions(card, width, height, margin, small))
    top_of_captions = min((row.y for row in below), default=height - margin) - small
    room = top_of_captions - margin - (2 * small if card.captions else 0)
    measures = _measure(card, width - 2 * margin, room)
    items = (
        *_columns(card, measures, width / 2, margin + room / 2),
        *below,
        *_footer(card, width, height, small),
    )
    return Drawing(width, height, theme, items, _in_words(card))


def _measure(card: Card, width: float, height: float) -> _Measures:
    """The grid that shows the largest characters; one line a column unless another shows them much larger."""
    best: _Measures | None = None
    for together, tiers in product((1, 2), range(1, 9)):
        if together * tiers > max(1, len(card.lines)):
            continue
        found = _fit_grid(card, _Grid(card.lines, together, tiers), width, height)
        if best is None or found.em > 1.25 * best.em:
            best = found
    assert best is not None
    return best


def _fit_grid(card: Card, grid: _Grid, width: float, height: float) -> _Measures:
    pitch = MARKED_PITCH if card.tones else PITCH
    left, right = (1.25 if card.signature or card.seal else 0), (1.25 if card.title else 0)
    em = min(
        width / (grid.columns * pitch + left + right),
        height / (grid.tiers * grid.steps * STEP + grid.tiers - 1 + 2 * PAD),
        0.11 * (width + height),
    )
    step = min(WIDEST_STEP * em, (height - (grid.tiers - 1 + 2 * PAD) * em) / (grid.tiers * grid.steps))
    return _Measures(grid, em, pitch * em, step, (left * em, right * em))


def _columns(card: Card, measures: _Measures, x: float, y: float) -> Iterator[Item]:
    """The poem around x, y with ruled lines, its title to the right, signature and seal to the left."""
    em, grid = measures.em, measures.grid
    top, right = y - measures.height / 2, x + measures.width / 2 - measures.sides[1]
    bottom, left = top + measures.height, right - grid.columns * measures.pitch
    if grid.tiers == 1:
        yield from _rules(measures, left, top, bottom)
    for place in grid.places():
        across = right - (place.column + 0.5) * measures.pitch
        down = top + place.tier * (grid.steps * measures.step + em) + (place.down + 0.5) * measures.step
        yield from _character(card, place, across, down, em)
    size = _fit_text(card.title, em, bottom - top)
    yield from _down(card.title, right + 0.75 * em, top + size / 2, size, FAINT)
    if card.seal or card.signature:
        yield from _draw_signature(card, left - 0.75 * em, (top, bottom), em)


def _rules(measures: _Measures, left: float, top: float, bottom: float) -> Iterator[Item]:
    """The lines of writing paper: one between columns, a frame around."""
    thin, pad = max(1.0, measures.em / 48), PAD * measures.em
    for column in range(measures.grid.columns + 1):
        yield Box(left + column * measures.pitch - thin / 2, top - pad, thin, bottom - top + 2 * pad, RULE)
    for edge in (top - pad, bottom + pad):
        yield Box(left - thin / 2, edge - thin / 2, measures.grid.columns * measures.pitch + thin, thin, RULE)


def _character(card: Card, place: _Place, x: float, y: float, em: float) -> Iterator[Item]:
    line = card.lines[place.line]
    is_foot = place.place == len(line) - 1
    is_rhyme = is_foot and place.line in card.rhymes
    is_fault = (place.line, place.place) in card.faults
    x -= 0.1 * em * bool(card.tones)
    if is_fault:
        yield Box(x - 0.62 * em, y - 0.45 * em, 0.06 * em, 0.9 * em, RED)
    yield Glyph(line[place.place], x, y, em, RED if is_rhyme else INK)
    tone = card.tones[place.line][place.place] if card.tones else "?"
    if tone in FILLED:
        colour = RED if is_fault or is_rhyme else FAINT
        yield Ring(x + 0.7 * em, y, 0.11 * em, colour, FILLED[tone])


def _down(text: str, x: float, y: float, size: float, colour: str) -> Iterator[Item]:
    """A text in a column from y downwards."""
    for number, char in enumerate(text):
        yield Glyph(char, x, y + LEADING * number * size, size, colour)


def _fit_text(text: str, em: float, height: float) -> float:
    """The size of a text beside the poem: small, and smaller where it would be longer than the columns."""
    return min(SMALL * em, height / (LEADING * max(1, len(text))))


def _draw_signature(card: Card, x: float, span: tuple[float, float], em: float) -> Iterator[Item]:
    """Signature with the seal below it, ending where the columns end."""
    side = 0.72 * em if card.seal else 0.0
    top, bottom = span
    yield from _seal(card.seal, x, bottom - side / 2, side)
    bottom -= 1.2 * side
    size = _fit_text(card.signature, em, bottom - top)
    first = bottom - (len(card.signature) - 1) * LEADING * size - size / 2
    yield from _down(card.signature, x, first, size, FAINT)


def _seal(text: str, x: float, y: float, side: float) -> Iterator[Item]:
    """One character in a red square, or up to four in two columns from right to left."""
    if not text:
        return
    yield Box(x - side / 2, y - side / 2, side, side, SEAL, radius=0.1 * side)
    if len(text) == 1:
        yield Glyph(text, x, y, 0.78 * side, CARVED)
        return
    for number, char in enumerate(text[:4]):
        column, row = divmod(number, 2)
        yield Glyph(
            char, x + (0.22 - 0.44 * column) * side, y + (0.44 * row - 0.22) * side, 0.42 * side, CARVED
        )


def _captions(card: Card, width: float, height: float, margin: float, size: float) -> Iterator[Row]:
    """Rows above the lower margin, long ones broken."""
    rows = [(text, part) for text in card.captions for part in _broken(text, (width - 2 * margin) / size)]
    for number, (text, part) in enumerate(reversed(rows)):
        colour = RED if text in card.warnings else INK
        left = (width - Font.load().width(part) * size) / 2
        yield Row(part, left, height - margin - 1.6 * number * size, size, colour)


def _footer(card: Card, width: float, height: float, size: float) -> Iterator[Row]:
    """A row in the middle of the lower margin."""
    if card.footer:
        wide = Font.load().width(card.footer) * 0.75 * size
        yield Row(card.footer, (width - wide) / 2, height - 1.4 * size, 0.75 * size, FAINT)


def _broken(text: str, width: float) -> Iterator[str]:
    """A text in rows of at most `width` ems, broken at blanks where there are any."""
    font, row = Font.load(), ""
    for word in text.split(" "):
        longer = f"{row} {word}" if row else word
        if row and font.width(longer) > width:
            yield row
            row = word
        else:
            row = longer
    yield row


def _in_words(card: Card) -> str:
    """What is to be seen, as text; what cannot be printed, and XML does not allow, as it is drawn."""
    text = "\n".join(filter(None, (card.title, "\n".join(card.lines), *card.captions)))
    return "".join(char if char.isprintable() or char == "\n" else MISSING for char in text)
