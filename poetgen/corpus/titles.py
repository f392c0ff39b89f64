"""Titles as what a poem is about: named rules take away what says nothing of it, and each is counted.

Blanks part a title as the corpus prints it: a series and the poem's place in it, 輞川集二十首 鹿柴, 有感  其二.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from poetgen.poem.poem import is_hanzi

EXAMPLES = 2
LONGEST = 24  # hanzi: longer titles are prefaces, and say what matters first
SHORT_SERIES = 12  # hanzi: a series and its member together, beyond which the member says enough
_NUMERAL = "[一二三四五六七八九十百千零○〇兩]"
_NOTES = re.compile(r"\([^()]*\)|〔[^〔〕]*〕|〖[^〖〗]*〗|【[^【】]*】")
_PLACE = re.compile(f"(其|第)?{_NUMERAL}+(首|章)?")
_SIZE = re.compile(f"(?<!^)(?<!{_NUMERAL}){_NUMERAL}+(首|章|絕|韻|韵|詠|咏|則|篇|闋|解)$")
_HEADING = re.compile(
    "^(郊廟|鼓吹|橫吹|相和|清商|舞曲|琴曲|雜曲|近代|雜|新)(曲)?(歌)?(謠)?(樂府)?(辭|詞)|^(新|古)?樂府(雜詩)?(?=.)"
)
_RHYME = re.compile(
    "(再|又|三|追|復|仍|因|且|輒|遂|謹|敬|奉)?(次|用|依|和|步|借|分|同|疊|賡|續)(和)?(前|舊|元|原|來|其|本|此|杜)?(韻|韵)"
    "|(探|分|各|拈)?得.字|(以|用).{2,9}爲(韻|韵)|(同|俱)?賦得"
)
_SAYS_NOTHING = "句|殘句|[失無闕缺佚]?題|詩|[古律雜]詩|絕句|偈|頌|偈頌|頌古"


@dataclass
class TitleCount:
    """How many titles one rule changed, with examples: [before, after]."""

    changed: int = 0
    examples: list[list[str]] = field(default_factory=list)


@dataclass
class TitleReport:
    """Counts by rule name; `titles` went in, `kept` still said something."""

    titles: int = 0
    kept: int = 0
    rules: dict[str, TitleCount] = field(default_factory=lambda: {name: TitleCount() for name in RULES})

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        rules = {name: {"changed": c.changed, "examples": c.examples} for name, c in self.rules.items()}
        return {"titles": self.titles, "kept": self.kept, "rules": rules}


def strip_notes(title: str) -> str:
    """What editors added in round brackets; [x] is a character that they restored."""
    return " ".join(re.sub(r"[\[\]]", "", _NOTES.sub(" ", title)).split())


def drop_places(title: str) -> str:
    """其二, 第三首, a lone 十五: the poem's place in a series."""
    return " ".join(part for part in title.split() if not _PLACE.fullmatch(part))


def drop_sizes(title: str) -> str:
    """二首, 十韻 at the end of a part: how many poems or rhymes there are."""
    return " ".join(_SIZE.sub("", part) for part in title.split())


def drop_headings(title: str) -> str:
    """雜曲歌辭, 樂府: the chapter of 樂府詩集 that a title stands under."""
    return " ".join(filter(None, (_HEADING.sub("", part, count=1) for part in title.split()))) or title


def drop_rhymes(title: str) -> str:
    """次韻, 分韻得高字, 賦得: by which rule the rhymes were chosen."""
    return " ".join(_RHYME.sub("", title).split())


def shorten_series(title: str) -> str:
    """Of a long series and its member the member, 輞川集 鹿柴, unless it is one hanzi, which says too little."""
    parts = title.split()
    while len(parts) > 1 and sum(map(len, parts)) > SHORT_SERIES and len(parts[-1]) > 1:
        del parts[0]
    return " ".join(parts)


def drop_strays(title: str) -> str:
    """All that is not a hanzi."""
    return "".join(filter(is_hanzi, title))


def drop_untitled(title: str) -> str:
    """句, 無題, 偈頌: no title at all."""
    return "" if re.fullmatch(_SAYS_NOTHING, title) else title


def cut(title: str) -> str:
    """The first LONGEST hanzi."""
    return title[:LONGEST]


RULES: dict[str, Callable[[str], str]] = {
    "notes": strip_notes,
    "places": drop_places,
    "sizes": drop_sizes,
    "headings": drop_headings,
    "rhymes": drop_rhymes,
    "series": shorten_series,
    "strays": drop_strays,
    "untitled": drop_untitled,
    "length": cut,
}


def clean_title(raw: str, report: TitleReport | None = None) -> str:
    """What a title says, in hanzi alone; empty when it says nothing."""
    title = " ".join(unicodedata.normalize("NFKC", raw).split())
    for name, rule in RULES.items():
        after = rule(title)
        if report is not None and after != title:
            count = report.rules[name]
            count.changed += 1
            if len(count.examples) < EXAMPLES:
                count.examples.append([title[:60], after[:60]])
        title = after
    if report is not None:
        report.titles += 1
        report.kept += bool(title)
    return title
