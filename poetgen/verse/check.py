"""A poem judged by the rules of its form: rhyme for every poem, tones for the regulated ones.

The tones are judged by poetgen.verse.tonal_rules, by rule: no template of poetgen.verse.templates is looked up, so
that what makes poems and what judges them can only agree by both being right.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.poem.form import Form, form_of
from poetgen.poem.poem import word_of
from poetgen.verse.parallelism import score_couplets
from poetgen.verse.report import (
    RHYME_RULES,
    TONE_RULES,
    Finding,
    Judgement,
    LineReport,
    Report,
    RuleReport,
    rule_report,
)
from poetgen.verse.rhyme_books import EITHER_SIGN, LEVEL, OBLIQUE, UNKNOWN_SIGN
from poetgen.verse.rhyme_rules import BOTH_TONES, RhymePositions, judge_rhymes
from poetgen.verse.rhymes import RhymeTable
from poetgen.verse.senses import Senses
from poetgen.verse.tonal_rules import RELAXED, STRICT, ToneJudgement, ToneOptions, judge_tones

__all__ = ["RELAXED", "STRICT", "check_poem"]


def check_poem(
    lines: Sequence[str],
    *,
    table: RhymeTable | None = None,
    forms: Sequence[Form] = (),
    strict: bool = False,
) -> Report:
    """Judge the lines of a poem: hanzi alone, in the corpus' own characters.

    `table` is the rhyme table (default: our 平水韻; `RhymeTable.load(book=XINYUN)` is 新韻), `forms` are
    those of which the poem must have one (default: any), `strict` holds every position to its template instead of
    一三五不論.
    What the table does not know is taken as whatever fits, with a note. Raises PromptError where there is no line.
    """
    if not lines or not all(lines):
        raise PromptError(tr("a poem to be checked needs lines, and each of them a hanzi"))
    table = RhymeTable.load() if table is None else table
    shape = form_of(lines)
    ends = RhymePositions(lines, table)
    options = _tone_options(lines, ends, table)
    if shape is None:
        return _report_mixed(lines, ends, options, table, forms)
    tones = judge_tones(options, strict=strict) if shape.regulated else None
    if tones and tones.strictness is None and ends.has_senses:
        options = _keep_to_senses(lines, options)
        tones = judge_tones(options, strict=strict)
    tonal = _tonal_judgement(shape, ends, tones)
    rhymes = judge_rhymes(ends, first_tone=tones.patterns[0][-1] if tones else None)
    strictness = tones.strictness if tones and ends.is_level else None
    read = _read_seldom(lines, tones, options, ends) if tones and ends.is_level else ()
    other = (*_find_repeated(lines), *_find_unknown(lines, table)) if shape.regulated else ()
    return Report(
        lines=_line_reports(lines, ends, tones.as_good if tones else options.lines, table),
        form=shape,
        rhyme_group=ends.group,
        template=_template(tones) if tones and strictness else None,
        strictness=strictness,
        rules=(
            *_form_rules(shape, forms),
            *_rule_reports(RHYME_RULES, rhymes),
            *_rule_reports(TONE_RULES, tonal),
        ),
        couplets=score_couplets(lines),
        rhyme_book=table.book,
        notes=(*rhymes.notes, *tonal.notes, *read, *other),
    )


def _report_mixed(
    lines: Sequence[str], ends: RhymePositions, options: ToneOptions, table: RhymeTable, forms: Sequence[Form]
) -> Report:
    """Lines of unlike length: a 詞 or an old-style poem, which the rules of 詩 are not made for."""
    why = tr("its lines differ in length: a 詞, or an old-style poem")
    nothing = Judgement(not_judged=dict.fromkeys((*RHYME_RULES, *TONE_RULES), why))
    return Report(
        lines=tuple(replace(line, rhymes=False) for line in _line_reports(lines, ends, options.lines, table)),
        form=None,
        rhyme_group=None,
        template=None,
        strictness=None,
        rules=(*_form_rules(None, forms), *_rule_reports((*RHYME_RULES, *TONE_RULES), nothing)),
        notes=(),
        rhyme_book=table.book,
    )


def _tone_options(lines: Sequence[str], ends: RhymePositions, table: RhymeTable) -> ToneOptions:
    """What each character may be; only a level rhyme says how lines must end."""
    options = tuple(
        (*("".join(sorted(table.tones(hanzi))) or BOTH_TONES for hanzi in line[:-1]), ends.tones(k))
        for k, line in enumerate(lines)
    )
    places = [range(len(line)) for line in lines]
    wanted = ["", *((OBLIQUE, LEVEL)[k % 2] if ends.is_level else "" for k in range(1, len(lines)))]
    shunned = OBLIQUE if ends.rhymes(0) else LEVEL  # a first line rather rhymes, or else ends oblique
    seldom = tuple(
        tuple(_seldom_tones(table, ends, lines, k, place, options[k][place]) for place in places[k])
        for k in range(len(lines))
    )
    borrows = shunned == LEVEL and bool(ends.near_groups(0))
    return ToneOptions(
        options, wanted, shunned=shunned if ends.is_level else "", seldom=seldom, borrows=borrows
    )


def _seldom_tones(
    table: RhymeTable, ends: RhymePositions, lines: Sequence[str], k: int, place: int, tones: str
) -> str:
    """Of the tones a character may have, those of seldom readings, and those that its neighbours speak against."""
    hanzi = lines[k][place]
    if place + 1 == len(lines[k]):
        seldom = ends.seldom_tones(k)
    else:
        usual = table.tones(hanzi, usual=True)
        seldom = "".join(tone for tone in tones if usual and tone not in usual)
    told = _tone_by_neighbours(lines, ends, k, place)
    is_told = bool(told) and told in tones
    return "".join(tone for tone in tones if tone in seldom or (is_told and tone != told))


def _tone_by_neighbours(lines: Sequence[str], ends: RhymePositions, k: int, place: int) -> str:
    """The tone that its neighbours decide for a character; "" where none do, and at a rhyme."""
    is_rhyme = place + 1 == len(lines[k]) and (k % 2 == 1 or (k == 0 and ends.rhymes(0)))
    return "" if is_rhyme or not ends.has_senses else Senses.load().tone(lines[k], place)


def _keep_to_senses(lines: Sequence[str], options: ToneOptions) -> ToneOptions:
    """The options of a poem that breaks a rule whatever it is read like, in the senses that neighbours decide.

    A reading against the sense may save a poem, but is not to hide what is broken: 乘 "ride" is 平 in 已乘黃鶴去.
    """
    senses = Senses.load()

    def tones_of(k: int, place: int, tones: str) -> str:
        told = "" if place + 1 == len(lines[k]) else senses.tone_beside(lines[k], place)
        return told if told and told in tones else tones

    settled = [
        tuple(tones_of(k, place, tones) for place, tones in enumerate(line))
        for k, line in enumerate(options.lines)
    ]
    return replace(options, lines=settled)


def _read_seldom(
    lines: Sequence[str], tones: ToneJudgement, options: ToneOptions, ends: RhymePositions
) -> Iterator[Finding]:
    """異讀: characters read in a tone that poems seldom give them, since a rule would be broken otherwise."""
    for k, (line, pattern, seldom) in enumerate(zip(lines, tones.patterns, options.seldom, strict=True)):
        for place, (hanzi, tone, few) in enumerate(zip(line, pattern, seldom, strict=True)):
            is_named = k % 2 == 1 and place + 1 == len(line) and ends.rhymes_seldom(k)  # by its rhyme
            if tone in few and not is_named:
                told = _tone_by_neighbours(lines, ends, k, place)
                if told in ("", tone):
                    reason = tr(
                        "{hanzi} is read {tone} here, as poems seldom read it", hanzi=hanzi, tone=tone
                    )
                else:
                    reason = tr(
                        "{hanzi} is read {tone} here, where poems read it {told}",
                        hanzi=hanzi,
                        tone=tone,
                        told=told,
                    )
                yield Finding("異讀", k + 1, place + 1, reason)


def _template(tones: ToneJudgement) -> str:
    """Named by how the first line starts and ends: 平起首句不入韻."""
    first = tones.patterns[0]
    return f"{first[1]}起首句{'' if first[-1] == LEVEL else '不'}入韻"


def _form_rules(shape: Form | None, wanted: Sequence[Form]) -> Iterator[RuleReport]:
    if wanted:
        found = (
            tr("a poem of the form {name}", name=shape.name) if shape else tr("lines of different lengths")
        )
        names = tr(" or ").join(form.name for form in wanted)
        reason = tr("{found}, not {name}", found=found, name=names)
        yield rule_report("不合體", [] if shape in wanted else [Finding("不合體", None, None, reason)])


def _tonal_judgement(shape: Form, ends: RhymePositions, tones: ToneJudgement | None) -> Judgement:
    why = ""
    if tones is None:
        why = tr("{name} has no rules of tone", name=shape.name)
    elif not ends.is_level:
        why = tr("old style: it rhymes in {group}, which is oblique", group=ends.group)
    if why or tones is None:
        return Judgement(not_judged=dict.fromkeys(TONE_RULES, why))
    return Judgement(tones.findings, tones.notes)


def _rule_reports(names: Iterable[str], judged: Judgement) -> Iterator[RuleReport]:
    for name in names:
        found = [finding for finding in judged.findings if finding.name == name]
        yield rule_report(name, found, why_not=judged.not_judged.get(name, ""))


def _line_reports(
    lines: Sequence[str], ends: RhymePositions, tones: Sequence[Sequence[str]], table: RhymeTable
) -> tuple[LineReport, ...]:
    reports = []
    for k, (line, options) in enumerate(zip(lines, tones, strict=True)):
        known = [bool(table.tones(hanzi)) for hanzi in line[:-1]] + [bool(table.readings(line[-1]))]
        shown = (tone if len(tone) == 1 else EITHER_SIGN for tone in options)
        pattern = "".join(
            tone if is_known else UNKNOWN_SIGN for tone, is_known in zip(shown, known, strict=True)
        )
        groups = ends.groups(k, options[-1])
        may_rhyme = k == 0 or k % 2 == 1
        reports.append(LineReport(line, pattern, groups, rhymes=may_rhyme and ends.group in groups))
    return tuple(reports)


def _find_repeated(lines: Sequence[str]) -> Iterator[Finding]:
    """重字: each character that comes again, once; doubled ones (萋萋) are meant to be."""
    first: dict[str, int] = {}
    named = set()
    for k, line in enumerate("".join(map(word_of, each)) for each in lines):
        for place, hanzi in enumerate(line):
            if hanzi not in first:
                first[hanzi] = k
            elif hanzi not in named and line[place - 1 : place] != hanzi:
                named.add(hanzi)
                where = tr("this line") if first[hanzi] == k else tr("line {first}", first=first[hanzi] + 1)
                yield Finding(
                    "重字",
                    k + 1,
                    place + 1,
                    tr("{lines} is in {where} already", lines=lines[k][place], where=where),
                )


def _find_unknown(lines: Sequence[str], table: RhymeTable) -> Iterator[Finding]:
    """不識: each character whose reading is unknown, at its first place."""
    places = ((hanzi, k, place) for k, line in enumerate(lines) for place, hanzi in enumerate(line))
    first: dict[str, tuple[int, int]] = {}
    for hanzi, k, place in places:
        if not table.readings(hanzi):
            first.setdefault(hanzi, (k, place))
    for hanzi, (k, place) in first.items():
        yield Finding("不識", k + 1, place + 1, tr("the rhyme table does not know {hanzi}", hanzi=hanzi))
