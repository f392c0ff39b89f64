"""Cleaning by named rules: each changes a body or says why the poem cannot be used, and each is counted.

The rules stand in the order they are applied. What they meet was counted on 全唐詩: notes in brackets fill six
of a hundred characters, nearly all in the 補編 (supplement) volumes; lacunae are the source's own.
"""

import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from poetgen.corpus.reading import ReadingReport
from poetgen.poem.poem import MARKS, is_hanzi, is_invisible

EXAMPLES = 2
EXAMPLE_BEFORE, EXAMPLE_AFTER = 9, 18
_OPENS = {"）": "（", "〗": "〖"}
_LACUNA = re.compile(r"[□囗○●{}…⋯]|\.\.")
_MARK_RUN = re.compile(r"([，。？])[，。？]+")
_MARKS = str.maketrans("、：,:；;！!?.", "，，，，。。。。？。")
_KEPT_FORMS = frozenset("，。？！；：（）［］…")  # NFKC would make them ASCII


class Unusable(Exception):
    """A poem is dropped because of what stands at `place` of its body; raised by a rule, caught by `clean`."""

    def __init__(self, place: int = 0) -> None:
        super().__init__(place)
        self.place = place


@dataclass
class RuleCount:
    """What one rule did, with examples: [where, before, after] for changes, [where, body] for drops."""

    changed: int = 0
    dropped: int = 0
    examples: list[list[str]] = field(default_factory=list)

    def note(self, where: str, *texts: str, place: int) -> None:
        """Keep the first few examples, cut to what stands around `place`."""
        if len(self.examples) < EXAMPLES:
            self.examples.append([where, *(excerpt(text, place) for text in texts)])


def excerpt(text: str, place: int) -> str:
    """What stands around `place`, with … where more was cut away."""
    start, end = max(0, place - EXAMPLE_BEFORE), place + EXAMPLE_AFTER
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def first_difference(before: str, after: str) -> int:
    """Where two texts part; where the shorter ends when it begins the longer."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((k for k, (a, b) in pairs if a != b), min(len(before), len(after)))


@dataclass
class CleaningReport:
    """Counts by rule name, in the order of the rules; `reading` says how the files were read."""

    records: int = 0
    kept: int = 0
    rules: dict[str, RuleCount] = field(default_factory=lambda: {name: RuleCount() for name in RULES})
    reading: ReadingReport = field(default_factory=ReadingReport)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; each rule's `kept` are the poems that reached it and went on."""
        reached = self.records
        rules = {}
        for name, count in self.rules.items():
            reached -= count.dropped
            rules[name] = {
                "kept": reached,
                "changed": count.changed,
                "dropped": count.dropped,
                "examples": count.examples,
            }
        return {"records": self.records, "kept": self.kept, "rules": rules, "faults": self.reading.faults}


class _Forms(dict[int, str]):
    """What each character becomes, worked out once, when it is first met: a table for str.translate."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        blank = char.isspace() or is_invisible(char)
        self[code] = "" if blank else char if char in _KEPT_FORMS else unicodedata.normalize("NFKC", char)
        return self[code]


_FORMS = _Forms()


def normalise_forms(body: str) -> str:
    """Compatibility characters to the ordinary ones (U+2ECA ⻊ → 足, Ａ → A); blanks and the invisible removed."""
    return body.translate(_FORMS)


def strip_notes(body: str) -> str:
    """Editors' notes in （…） and 〖…〗, nested ones too, are not verse; an unmatched bracket spoils the poem.

    Such a poem (36 of the supplement) could only be guessed at: its verse may go on after the lost bracket.
    One unmatched inside a whole note is gone with the note.
    """
    body = body.replace("(", "（").replace(")", "）")
    if not any(bracket in body for bracket in "（）〖〗"):
        return body
    kept: list[str] = []
    opened: list[int] = []
    for place, char in enumerate(body):
        if char in "（〖":
            opened.append(place)
        elif char in _OPENS:
            while opened and body[opened[-1]] != _OPENS[char]:
                opened.pop()
            if not opened:
                raise Unusable(place)
            opened.pop()
        elif not opened:
            kept.append(char)
    if opened:
        raise Unusable(opened[-1])
    return "".join(kept)


def strip_quotes(body: str) -> str:
    """Quotation and title marks 「」『』《》〈〉“” are a modern editor's; the words inside are the poem's."""
    return re.sub("[「」『』《》〈〉“”‘’·]", "", body)


def unwrap_restored(body: str) -> str:
    """[x] is a character the editors restored: x is kept."""
    return re.sub(r"[\[［]([^\[\]［］]*)[\]］]", r"\1", body)


def strip_signs(text: str) -> str:
    """A text without quotes, notes and the brackets of restored characters, as far as they can be told."""
    text = strip_quotes(text)
    with suppress(Unusable):  # a bracket without its partner stays, to be reported
        text = strip_notes(text)
    return unwrap_restored(text)


def drop_lacunae(body: str) -> str:
    """□ 囗 ○ ● mark lost characters, … lost lines, {…} a character without a code: the verse is not whole.

    囗 is a character too, but in 全唐詩 always a lacuna, as rows of it show.
    """
    lacuna = _LACUNA.search(body)
    if lacuna:
        raise Unusable(lacuna.start())
    return body


def strip_page_numbers(body: str) -> str:
    """Page and footnote numbers, left by scanning, stand between lines."""
    # whole runs, each looked at once: -*[0-9]+-* would begin again at every dash of a long rule
    return re.sub(r"[-0-9]+", lambda run: run[0] if set(run[0]) == {"-"} else "", body)


def unify_marks(body: str) -> str:
    """Lines end in ，。？ alone: 、： as ，, ；！ as 。, runs of marks as their first, a poem never in ，."""
    body = body.translate(_MARKS)
    body = _MARK_RUN.sub(r"\1", body).lstrip(MARKS)
    if body and body[-1] not in MARKS:
        body += "。"
    return body[:-1] + "。" if body.endswith("，") else body


def drop_strays(body: str) -> str:
    """Whatever is now neither hanzi nor mark cannot be read as verse.

    On 全唐詩: private-use characters, ⿰ descriptions, a slash, a letter; each stands where a character is
    missing or wrong, so the poem is dropped and not repaired. An unmatched [ ends here too.
    """
    stray = next((place for place, char in enumerate(body) if char not in MARKS and not is_hanzi(char)), None)
    if stray is not None:
        raise Unusable(stray)
    return body


def drop_empty(body: str) -> str:
    """A record without a single hanzi is not a poem: 176 of the supplement are a lone 。"""
    if not body.strip(MARKS):
        raise Unusable
    return body


RULES: dict[str, Callable[[str], str]] = {
    "forms": normalise_forms,
    "notes": strip_notes,
    "quotes": strip_quotes,
    "restored": unwrap_restored,
    "lacunae": drop_lacunae,
    "page-numbers": strip_page_numbers,
    "marks": unify_marks,
    "strays": drop_strays,
    "empty": drop_empty,
}


def clean(raw: str, report: CleaningReport, *, where: str = "") -> str | None:
    """The clean body of a raw one, or None when a rule drops it; `report` counts either."""
    report.records += 1
    body = raw
    for name, rule in RULES.items():
        count = report.rules[name]
        try:
            after = rule(body)
        except Unusable as unusable:
            count.dropped += 1
            count.note(where, body or raw, place=unusable.place)
            return None
        if after != body:
            count.changed += 1
            count.note(where, body, after, place=first_difference(body, after))
        body = after
    report.kept += 1
    return body
