"""Lost characters: what stands where a character was, when a file was converted or a text printed."""

import re
from collections import Counter

from poetgen.poem.poem import is_hanzi

LACUNA = "□"  # one lost character
_SIGNS = str.maketrans(dict.fromkeys("\ufffd▢☐■〓", LACUNA))
_NOTED = re.compile(r"[（(〔\[【]原?[缺闕阙]([一二三四五六七八九]?)字?[）)〕\]】]")  # an editor's word for it
_SEGMENTS = re.compile(r"[，。！；：、,.!;:…\n]+")
_QUESTIONS = re.compile("[?？]")


def show_lost(body: str, *, with_notes: bool = True) -> str:
    """The body with □ for each lost character: �, ▢, ■, 〓, （缺）, and a ? or ？ that ends no line.

    A question mark ends a line where the line before it is as long as the others; where the line is as long only
    with the question mark counted, it stands for a character. So does a ? of ASCII inside a line among full-width
    marks.
    """
    body = body.translate(_SIGNS)
    if with_notes:
        body = _NOTED.sub(lambda note: LACUNA * ("一二三四五六七八九".find(note[1] or "一") + 1), body)
    if not _QUESTIONS.search(body):
        return body
    plain = [part for part in _SEGMENTS.split(body) if part]
    lengths = Counter(len(part) for part in plain if not _QUESTIONS.search(part))
    usual = lengths.most_common(1)[0][0] if lengths else 0
    if len(lengths) > 1 and "?" not in body:
        return body  # in lines of unlike length a ？ is what it says
    is_full_width = any(mark in body for mark in "，。")
    pieces = re.split(f"({_SEGMENTS.pattern})", body)
    pieces[::2] = [_show_in_line(part, usual, is_full_width=is_full_width) for part in pieces[::2]]
    return "".join(pieces)


def _show_in_line(line: str, usual: int, *, is_full_width: bool) -> str:
    parts = _QUESTIONS.split(line)
    if len(parts) == 1 or not any(map(is_hanzi, line)):
        return line
    if len(line) == usual and any(len(part) != usual for part in parts if part):
        return _QUESTIONS.sub(LACUNA, line)
    if all(len(part) == usual for part in parts if part):
        return line
    return re.sub(r"\?(?=.)", LACUNA, line) if is_full_width else line
