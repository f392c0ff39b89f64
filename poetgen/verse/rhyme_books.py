"""The rhyme books and their groups: names, tones and volumes, and from which a first line may borrow its rhyme.

平水韻 has the 106 groups by which regulated verse is judged. 詞林正韻 (戈載, 1821), the book of 詞, joins them to
nineteen 部. Fourteen have a level and an oblique side (上 and 去 rhyme with each other), five are of the entering
tone. 新韻 (中華新韻, 2005) is that of today's Mandarin: fourteen groups, level of its first two tones, oblique of
the others; no entering tone.
"""

from functools import cache
from typing import NamedTuple

from poetgen.errors import ConfigError, PromptError
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

LEVEL, OBLIQUE = "平", "仄"
EITHER_SIGN, UNKNOWN_SIGN = "中", "?"  # where a character may have either tone, or nobody knows which
VOLUMES = {
    "上平": "東冬江支微魚虞齊佳灰真文元寒刪",
    "下平": "先蕭肴豪歌麻陽庚青蒸尤侵覃鹽咸",
    "上": "董腫講紙尾語麌薺蟹賄軫吻阮旱潸銑篠巧皓哿馬養梗迥有寢感琰豏",
    "去": "送宋絳寘未御遇霽泰卦隊震問願翰諫霰嘯效號箇禡漾敬徑宥沁勘豔陷",
    "入": "屋沃覺質物月曷黠屑藥陌錫職緝合葉洽",
}
GROUPS = tuple("".join(VOLUMES.values()))

# Groups near enough for a first line to borrow its rhyme (王力, 漢語詩律學, on 首句用鄰韻), in each volume. The 24
# commonest pairs of a training poem's group and another level one at the end of its first line are among them.
_NEAR = (
    *("東冬", "江陽", "支微齊", "魚虞", "佳灰", "佳麻", "真文元", "元寒刪先", "蕭肴豪", "庚青蒸", "覃鹽咸"),
    *("董腫", "講養", "紙尾薺", "語麌", "蟹賄", "蟹馬", "軫吻阮", "阮旱潸銑", "篠巧皓", "梗迥", "感琰豏"),
    *("送宋", "絳漾", "寘未霽", "御遇", "泰卦隊", "卦禡", "震問願", "願翰諫霰", "嘯效號", "敬徑", "勘豔陷"),
    *("屋沃", "覺藥", "質物月", "月曷黠屑", "陌錫職", "合葉洽"),
)
_VOLUME_OF = {group: volume for volume, groups in VOLUMES.items() for group in groups} | OTHER_VOLUMES
# of all books: no two groups have one name
EVERY_GROUP = tuple(_VOLUME_OF)
ORDER = {group: place for place, group in enumerate(EVERY_GROUP)}


class Reading(NamedTuple):
    """One way to read a character: its tone, 平 or 仄, and its rhyme group; "" when only the tone is known."""

    tone: str
    group: str

    @property
    def volume(self) -> str:
        """上平 下平 上 去 入, in other books than 平水韻 平 仄 入; "" when the group is unknown."""
        return _VOLUME_OF.get(self.group, "")


@cache
def reading_in(group: str) -> Reading:
    """The reading of a character of this group, or of a tone (平, 仄) whose group is unknown."""
    if group in (LEVEL, OBLIQUE):
        return Reading(group, "")
    return Reading(LEVEL if _VOLUME_OF[group].endswith(LEVEL) else OBLIQUE, group)


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


def check_book(rhyme_book: str, *, alone: bool) -> None:
    """Raises ConfigError where the book alone is wanted, and it is none that others add readings to."""
    if alone and rhyme_book == XINYUN:
        raise ConfigError(
            tr(
                "--book is 平水韻 alone, and {xinyun} is another book; omit one of the two",
                xinyun=XINYUN,
            )
        )


def full_name(group: str) -> str:
    """東 → 上平聲一東, as the book has it; other books' groups have their numbers in their names."""
    if group in OTHER_VOLUMES:
        return group
    volume = _VOLUME_OF[group]
    return f"{volume}聲{numeral(VOLUMES[volume].index(group) + 1)}{group}"


def groups_of(book: str) -> tuple[str, ...]:
    """The groups of one of BOOKS, in its order."""
    return {PINGSHUI: GROUPS, CILIN: CILIN_GROUPS, XINYUN: XINYUN_GROUPS}[book]


def label_of(group: str) -> str:
    """As it is called in a line of text: 東韻, 第一部, 一麻仄."""
    return group if group in OTHER_VOLUMES else f"{group}韻"


def neighbours(group: str) -> frozenset[str]:
    """鄰韻: the other groups from which a poem in `group` may borrow the rhyme of its first line."""
    return frozenset(other for near in _NEAR if group in near for other in near) - {group}
