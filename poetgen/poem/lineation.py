"""Verse lines and the marks between them: told apart, split, joined, punctuated."""

import re
from collections.abc import Iterator, Sequence

from poetgen.poem.form import FORMS
from poetgen.poem.poem import COMMA, MARKS, QUESTION, STOP, is_hanzi

LINE_MARKS = "，。？！；：、,.?!;:…"  # whatever ends a line in somebody's text; clean() makes ，。？ of them
USUAL_LENGTHS = (5, 7)  # hanzi in a line, 五言 and 七言
REGULAR_LENGTHS = range(4, 8)  # of poems whose lines are all of one length
WIDE_BLANK = "\u3000"  # as wide as a hanzi
ALTERNATE = "，。"  # a couplet's two marks
# a typed mark as one of the corpus' three; as in prompts, where what closes a pair of lines is 。 in any case
CORPUS_MARKS = {mark: mark for mark in MARKS} | dict.fromkeys(",、;；:：", COMMA)
CORPUS_MARKS |= dict.fromkeys(".!！", STOP) | {"?": QUESTION}
_BREAKS = str.maketrans(dict.fromkeys(MARKS, "\n"))
_PIECES = re.compile(rf"[{re.escape(LINE_MARKS)}\s]+")
_LINES = re.compile(rf"([^{MARKS}]*)([{MARKS}])")
_END_MARKS = tuple(LINE_MARKS.replace("：", "").replace(":", ""))  # a colon announces what follows
_CLOSING = "」』”’》〉 \t\u3000"
_LENGTH_OF = {length * count: length for length, count in FORMS.values()}
_COUPLETS = frozenset(2 * length for length, _ in FORMS.values())
_NOTE = re.compile(r"[（(][^（）()]*[）)]")
# between two lines: not before a note, unless it stands for a lost character
_BLANK = re.compile(
    rf"(?<=[^\s{re.escape(LINE_MARKS)}])\s+(?=[^\s（({re.escape(LINE_MARKS)}]|[（(]原?[缺闕阙])"
)
_GAP = re.compile(r"\t+|[^\S\t]{2,}|\u3000+")


def split_lines(body: str) -> tuple[tuple[str, ...], str]:
    """A clean body into its lines and the marks that end them."""
    pairs = _LINES.findall(body)
    return tuple(line for line, _ in pairs), "".join(mark for _, mark in pairs)


def split_at_marks(text: str) -> list[str]:
    """The lines of a text that the corpus' marks close; the last is open, "" where the text ends with a mark."""
    return text.translate(_BREAKS).split("\n")


def split_pieces(text: str) -> list[str]:
    """What stands between marks and blanks, whichever they are."""
    return [piece for piece in _PIECES.split(text) if piece]


def has_marks(text: str) -> bool:
    """Whether any mark stands in a text."""
    return any(mark in text for mark in LINE_MARKS)


def ends_with_mark(row: str) -> bool:
    """Whether a row ends in a mark; notes and closing quotes after it are looked past."""
    row = row.replace("（", "(").replace("）", ")")
    end = len(row)  # looked past from here on back, without a copy for each note
    while end and (row[end - 1] in _CLOSING or row[end - 1] == ")"):
        end = max(row.rfind("(", 0, end), 0) if row[end - 1] == ")" else end - 1
    return row[:end].endswith(_END_MARKS)


def punctuate(lines: Sequence[str]) -> str:
    """Lines without marks as one body: ， after the first of a couplet, 。 after the second and the last."""
    ends = [ALTERNATE[k % 2] for k in range(len(lines))]
    ends[-1:] = ["。"] if lines else []
    return "".join(line + mark for line, mark in zip(lines, ends, strict=True))


def regular_marks(text: str) -> str:
    """Lines closed as forms have it: odd ones with ，, even ones with 。 or the ？ that is there."""
    line, marked = 0, ""
    for char in text:
        if char in MARKS:
            char = COMMA if line % 2 == 0 else STOP if char == COMMA else char
            line += 1
        marked += char
    return marked


def break_lines(text: str, length: int) -> str:
    """A text in the corpus' marks, with ， and 。 in turn where hanzi run longer than lines of `length`."""
    broken, open_hanzi, lines = "", 0, 0
    for char in text:
        if open_hanzi == length and char not in MARKS:
            broken += COMMA if lines % 2 == 0 else STOP
            open_hanzi, lines = 0, lines + 1
        broken += char
        open_hanzi, lines = (0, lines + 1) if char in MARKS else (open_hanzi + 1, lines)
    return broken


def copy_marks(plain: str, marked: str) -> str:
    """`plain` with the marks that `marked` has more."""
    rest = iter(plain)
    waiting = next(rest, "")
    spread = ""
    for char in marked:
        if char in MARKS and waiting != char:
            spread += char
        else:
            spread += waiting
            waiting = next(rest, "")
    return spread


def join_rows(rows: Sequence[str]) -> str:
    """Rows of marked verse as one body; a row without its mark is given one, so that lines stay lines.

    Blanks stand between lines, unless the marks alone make lines of one length that verse has: 牀前 看月光，疑是
    地上霜。
    """
    closed = {len(line) for row in rows for line in split_pieces(_NOTE.sub("", "".join(row.split())))}
    is_closed = len(closed) == 1 and closed <= {*REGULAR_LENGTHS} and all(map(has_marks, rows))
    body, lines = [], 0
    for piece in (piece for row in rows for piece in ([row] if is_closed else _BLANK.split(row))):
        lines += len(split_pieces(piece))
        body.append(piece if ends_with_mark(piece) else piece + ALTERNATE[(lines + 1) % 2])
    if body and not ends_with_mark(rows[-1]):
        body[-1] = body[-1][:-1]  # cleaning ends a poem with 。
    return "".join(body)


def open_strokes(row: str) -> list[str]:
    """The row, or those that it has: strokes between verse lines, as in 牀前看月光/疑是地上霜, are marks then, and
    strokes between marked rows end them, as web pages have it."""
    bars = _split_at("|｜", row)
    if (
        len(bars) > 1
        and is_whole_poem(bars)
        and len(set(map(len, bars))) == 1
        and not has_marks(row)
        and len(bars[0]) > 2
    ):
        return [punctuate(bars)]
    parts = _split_at("/／", row)
    lengths = {len(piece) for part in parts for piece in split_pieces(part)}
    if len(parts) < 2 or not all(map(_is_balanced, parts)):
        return [row]
    is_regular = len(lengths) == 1 and lengths <= {*REGULAR_LENGTHS}
    is_verse_alone = not any(map(ends_with_mark, parts[:-1])) and min(map(len, parts)) > 2
    if is_regular or (is_verse_alone and is_whole_poem(parts)):
        is_marked = has_marks(row.replace("：", "").replace(":", ""))  # beside the colon after a title
        return [COMMA.join(parts) if is_marked else punctuate(parts)]
    return parts if has_marks(row) else [row]


def _split_at(signs: str, row: str) -> list[str]:
    return [part.strip() for part in re.split(f"[{signs}]", row.strip(f" {signs}"))]


def _is_balanced(text: str) -> bool:
    """Whether no note or name is open at the end of a text."""
    return all(
        text.count(opens) == text.count(closes) for opens, closes in ("（）", "()", "《》", "【】", "[]")
    )


def close_up(row: str) -> str:
    """A row whose characters are set apart by blanks, closed up: `床 前 明 月 光` is one line.

    Tabs, wide blanks and double ones stay as the bounds of lines.
    """
    if not re.fullmatch(rf"\s*(?:\S[{re.escape(LINE_MARKS)}]*(?:\s+|$)){{4,}}", row):
        return row
    return " ".join("".join(part.split()) for part in _GAP.split(row.strip()))


def cut_runs(pieces: Sequence[str], line_length: int | None = None) -> Iterator[str]:
    """Lines of verse that stand together: a couplet, or a whole poem of a form, between two marks.

    20, 28, 40 or 56 hanzi in one run are 五絕 七絕 五律 七律, pieces of 10 or 14 alone are couplets; other runs
    are cut by `line_length`, in hanzi, where that is given and divides them.
    """
    lengths = set(map(len, pieces))
    length = line_length
    if length is None and len(pieces) == 1:
        length = _LENGTH_OF.get(len(pieces[0]))
    if length is None and len(lengths) == 1 and lengths <= _COUPLETS:
        length = lengths.pop() // 2
    for piece in pieces:
        if length and len(piece) > length and len(piece) % length == 0:
            yield from (piece[k : k + length] for k in range(0, len(piece), length))
        else:
            yield piece


def is_whole_poem(pieces: Sequence[str]) -> bool:
    """Whether one row holds a poem: four lines or more, or one run as long as a form."""
    return len(pieces) >= 4 or (len(pieces) == 1 and len(pieces[0]) in _LENGTH_OF)


def is_verse(text: str) -> bool:
    """Whether a text looks like verse: hanzi, and marks or blanks between two lines at least."""
    pieces = split_pieces(text)
    is_cut = has_marks(text) and len(pieces) >= 2
    return any(map(is_hanzi, text)) and (is_cut or is_whole_poem(pieces))
