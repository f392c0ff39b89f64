"""`poetgen check` against a second checker, written apart: where the two disagree, and why.

    pip install tshet-uinh==0.1.0
    python -m benchmarks.verse_second_opinion data/prepared --generated 100 --out second-opinion.json

The second checker writes each kind of line out as a regular expression and tries the four templates of a poem, one
after the other; of poetgen it uses nothing but the names of the rhyme groups. It reads by the entries of 廣韻
(tools/guangyun.py). Both judge all poems of 4 or 8 lines of 5 or 7, copies once. Where they differ, the second
judges again by poetgen's table. If it then agrees, the tables differ, and those characters are named of which a
single one turns the verdict; if it does not, the rules differ.

Counted apart are poems of any regulated shape, 排律 too, that poetgen breaks and `--book` keeps: there should be
none.

--generated N writes N poems of each of the four forms by the released model, three in five of them begun with 日
紅 山 夜 (seed 11), the others freely (seed 12), for the second checker to judge by 廣韻 and by the book alone.
"""

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

from guangyun import read_heads, read_words
from rhyme_evidence import Lines, read_bodies

from poetgen.corpus.dataset import SPLITS
from poetgen.poem.form import FORMS, form_of
from poetgen.poem.poem import word_of
from poetgen.verse.check import check_poem
from poetgen.verse.rhyme_books import LEVEL, reading_in
from poetgen.verse.rhymes import RhymeTable
from poetgen.writing.writer import Writer

Groups = frozenset[str]  # in which a character may rhyme; 平 or 仄 where its tone alone is known
Table = Callable[[str], Groups | None]  # None: unknown

# The last five characters of a line, by the tones of their 2nd and 5th: p level, z oblique, . either.
FIVES = {
    "zz": ".z.pz",  # 仄仄平平仄, 小拗 too
    "pp": "pp.zp|zppzp",  # 平平仄仄平 without 孤平, and 孤平拗救
    "pz": ".p.zz|.pzpz",  # 平平平仄仄, and 特拗
    "zp": ".zzpp",  # 仄仄仄平平 without 三平調
    "broken": ".z.zz",  # 大拗
    "answer": "pppzp|zppzp",  # what compensates for it
}
OTHER = {"p": "z", "z": "p"}
NEAR = [
    "東冬",
    "江陽",
    "支微齊",
    "魚虞",
    "佳灰",
    "佳麻",
    "真文元",
    "元寒刪先",
    "蕭肴豪",
    "庚青蒸",
    "覃鹽咸",
]  # 鄰韻 (王力, 漢語詩律學)


def write_out(fives: str, length: int) -> re.Pattern[str]:
    """All lines of 5 or 7 that end so; the pair in front has the other tone."""
    each = fives.split("|")
    head = "" if length == 5 else f".{OTHER[each[0][1]]}"
    text = "|".join(head + five for five in each)
    return re.compile(text.replace("p", "[PB]").replace("z", "[ZB]"))


PATTERNS = {(name, length): write_out(fives, length) for name, fives in FIVES.items() for length in (5, 7)}


# ---- what a character may be ----


def read_guangyun() -> Table:
    """The entries that 廣韻 has for a character in any spelling, and what their glosses add (又音)."""
    words = read_words(read_heads())
    return lambda hanzi: words.get(word_of(hanzi))


def read_pingshui(*, amended: bool) -> Table:
    """The readings of pingshui.txt; those of the book alone where not amended."""
    table = RhymeTable.load(amended=amended)
    found = {h: frozenset(one.group or one.tone for one in table.readings(h)) for h in table}
    return found.get


def is_level(group: str) -> bool:
    """Whether a group, or a tone by itself, is level."""
    return reading_in(group).tone == LEVEL


def sign(hanzi: str, table: Table) -> str:
    """P or Z; B where it has both or nothing is known."""
    tones = set(map(is_level, table(hanzi) or ()))
    return "B" if len(tones) != 1 else "P" if tones.pop() else "Z"


# ---- the second checker ----


def keeps_rules(lines: Lines, table: Table) -> bool:
    """Whether some template with some level rhyme admits the poem."""
    return any(
        fits(lines, table, start, group, first_rhymes=first_rhymes)
        for group in find_rhymes(lines, table)
        for start in "pz"
        for first_rhymes in (False, True)
    )


def find_rhymes(lines: Lines, table: Table) -> Groups:
    """The level groups in which all even lines may rhyme; none where one rhyme comes twice."""
    ends = [line[-1] for line in lines[1::2]]
    if len(set(map(word_of, ends))) < len(ends):
        return frozenset()
    known = [frozenset(filter(is_level, groups)) - {LEVEL} for end in ends if (groups := table(end))]
    return frozenset.intersection(*known) if known else frozenset("東")


def fits(lines: Lines, table: Table, start: str, group: str, *, first_rhymes: bool) -> bool:
    """Whether each line is as the template has it; `start` is the tone of the poem's second character."""
    if first_rhymes and not may_rhyme_first(lines, table, group):
        return False
    length = len(lines[0])
    signs = ["".join(sign(hanzi, table) for hanzi in line) for line in lines]
    for k in range(len(lines)):
        rhymes = k % 2 == 1 or first_rhymes > k
        read = signs[k][:-1] + "P" if rhymes else signs[k]
        turn = start if (k % 4 in (0, 3)) == (length == 5) else OTHER[start]
        if PATTERNS[turn + ("p" if rhymes else "z"), length].fullmatch(read):
            continue
        is_broken = k % 2 == 0 and turn == "z" and not rhymes and PATTERNS["broken", length].fullmatch(read)
        if not (is_broken and PATTERNS["answer", length].fullmatch(signs[k + 1][:-1] + "P")):
            return False
    return True


def may_rhyme_first(lines: Lines, table: Table, group: str) -> bool:
    """Whether the first line may end in the rhyme or a neighbour of it, and not in a rhyme that comes again."""
    end, own = lines[0][-1], table(lines[0][-1])
    if own is None:
        return True
    if group in own:
        return word_of(end) not in {word_of(line[-1]) for line in lines[1::2]}
    return any(group in near and not own.isdisjoint(near) for near in NEAR)


# ---- where the two disagree ----

REPEATS_FIRST = "a first line rhymes with itself: the second takes it for unrhymed, by an oblique reading"


def is_kept(lines: Lines, table: RhymeTable | None = None) -> bool:
    """Whether `poetgen check` finds every rule of a regulated poem kept."""
    report = check_poem(lines, table=table)
    return report.holds and report.tones_hold is True


def explain(lines: Lines, own: Table, theirs: Table, *, kept: bool) -> tuple[str, list[str]]:
    """Why the second checker differs, and the characters of which a single one turns its verdict."""
    if keeps_rules(lines, own) != kept:
        return ("the rules differ" if kept or not repeats_first(lines) else REPEATS_FIRST), []
    differing = {hanzi for hanzi in "".join(lines) if own(hanzi) != theirs(hanzi)}

    def with_own(only: str) -> Table:
        return lambda hanzi: own(hanzi) if hanzi == only else theirs(hanzi)

    turning = sorted(hanzi for hanzi in differing if keeps_rules(lines, with_own(hanzi)) == kept)
    if not turning:
        return "several readings together", []
    if any(theirs(hanzi) is None for hanzi in turning):
        return "a character that 廣韻 lacks", turning
    lacking = "廣韻" if kept else "poetgen's table"
    return f"a reading that {lacking} lacks", turning


def compare(poems: Iterable[Lines]) -> dict[str, Any]:
    """Verdicts counted, by kind where the two disagree."""
    own, theirs = read_pingshui(amended=True), read_guangyun()
    verdicts, turning, examples = Counter[str](), dict[str, Counter[str]](), dict[str, list[str]]()

    def note(kind: str, hanzi: Iterable[str], lines: Lines) -> None:
        turning.setdefault(kind, Counter()).update(hanzi)
        examples.setdefault(kind, []).append("/".join(lines))

    for lines in poems:
        kept, second = is_kept(lines), keeps_rules(lines, theirs)
        verdicts[f"poetgen {verdict(kept)}, second {verdict(second)}"] += 1
        if kept != second:
            why, hanzi = explain(lines, own, theirs, kept=kept)
            note(f"poetgen {verdict(kept)}: {why}", hanzi, lines)
    return {
        "poems": verdicts.total(),
        "verdicts": dict(verdicts),
        "kinds": {kind: len(found) for kind, found in examples.items()},
        "characters": {kind: dict(found.most_common(60)) for kind, found in turning.items()},
        "examples": {kind: found[:20] for kind, found in examples.items()},
    }


def repeats_first(lines: Lines) -> bool:
    """Whether the first line is all that poetgen faults, for ending in a rhyme that comes again."""
    broken = check_poem(lines).broken
    return {fault.name for fault in broken} == {"重韻"} and word_of(lines[0][-1]) in {
        word_of(line[-1]) for line in lines[1::2]
    }


def kept_by_book_alone(poems: Iterable[Lines]) -> list[str]:
    """Poems that poetgen breaks by its table and not by the book alone."""
    book = RhymeTable.load(amended=False)
    return ["/".join(lines) for lines in poems if not is_kept(lines) and is_kept(lines, book)]


def verdict(is_held: bool) -> str:
    """In a word."""
    return "holds" if is_held else "breaks"


# ---- poems that were written ----


def judge_generated(count: int) -> dict[str, Any]:
    """How many poems break a rule by each of two tables that had no part in writing them."""
    tables = {"廣韻": read_guangyun(), "the book alone": read_pingshui(amended=False)}
    poems = [tuple(lines) for form in FORMS for lines in write_poems(form, count)]
    broken = {
        name: [lines for lines in poems if not keeps_rules(lines, table)] for name, table in tables.items()
    }
    return {
        "poems": len(poems),
        "poetgen check breaks": sum(not is_kept(lines) for lines in poems),
        **{name: ["/".join(lines) for lines in found] for name, found in broken.items()},
    }


def write_poems(form: str, count: int) -> Iterator[Sequence[str]]:
    """Three fifths with a beginning, the others without."""
    writer = Writer.load()
    each = round(count * 0.15)
    for prompts, seed, number in ((list("日紅山夜"), 11, each), (None, 12, count - 4 * each)):
        if number:
            poems = writer.write(prompts, form=form, seed=seed, count=number, script="traditional")
            yield from (poem.corpus_lines for poem in poems)


def main() -> None:
    """Compare, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prepared", nargs="?", type=Path, default=Path("data/prepared"))
    parser.add_argument("--generated", type=int, metavar="N", default=0)
    parser.add_argument("--out", type=Path, help="JSON")
    given = parser.parse_args()
    splits = [read_bodies(given.prepared, name) for name in SPLITS]
    regular = dict.fromkeys(
        lines for bodies in splits for lines in bodies if (form := form_of(lines)) and form.regulated
    )
    shapes = set(FORMS.values())
    found = compare(lines for lines in regular if (len(lines[0]), len(lines)) in shapes)
    found["poems of regulated shape"] = len(regular)
    found["of them kept by --book alone"] = kept_by_book_alone(regular)
    if given.generated:
        found["generated"] = judge_generated(given.generated)
    print("| verdict | poems |\n|---|---:|")
    for name, number in (found["verdicts"] | found["kinds"]).items():
        print(f"| {name} | {number:,} |")
    print(
        f"{len(regular):,} poems of regulated shape, by --book alone: {found['of them kept by --book alone']}"
    )
    if given.generated:
        print(
            {name: each if isinstance(each, int) else len(each) for name, each in found["generated"].items()}
        )
    if given.out:
        given.out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
