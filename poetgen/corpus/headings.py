"""Titles and authors above, before or around a poem in plain text."""

import re

DYNASTY = "先秦|[魏西東东]?[漢汉晉晋]|南北朝|隋|[初盛中晚]?唐|五代|[北南]?宋|遼|辽|金|元|明|清"
BRACKETED_DYNASTY = rf"[〔［\[（(](?:{DYNASTY})[代朝]?[〕］\]）)]"
_LABEL = re.compile(
    r"\s*(?P<title>題目|题目|標題|标题|詩題|诗题|題|题|title)|\s*(?P<author>作者|詩人|诗人|author)",
    re.IGNORECASE,
)
_LABELLED = re.compile(rf"(?:{_LABEL.pattern})\s*[:：]\s*(?P<value>.+)", re.IGNORECASE)
_QUOTED = re.compile(r"(?P<before>[^《〈]*)[《〈](?P<title>[^《》〈〉]*)[》〉](?P<after>.*)", re.DOTALL)
_OF_DYNASTY = re.compile(
    rf"[\[〔【（(［]\s*(?:{DYNASTY})(?:代|朝)?\s*[\]〕】）)］]\s*(?P<a>.+)|(?:{DYNASTY})(?:代|朝)?\s*[·・•:：]\s*(?P<b>.+)"
)
_AROUND = " \t\u3000·・•-—–:：/|,，"
_NAME = re.compile(r"[^\s其第（(\[]{2,4}")  # 其一 and 第二 count poems


def parse_heading(rows: list[str]) -> tuple[str, str]:
    """(title, author) of the rows above a poem, or of what stands before it in its own row."""
    title, author, plain = "", "", []
    for row in rows:
        labelled = _LABELLED.fullmatch(row.strip())
        of_dynasty = _OF_DYNASTY.fullmatch(row.strip())
        if labelled:
            value = labelled["value"].strip()
            title, author = (value, author) if labelled["title"] else (title, without_dynasty(value))
        elif of_dynasty:
            author = without_dynasty(row)
        elif not re.fullmatch(rf"[\[〔【（(]?\s*(?:{DYNASTY})(?:代|朝)?\s*[\]〕】）)]?", row.strip()):
            plain.append(row.strip())
    if plain and (quoted := _QUOTED.fullmatch(plain[0])):
        title = quoted["title"].strip()
        beside = without_dynasty(quoted["before"].strip(_AROUND) or quoted["after"].strip(_AROUND))
        plain[:1] = [beside] if beside else []
    elif len(plain) == 1 and not title and not author:
        plain = _two_parts(plain[0])
    if plain and not title:
        title = plain.pop(0)
    if plain and not author and _NAME.fullmatch(without_dynasty(plain[0])):
        author = without_dynasty(plain.pop(0))
    return " ".join([title, *plain]).strip(), author


def is_labelled(row: str) -> bool:
    """Whether a row says itself that it is a title or an author, such as 作者：李白."""
    return _LABELLED.fullmatch(row.strip()) is not None


def without_dynasty(name: str) -> str:
    """李白 of 〔唐〕李白, 唐·李白, （唐代）李白 and 李白〔唐代〕."""
    name = re.sub(f"{BRACKETED_DYNASTY}$", "", name.strip())
    found = _OF_DYNASTY.fullmatch(name)
    return ((found["a"] or found["b"]) if found else name).strip(_AROUND)


def _two_parts(row: str) -> list[str]:
    """Title and author of one row, where blanks, a dash or a dynasty part them and the last may be a name."""
    parts = [
        part
        for part in re.split(rf"[\s\u3000]+|——|—|--| - |/|\||[〔［\[（(](?:{DYNASTY})[代朝]?[〕］\]）)]", row)
        if part
    ]
    if len(parts) == 2 and _NAME.fullmatch(without_dynasty(parts[1])):
        return parts
    return [row]
