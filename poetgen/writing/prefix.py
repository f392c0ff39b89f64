"""The beginning of poems: a prompt read by the network, and written into a matcher.

Where a prompt breaks a rule, the sentence says which, and which character stands in the way.
"""

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from poetgen.byhand.language_model import State as NetworkState
from poetgen.errors import PromptError
from poetgen.poem.poem import COMMA, MARKS, STOP
from poetgen.verse.rhymes import GROUPS
from poetgen.writing.decoding import Network
from poetgen.writing.prosody import EITHER, TONES_IN, places
from poetgen.writing.states import next_tones
from poetgen.writing.verse_matcher import VerseGrammar, VerseMatcher

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Prefix:
    """Where every poem of a prompt begins: its text read by the network, logits (1, V) and state after it."""

    text: str
    ids: tuple[int, ...]
    logits: Array
    state: NetworkState
    log_probability: float

    @classmethod
    def read(cls, text: str, network: Network) -> "Prefix":
        """Read a text in corpus characters."""
        return cls(text, tuple(network.vocabulary.encode(text)), *network.follow(text))


def regular_marks(text: str) -> str:
    """Lines closed as forms have it: odd ones with ，, even ones with 。 or the ？ that is there."""
    line, marked = 0, ""
    for char in text:
        if char in MARKS:
            char = COMMA if line % 2 == 0 else STOP if char == COMMA else char
            line += 1
        marked += char
    return marked


def begin(grammar: VerseGrammar, text: str) -> VerseMatcher:
    """A matcher that begins with `text`, in corpus characters and with regular marks. Raises PromptError."""
    matcher = grammar.start()
    for char in text:
        if char in MARKS:
            _check_whole(matcher)
        elif grammar.keeps_marks and matcher.column == grammar.form.line_length:
            raise PromptError(_wrong_length(matcher, "more"))
        if char not in MARKS or grammar.keeps_marks:
            _write(matcher, char)
    return matcher


def _check_whole(matcher: VerseMatcher) -> None:
    if matcher.column != (matcher.grammar.form.line_length if matcher.grammar.keeps_marks else 0):
        raise PromptError(_wrong_length(matcher, str(matcher.column)))


def _wrong_length(matcher: VerseMatcher, found: str) -> str:
    form = matcher.grammar.form
    return (
        f"line {matcher.line + 1} of the prompt has {found} hanzi, and {form.name} {form.line_length} in a line; "
        "choose another --form, or --form free"
    )


def _write(matcher: VerseMatcher, char: str) -> None:
    number = matcher.grammar.prosody.vocabulary.encode(char)[0]
    if char in MARKS:
        matcher.accept(number)
        return
    before = matcher.fork()
    reason = _why_refused(matcher, char, number)
    if not reason:
        matcher.accept(number)
        reason = "" if matcher.can_complete else _why_no_state(before, number)
    if reason:
        where = f"{char} at place {before.column + 1} of line {before.line + 1}"
        raise PromptError(f"{where} {reason}")


def _why_refused(matcher: VerseMatcher, char: str, number: int) -> str:
    grammar, constraints = matcher.grammar, matcher.grammar.constraints
    if matcher.is_complete:
        return f"is more than {grammar.form.name} holds; shorten the prompt, or choose another --form"
    if matcher.head not in (None, number):
        wanted = constraints.acrostic[matcher.line]
        return f"stands where --acrostic asks for {wanted}; make them agree, or omit one"
    spellings = set(grammar.prosody.spellings(number))
    is_waited_for = not spellings.isdisjoint(grammar.heads) and matcher.head is None
    if constraints.no_repeat and (not spellings.isdisjoint(matcher.ids) or is_waited_for):
        return "comes a second time; omit --no-repeat"
    return ""


def _why_no_state(before: VerseMatcher, number: int) -> str:
    """Which rule the character breaks, and what would lift it."""
    grammar, constraints, prosody = before.grammar, before.grammar.constraints, before.grammar.prosody
    if (
        before.at_line_end
        and not before.line
        and constraints.first_line_rhymes
        and prosody.is_unknown(number)
    ):
        return "is not in the rhyme table, and the first line is to rhyme; --first-line-rhymes auto would allow it"
    tones = (prosody.at_end if before.at_line_end else prosody.inside)[number] or EITHER
    wanted = 0
    for state in before.states if constraints.has_tones else ():
        wanted |= next_tones(state.patterns)
    if not constraints.has_tones or wanted & tones:
        return _why_no_rhyme(before, number)
    lift = constraints.lifting_tones
    if constraints.first_line_rhymes is not None and before.line == 0:
        lift += " or --first-line-rhymes auto"
    return (
        f"is {TONES_IN[tones]} where the templates of {grammar.form.name} that fit what comes before have "
        f"{TONES_IN[wanted]}; {lift} would allow it"
    )


def _why_no_rhyme(before: VerseMatcher, number: int) -> str:
    own = " ".join(GROUPS[place] for place in places(before.grammar.prosody.groups[number]))
    open_groups = 0
    for state in before.states:
        open_groups |= state.groups
    named = [GROUPS[place] for place in places(open_groups)]
    rhyme = (
        f"the rhyme is {' or '.join(named)}" if len(named) <= 3 else "no group of those has enough characters"
    )
    lift = before.grammar.constraints.lifting_rhyme
    return f"rhymes in {own or 'no known group'}, and {rhyme}; {lift} would allow it"
