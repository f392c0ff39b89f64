"""The states a poem may be in: the tone templates and rhyme groups that its rules and its text leave open.

A state is a template with the patterns of the current couplet that still fit, and the rhyme groups that all line
ends so far share. Every pattern kept is the rest of a whole couplet, and the couplets of a template do not depend
on each other, so a state that is live can be gone on from to its end as far as tones are concerned.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.poem.form import Form
from poetgen.verse.prosody import (
    ALL_GROUPS,
    EITHER,
    GROUP_BITS,
    LEVEL_BIT,
    LEVEL_GROUPS,
    OBLIQUE_BIT,
    TONE_BITS,
    TokenProsody,
    opposed_groups,
    places,
)
from poetgen.verse.rhyme_books import LEVEL, OBLIQUE, ORDER
from poetgen.verse.templates import Template, opposite, templates
from poetgen.writing.constraints import Constraints

Patterns = frozenset[str]
GivenNumbers = Mapping[tuple[int, int], int]  # (line, column), from 0 → the token that stands there
TypedTones = Mapping[int, Sequence[int]]  # for a line (from 0) the tones of its characters so far, as bits


@cache
def after(patterns: Patterns, tones: int) -> Patterns:
    """What is left of the patterns once a character with these tones is written."""
    return frozenset(pattern[1:] for pattern in patterns if TONE_BITS[pattern[0]] & tones)


@cache
def next_tones(patterns: Patterns) -> int:
    """The tones with which one of the patterns goes on."""
    return sum(TONE_BITS[tone] for tone in {pattern[0] for pattern in patterns})


class Scheme(NamedTuple):
    """A template and the patterns of its couplets that admit the acrostic; where tones are free, neither."""

    template: Template | None
    first_line_rhymes: bool
    couplets: tuple[Patterns, ...]

    def rhymes(self, line: int) -> bool:
        """Whether this line (from 0) rhymes."""
        return line % 2 == 1 or (line == 0 and self.first_line_rhymes)

    def count_rhymes(self, line_count: int) -> int:
        """Rhyming lines of the whole poem."""
        return line_count // 2 + self.first_line_rhymes


class State(NamedTuple):
    """What is left of the couplet's patterns in one scheme, and the groups still possible, as bits."""

    scheme: Scheme
    patterns: Patterns
    groups: int


def initial_states(
    form: Form, constraints: Constraints, prosody: TokenProsody, as_typed: TypedTones, given: GivenNumbers
) -> tuple[State, ...]:
    """All states before the first character; the lines that are `as_typed` begin with any tones they have.

    `given` has the tokens that stand in some places.

    Raises PromptError where there is none, naming the rule to blame.
    """
    _check_supply(form, constraints, prosody)
    states = [
        State(scheme, scheme.couplets[0] if scheme.couplets else frozenset(), groups)
        for scheme in _schemes(form, constraints, prosody, as_typed, given)
        if (groups := _groups(form, constraints, prosody, scheme, given)) or not constraints.has_rhyme
    ]
    if not states:
        raise PromptError(_too_few_to_rhyme(form, constraints, prosody, given))
    return tuple(states)


def _schemes(
    form: Form, constraints: Constraints, prosody: TokenProsody, as_typed: TypedTones, given: GivenNumbers
) -> list[Scheme]:
    openings = [rhymes for rhymes in (False, True) if constraints.first_line_rhymes in (None, rhymes)]
    if not constraints.has_tones:
        return [Scheme(None, rhymes, ()) for rhymes in openings]
    schemes = [
        _with_given(
            Scheme(
                template,
                template.first_line_rhymes,
                _with_typed(as_typed, template.couplets(constraints.mode)),
            ),
            form,
            prosody,
            given,
        )
        for template in templates(form)
        if template.first_line_rhymes in openings
    ]
    left = [scheme for scheme in schemes if all(scheme.couplets)]
    if not left:
        raise PromptError(_no_template(form, constraints, schemes, prosody, given))
    return left


def _with_typed(as_typed: TypedTones, couplets: Sequence[Patterns]) -> tuple[Patterns, ...]:
    """The patterns; a line that is as typed begins as its characters are read, whatever the template has."""
    changed = list(couplets)
    for line, tones in as_typed.items():
        couplet, second = divmod(line, 2)
        changed[couplet] = frozenset(
            _with_tones(pattern, second * len(pattern) // 2, tones) for pattern in changed[couplet]
        )
    return tuple(changed)


def _with_tones(pattern: str, start: int, tones: Sequence[int]) -> str:
    """From `start` on the tones of what is typed, the pattern's own where a character has it."""
    typed = (
        own if (bits or EITHER) & TONE_BITS[own] else opposite(own)
        for own, bits in zip(pattern[start:], tones, strict=False)
    )
    return pattern[:start] + "".join(typed) + pattern[start + len(tones) :]


def _with_given(scheme: Scheme, form: Form, prosody: TokenProsody, given: GivenNumbers) -> Scheme:
    """The scheme with the patterns that have the tones of what is given."""
    admitting = list(scheme.couplets)
    for (line, column), number in given.items():
        is_rhyme = column + 1 == form.line_length and scheme.rhymes(line)
        tones = (prosody.at_end if is_rhyme else prosody.inside)[number] or EITHER
        place = line % 2 * form.line_length + column
        admitting[line // 2] = frozenset(p for p in admitting[line // 2] if TONE_BITS[p[place]] & tones)
    return scheme._replace(couplets=tuple(admitting))


def _no_template(
    form: Form,
    constraints: Constraints,
    schemes: Sequence[Scheme],
    prosody: TokenProsody,
    given: GivenNumbers,
) -> str:
    """No template admits what is given: name the couplet that stops the one that comes furthest."""
    couplet = max(next(k for k, patterns in enumerate(s.couplets) if not patterns) for s in schemes)
    places = sorted(place for place in given if place[0] // 2 == couplet)
    hanzi = prosody.vocabulary.decode([given[place] for place in places])
    values = {
        "tones": constraints.tones,
        "name": form.name,
        "part": 2 * couplet + 1,
        "part2": 2 * couplet + 2,
        "heads": hanzi,
        "lifting_tones": constraints.lifting_tones,
    }
    if all(column == 0 for _, column in places):
        return tr(
            "no {tones} template of {name} lets lines {part} and {part2} begin with {heads} after what "
            "comes before; {lifting_tones} would allow it",
            **values,
        )
    return tr(
        "no {tones} template of {name} lets lines {part} and {part2} have {heads} in their places after what "
        "comes before; {lifting_tones} would allow it",
        **values,
    )


def rhymes_given(form: Form, scheme: Scheme, given: GivenNumbers) -> list[int]:
    """The tokens that are given for the ends of rhyming lines."""
    return [
        number
        for (line, column), number in given.items()
        if column + 1 == form.line_length and scheme.rhymes(line)
    ]


def _groups(
    form: Form, constraints: Constraints, prosody: TokenProsody, scheme: Scheme, given: GivenNumbers
) -> int:
    """The groups that can serve all rhyming lines of a scheme, as bits."""
    if not constraints.has_rhyme:
        return 0
    ends = rhymes_given(form, scheme, given)
    needed = scheme.count_rhymes(form.line_count) - len(ends)
    asked = LEVEL_GROUPS if constraints.has_tones else ALL_GROUPS
    if constraints.group:
        asked = GROUP_BITS[constraints.group.group]
    asked &= _admitted_groups(form, constraints, prosody, scheme, given)
    sizes = _sizes(prosody, list(given.values()) if constraints.no_repeat else ends)
    enough = [place for place in places(asked) if sizes[place] >= needed]
    if constraints.no_repeat and constraints.group is None:
        # a group that the lines could use up is not begun; where all are so small, the largest serves
        ample = [place for place in enough if sizes[place] >= needed + form.hanzi]
        enough = ample or sorted(enough, key=lambda place: -sizes[place])[:1]
    return sum(1 << place for place in enough)


def _admitted_groups(
    form: Form, constraints: Constraints, prosody: TokenProsody, scheme: Scheme, given: GivenNumbers
) -> int:
    """The groups that all the given rhymes share, and that a given end of the first line does not have."""
    groups = ALL_GROUPS
    for number in rhymes_given(form, scheme, given):
        groups &= prosody.groups[number] if prosody.at_end[number] else ALL_GROUPS
    first = given.get((0, form.line_length - 1))
    if first is not None and not scheme.first_line_rhymes:
        groups &= groups_left_after(constraints, prosody, first)
    return groups


def groups_left_after(constraints: Constraints, prosody: TokenProsody, number: int) -> int:
    """The groups that may follow a first line which ends in this token and does not rhyme.

    Templates see to tones; where they are free, it ends in the tone that the rhyme has not.
    """
    own = (prosody.heard if constraints.first_line_rhymes is False else prosody.groups)[number]
    return (ALL_GROUPS if constraints.has_tones else opposed_groups(prosody.inside[number] or EITHER)) & ~own


def _sizes(prosody: TokenProsody, taken: Sequence[int]) -> list[int]:
    """How many words of each group may end lines, but for those that are taken."""
    if not taken:
        return prosody.sizes
    mask = prosody.only([same for number in taken for same in prosody.spellings(number)])
    return [
        size - prosody.count_words(mask & members)
        for size, members in zip(prosody.sizes, prosody.members, strict=True)
    ]


def _too_few_to_rhyme(
    form: Form, constraints: Constraints, prosody: TokenProsody, given: GivenNumbers
) -> str:
    needed = form.line_count // 2 + bool(constraints.first_line_rhymes)
    ends = [number for (line, column), number in given.items() if line % 2 and column + 1 == form.line_length]
    if ends:
        hanzi, lift = prosody.vocabulary.decode(ends), constraints.lifting_rhyme
        if constraints.group:
            rhyme = constraints.rhyme
            return tr(
                "{hanzi} do not rhyme in {rhyme}; {lift} would allow it", hanzi=hanzi, rhyme=rhyme, lift=lift
            )
        return tr("{hanzi} do not rhyme in one group; {lift} would allow it", hanzi=hanzi, lift=lift)
    if constraints.group is None:
        return tr(
            "no rhyme group has the {needed} characters that {name} needs among those this model "
            "knows; choose a shorter --form, or --rhyme off",
            needed=needed,
            name=form.name,
        )
    heads = list(given.values()) if constraints.no_repeat else []
    size = _sizes(prosody, heads)[ORDER[constraints.group.group]]
    return tr(
        "this model knows {size} characters that rhyme in {rhyme}, and {name} needs {needed}; choose "
        "another group, --rhyme auto or --rhyme off",
        size=size,
        rhyme=constraints.rhyme,
        name=form.name,
        needed=needed,
    )


def _check_supply(form: Form, constraints: Constraints, prosody: TokenProsody) -> None:
    """Every tone asked for has a character, and with no_repeat more than a poem can use up."""
    least = form.hanzi + form.line_count if constraints.no_repeat else 1
    for mask, what in _kinds(constraints, prosody):
        if prosody.count_words(mask) < least:
            lift = tr("omit --no-repeat") if constraints.no_repeat else tr("choose --tones off")
            raise PromptError(
                tr(
                    "this model knows {mask} {what}, too few to write {name}; {lift}",
                    mask=prosody.count_words(mask),
                    what=what,
                    name=form.name,
                    lift=lift,
                )
            )


def _kinds(constraints: Constraints, prosody: TokenProsody) -> Iterator[tuple[Any, str]]:
    yield prosody.hanzi, "characters"
    if constraints.has_tones or constraints.has_rhyme:
        yield prosody.inside_with[LEVEL_BIT], tr("characters in {level}", level=LEVEL)
        yield prosody.inside_with[OBLIQUE_BIT], tr("characters in {oblique}", oblique=OBLIQUE)
