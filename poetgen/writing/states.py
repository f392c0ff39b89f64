"""The states a poem may be in: the tone templates and rhyme groups that its rules and its text leave open.

A state is a template with the patterns of the current couplet that still fit, and the rhyme groups that all line
ends so far share. Every pattern kept is the rest of a whole couplet, and the couplets of a template do not depend
on each other, so a state that is live can be gone on from to its end as far as tones are concerned.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.poem.form import Form
from poetgen.verse.rhymes import LEVEL, OBLIQUE, ORDER
from poetgen.verse.templates import Template, opposite, templates
from poetgen.writing.prosody import (
    ALL_GROUPS,
    EITHER,
    GROUP_BITS,
    LEVEL_BIT,
    LEVEL_GROUPS,
    OBLIQUE_BIT,
    TONE_BITS,
    TokenProsody,
    only,
    places,
)

if TYPE_CHECKING:
    from poetgen.writing.constraints import Constraints

Patterns = frozenset[str]
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
    form: Form, constraints: "Constraints", prosody: TokenProsody, as_typed: TypedTones
) -> tuple[State, ...]:
    """All states before the first character; the lines that are `as_typed` begin with any tones they have.

    Raises PromptError where there is none, naming the rule to blame.
    """
    _check_supply(form, constraints, prosody)
    states = [
        State(scheme, scheme.couplets[0] if scheme.couplets else frozenset(), groups)
        for scheme in _schemes(form, constraints, prosody, as_typed)
        if (groups := _groups(form, constraints, prosody, scheme)) or not constraints.has_rhyme
    ]
    if not states:
        raise PromptError(_too_few_to_rhyme(form, constraints, prosody))
    return tuple(states)


def _schemes(
    form: Form, constraints: "Constraints", prosody: TokenProsody, as_typed: TypedTones
) -> list[Scheme]:
    openings = [rhymes for rhymes in (False, True) if constraints.first_line_rhymes in (None, rhymes)]
    if not constraints.has_tones:
        return [Scheme(None, rhymes, ()) for rhymes in openings]
    heads = [prosody.inside[number] or EITHER for number in prosody.vocabulary.encode(constraints.acrostic)]
    schemes = [
        Scheme(
            template,
            template.first_line_rhymes,
            _admitting(heads, _with_typed(as_typed, template.couplets(constraints.mode))),
        )
        for template in templates(form)
        if template.first_line_rhymes in openings
    ]
    left = [scheme for scheme in schemes if all(scheme.couplets)]
    if not left:
        raise PromptError(_no_template(form, constraints, schemes))
    return left


def _with_typed(as_typed: TypedTones, couplets: Sequence[Patterns]) -> tuple[Patterns, ...]:
    """The patterns; a line that is as typed begins as its characters are read, whatever the template has."""
    changed = list(couplets)
    for line, tones in as_typed.items():
        couplet, second = divmod(line, 2)
        changed[couplet] = frozenset(
            _begun(pattern, second * len(pattern) // 2, tones) for pattern in couplets[couplet]
        )
    return tuple(changed)


def _begun(pattern: str, start: int, tones: Sequence[int]) -> str:
    """From `start` on the tones of what is typed, the pattern's own where a character has it."""
    typed = (
        own if (bits or EITHER) & TONE_BITS[own] else opposite(own)
        for own, bits in zip(pattern[start:], tones, strict=False)
    )
    return pattern[:start] + "".join(typed) + pattern[start + len(tones) :]


def _admitting(heads: Sequence[int], couplets: Sequence[Patterns]) -> tuple[Patterns, ...]:
    """The patterns of each couplet whose lines may begin with characters of these tones."""
    admitting = []
    for couplet, patterns in enumerate(couplets):
        for line, tones in enumerate(heads[2 * couplet : 2 * couplet + 2]):
            patterns = frozenset(p for p in patterns if TONE_BITS[p[line * len(p) // 2]] & tones)
        admitting.append(patterns)
    return tuple(admitting)


def _no_template(form: Form, constraints: "Constraints", schemes: Sequence[Scheme]) -> str:
    """No template admits the acrostic: name the couplet that stops the one that comes furthest."""
    couplet = max(next(k for k, patterns in enumerate(s.couplets) if not patterns) for s in schemes)
    heads = constraints.acrostic[2 * couplet : 2 * couplet + 2]
    return tr(
        "no {tones} template of {name} lets lines {part} and {part2} begin with {heads} after what "
        "comes before; {lifting_tones} would allow it",
        tones=constraints.tones,
        name=form.name,
        part=2 * couplet + 1,
        part2=2 * couplet + 2,
        heads=heads,
        lifting_tones=constraints.lifting_tones,
    )


def _groups(form: Form, constraints: "Constraints", prosody: TokenProsody, scheme: Scheme) -> int:
    """The groups that can serve all rhyming lines of a scheme, as bits."""
    if not constraints.has_rhyme:
        return 0
    needed = scheme.count_rhymes(form.line_count)
    asked = LEVEL_GROUPS if constraints.has_tones else ALL_GROUPS
    if constraints.group:
        asked = GROUP_BITS[constraints.group.group]
    sizes = _sizes(constraints, prosody)
    enough = [place for place in places(asked) if sizes[place] >= needed]
    if constraints.no_repeat and constraints.group is None:
        # a group that the lines could use up is not begun; where all are so small, the largest serves
        ample = [place for place in enough if sizes[place] >= needed + form.hanzi]
        enough = ample or sorted(enough, key=lambda place: -sizes[place])[:1]
    return sum(1 << place for place in enough)


def _sizes(constraints: "Constraints", prosody: TokenProsody) -> list[int]:
    """How many words of each group may end lines: with no_repeat, not those of the acrostic."""
    if not constraints.no_repeat or not constraints.acrostic:
        return prosody.sizes
    heads = prosody.vocabulary.encode(constraints.acrostic)
    taken = only([same for head in heads for same in prosody.spellings(head)], len(prosody.vocabulary))
    return [
        size - prosody.count_words(mask & taken)
        for size, mask in zip(prosody.sizes, prosody.members, strict=True)
    ]


def _too_few_to_rhyme(form: Form, constraints: "Constraints", prosody: TokenProsody) -> str:
    needed = form.line_count // 2 + bool(constraints.first_line_rhymes)
    if constraints.group is None:
        return tr(
            "no rhyme group has the {needed} characters that {name} needs among those this model "
            "knows; choose a shorter --form, or --rhyme off",
            needed=needed,
            name=form.name,
        )
    size = _sizes(constraints, prosody)[ORDER[constraints.group.group]]
    return tr(
        "this model knows {size} characters that rhyme in {rhyme}, and {name} needs {needed}; choose "
        "another group, --rhyme auto or --rhyme off",
        size=size,
        rhyme=constraints.rhyme,
        name=form.name,
        needed=needed,
    )


def _check_supply(form: Form, constraints: "Constraints", prosody: TokenProsody) -> None:
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


def _kinds(constraints: "Constraints", prosody: TokenProsody) -> Iterator[tuple[Any, str]]:
    yield prosody.hanzi, "characters"
    if constraints.has_tones or constraints.has_rhyme:
        yield prosody.inside_with[LEVEL_BIT], tr("characters in {level}", level=LEVEL)
        yield prosody.inside_with[OBLIQUE_BIT], tr("characters in {oblique}", oblique=OBLIQUE)
