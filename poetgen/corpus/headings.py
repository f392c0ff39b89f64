"""Titles and authors above, before or around a poem in plain text."""

import re

DYNASTY = "先秦|[魏西東东]?[漢汉晉晋]|南北朝|隋|[初盛中晚]?唐|五代|[北南]?宋|遼|辽|金|元|明|清"
BRACKETED_DYNASTY = rf"[〔［\[（(](?:{DYNASTY})[代朝]?[〕］\]）)]"
_TITLE_LABELS = "題目|题目|標題|标题|詩題|诗题|詩名|诗名|篇名|題|题|title|name"
_AUTHOR_LABELS = "作者|詩人|诗人|author|poet"
_OTHER_LABELS = "朝代|年代|時代|时代|dynasty|體裁|体裁|詩體|诗体|類型|类型|form"  # what is neither
_BODY_LABELS = "內容|内容|正文|原文|全文|詩文|诗文|詩句|诗句|content|contents|paragraphs|body|text"
_NOTE_LABELS = (
    "註釋|注釋|注释|註解|注解|譯文|译文|翻譯|翻译|白話|白话|賞析|赏析|鑒賞|鉴赏|簡析|简析|評析|评析|題解|题解|"
    "創作背景|创作背景|背景|作者簡介|作者简介|簡介|简介|出處|出处|來源|来源|鏈接|链接|標籤|标签|source|url|tags|notes?"
)
_LABELLED = re.compile(
    rf"(?:(?P<title>{_TITLE_LABELS})|(?P<author>{_AUTHOR_LABELS})|(?P<other>{_OTHER_LABELS}))"
    r"\s*[:：]\s*(?P<value>.+)",
    re.IGNORECASE,
)
_BEFORE_LABEL = re.compile(
    rf"\s+(?=(?:{_TITLE_LABELS}|{_AUTHOR_LABELS}|{_OTHER_LABELS})\s*[:：])", re.IGNORECASE
)
_OPENED = r"[【\[〔［(（]?\s*"
_CLOSED = r"\s*(?:[】\]〕］)）]\s*[:：]?|[:：])"
_BODY = re.compile(rf"{_OPENED}(?:{_BODY_LABELS}){_CLOSED}\s*", re.IGNORECASE)
_NOTE = re.compile(rf"{_OPENED}(?:{_NOTE_LABELS}){_CLOSED}", re.IGNORECASE)
_NO_VERSE = re.compile(r"(?:https?://|www\.)\S+|(?=.*\d)[\d\s:./年月日-]+")
_QUOTED = re.compile(r"(?P<before>[^《〈]*)[《〈](?P<title>[^《》〈〉]*)[》〉](?P<after>.*)", re.DOTALL)
_BOXED = re.compile(r"(?P<before>)【(?P<title>[^【】]+)】(?P<after>.*)")
_OF_DYNASTY = re.compile(
    rf"[\[〔【（(［]\s*(?:{DYNASTY})(?:代|朝)?\s*[\]〕】）)］]\s*(?P<a>.+)|(?:{DYNASTY})(?:代|朝)?\s*[·・•:：]\s*(?P<b>.+)"
)
_BESIDE_DYNASTY = re.compile(rf"(?:{DYNASTY})[代朝]?[\s\u3000]+(?P<name>\S{{2,4}})")
_IN_BRACKETS = re.compile(
    rf"(?P<title>[^（(〔\[]+)[（(〔\[]\s*(?P<author>(?:{DYNASTY})(?:[代朝]\s*|\s*[·・•:：\s]\s*)\S{{2,4}})\s*[）)〕\]]"
)
_AROUND = " \t\u3000·・•-—–:：/|,，"
_NAME = re.compile(r"[^\s其第（(\[]{2,4}")  # 其一 and 第二 count poems


def parse_heading(rows: list[str]) -> tuple[str, str]:
    """(title, author) of the rows above a poem, or of what stands before it in its own row."""
    title, author = "", ""
    plain: list[str] = []
    for row in (part for whole in rows for part in _BEFORE_LABEL.split(whole)):
        labelled = _LABELLED.fullmatch(row.strip())
        of_dynasty = _OF_DYNASTY.fullmatch(row.strip()) or (plain and _BESIDE_DYNASTY.fullmatch(row.strip()))
        if labelled:
            value = labelled["value"].strip()
            title = value if labelled["title"] else title
            author = without_dynasty(value) if labelled["author"] else author
        elif of_dynasty:
            author = without_dynasty(row)
        elif not any(map(str.isalnum, row)):
            continue
        elif not re.fullmatch(rf"[\[〔【（(]?\s*(?:{DYNASTY})(?:代|朝)?\s*[\]〕】）)]?", row.strip()):
            plain.append(row.strip())
    if plain and (quoted := _QUOTED.fullmatch(plain[0]) or _BOXED.fullmatch(plain[0])):
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
    """Whether a row says itself that it is a title or an author, such as 作者：李白 and 唐代：李白."""
    found = _OF_DYNASTY.fullmatch(row.strip())
    of_dynasty = found and _NAME.fullmatch(found["a"] or found["b"]) and (":" in row or "：" in row)
    return bool(of_dynasty) or _LABELLED.fullmatch(row.strip()) is not None


def without_body_label(row: str) -> str:
    """The verse of a row such as 內容：床前明月光."""
    found = _BODY.match(row)
    return row[found.end() :] if found else row


def is_note(row: str) -> bool:
    """Whether a row is an editor's or a page's: 註釋：…, 譯文, an address, a date."""
    return _NOTE.match(row.strip()) is not None or _NO_VERSE.fullmatch(row.strip()) is not None


def begins_notes(row: str) -> bool:
    """Whether a row is the heading of notes that stand below it."""
    return _NOTE.fullmatch(row.strip()) is not None or row.strip("【】[]〔〕：: \t") in _NOTE_LABELS.split(
        "|"
    )


def without_dynasty(name: str) -> str:
    """李白 of 〔唐〕李白, 唐·李白, （唐代）李白 and 李白〔唐代〕."""
    name = re.sub(f"{BRACKETED_DYNASTY}$", "", name.strip())
    found = _OF_DYNASTY.fullmatch(name)
    beside = _BESIDE_DYNASTY.fullmatch(name)
    return ((found["a"] or found["b"]) if found else beside["name"] if beside else name).strip(_AROUND)


def _two_parts(row: str) -> list[str]:
    """Title and author of one row, where blanks, a dash or a dynasty part them and the last may be a name."""
    if bracketed := _IN_BRACKETS.fullmatch(row):
        return [bracketed["title"], bracketed["author"]]
    parts = [
        part
        for part in re.split(
            rf"[\s\u3000]+|——|—|--| - |/|_|\||[〔［\[（(](?:{DYNASTY})[代朝]?[〕］\]）)]", row
        )
        if part
    ]
    if len(parts) == 3 and re.fullmatch(rf"(?:{DYNASTY})[代朝]?", parts[1]):
        parts = [parts[0], parts[2]]
    if len(parts) == 2 and _NAME.fullmatch(without_dynasty(parts[1])):
        return parts
    return [row]
