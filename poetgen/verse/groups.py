"""The rhyme groups: their names, tones and volumes, and which are near enough for a first line to borrow from."""

from functools import cache
from typing import NamedTuple

from poetgen.poem.form import numeral
from poetgen.verse.rhyme_books import CILIN, CILIN_GROUPS, OTHER_VOLUMES, PINGSHUI, XINYUN, XINYUN_GROUPS

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
