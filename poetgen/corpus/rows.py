"""A row of a plain text: its verse, what heads it and what signs it."""

import re
from collections.abc import Sequence

from poetgen.corpus.clean import normalise_forms, strip_signs
from poetgen.corpus.headings import BRACKETED_DYNASTY, is_labelled
from poetgen.corpus.signatures import split_signature
from poetgen.poem.lineation import close_up, has_marks, is_whole_poem, split_pieces

MOST_HEADINGS = 3  # rows above a poem: title, dynasty, author
MOST_TITLE = 40  # characters
_AUTHOR = re.compile(rf"((?:{BRACKETED_DYNASTY})?[^\s，。？！；,.;!?:：]{{2,4}})(?:[\s\u3000]+|[:：])(?=\S)")
_FIELDS = tuple(
    map(re.compile, (r"::", r"\t+", r"\s*[|｜]\s*", r"[\s\u3000]+"))
)  # what parts heading and verse in a row
_NUMBER = re.compile(
    r"\s*(?:[Nn][Oo]\.?\s*[0-9]{1,6}[.、:：]?\s*|0[0-9]{1,5}(?=[^0-9\W])|[0-9]{1,6}\s*[.、．)）]\s*|[0-9]{1,6}\s+|[(（\[【][0-9一二三四五六七八九十百]+[)）\]】]\s*(?=\S)|[一二三四五六七八九十百]+、)"
)
_QUOTED_TITLE = re.compile(r"\s*([^，。？！；,.;!?《〈]{0,12}[《〈][^《》〈〉]*[》〉])(?:[\s,，:：]|$)*")


class Row:
    """One row that is not blank: as it stands, and its verse without notes, quotes and numbering."""

    def __init__(self, number: int, text: str, *, headed: bool = True) -> None:
        self.number = number
        numbered = _NUMBER.match(text)
        whole = text[numbered.end() if numbered else 0 :].strip() or text.strip()
        if '"' in whole:  # a string of some program
            whole = whole.replace('"', "").rstrip(", ") or whole
        verse, self.signature = split_signature(whole)
        self.is_signature = not verse
        self.raw = verse or whole
        heading, verse = _split_heading(self.raw) if headed else ([], self.raw)
        self.heading, self.text = heading, close_up(verse)
        self.bare = _bare(self.text)
        self.pieces = split_pieces(self.bare)
        self.is_marked = has_marks(self.bare) and not is_labelled(self.raw)

    @property
    def is_poem(self) -> bool:
        """Whether it is a whole poem by itself."""
        return is_whole_poem(self.pieces)


def _split_heading(row: str) -> tuple[list[str], str]:
    """(title and author, verse) of one row that holds both, such as 《title》verse or title:verse."""
    if close_up(row) != row:
        return [], row
    quoted = _QUOTED_TITLE.match(row)
    if quoted and row[quoted.end() :].strip():
        author = _AUTHOR.match(row[quoted.end() :])
        verse = row[quoted.end() :]
        if author and is_whole_poem(split_pieces(_bare(verse[author.end() :]))):
            return [quoted[1], author[1]], verse[author.end() :]
        return [quoted[1]], verse
    for pattern in _FIELDS:
        for count in range(MOST_HEADINGS, 0, -1):
            *heads, verse = pattern.split(row, maxsplit=count)
            if len(heads) == count and _are_headings(heads, verse):
                return heads, verse
    title, _, verse = row.partition("：")
    if verse and not title.endswith(("曰", "云")) and _are_headings([title], verse):
        return [title], verse  # 歌曰：and what follows is verse
    title, _, verse = row.partition(":")
    return ([title], verse) if verse.strip() and title.strip() and not has_marks(title) else ([], row)


def _are_headings(heads: Sequence[str], verse: str) -> bool:
    """Whether what stands before verse in one row is not verse: no marks, and another length."""
    pieces = split_pieces(_bare(verse))
    if any(has_marks(head) or len(head) > MOST_TITLE or not head.strip() for head in heads):
        return False
    if not is_whole_poem(pieces) or (len(pieces) % 2 and len(pieces) > 1):
        return False
    is_alike = set(map(len, pieces)) == set(map(len, heads))
    return not is_alike or (len(heads) == 1 and len(pieces) in (4, 8))


def _bare(row: str) -> str:
    """A row in ordinary characters and without editors' signs; blanks kept, one for many."""
    return strip_signs(" ".join(map(normalise_forms, row.split())))
