"""廣韻 (1008) as a witness beside the rhyme book: its 206 rhymes read as the 106 groups of 平水韻.

The text is the one in the package tshet-uinh 0.1.0 (MIT, see NOTICE): pip install tshet-uinh==0.1.0
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from tshet_uinh.data import 廣韻 as book

from poetgen.poem.poem import word_of
from poetgen.verse.rhyme_books import GROUPS, reading_in

# Where the 106 groups join several of the 206 rhymes; every other rhyme is a group of its own name.
JOINED = {
    **{"鍾": "冬", "脂之": "支", "模": "虞", "皆": "佳", "咍": "灰", "諄臻": "真", "欣": "文", "魂痕": "元"},
    **{"桓": "寒", "山": "刪", "仙": "先", "宵": "蕭", "戈": "歌", "唐": "陽", "耕清": "庚", "登": "蒸"},
    **{
        "侯幽": "尤",
        "談": "覃",
        "添嚴": "鹽",
        "銜凡": "咸",
        "旨止": "紙",
        "姥": "麌",
        "駭": "蟹",
        "海": "賄",
    },
    **{"準": "軫", "隱": "吻", "混很": "阮", "緩": "旱", "產": "潸", "獮": "銑", "小": "篠", "晧": "皓"},
    **{
        "果": "哿",
        "蕩": "養",
        "耿靜": "梗",
        "拯等": "迥",
        "厚黝": "有",
        "寑": "寢",
        "敢": "感",
        "忝儼": "琰",
    },
    **{
        "檻范": "豏",
        "用": "宋",
        "至志": "寘",
        "暮": "遇",
        "祭": "霽",
        "怪夬": "卦",
        "代廢": "隊",
        "稕": "震",
    },
    **{"焮": "問", "慁恨": "願", "換": "翰", "襇": "諫", "線": "霰", "笑": "嘯", "号": "號", "過": "箇"},
    **{"宕": "漾", "映諍勁": "敬", "證嶝": "徑", "候幼": "宥", "闞": "勘", "㮇釅": "豔", "鑑梵": "陷"},
    **{"燭": "沃", "術櫛": "質", "迄": "物", "沒": "月", "末": "曷", "鎋": "黠", "薛": "屑", "鐸": "藥"},
    **{"麥昔": "陌", "德": "職", "盍": "合", "怗": "葉", "狎業乏": "洽"},
}
GROUP_OF = {rhyme: group for rhymes, group in JOINED.items() for rhyme in rhymes}
# 又音董, 又都貢切, 又莫紅武亘二切: another sound of the same character, told in its gloss
ALSO = re.compile(r"[又]?音(?P<alike>.)|又.(?P<one>.)切|又.(?P<first>.).(?P<second>.)二切")


def group_of(rhyme: str) -> str:
    """The group of 平水韻 that holds a rhyme of 廣韻: 鍾 → 冬. Raises KeyError for what is neither."""
    return rhyme if rhyme in GROUPS else GROUP_OF[rhyme]


def read_heads() -> dict[str, frozenset[str]]:
    """The groups under which each character stands as an entry of its own."""
    found: dict[str, set[str]] = defaultdict(set)
    for entry in book.iter條目():
        found[entry.字頭].add(group_of(entry.來源.韻目))
    return {hanzi: frozenset(groups) for hanzi, groups in found.items()}


def read_glosses(heads: Mapping[str, frozenset[str]], *, sure: bool = False) -> dict[str, frozenset[str]]:
    """The groups that the glosses give each character besides (又音 又切), of any tone the speller has.

    Where they must be `sure`, only what is called another sound (又) and spelled by a character of one tone.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for entry in book.iter條目():
        for speller in _spellers(entry.釋義, sure=sure):
            groups = heads.get(speller, frozenset())
            if not sure or len({reading_in(group).tone for group in groups}) == 1:
                found[entry.字頭] |= groups
    return {hanzi: frozenset(groups) for hanzi, groups in found.items()}


def read_words(heads: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The groups of each word (word_of): its entries in any spelling, and what glosses surely add."""
    glosses = read_glosses(heads, sure=True)
    words: dict[str, frozenset[str]] = {}
    for hanzi, groups in heads.items():
        word = word_of(hanzi)
        words[word] = words.get(word, frozenset()) | groups | glosses.get(hanzi, frozenset())
    return words


def _spellers(gloss: str, *, sure: bool) -> Iterator[str]:
    for match in ALSO.finditer(gloss):
        if not sure or match[0].startswith("又"):
            yield from filter(None, match.groups())
