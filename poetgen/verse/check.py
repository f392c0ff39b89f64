"""A poem judged by the rules of its form: rhyme for every poem, tones for the regulated ones.

The tones are judged by poetgen.verse.metre, by rule: no template of poetgen.verse.tones is looked up, so that what
makes poems and what judges them can only agree by both being right.
"""

from collections.abc import Iterator, Sequence

from poetgen.errors import PromptError
from poetgen.poem.form import Form, form_of
from poetgen.verse.feet import EITHER_TONE, Feet
from poetgen.verse.metre import Metre, Tones, is_kept, judge
from poetgen.verse.report import (
    TONE_RULES,
    Finding,
    LineReport,
    Report,
    RuleReport,
    rule_report,
)
from poetgen.verse.rhymes import LEVEL, OBLIQUE, RhymeTable

RELAXED, STRICT = "relaxed", "strict"
EITHER, UNKNOWN = "中", "?"


def check_poem(
    lines: Sequence[str],
    *,
    table: RhymeTable | None = None,
    form: Form | None = None,
    strict: bool = False,
) -> Report:
    """Judge the lines of a poem: hanzi alone, in the corpus' own characters.

    `table` is the rhyme table (default: ours; `RhymeTable.load(amended=False)` is the book alone), `form` the
    one the poem must have (default: any), `strict` holds every position to its template instead of 一三五不論.
    What the table does not know is taken as whatever fits, and told. Raises PromptError where there is no line.
    """
    if not lines or not all(lines):
        raise PromptError("a poem to be checked needs lines, and each of them a hanzi")
    table = RhymeTable.load() if table is None else table
    shape = form_of(lines)
    feet = Feet(lines, table)
    tones = _tones(lines, feet, table)
    is_regulated = shape is not None and shape.regulated
    metre = judge(tones, strict=strict) if is_regulated else None
    strictness = _strictness(tones, feet, metre, strict) if metre else None
    first_tone = metre.patterns[0][-1] if metre else None
    notes = [*feet.notes(first_tone), *(metre.notes if metre else ())]
    notes += [*(_repeated(lines) if is_regulated else ()), *_unknown(lines, feet, table, is_regulated)]
    return Report(
        lines=_line_reports(lines, feet, metre, tones, table),
        form=shape,
        rhyme_group=feet.group,
        template=_template(metre) if metre and strictness else None,
        strictness=strictness,
        rules=(*_form_rules(shape, form), *feet.rules(first_tone), *_tone_rules(shape, feet, metre)),
        notes=tuple(notes),
    )


def _tones(lines: Sequence[str], feet: Feet, table: RhymeTable) -> Tones:
    """What each character may be; only a level rhyme says what feet must be."""
    options = tuple(
        (*("".join(sorted(table.tones(hanzi))) or EITHER_TONE for hanzi in line[:-1]), feet.tones(k))
        for k, line in enumerate(lines)
    )
    wanted = ["", *((OBLIQUE, LEVEL)[k % 2] if feet.is_level else "" for k in range(1, len(lines)))]
    shunned = OBLIQUE if feet.rhymes(0) else LEVEL  # a first line rather rhymes, or else ends oblique
    return Tones(options, wanted, shunned=shunned if feet.is_level else "")


def _strictness(tones: Tones, feet: Feet, metre: Metre, strict: bool) -> str | None:
    """The strictest mode whose rules of tone are kept."""
    if not feet.is_level:
        return None
    if strict and metre.faults:
        return RELAXED if is_kept(tones) else None
    if metre.faults:
        return None
    return STRICT if strict or is_kept(tones, strict=True) else RELAXED


def _template(metre: Metre) -> str:
    """Named by how the first line starts and ends: 平起首句不入韻."""
    first = metre.patterns[0]
    return f"{first[1]}起首句{'' if first[-1] == LEVEL else '不'}入韻"


def _form_rules(shape: Form | None, wanted: Form | None) -> Iterator[RuleReport]:
    if wanted is not None:
        found = f"a poem of the form {shape.name}" if shape else "lines of different lengths"
        reason = f"{found}, not {wanted.name}"
        yield rule_report("不合體", [] if shape == wanted else [Finding("不合體", None, None, reason)])


def _tone_rules(shape: Form | None, feet: Feet, metre: Metre | None) -> Iterator[RuleReport]:
    why = "its lines differ in length" if shape is None else f"{shape.name} has no rules of tone"
    for name in TONE_RULES:
        found = [fault for fault in metre.faults if fault.name == name] if metre else []
        if name == "仄韻" and not feet.is_level:
            found.append(Finding(name, None, None, f"the even lines rhyme in {feet.group}"))
        yield rule_report(name, found, why_not="" if metre else why)


def _line_reports(
    lines: Sequence[str], feet: Feet, metre: Metre | None, tones: Tones, table: RhymeTable
) -> tuple[LineReport, ...]:
    reports = []
    for k, line in enumerate(lines):
        options = metre.open[k] if metre else tones.lines[k]
        known = [bool(table.tones(hanzi)) for hanzi in line[:-1]] + [bool(table.readings(line[-1]))]
        shown = (tone if len(tone) == 1 else EITHER for tone in options)
        pattern = "".join(tone if is_known else UNKNOWN for tone, is_known in zip(shown, known, strict=True))
        groups = feet.groups(k, options[-1])
        reports.append(LineReport(line, pattern, groups, rhymes=_is_rhyme(k, feet, groups)))
    return tuple(reports)


def _is_rhyme(k: int, feet: Feet, groups: Sequence[str]) -> bool:
    return (k == 0 or k % 2 == 1) and feet.group in groups


def _repeated(lines: Sequence[str]) -> Iterator[Finding]:
    """重字: each character that comes again, once; doubled ones (萋萋) are meant to be."""
    first: dict[str, int] = {}
    told = set()
    for k, line in enumerate(lines):
        for place, hanzi in enumerate(line):
            if hanzi not in first:
                first[hanzi] = k
            elif hanzi not in told and line[place - 1 : place] != hanzi:
                told.add(hanzi)
                where = "this line" if first[hanzi] == k else f"line {first[hanzi] + 1}"
                yield Finding("重字", k + 1, place + 1, f"{hanzi} is in {where} already")


def _unknown(lines: Sequence[str], feet: Feet, table: RhymeTable, is_regulated: bool) -> Iterator[Finding]:
    """不識: each character whose reading matters and is unknown, at its first place; then feet without a group."""
    told = set()
    for k, line in enumerate(lines if is_regulated else ()):
        for place, hanzi in enumerate(line):
            if hanzi not in told and not table.readings(hanzi):
                told.add(hanzi)
                yield Finding("不識", k + 1, place + 1, f"the rhyme table does not know {hanzi}")
    yield from (finding for finding in feet.unknown() if lines[(finding.line or 1) - 1][-1] not in told)
