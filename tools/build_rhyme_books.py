"""Write what poetgen knows of 詞林正韻 and of 新韻: poetgen/verse/cilin.txt and poetgen/verse/xinyun.txt.

    pip install tshet-uinh==0.1.0 pypinyin==0.55.0
    python tools/build_rhyme_books.py

詞林正韻 (戈載, 1821) joins the 106 groups of 平水韻 to nineteen and parts nine of them along the rhymes of
廣韻: 灰 from 咍, 元 from 魂 and 痕, 泰 with rounded or labial beginnings from the others. 佳 and 卦, which no
rhyme of 廣韻 parts, he names under both 第五部 and 第十部 (佳半, 卦半): the second halves are here those that
today's Mandarin too reads as the others of 第十部 (佳 jiā beside 街 jiē, 卦 guà beside 怪 guài), but for 崖 and
睚, which had -ai until lately, and seldom ones. 新韻 (中華新韻, 中華詩詞學會, 2005) goes by the finals and tones
of today's Mandarin: fourteen groups, 平 of the first and second tone, 仄 of the third and fourth. Readings are
pypinyin's: of a character with several, those that its words never have are left out, and those that fewer than a
tenth have are seldom. The same packages give the same bytes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from arguments import make_parser
from pypinyin import Style, pinyin
from pypinyin.contrib.tone_convert import to_finals, to_initials, to_tone3
from pypinyin.phrases_dict import phrases_dict
from tshet_uinh.data import 廣韻 as book

from poetgen.poem.poem import is_hanzi
from poetgen.script.bigrams import Bigrams
from poetgen.script.opencc import to_simplified
from poetgen.verse import rhymes
from poetgen.verse.rhymes import RhymeTable

FOLDER = Path(rhymes.__file__).parent

# group of 平水韻 → the rhymes of 廣韻 whose characters go into the second of the two 部 that share the group
SECOND = {"灰": "咍", "賄": "海", "隊": "代", "元": "元", "阮": "阮", "願": "願"}
# 佳半 and 卦半 of 第十部
TENTH = {"佳": "佳涯娃哇蛙媧蝸騧緺洼", "卦": "卦掛挂褂畫話罣詿絓"}
LABIALS = "幫滂並明"

FINALS = {
    **{"a": "一麻", "ia": "一麻", "ua": "一麻", "o": "二波", "e": "二波", "uo": "二波", "ie": "三皆"},
    **{"üe": "三皆", "ê": "三皆", "ai": "四開", "uai": "四開", "ei": "五微", "uei": "五微", "ao": "六豪"},
    **{"iao": "六豪", "ou": "七尤", "iou": "七尤", "an": "八寒", "ian": "八寒", "uan": "八寒", "üan": "八寒"},
    **{"en": "九文", "in": "九文", "uen": "九文", "ün": "九文", "ang": "十唐", "iang": "十唐"},
    **{"uang": "十唐", "eng": "十一庚", "ing": "十一庚", "ong": "十一庚", "iong": "十一庚"},
    **{"ueng": "十一庚", "i": "十二齊", "er": "十二齊", "ü": "十二齊", "-i": "十三支", "u": "十四姑"},
}
LEVEL_TONES, OBLIQUE_TONES = "12", "34"
FEW, RARE = (
    5,
    0.1,
)  # words that tell nothing of how a character is read; share of them that makes a reading seldom


def read_splits() -> dict[str, str]:
    """For each group that is parted, its characters in the later 部."""
    table, found = RhymeTable.load(), defaultdict(set)
    for entry in book.iter條目():
        rhyme, hanzi, sound = entry.來源.韻目, entry.字頭, entry.音韻地位
        for group, later in SECOND.items():
            if rhyme == later:
                found[group].add(hanzi)
        if rhyme == "泰" and sound.呼 != "合" and sound.母 not in LABIALS:
            found["泰"].add(hanzi)
    known = {group: set(table.members(group)) for group in (*SECOND, "泰", *TENTH)}
    splits = {group: "".join(sorted(chars & known[group])) for group, chars in found.items()}
    return splits | {group: "".join(c for c in chars if c in known[group]) for group, chars in TENTH.items()}


def count_readings() -> dict[str, Counter[str]]:
    """How many of pypinyin's words have a character in each reading."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for word, syllables in phrases_dict.items():
        for hanzi, (syllable, *_) in zip(word, syllables, strict=False):
            found[hanzi][to_tone3(syllable, neutral_tone_with_five=True)] += 1
    return found


def read_modern(hanzi: str, words: Mapping[str, Counter[str]]) -> tuple[list[str], list[str]]:
    """The groups of 新韻 in which a character usually rhymes, and those in which it seldom does."""
    syllables = pinyin(hanzi, style=Style.TONE3, heteronym=True, neutral_tone_with_five=True)[0]
    known = [syllable for syllable in syllables if group_of(syllable)]
    times = [words.get(to_simplified(hanzi), Counter())[syllable] for syllable in known]
    if sum(times) < FEW:
        times = [1, *(0 for _ in known[1:])]
        seldom = known[1:]
    else:
        seldom = [each for each, often in zip(known, times, strict=True) if 0 < often < RARE * sum(times)]
    usual = [each for each, often in zip(known, times, strict=False) if often >= RARE * sum(times)]
    groups = [[*dict.fromkeys(filter(None, map(group_of, some)))] for some in (usual, seldom)]
    return groups[0], [group for group in groups[1] if group not in groups[0]]


def group_of(syllable: str) -> str | None:
    """yuan2 → 八寒; None for what has no tone of its own or no such final."""
    tone = syllable[-1]
    final = to_finals(syllable[:-1], strict=True, v_to_u=True)
    if final == "i" and to_initials(syllable[:-1], strict=True) in ("zh", "ch", "sh", "r", "z", "c", "s"):
        final = "-i"
    if final not in FINALS or tone not in LEVEL_TONES + OBLIQUE_TONES:
        return None
    return FINALS[final] + ("" if tone in LEVEL_TONES else "仄")


def modern_rows() -> Iterator[str]:
    """One row a group: its name, the characters that usually rhyme in it, and those that seldom do."""
    usual: dict[str, list[str]] = defaultdict(list)
    seldom: dict[str, list[str]] = defaultdict(list)
    words = count_readings()
    known = {*RhymeTable.load(), *filter(is_hanzi, Bigrams.load().characters)}
    for hanzi in sorted(known):
        for rows, groups in zip((usual, seldom), read_modern(hanzi, words), strict=True):
            for group in groups:
                rows[group].append(hanzi)
    for name in dict.fromkeys(FINALS.values()):
        for group in (name, name + "仄"):
            yield "\t".join([group, "".join(usual[group]), "".join(seldom[group])])


def main() -> None:
    """Write both, and say how large they are."""
    head = "# Made by tools/build_rhyme_books.py, which says how and from what.\n"
    splits = "\n".join("\t".join(row) for row in read_splits().items())
    for name, text in (("cilin.txt", splits), ("xinyun.txt", "\n".join(modern_rows()))):
        (FOLDER / name).write_text(f"{head}{text}\n", encoding="utf-8")
        print(f"{name}: {(FOLDER / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    make_parser(__doc__).parse_args()
    main()
