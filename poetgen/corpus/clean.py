"""Cleaning by named rules: each changes a body or says why the poem cannot be used, and each is counted.

The rules stand in the order they are applied. What they meet was counted on 全唐詩: notes in brackets fill six
of a hundred characters, nearly all in the 補編 (supplement) volumes; lacunae are the source's own.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from poetgen.corpus.poem import MARKS, is_hanzi

EXAMPLES = 2
_INNERMOST_NOTE = re.compile(r"（[^（）]*）|〖[^〖〗]*〗")
_MARK_RUN = re.compile(r"([，。？])[，。？]+")
_LINES = re.compile(r"([^，。？]*)([，。？])")
_MARKS = str.maketrans("、：,:；;！!?", "，，，，。。。。？", "…")


class Unusable(Exception):
    """Why a poem is dropped; raised by a rule, caught by `clean`."""


@dataclass
class RuleCount:
    """What one rule did, with examples: (where, before, after) for changes, (where, body) for drops."""

    changed: int = 0
    dropped: int = 0
    examples: list[list[str]] = field(default_factory=list)

    def note(self, *example: str) -> None:
        """Keep the first few examples."""
        if len(self.examples) < EXAMPLES:
            self.examples.append([text if len(text) <= 60 else text[:59] + "…" for text in example])


@dataclass
class CleaningReport:
    """Counts by rule name, in the order of the rules; `faults` are records that could not be read at all."""

    records: int = 0
    kept: int = 0
    rules: dict[str, RuleCount] = field(default_factory=lambda: {name: RuleCount() for name in RULES})
    faults: list[str] = field(default_factory=list)

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
        return {"records": self.records, "kept": self.kept, "rules": rules, "faults": self.faults}


def normalise_forms(body: str) -> str:
    """Compatibility characters to the ordinary ones (U+2ECA ⻊ → 足, full-width Ａ → A), blanks removed."""
    return "".join(
        char if char in "，。？！；：（）［］" else unicodedata.normalize("NFKC", char)
        for char in body
        if not char.isspace() and char != "\ufeff"
    )


def strip_notes(body: str) -> str:
    """Editors' notes in （…） and 〖…〗, nested ones too, are no verse; an unmatched bracket spoils the poem."""
    body = body.replace("(", "（").replace(")", "）")
    before = ""
    while before != body:
        before, body = body, _INNERMOST_NOTE.sub("", body)
    if any(bracket in body for bracket in "（）〖〗"):
        raise Unusable
    return body


def strip_quotes(body: str) -> str:
    """Quotation and title marks 「」『』《》〈〉“” are a modern editor's; the words inside are the poem's."""
    return re.sub("[「」『』《》〈〉“”‘’·]", "", body)


def unwrap_restored(body: str) -> str:
    """[x] is a character the editors restored: x is kept."""
    return re.sub(r"[\[［]([^\[\]［］]*)[\]］]", r"\1", body)


def drop_lacunae(body: str) -> str:
    """□ 囗 ○ ● mark lost characters, {…} describes one that has no code: the verse is not whole."""
    if re.search("[□囗○●{}]", body):
        raise Unusable
    return body


def strip_page_numbers(body: str) -> str:
    """Page and footnote numbers, left by scanning, stand between lines."""
    return re.sub(r"-*[0-9]+-*", "", body)


def unify_marks(body: str) -> str:
    """Lines end in ，。？ alone: 、： as ，, ；！ as 。, runs of marks as their first, a poem never in ，."""
    body = body.translate(_MARKS)
    body = _MARK_RUN.sub(r"\1", body).lstrip(MARKS)
    if body and body[-1] not in MARKS:
        body += "。"
    return body[:-1] + "。" if body.endswith("，") else body


def drop_strays(body: str) -> str:
    """Whatever is now neither hanzi nor mark, private-use characters first of all, cannot be read as verse."""
    if not all(char in MARKS or is_hanzi(char) for char in body):
        raise Unusable
    return body


def drop_empty(body: str) -> str:
    """A record without a single hanzi is no poem."""
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


def clean(body: str, report: CleaningReport, *, where: str = "") -> str | None:
    """The clean body of a raw one, or None when a rule drops it; `report` counts either."""
    report.records += 1
    for name, rule in RULES.items():
        count = report.rules[name]
        try:
            after = rule(body)
        except Unusable:
            count.dropped += 1
            count.note(where, body)
            return None
        if after != body:
            count.changed += 1
            count.note(where, body, after)
        body = after
    report.kept += 1
    return body


def split_lines(body: str) -> tuple[tuple[str, ...], str]:
    """A clean body into its lines and the marks that end them."""
    pairs = _LINES.findall(body)
    return tuple(line for line, _ in pairs), "".join(mark for _, mark in pairs)
