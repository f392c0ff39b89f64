"""The tones of regulated verse judged by rule, written apart from the templates that make poems.

What is judged: tones alternate inside a line at the 2nd, 4th and 6th place (with 特拗, and 大拗 where the
answering line compensates, 救); lines of a couplet are opposed at the 2nd place (對), couplets adhere there (粘);
rhyming lines end in 平, others in 仄; no 孤平, no 三平調. 一三五不論 is what is left free. Judged strictly, the
1st and 2nd, and the 3rd and 4th of 7, are also alike, and the last but two is opposed to the last. (王力,
詩詞格律.)

Many characters have two tones. Among all ways to read a poem the one with the fewest faults is judged, found line
by line: what passes from one line to the next is only the tone it starts with and whether it needs compensation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import NamedTuple

from poetgen.language import tr
from poetgen.verse.report import Finding
from poetgen.verse.rhyme_books import LEVEL
from poetgen.verse.tonal_line import Boundary, judge_line, ordinal

RELAXED, STRICT = "relaxed", "strict"
# Costs: one fault outweighs a first line that rhymes otherwise than it could, and that any number of seldom
# readings, one of which outweighs a borrowed rhyme, and that any number of licences, among which the one that
# strict poets shun comes last.
_FAULT, _SHUNNED, _SELDOM, _BORROWED, _LATE, _LICENCE = 10**12, 10**9, 10**6, 10**4, 10**2, 1


@dataclass(frozen=True)
class ToneOptions:
    """The tones each character may have, line by line, and what the rhyme says about the ends of lines.

    `ends` has for each line the tone its last character must have, "" where it may have either. `shunned` is the
    tone in which the first line ends only where the other makes a fault, "" where both are as good; `borrows` says
    that this end borrows its rhyme (鄰韻), and so is better than a seldom reading. `seldom` has for each character
    the tones of its seldom readings, taken only where the usual one makes a fault.
    """

    lines: Sequence[tuple[str, ...]]
    ends: Sequence[str]
    shunned: str = ""
    seldom: Sequence[tuple[str, ...]] = ()
    borrows: bool = False


@dataclass(frozen=True)
class ToneJudgement:
    """The reading with the fewest faults, a pattern for each line, and what is found in it.

    `as_good` has every tone that serves as well in each place. `strictness` is the strictest mode (strict,
    relaxed) whose rules some reading keeps, None for neither.
    """

    patterns: tuple[str, ...]
    as_good: tuple[tuple[str, ...], ...]
    strictness: str | None
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]


class _Choice(NamedTuple):
    """The readings of one line with one boundary: their least cost, and those that have it."""

    cost: int
    patterns: tuple[str, ...]


_Choices = Mapping[Boundary, _Choice]


def judge_tones(tones: ToneOptions, *, strict: bool = False) -> ToneJudgement:
    """Find the best reading and its faults. Lines have all 5 or all 7 characters."""
    choices = _all_choices(tones, strict)
    before = _least_costs(choices)
    boundaries = _path(choices, before)
    patterns = tuple(choice[own].patterns[0] for choice, own in zip(choices, boundaries, strict=True))
    findings, notes = _find_faults(patterns, boundaries, tones.ends, strict)
    strictness = _strictness(tones, strict, holds=not findings)
    return ToneJudgement(patterns, _as_good(choices, before), strictness, findings, notes)


def _strictness(tones: ToneOptions, strict: bool, *, holds: bool) -> str | None:
    if holds:
        return STRICT if strict or is_kept(tones, strict=True) else RELAXED
    return RELAXED if strict and is_kept(tones) else None


def is_kept(tones: ToneOptions, *, strict: bool = False) -> bool:
    """Whether some reading has no fault: what `judge_tones` would find, sooner."""
    return min(_least_costs(_all_choices(tones, strict))[-1].values()) < _FAULT


def _all_choices(tones: ToneOptions, strict: bool) -> list[_Choices]:
    return [
        _choices(
            line,
            k % 2 == 0,
            end,
            strict,
            shunned="" if k else tones.shunned,
            price=_BORROWED if tones.borrows else _SHUNNED,
            seldom=tones.seldom[k] if tones.seldom and any(tones.seldom[k]) else (),
        )
        for k, (line, end) in enumerate(zip(tones.lines, tones.ends, strict=True))
    ]


def _as_good(
    choices: Sequence[_Choices], before: Sequence[dict[Boundary, int]]
) -> tuple[tuple[str, ...], ...]:
    """Every tone that some best reading has in each place."""
    after = _least_costs(choices, backwards=True)
    least = min(before[-1].values())
    found = []
    for k, choice in enumerate(choices):
        best = [
            boundary
            for boundary in choice
            if before[k][boundary] + after[k][boundary] - choice[boundary].cost == least
        ]
        patterns = [pattern for boundary in best for pattern in choice[boundary].patterns]
        found.append(tuple("".join(sorted(set(column))) for column in zip(*patterns, strict=True)))
    return tuple(found)


@lru_cache(maxsize=1 << 15)
def _choices(
    options: tuple[str, ...],
    opens_couplet: bool,
    end: str,
    strict: bool,
    *,
    shunned: str,
    price: int,
    seldom: tuple[str, ...],
) -> _Choices:
    """The readings of one line by what they mean to its neighbours."""
    found: dict[Boundary, _Choice] = {}
    for pattern in map("".join, product(*options)):
        faults, licences, boundary = judge_line(pattern, opens_couplet, end, strict)
        cost = _FAULT * len(faults) + sum(
            _LATE if name == "特拗首仄" else _LICENCE for name, _, _ in licences
        )
        if pattern[-1] == shunned:
            cost += price
        cost += _SELDOM * sum(tone in few for tone, few in zip(pattern, seldom, strict=False))
        known = found.get(boundary, _Choice(cost + 1, ()))
        if cost < known.cost:
            found[boundary] = _Choice(cost, (pattern,))
        elif cost == known.cost:
            found[boundary] = _Choice(cost, (*known.patterns, pattern))
    return found


def _boundary_faults(one: Boundary, other: Boundary, into_couplet: bool) -> list[str]:
    """Faults between two lines: the second answers inside a couplet, or opens the next one."""
    if not into_couplet:
        return ["失粘"] if one.start != other.start else []
    faults = ["失對"] if one.start == other.start else []
    return faults + (["失救"] if one.needs_compensation and not other.compensates else [])


@cache
def _boundary_cost(one: Boundary, other: Boundary, into_couplet: bool) -> int:
    """A 大拗 counts as a licence of the line that has it, compensated for or not."""
    return _FAULT * len(_boundary_faults(one, other, into_couplet)) + _LICENCE * one.needs_compensation


def _least_costs(choices: Sequence[_Choices], *, backwards: bool = False) -> list[dict[Boundary, int]]:
    """For each line and boundary the least cost of it and all lines before; backwards: and all lines after."""
    costs: list[dict[Boundary, int]] = []
    for k in reversed(range(len(choices))) if backwards else range(len(choices)):
        reached = costs[-1] if costs else {}
        costs.append(
            {
                boundary: choice.cost + _least_beyond(reached, boundary, k, backwards)
                for boundary, choice in choices[k].items()
            }
        )
    return costs[::-1] if backwards else costs


def _least_beyond(costs: Mapping[Boundary, int], boundary: Boundary, k: int, backwards: bool) -> int:
    """The least cost on the other side of line k, and of the passage from there to this boundary."""
    if backwards:
        passing = (cost + _boundary_cost(boundary, other, k % 2 == 0) for other, cost in costs.items())
    else:
        passing = (cost + _boundary_cost(other, boundary, k % 2 == 1) for other, cost in costs.items())
    return min(passing, default=0)


def _path(choices: Sequence[_Choices], before: Sequence[Mapping[Boundary, int]]) -> list[Boundary]:
    """One boundary a line, of the cheapest reading, read off from the last line back."""
    path = [min(choices[-1], key=lambda boundary: (before[-1][boundary], boundary))]
    for k in range(len(choices) - 1, 0, -1):
        _, boundary = min(
            (cost + _boundary_cost(boundary, path[-1], k % 2 == 1), boundary)
            for boundary, cost in before[k - 1].items()
        )
        path.append(boundary)
    return path[::-1]


def _find_faults(
    patterns: Sequence[str], boundaries: Sequence[Boundary], ends: Sequence[str], strict: bool
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Faults and licences of the chosen reading, with their places."""
    faults: list[Finding] = []
    notes: list[Finding] = []
    for k, pattern in enumerate(patterns):
        line_faults, licences, boundary = judge_line(pattern, k % 2 == 0, ends[k], strict)
        faults += [Finding(name, k + 1, place, reason) for name, place, reason in line_faults]
        notes += [Finding(name, k + 1, place, reason) for name, place, reason in licences]
        between = _boundary_faults(boundaries[k - 1], boundary, k % 2 == 1) if k else []
        faults += [_boundary_finding(name, k, patterns) for name in between]
        if k and boundaries[k - 1].needs_compensation and "失救" not in between:
            notes.append(Finding("大拗", k, len(pattern) - 1, _compensation(k, pattern)))
        elif k % 2 == 1 and not strict and _is_compensated(patterns[k - 1], pattern):
            notes.append(Finding("小拗", k, len(pattern) - 2, _compensation(k, pattern)))
    return tuple(faults), tuple(notes)


def _is_compensated(pattern: str, answer: str) -> bool:
    """小拗 (仄)仄仄平仄 for (仄)仄平平仄, which the answering (平)平平仄平 compensates for."""
    return pattern[-4:] == "仄仄平仄" and answer[-4:] == "平平仄平"


def _compensation(k: int, pattern: str) -> str:
    return tr(
        "對句救: compensated for by {level} at the {count} of line {k}",
        level=LEVEL,
        count=ordinal(len(pattern) - 2),
        k=k + 1,
    )


def _boundary_finding(name: str, k: int, patterns: Sequence[str]) -> Finding:
    """A fault between line k and line k + 1 (from 1)."""
    tone, length = patterns[k][1], len(patterns[k])
    if name == "失救":
        fault = tr(
            "{patterns} has 仄 for 平 at the {length}", patterns=patterns[k - 1], length=ordinal(length - 1)
        )
        return Finding(
            name,
            k,
            length - 1,
            tr(
                "{fault}, and line {k} answers without 平 at its {length}",
                fault=fault,
                k=k + 1,
                length=ordinal(length - 2),
            ),
        )
    relation = tr("the same as") if name == "失對" else tr("unlike")
    return Finding(
        name, k + 1, 2, tr("the 2nd is {tone}, {relation} in line {k}", tone=tone, relation=relation, k=k)
    )
