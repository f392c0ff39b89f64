"""The tones of regulated verse judged by rule, written apart from the templates that make poems.

What is judged: tones alternate inside a line at the 2nd, 4th and 6th place (with 特拗, and 大拗 where the
answering line makes it good); lines of a couplet are opposed at the 2nd place (對), couplets adhere there (粘);
rhyming lines end in 平, others in 仄; no 孤平, no 三平調. 一三五不論 is what is left free. Judged strictly, the
1st and 2nd, and the 3rd and 4th of 7, are also alike, and the last but two is opposed to the foot. (王力,
詩詞格律.)

Many characters have two tones. Among all ways to read a poem the one with the fewest faults is judged, found line
by line: what passes from one line to the next is only the tone it starts with and whether it must be made good.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import NamedTuple

from poetgen.verse.report import Finding
from poetgen.verse.rhymes import LEVEL, OBLIQUE

# Costs: one fault outweighs a first line that rhymes otherwise than it could, and that any number of oddities.
_FAULT, _SHUNNED, _ODDITY = 10**9, 10**6, 1
_SWAPPED = LEVEL + LEVEL + OBLIQUE + LEVEL + OBLIQUE
Remark = tuple[str, int, str]  # name, position, reason


@dataclass(frozen=True)
class Tones:
    """The tones each character may have, line by line, and what the rhyme says about feet.

    `feet` has for each line the tone its foot must have, "" for a foot that may have either. `shunned` is the tone
    that the first line's foot is read in only where the other makes a fault, "" where both are as good.
    """

    lines: Sequence[tuple[str, ...]]
    feet: Sequence[str]
    shunned: str = ""


@dataclass(frozen=True)
class Metre:
    """The reading with the fewest faults, a pattern for each line; `open` has every tone as good in each place."""

    patterns: tuple[str, ...]
    open: tuple[tuple[str, ...], ...]
    faults: tuple[Finding, ...]
    notes: tuple[Finding, ...]


class _Link(NamedTuple):
    """What the neighbours of a line need to know of it."""

    start: str
    must_be_saved: bool
    saves: bool


class _Choice(NamedTuple):
    """The readings of one line with one link: their least cost, and those that have it."""

    cost: int
    patterns: tuple[str, ...]


_Choices = Mapping[_Link, _Choice]


def judge(tones: Tones, *, strict: bool = False) -> Metre:
    """Find the best reading and its faults. Lines have all 5 or all 7 characters."""
    choices = _all_choices(tones, strict)
    before = _least_costs(choices)
    links = _path(choices, before)
    patterns = tuple(choice[link].patterns[0] for choice, link in zip(choices, links, strict=True))
    faults, notes = _told(patterns, links, tones.feet, strict)
    return Metre(patterns, _open(choices, before), faults, notes)


def is_kept(tones: Tones, *, strict: bool = False) -> bool:
    """Whether some reading has no fault: what `judge` would find, sooner."""
    return min(_least_costs(_all_choices(tones, strict))[-1].values()) < _FAULT


def _all_choices(tones: Tones, strict: bool) -> list[_Choices]:
    return [
        _choices(line, k % 2 == 0, foot, strict, shunned="" if k else tones.shunned)
        for k, (line, foot) in enumerate(zip(tones.lines, tones.feet, strict=True))
    ]


def _open(choices: Sequence[_Choices], before: Sequence[dict[_Link, int]]) -> tuple[tuple[str, ...], ...]:
    """Every tone that some best reading has in each place."""
    after = _least_costs(choices, backwards=True)
    least = min(before[-1].values())
    found = []
    for k, choice in enumerate(choices):
        best = [link for link in choice if before[k][link] + after[k][link] - choice[link].cost == least]
        patterns = [pattern for link in best for pattern in choice[link].patterns]
        found.append(tuple("".join(sorted(set(column))) for column in zip(*patterns, strict=True)))
    return tuple(found)


@lru_cache(maxsize=1 << 15)
def _choices(
    options: tuple[str, ...], opens_couplet: bool, foot: str, strict: bool, *, shunned: str
) -> _Choices:
    """The readings of one line by what they mean to its neighbours."""
    found: dict[_Link, _Choice] = {}
    for pattern in map("".join, product(*options)):
        faults, oddities, link = _judge_line(pattern, opens_couplet, foot, strict)
        cost = _FAULT * len(faults) + _ODDITY * len(oddities)
        if pattern[-1] == shunned:
            cost += _SHUNNED
        known = found.get(link, _Choice(cost + 1, ()))
        if cost < known.cost:
            found[link] = _Choice(cost, (pattern,))
        elif cost == known.cost:
            found[link] = _Choice(cost, (*known.patterns, pattern))
    return found


@cache
def _judge_line(
    pattern: str, opens_couplet: bool, foot: str, strict: bool
) -> tuple[list[Remark], list[Remark], _Link]:
    """Faults and oddities of a line by itself, and its link to its neighbours."""
    five, shift = pattern[-5:], len(pattern) - 5
    faults: list[Remark] = []
    oddities: list[Remark] = []
    must_be_saved = False
    if shift and pattern[1] == pattern[3]:
        faults.append(("不合律", 4, f"the 2nd and 4th are both {pattern[1]}"))
    if five[1] == five[3]:
        where = f"the {_ordinal(shift + 2)} and {_ordinal(shift + 4)} are both {five[1]}"
        if five == _SWAPPED and not strict:
            oddities.append(("特拗", shift + 3, f"{five} for 平平平仄仄"))
        elif opens_couplet and five[1] == five[4] == OBLIQUE and not strict:
            must_be_saved = True
        else:
            faults.append(("不合律", shift + 4, where))
    if foot and pattern[-1] != foot:
        kind = "rhyming" if foot == LEVEL else "unrhymed"
        faults.append(("不合律", len(pattern), f"the foot of this {kind} line is {pattern[-1]}, not {foot}"))
    faults += _level_faults(five, shift)
    faults += _strict_faults(pattern) if strict else ()
    oddities += _allowed(five, shift)
    return faults, oddities, _Link(pattern[1], must_be_saved, five[2] == LEVEL)


def _level_faults(five: str, shift: int) -> Iterator[Remark]:
    """孤平 and 三平調, which 一三五不論 does not excuse."""
    if five.endswith(LEVEL * 3):
        yield "三平調", shift + 3, f"the line ends in {LEVEL * 3}"
    if five == OBLIQUE + LEVEL + OBLIQUE * 2 + LEVEL:
        yield "孤平", shift + 2, f"{five} has one {LEVEL} beside its foot"


def _allowed(five: str, shift: int) -> Iterator[Remark]:
    """What is odd and allowed."""
    if five.endswith(OBLIQUE * 3):
        yield "三仄尾", shift + 3, f"the line ends in {OBLIQUE * 3}"
    if five == OBLIQUE + LEVEL * 2 + OBLIQUE + LEVEL:
        yield "孤平拗救", shift + 3, f"{five}: the {_ordinal(shift + 3)} makes the {_ordinal(shift + 1)} good"


def _strict_faults(pattern: str) -> Iterator[Remark]:
    """What is free by 一三五不論 and not strictly."""
    five, shift = pattern[-5:], len(pattern) - 5
    for place in range(0, shift + 1, 2):
        if pattern[place] != pattern[place + 1]:
            yield "不合律", place + 1, f"{pattern[place]} begins a pair in {pattern[place + 1]}"
    if five[2] == five[4]:
        yield "不合律", shift + 3, f"{five[2]} is also the foot's tone"


def _passing(one: _Link, other: _Link, into_couplet: bool) -> list[str]:
    """Faults between two lines: the second answers inside a couplet, or opens the next one."""
    if not into_couplet:
        return ["失粘"] if one.start != other.start else []
    faults = ["失對"] if one.start == other.start else []
    return faults + (["失救"] if one.must_be_saved and not other.saves else [])


@cache
def _passing_cost(one: _Link, other: _Link, into_couplet: bool) -> int:
    """A 大拗 counts as an oddity in the line that opens it, saved or not."""
    return _FAULT * len(_passing(one, other, into_couplet)) + _ODDITY * one.must_be_saved


def _least_costs(choices: Sequence[_Choices], *, backwards: bool = False) -> list[dict[_Link, int]]:
    """For each line and link the least cost of it and all lines before; backwards: of it and all lines after."""
    costs: list[dict[_Link, int]] = []
    for k in reversed(range(len(choices))) if backwards else range(len(choices)):
        reached = costs[-1] if costs else {}
        costs.append(
            {link: choice.cost + _reached(reached, link, k, backwards) for link, choice in choices[k].items()}
        )
    return costs[::-1] if backwards else costs


def _reached(costs: Mapping[_Link, int], link: _Link, k: int, backwards: bool) -> int:
    """The least cost on the other side of line k, and of the passage from there to this link."""
    if backwards:
        passing = (cost + _passing_cost(link, other, k % 2 == 0) for other, cost in costs.items())
    else:
        passing = (cost + _passing_cost(other, link, k % 2 == 1) for other, cost in costs.items())
    return min(passing, default=0)


def _path(choices: Sequence[_Choices], before: Sequence[Mapping[_Link, int]]) -> list[_Link]:
    """One link a line, of the cheapest reading, read off from the last line back."""
    path = [min(choices[-1], key=lambda link: (before[-1][link], link))]
    for k in range(len(choices) - 1, 0, -1):
        _, link = min(
            (cost + _passing_cost(link, path[-1], k % 2 == 1), link) for link, cost in before[k - 1].items()
        )
        path.append(link)
    return path[::-1]


def _told(
    patterns: Sequence[str], links: Sequence[_Link], feet: Sequence[str], strict: bool
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Faults and oddities of the chosen reading, with their places."""
    faults: list[Finding] = []
    notes: list[Finding] = []
    for k, pattern in enumerate(patterns):
        line_faults, oddities, link = _judge_line(pattern, k % 2 == 0, feet[k], strict)
        faults += [Finding(name, k + 1, place, reason) for name, place, reason in line_faults]
        notes += [Finding(name, k + 1, place, reason) for name, place, reason in oddities]
        between = _passing(links[k - 1], link, k % 2 == 1) if k else []
        faults += [_between(name, k, patterns) for name in between]
        if k and links[k - 1].must_be_saved and "失救" not in between:
            answer = f"made good by {LEVEL} at the {_ordinal(len(pattern) - 2)} of line {k + 1}"
            notes.append(Finding("大拗", k, len(pattern) - 1, answer))
    return tuple(faults), tuple(notes)


def _between(name: str, k: int, patterns: Sequence[str]) -> Finding:
    """A fault between line k and line k + 1 (from 1)."""
    tone, length = patterns[k][1], len(patterns[k])
    if name == "失救":
        fault = f"{patterns[k - 1]} has 仄 for 平 at the {_ordinal(length - 1)}"
        return Finding(
            name, k, length - 1, f"{fault}, and line {k + 1} answers without 平 at its {_ordinal(length - 2)}"
        )
    relation = "the same as" if name == "失對" else "unlike"
    return Finding(name, k + 1, 2, f"the 2nd is {tone}, {relation} in line {k}")


def _ordinal(number: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(number, f"{number}th")
