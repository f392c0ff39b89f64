"""The tones of one line by itself: its faults, its licences, and what its neighbours need to know of it."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from poetgen.language import tr
from poetgen.verse.rhyme_books import LEVEL, OBLIQUE

_SWAPPED = LEVEL + LEVEL + OBLIQUE + LEVEL + OBLIQUE
_SWAPPED_LATE = OBLIQUE + _SWAPPED[1:]  # 昔聞洞庭水: one in twelve lines of Tang poems with 特拗
Remark = tuple[str, int, str]  # name, position, reason


class Boundary(NamedTuple):
    """What the neighbours of a line need to know of it."""

    start: str
    needs_compensation: bool
    compensates: bool


@cache
def judge_line(
    pattern: str, opens_couplet: bool, end: str, strict: bool
) -> tuple[list[Remark], list[Remark], Boundary]:
    """Faults and licences of a line by itself, and its boundary to its neighbours."""
    five, shift = pattern[-5:], len(pattern) - 5
    faults: list[Remark] = []
    licences: list[Remark] = []
    needs_compensation = False
    if shift and pattern[1] == pattern[3]:
        faults.append(("不合律", 4, tr("the 2nd and 4th are both {pattern}", pattern=pattern[1])))
    if five[1] == five[3]:
        licences += () if strict else _find_swapped(five, shift)
        needs_compensation = opens_couplet and five[1] == five[4] == OBLIQUE and not strict
        if not (licences or needs_compensation):
            faults.append(("不合律", shift + 4, _alike(five, shift)))
    if end and pattern[-1] != end:
        faults.append(("不合律", len(pattern), _wrong_end(pattern[-1], end)))
    faults += _level_faults(five, shift)
    faults += _strict_faults(pattern) if strict else ()
    licences += _licences(five, shift)
    return faults, licences, Boundary(pattern[1], needs_compensation, five[2] == LEVEL)


def _find_swapped(five: str, shift: int) -> Iterator[Remark]:
    """特拗: the last but two and the last but one change their tones."""
    if five == _SWAPPED:
        yield "特拗", shift + 3, tr("{five} for 平平平仄仄", five=five)
    elif five == _SWAPPED_LATE:
        reason = tr("{five}: 特拗 with 仄 for 平 at the {shift}", five=five, shift=ordinal(shift + 1))
        yield "特拗首仄", shift + 1, reason


def _alike(five: str, shift: int) -> str:
    return tr(
        "the {shift} and {shift2} are both {five}",
        shift=ordinal(shift + 2),
        shift2=ordinal(shift + 4),
        five=five[1],
    )


def _level_faults(five: str, shift: int) -> Iterator[Remark]:
    """孤平 and 三平調, which 一三五不論 does not excuse."""
    if five.endswith(LEVEL * 3):
        yield "三平調", shift + 3, tr("the line ends in {level}", level=LEVEL * 3)
    if five == OBLIQUE + LEVEL + OBLIQUE * 2 + LEVEL:
        yield "孤平", shift + 2, tr("{five} has one {level} beside its last", five=five, level=LEVEL)


def _licences(five: str, shift: int) -> Iterator[Remark]:
    """What departs from the template and is allowed."""
    if five.endswith(OBLIQUE * 3):
        yield "三仄尾", shift + 3, tr("the line ends in {oblique}", oblique=OBLIQUE * 3)
    if five == OBLIQUE + LEVEL * 2 + OBLIQUE + LEVEL:
        yield (
            "孤平拗救",
            shift + 3,
            tr(
                "{five}: the {shift} compensates for the {shift2}",
                five=five,
                shift=ordinal(shift + 3),
                shift2=ordinal(shift + 1),
            ),
        )


def _strict_faults(pattern: str) -> Iterator[Remark]:
    """What is free by 一三五不論 and not strictly."""
    five, shift = pattern[-5:], len(pattern) - 5
    for place in range(0, shift + 1, 2):
        if pattern[place] != pattern[place + 1]:
            one, other = pattern[place], pattern[place + 1]
            yield (
                "不合律",
                place + 1,
                tr("{one} stands before {other}; strictly the two have one tone", one=one, other=other),
            )
    if five[2] == five[4]:
        yield "不合律", shift + 3, tr("{five} is also the tone that ends the line", five=five[2])


def _wrong_end(found: str, end: str) -> str:
    if end == LEVEL:
        return tr("this rhyming line ends in {found}, not {end}", found=found, end=end)
    return tr("this unrhymed line ends in {found}, not {end}", found=found, end=end)


def ordinal(number: int) -> str:
    """1st to 7th, in the user's language."""
    ordinals = (tr("1st"), tr("2nd"), tr("3rd"), tr("4th"), tr("5th"), tr("6th"), tr("7th"))
    return ordinals[number - 1]
