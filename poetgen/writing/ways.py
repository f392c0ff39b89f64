"""The ways a poem may go: tone templates and rhyme groups that its rules, and what is written of it, leave open.

A way is a template with the patterns of the current couplet that still fit, and the rhyme groups that all feet so
far share. Every pattern kept is the rest of a whole couplet, and the couplets of a template do not depend on each
other, so a way that is left can be gone to its end as far as tones are concerned.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from poetgen.errors import PromptError
from poetgen.verse.rhymes import GROUPS, LEVEL, OBLIQUE
from poetgen.verse.templates import Template, templates
from poetgen.writing.lexicon import (
    ALL_GROUPS,
    EITHER,
    GROUP_BITS,
    LEVEL_BIT,
    LEVEL_GROUPS,
    OBLIQUE_BIT,
    TONE_BITS,
    Lexicon,
    places,
)
from poetgen.writing.rules import Rules

Patterns = frozenset[str]
TONES_IN = {0: "", LEVEL_BIT: LEVEL, OBLIQUE_BIT: OBLIQUE, EITHER: LEVEL + OBLIQUE}


@cache
def after(patterns: Patterns, tones: int) -> Patterns:
    """What is left of the patterns once a character with these tones is written."""
    return frozenset(pattern[1:] for pattern in patterns if TONE_BITS[pattern[0]] & tones)


@cache
def next_tones(patterns: Patterns) -> int:
    """The tones with which one of the patterns goes on."""
    return sum(TONE_BITS[tone] for tone in {pattern[0] for pattern in patterns})


class Scheme(NamedTuple):
    """A template and the patterns of its couplets that admit the line heads; where tones are free, neither."""

    template: Template | None
    first_line_rhymes: bool
    couplets: tuple[Patterns, ...]

    def rhymes(self, line: int) -> bool:
        """Whether the foot of this line (from 0) rhymes."""
        return line % 2 == 1 or (line == 0 and self.first_line_rhymes)

    def feet(self, line_count: int) -> int:
        """Rhyming feet of the whole poem."""
        return line_count // 2 + self.first_line_rhymes


class Way(NamedTuple):
    """What is left of the couplet's patterns in one scheme, and the groups still possible, as bits."""

    scheme: Scheme
    patterns: Patterns
    groups: int


def first_ways(rules: Rules, lexicon: Lexicon) -> tuple[Way, ...]:
    """All ways before the first character. Raises PromptError where there is none, naming the rule to blame."""
    _check_supply(rules, lexicon)
    schemes = _schemes(rules, lexicon)
    ways = [
        Way(scheme, scheme.couplets[0] if scheme.couplets else frozenset(), groups)
        for scheme in schemes
        if (groups := _groups(rules, lexicon, scheme)) or not rules.has_rhyme
    ]
    if not ways:
        raise PromptError(_too_few_to_rhyme(rules, lexicon))
    return tuple(ways)


def _schemes(rules: Rules, lexicon: Lexicon) -> list[Scheme]:
    openings = [rhymes for rhymes in (False, True) if rules.first_line_rhymes in (None, rhymes)]
    if not rules.has_tones:
        return [Scheme(None, rhymes, ()) for rhymes in openings]
    heads = [lexicon.inside[number] or EITHER for number in lexicon.vocabulary.encode(rules.heads)]
    schemes = [
        Scheme(template, template.first_line_rhymes, _admitting(heads, template.couplets(rules.tones)))
        for template in templates(rules.form)
        if template.first_line_rhymes in openings
    ]
    left = [scheme for scheme in schemes if all(scheme.couplets)]
    if not left:
        raise PromptError(_no_template(rules, schemes))
    return left


def _admitting(heads: Sequence[int], couplets: Sequence[Patterns]) -> tuple[Patterns, ...]:
    """The patterns of each couplet whose lines may begin with heads of these tones."""
    admitting = []
    for couplet, patterns in enumerate(couplets):
        for line, tones in enumerate(heads[2 * couplet : 2 * couplet + 2]):
            patterns = frozenset(p for p in patterns if TONE_BITS[p[line * len(p) // 2]] & tones)
        admitting.append(patterns)
    return tuple(admitting)


def _no_template(rules: Rules, schemes: Sequence[Scheme]) -> str:
    """No template admits the heads: name the couplet that stops the one that comes furthest."""
    couplet = max(next(k for k, patterns in enumerate(s.couplets) if not patterns) for s in schemes)
    heads = rules.heads[2 * couplet : 2 * couplet + 2]
    return (
        f"no {rules.tones} template of {rules.form.name} lets lines {2 * couplet + 1} and {2 * couplet + 2} begin "
        f"with {heads} after what comes before; {rules.lifting_tones} would allow it"
    )


def _groups(rules: Rules, lexicon: Lexicon, scheme: Scheme) -> int:
    """The groups that can serve all rhyming feet of a scheme, as bits."""
    if not rules.has_rhyme:
        return 0
    needed = scheme.feet(rules.form.line_count)
    asked = GROUP_BITS.get(rules.rhyme, LEVEL_GROUPS if rules.has_tones else ALL_GROUPS)
    sizes = _sizes(rules, lexicon)
    enough = [place for place in places(asked) if sizes[place] >= needed]
    if rules.no_repeat and rules.group is None:
        # a group that the lines could use up is not begun; where all are so small, the largest serves
        ample = [place for place in enough if sizes[place] >= needed + rules.hanzi]
        enough = ample or sorted(enough, key=lambda place: -sizes[place])[:1]
    return sum(1 << place for place in enough)


def _sizes(rules: Rules, lexicon: Lexicon) -> list[int]:
    """How many characters of each group may be feet: with no_repeat, not the line heads."""
    if not rules.no_repeat or not rules.heads:
        return lexicon.sizes
    heads = lexicon.vocabulary.encode(rules.heads)
    taken = lexicon.members[:, heads].sum(axis=1).tolist()
    return [size - less for size, less in zip(lexicon.sizes, taken, strict=True)]


def _too_few_to_rhyme(rules: Rules, lexicon: Lexicon) -> str:
    needed = rules.form.line_count // 2 + bool(rules.first_line_rhymes)
    if rules.group is None:
        return (
            f"no rhyme group has the {needed} characters that {rules.form.name} needs among those this model "
            "knows; choose a shorter --form, or --rhyme off"
        )
    size = _sizes(rules, lexicon)[GROUPS.index(rules.rhyme)]
    return (
        f"this model knows {size} characters that rhyme in {rules.rhyme}, and {rules.form.name} needs {needed}; "
        "choose another group, --rhyme auto or --rhyme off"
    )


def _check_supply(rules: Rules, lexicon: Lexicon) -> None:
    """Every tone asked for has a character, and with no_repeat more than a poem can use up."""
    least = rules.hanzi + rules.form.line_count if rules.no_repeat else 1
    for mask, what in _kinds(rules, lexicon):
        if mask.sum() < least:
            lift = "leave out --no-repeat" if rules.no_repeat else "choose --tones off"
            raise PromptError(
                f"this model knows {mask.sum()} {what}, too few to write {rules.form.name}; {lift}"
            )


def _kinds(rules: Rules, lexicon: Lexicon) -> Iterator[tuple[Any, str]]:
    yield lexicon.hanzi, "characters"
    if rules.has_tones or rules.has_rhyme:
        yield lexicon.inside_with[LEVEL_BIT], f"characters in {LEVEL}"
        yield lexicon.inside_with[OBLIQUE_BIT], f"characters in {OBLIQUE}"
