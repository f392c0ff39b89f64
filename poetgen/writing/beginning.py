"""Constraints and a prompt → what its poems may be: a matcher for each form that can begin so.

What the prompt breaks gives way, with a note, where it was left open (poetgen.writing.constraints); else the
sentence says which rule it is, and which character stands in the way.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Protocol

from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.poem.form import FREE, Form
from poetgen.poem.lineation import regular_marks
from poetgen.poem.places import BLANK
from poetgen.poem.poem import MARKS
from poetgen.verse.prosody import EITHER, TONES_IN, TokenProsody, places
from poetgen.verse.rhyme_books import EVERY_GROUP
from poetgen.writing.constraints import DEFAULT_MAX_LENGTH, LINES, OFF, Constraints
from poetgen.writing.decoding import Matcher
from poetgen.writing.prompt import Prompt
from poetgen.writing.states import TypedTones
from poetgen.writing.verse_matcher import VerseGrammar, VerseMatcher


def resolve(
    constraints: Constraints,
    prompt: Prompt,
    prosody: TokenProsody,
    *,
    usual_forms: Sequence[Form],
    max_length: int | None,
    keeps_marks: bool,
) -> tuple[Prompt, Sequence[Matcher]]:
    """The prompt as matchers have taken it, and a matcher for each form that the poem may have.

    `usual_forms` are those to choose from where none is asked for, `max_length` is in hanzi. Raises PromptError,
    naming the rule and the character that stand in the way.
    """
    notes: tuple[str, ...] = ()
    if not constraints.is_free:
        lack_of_room = partial(constraints.lack_of_room, max_length=max_length, keeps_marks=keeps_marks)
        forms = constraints.forms_among(usual_forms)
        try:
            return _resolve_by_rules(
                constraints, prompt, prosody, forms, lack_of_room, keeps_marks=keeps_marks
            )
        except PromptError:
            if constraints != Constraints():
                raise
            notes = (tr("no usual form begins so: written without form and rules"),)
    from poetgen.writing.free_matcher import begin_freely  # most poems have rules

    length = max_length or DEFAULT_MAX_LENGTH
    matcher = begin_freely(prompt.text, prosody, max_length=length, keeps_marks=keeps_marks)
    matcher.notes = notes
    return prompt, [matcher]


def _resolve_by_rules(
    constraints: Constraints,
    prompt: Prompt,
    prosody: TokenProsody,
    forms: Sequence[Form],
    lack_of_room: Callable[[Form, str], str],
    *,
    keeps_marks: bool,
) -> tuple[Prompt, Sequence[VerseMatcher]]:
    regular = replace(prompt, text=regular_marks(prompt.text), typed=regular_marks(prompt.typed))
    whole, place = regular.text, regular.text.find(BLANK)
    if place >= 0:  # what follows is given for its places
        regular = replace(regular, text=regular.text[:place], typed=regular.typed[:place])
    faults = {form: lack_of_room(form, whole) for form in forms}
    roomy = [form for form, fault in faults.items() if not fault]
    first = None if roomy else PromptError(next(iter(faults.values())))
    before: dict[Form, PromptError] = {}
    for given_up in constraints.relaxations() if roomy else ():
        matchers, more = _begin_forms(constraints, roomy, given_up, regular, prosody, keeps_marks=keeps_marks)
        for matcher in matchers:
            fault = before.get(matcher.grammar.form)
            matcher.notes = (_gave_way(fault, given_up),) if fault and given_up else ()
        if matchers:
            return regular, matchers
        before |= more
        first = first or next(iter(more.values()), None)
    raise first or PromptError(tr("no usual form begins as the prompt does; choose --form {free}", free=FREE))


def _begin_forms(
    asked: Constraints,
    forms: Sequence[Form],
    given_up: Sequence[str],
    prompt: Prompt,
    prosody: TokenProsody,
    *,
    keeps_marks: bool,
) -> tuple[list[VerseMatcher], dict[Form, PromptError]]:
    """A matcher for each form that can begin so, and why the others cannot."""
    matchers, faults = [], {}
    for form in forms:
        grammar = partial(VerseGrammar, form, asked.in_form(form, given_up), prosody, keeps_marks=keeps_marks)
        try:
            if LINES in given_up:
                matchers.append(begin_as_typed(grammar, prompt.text, prompt.typed))
            else:
                matchers.append(begin(grammar(), prompt.text, prompt.typed))
        except PromptError as error:
            faults[form] = error
    return matchers, faults


def _gave_way(fault: PromptError, given_up: Sequence[str]) -> str:
    # what is said before the advice, in either language
    reason = re.sub("(; |；)(?!.*(; |；)).*", "", str(fault))
    done = [tr("that line keeps its tones, the others follow the template")] * (LINES in given_up)
    off = " ".join(f"--{name} {OFF}" for name in given_up if name != LINES)
    return tr(
        "{reason}: {done}",
        reason=reason,
        done=tr(", ").join(done + [tr("written with {off}", off=off)] * bool(off)),
    )


# ---- a prompt written into the matcher of a form ----


class MakeGrammar(Protocol):
    """The rules of a form for a vocabulary, with the tones of some lines as they are typed."""

    def __call__(self, *, as_typed: TypedTones = ...) -> VerseGrammar:
        """Raises PromptError where no poem can keep them."""


class WrongTone(PromptError):
    """A character of the prompt has a tone that no template has in its place, which is in `line` (from 0)."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def begin(grammar: VerseGrammar, text: str, typed: str = "") -> VerseMatcher:
    """A matcher that begins with `text`, in corpus characters and with regular marks.

    `typed` is how it was typed, place for place, for what is said of it. Raises PromptError.
    """
    matcher = VerseMatcher(grammar)
    # where no mark is waited for, a line has ended
    whole = grammar.form.line_length if grammar.keeps_marks else 0
    for char, shown in zip(text, typed or text, strict=True):
        if char in MARKS and matcher.column != whole:
            raise PromptError(_wrong_length(matcher, str(matcher.column)))
        if char not in MARKS and grammar.keeps_marks and matcher.column == whole:
            raise PromptError(_wrong_length(matcher, "more"))
        if char not in MARKS or grammar.keeps_marks:
            _write(matcher, char, shown)
    return matcher


def begin_as_typed(make_grammar: MakeGrammar, text: str, typed: str = "") -> VerseMatcher:
    """A matcher that begins with `text`, its tones free in as few lines as can be. Raises PromptError."""
    lines: tuple[int, ...] = ()
    tones = tones_of_lines(make_grammar(), text)
    while True:
        try:
            grammar = make_grammar(as_typed={line: tones[line] for line in lines})
            matcher = begin(grammar, text, typed)
            break
        except WrongTone as error:
            if error.line in lines:
                raise
            lines = (*lines, error.line)
    return (_begin_with_one(make_grammar, text, tones) if len(lines) > 1 else None) or matcher


def _begin_with_one(
    make_grammar: MakeGrammar, text: str, tones: Sequence[Sequence[int]]
) -> VerseMatcher | None:
    """The same with one line alone free, where that is enough: often the first is to blame, not the later ones."""
    for line, own in enumerate(tones):
        with suppress(PromptError):
            return begin(make_grammar(as_typed={line: own}), text)
    return None


def tones_of_lines(grammar: VerseGrammar, text: str) -> list[list[int]]:
    """The tones of each line's characters, as bits."""
    prosody, length = grammar.prosody, grammar.form.line_length
    ids = prosody.vocabulary.encode([char for char in text if char not in MARKS])
    lines = [ids[k : k + length] for k in range(0, len(ids), length)]
    return [
        [(prosody.at_end if k == length - 1 else prosody.inside)[number] for k, number in enumerate(line)]
        for line in lines
    ]


def _wrong_length(matcher: VerseMatcher, found: str) -> str:
    form = matcher.grammar.form
    return tr(
        "line {line} of the prompt has {found} hanzi, and {name} {line_length} in a line; choose "
        "another --form, or --form free",
        line=matcher.line + 1,
        found=found,
        name=form.name,
        line_length=form.line_length,
    )


def _write(matcher: VerseMatcher, char: str, shown: str) -> None:
    number = matcher.grammar.prosody.vocabulary.encode(char)[0]
    if char in MARKS:
        matcher.accept(number)
        return
    where = tr(
        "{shown} at place {column} of line {line}",
        shown=shown,
        column=matcher.column + 1,
        line=matcher.line + 1,
    )
    reason = _why_refused(matcher, char, number)
    if reason:
        raise PromptError(tr("{where} {reason}", where=where, reason=reason))
    before = matcher.fork()
    matcher.accept(number)
    if not matcher.can_complete:
        wrong = _wrong_tone(before, number)
        if wrong:
            raise WrongTone(before.line, f"{where} {wrong}")
        raise PromptError(f"{where} {_why_no_rhyme(before, number)}")


def _why_refused(matcher: VerseMatcher, char: str, number: int) -> str:
    grammar, constraints = matcher.grammar, matcher.grammar.constraints
    if matcher.is_complete:
        return tr(
            "is more than {name} holds; shorten the prompt, or choose another --form", name=grammar.form.name
        )
    spellings = set(grammar.prosody.spellings(number))
    if matcher.given is not None and matcher.given not in spellings:
        place = (matcher.line, matcher.column)
        return tr(
            "stands where {option} asks for {wanted}; make them agree, or omit one",
            option=constraints.given.option_of(place, grammar.form),
            wanted=grammar.prosody.vocabulary.tokens[grammar.given[place]],
        )
    is_waited_for = not spellings.isdisjoint(grammar.given.values()) and matcher.given is None
    if constraints.no_repeat and (not spellings.isdisjoint(matcher.ids) or is_waited_for):
        return tr("comes a second time; omit --no-repeat")
    return ""


def _wrong_tone(before: VerseMatcher, number: int) -> str:
    """What the templates have instead of the character's tone, and what would lift it; empty: it has theirs."""
    grammar, constraints, prosody = before.grammar, before.grammar.constraints, before.grammar.prosody
    tones = (prosody.at_end if before.at_line_end else prosody.inside)[number] or EITHER
    wanted = before.open_tones
    if not constraints.has_tones or wanted & tones:
        return ""
    lift = constraints.lifting_tones
    if constraints.first_line_rhymes is not None and before.line == 0:
        lift += tr(" or --first-line-rhymes auto")
    return tr(
        "is {tones_in} where the templates of {name} that fit what comes before have {tones_in2}; "
        "{lift} would allow it",
        tones_in=TONES_IN[tones],
        name=grammar.form.name,
        tones_in2=TONES_IN[wanted],
        lift=lift,
    )


def _why_no_rhyme(before: VerseMatcher, number: int) -> str:
    constraints = before.grammar.constraints
    is_first_end = before.at_line_end and not before.line
    if is_first_end and constraints.first_line_rhymes and before.grammar.prosody.is_unknown(number):
        return tr(
            "is not in the rhyme table, and the first line is to rhyme; --first-line-rhymes auto would allow it"
        )
    if is_first_end and constraints.first_line_rhymes is False:
        return tr("may be heard to rhyme, and line 1 is not to; --first-line-rhymes auto would allow it")
    own = " ".join(EVERY_GROUP[place] for place in places(before.grammar.prosody.groups[number]))
    named = [
        group for k, group in enumerate(EVERY_GROUP) if any(state.groups >> k & 1 for state in before.states)
    ]
    rhyme = (
        tr("the rhyme is {named}", named=tr(" or ").join(named))
        if len(named) <= 3
        else tr("no group of those has enough characters")
    )
    lift = constraints.lifting_rhyme
    return tr(
        "rhymes in {own}, and {rhyme}; {lift} would allow it",
        own=own or tr("no known group"),
        rhyme=rhyme,
        lift=lift,
    )
