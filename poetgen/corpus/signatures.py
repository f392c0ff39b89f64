"""Who wrote a poem, where a text says so behind or below the verse, as in ——李白《靜夜思》 and （李白）."""

import re

from poetgen.corpus.headings import BRACKETED_DYNASTY, without_dynasty
from poetgen.poem.poem import is_hanzi

_BEFORE = rf"(?:[—–―－-]{{1,3}}|(?={BRACKETED_DYNASTY}))\s*"
_SIGN = rf"{_BEFORE}(?P<sign>[^\s，。？！；,.;!?—–-][^，。？！；,.;!?]{{1,30}})"
_ROW = re.compile(rf"\s*{_SIGN}\s*")
_BEHIND = re.compile(rf"(?P<verse>.*[。？！.?!」』”’])\s*{_SIGN}\s*")
_NAME = re.compile(r"(?!全文|未完|並序|并序|其|第)\S{2,4}")
_BRACKETED = re.compile(r"[（(]\s*([^（()）]{2,8})\s*[）)]")


def split_signature(row: str) -> tuple[str, list[str]]:
    """The verse of a row and, as rows of a heading, what signs it behind; no verse where a row is nothing else."""
    found = _ROW.fullmatch(row) or _BEHIND.fullmatch(row)
    if found is None or not any(map(is_hanzi, found["sign"])):
        return row, []
    sign = found["sign"].strip()
    if "《" in sign or "〈" in sign:
        return found.groupdict().get("verse", ""), [without_dynasty(sign)]
    name = without_dynasty(sign)
    return (found.groupdict().get("verse", ""), [f"作者：{name}"]) if _NAME.fullmatch(name) else (row, [])


def read_name(row: str) -> list[str]:
    """As a row of a heading, the poet of a row that is but a name, in brackets or not; none for another row."""
    bracketed = _BRACKETED.fullmatch(row.strip())
    name = without_dynasty(bracketed[1] if bracketed else row)
    is_name = _NAME.fullmatch(name) is not None and all(map(is_hanzi, name))
    return [f"作者：{name}"] if is_name else []
