"""The rhyme books beside 平水韻: their names and their groups.

詞林正韻 (戈載, 1821), the book of 詞, joins the groups of 平水韻 to nineteen 部. Fourteen have a level and an
oblique side (上 and 去 rhyme with each other), five are of the entering tone. 新韻 (中華新韻, 2005) is that of
today's Mandarin: fourteen groups, level of its first two tones, oblique of the others; no entering tone.
"""

from poetgen.errors import PromptError
from poetgen.language import SIMPLIFIED_CHINESE, join_names, language, tr
from poetgen.poem.form import numeral

PINGSHUI, CILIN, XINYUN = BOOKS = ("平水韻", "詞林正韻", "新韻")
ASCII_NAMES = dict(zip(("pingshui", "cilin", "xinyun"), BOOKS, strict=True))
SIMPLIFIED_NAMES = dict(zip(("平水韵", "词林正韵", "新韵"), BOOKS, strict=True))
_NAMES = ASCII_NAMES | SIMPLIFIED_NAMES | {"中華新韻": XINYUN, "中华新韵": XINYUN}

OBLIQUE_SIDE = "仄"  # ends the name of a group's oblique side
# the groups of 平水韻 in each 部: level, rising and falling, or entering; nine groups are in two
_PARTS = (
    *("東冬 董腫送宋", "江陽 講養絳漾", "支微齊灰 紙尾薺賄寘未霽泰隊", "魚虞 語麌御遇"),
    *("佳灰 蟹賄泰卦隊", "真文元 軫吻阮震問願", "寒刪先元 旱潸銑阮翰諫霰願", "蕭肴豪 篠巧皓嘯效號"),
    *("歌 哿箇", "佳麻 馬卦禡", "庚青蒸 梗迥敬徑", "尤 有宥", "侵 寢沁", "覃鹽咸 感琰豏勘豔陷"),
    *("屋沃", "覺藥", "質陌錫職緝", "物月曷黠屑葉", "合洽"),
)
_MODERN = ["麻", "波", "皆", "開", "微", "豪", "尤", "寒", "文", "唐", "庚", "齊", "支", "姑"]


def _cilin() -> dict[str, tuple[str, str]]:
    """Each group of 詞林正韻: its volume (平 仄 入), and the groups of 平水韻 in it."""
    found = {}
    for number, part in enumerate(_PARTS, start=1):
        name, sides = f"第{numeral(number)}部", part.split()
        if len(sides) == 1:
            found[name] = ("入", sides[0])
        else:
            found[name], found[name + OBLIQUE_SIDE] = ("平", sides[0]), ("仄", sides[1])
    return found


_CILIN = _cilin()
CILIN_GROUPS = tuple(_CILIN)
XINYUN_GROUPS = tuple(
    f"{numeral(number)}{name}{side}"
    for number, name in enumerate(_MODERN, start=1)
    for side in ("", OBLIQUE_SIDE)
)
# the 部 of each group of 平水韻, of a group that is parted both; which of them, cilin.txt tells
CILIN_OF = {
    group: tuple(part for part, (_, others) in _CILIN.items() if group in others)
    for _, groups in _CILIN.values()
    for group in groups
}
OTHER_VOLUMES = {part: volume for part, (volume, _) in _CILIN.items()} | {
    group: OBLIQUE_SIDE if group.endswith(OBLIQUE_SIDE) else "平" for group in XINYUN_GROUPS
}


def parse_book(text: str) -> str:
    """One of BOOKS, by its name in either script or in plain letters. Raises PromptError."""
    name = text.strip().lower()
    book = _NAMES.get(name, name)
    if book not in BOOKS:
        names = tuple(SIMPLIFIED_NAMES) if language() == SIMPLIFIED_CHINESE else BOOKS
        raise PromptError(
            tr(
                "unknown rhyme book {text!r}; choose {books} or {books2} ({ascii_names})",
                text=text[:60],
                books=join_names(names[:-1]),
                books2=names[-1],
                ascii_names=join_names(ASCII_NAMES),
            )
        )
    return book
