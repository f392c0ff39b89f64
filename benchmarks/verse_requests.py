"""Is every kind of request kept? Many poems for each, judged by poetgen.verse.check, which made none of them.

    python benchmarks/verse_requests.py --out verse-requests.json

The kinds: each level rhyme group with 20 usable characters or more; acrostics, strict tones, no character twice,
first lines that rhyme and that do not, in each form; oblique rhymes without tones; 排律. Each with a random seed,
which is printed. Prints a Markdown table; `kept` is the share in which all that was asked for holds.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from poetgen.poem.form import form_of, parse_form
from poetgen.verse.check import check_poem
from poetgen.verse.rhyme_books import GROUPS, LEVEL, reading_in
from poetgen.verse.rhymes import RhymeTable
from poetgen.writing.poem import GeneratedPoem
from poetgen.writing.writer import Writer

FORMS = ("五絕", "七絕", "五律", "七律")
ACROSTICS = ("春夏秋冬", "風花雪月", "梅蘭竹菊", "東南西北")
USABLE = 20


class Request(NamedTuple):
    """`poems` poems written with these settings, under the name of a row."""

    row: str
    poems: int
    settings: dict[str, Any]


def main() -> None:
    """Parse the command line, write, judge, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=Path, help="default: the released model")
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of poems")
    parser.add_argument("--seed", type=int, default=60)
    parser.add_argument("--out", type=Path, help="JSON")
    given = parser.parse_args()
    writer = Writer.load(given.checkpoint)
    rows: dict[str, list[dict[str, Any]]] = {}
    for number, request in enumerate(requests(writer)):
        count = max(1, round(request.poems * given.scale))
        poems = writer.write(
            count=count, seed=given.seed + number, script="traditional", best_of=1, **request.settings
        )
        rows.setdefault(request.row, []).extend(verdict(poem, request.settings) for poem in poems)
        print(f"{request.row}: {len(rows[request.row])}", file=sys.stderr)
    print(table(rows))
    if given.out:
        found = {name: summary(verdicts) for name, verdicts in rows.items()}
        given.out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def requests(writer: Writer) -> Iterator[Request]:
    """All that is tried."""
    table = RhymeTable.load()
    for group in GROUPS:
        usable = sum(char in writer.model.vocabulary for char in table.members(group))
        is_level = reading_in(group).tone == LEVEL
        if usable >= USABLE and is_level:
            for form in FORMS:
                yield Request(
                    "--rhyme, each level group", 8, {"form": form, "rhyme": group, "tones": "relaxed"}
                )
        elif usable >= USABLE:
            yield Request("--rhyme, each oblique group, --tones off", 4, {"rhyme": group, "tones": "off"})
    ruled = {"tones": "relaxed", "rhyme": "auto"}
    for form in FORMS:
        for heads in ACROSTICS:
            yield Request("--acrostic", 64, {"form": form, "acrostic": heads, **ruled})
        yield Request("--tones strict", 250, {"form": form, **ruled, "tones": "strict"})
        yield Request("--no-repeat", 250, {"form": form, **ruled, "no_repeat": True})
        for rhymes in (True, False):
            name = f"--first-line-rhymes {'yes' if rhymes else 'no'}"
            yield Request(name, 125, {"form": form, **ruled, "first_line_rhymes": rhymes})
    for length, couplets in (("五", 6), ("五", 12), ("七", 8)):
        yield Request("--form 排律", 64, {"form": f"{length}言排律{couplets}", **ruled})
    yield Request(
        "all at once",
        250,
        {**ruled, "form": "七律", "acrostic": "春夏秋冬", "no_repeat": True, "rhyme": "東"},
    )


def verdict(poem: GeneratedPoem, asked: dict[str, Any]) -> dict[str, Any]:
    """What the judge says, and whether it is what was asked for."""
    report = check_poem(poem.lines, strict=asked["tones"] == "strict")
    raw = check_poem(poem.lines, table=RhymeTable.load(amended=False))
    found = {
        "form": "form" not in asked or form_of(poem.lines) == parse_form(asked["form"]),
        "rhyme": bool(report.rhymes_hold),
        "raw_rhyme": bool(raw.rhymes_hold),
        "tone": asked["tones"] == "off" or bool(report.tones_hold),
    }
    found["kept"] = all((found["form"], found["rhyme"], found["tone"], *extras(poem, asked, report.template)))
    return {**found, "text": poem.text}


def extras(poem: GeneratedPoem, asked: dict[str, Any], template: str | None) -> Iterator[bool]:
    """What was asked for beyond form, rhyme and tone."""
    table, hanzi = RhymeTable.load(), "".join(poem.lines)
    if asked.get("rhyme", "auto") != "auto":
        yield all(asked["rhyme"] in table.groups(line[-1]) for line in poem.lines[1::2])
    if "acrostic" in asked:
        yield "".join(line[0] for line in poem.lines).startswith(asked["acrostic"])
    if asked.get("no_repeat"):
        yield len(set(hanzi)) == len(hanzi)
    if "first_line_rhymes" in asked:
        yield ("不入韻" not in (template or "")) == asked["first_line_rhymes"]


def summary(verdicts: list[dict[str, Any]]) -> dict[str, Any]:
    """Shares, and the poems that failed."""
    names = ("form", "rhyme", "raw_rhyme", "tone", "kept")
    shares = {name: sum(found[name] for found in verdicts) / len(verdicts) for name in names}
    return {"poems": len(verdicts), **shares, "failed": [v["text"] for v in verdicts if not v["kept"]]}


def table(rows: dict[str, list[dict[str, Any]]]) -> str:
    """Markdown: a row a request."""
    lines = ["| asked for | poems | form | rhyme | rhyme, raw book | tone | kept |", "|---" * 7 + "|"]
    for name, verdicts in rows.items():
        found = summary(verdicts)
        shares = (f"{found[key]:.3f}" for key in ("form", "rhyme", "raw_rhyme", "tone", "kept"))
        lines.append(f"| `{name}` | {found['poems']:,} | {' | '.join(shares)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
