"""What was asked for, and what the prompt leaves possible → the verses that a poem may become.

What is asked for is kept or refused. What is left open is as usual (for a regulated form relaxed tones and a
rhyme) unless the prompt breaks it; then it gives way, and a note says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from poetgen.errors import PromptError
from poetgen.poem.form import Form, parse_form
from poetgen.poem.poem import MARKS
from poetgen.verse.rhymes import parse_group
from poetgen.verse.templates import MODES, RELAXED
from poetgen.writing.beginning import begin
from poetgen.writing.constraints import Verse, VerseDraft
from poetgen.writing.lexicon import Lexicon
from poetgen.writing.rules import AUTO, OFF, Rules

FREE = "free"
USUAL = (Form(5, 4), Form(7, 4), Form(5, 8), Form(7, 8))


@dataclass(frozen=True)
class Wishes:
    """What was asked for; None: as usual. `is_free` asks for no form and no rules."""

    form: Form | None = None
    rhyme: str | None = None
    tones: str | None = None
    first_line_rhymes: bool | None = None
    heads: str = ""
    no_repeat: bool = False
    is_free: bool = False

    @property
    def are_none(self) -> bool:
        """Whether nothing was asked for, so that even the form may give way."""
        return self == Wishes()


class Settled(NamedTuple):
    """Drafts that begin with the prompt, one for each form it may become; none: free verse. And what gave way."""

    drafts: tuple[VerseDraft, ...] = ()
    notes: tuple[str, ...] = ()


def read_wishes(
    *,
    form: str | None,
    rhyme: str | None,
    tones: str | None,
    first_line_rhymes: bool | None,
    heads: str,
    no_repeat: bool,
) -> Wishes:
    """Options as they are given; `heads` in corpus characters. Raises PromptError."""
    if tones not in (None, OFF, *MODES):
        raise PromptError(f"tones cannot be {tones!r}; choose {', '.join(MODES)} or {OFF}")
    rhyme = rhyme if rhyme is None or rhyme in (AUTO, OFF) else parse_group(rhyme)
    wishes = Wishes(None, rhyme, tones, first_line_rhymes, heads, no_repeat)
    if form == FREE:
        return _free(wishes)
    if form is None and wishes == Wishes(rhyme=OFF, tones=OFF):
        return Wishes(is_free=True)
    return Wishes(parse_form(form) if form else None, rhyme, tones, first_line_rhymes, heads, no_repeat)


def _free(wishes: Wishes) -> Wishes:
    asked = {
        "--rhyme": wishes.rhyme not in (None, OFF),
        "--tones": wishes.tones not in (None, OFF),
        "--first-line-rhymes": wishes.first_line_rhymes is not None,
        "--acrostic": bool(wishes.heads),
        "--no-repeat": wishes.no_repeat,
    }
    first = next((name for name, is_asked in asked.items() if is_asked), None)
    if first:
        raise PromptError(f"--form {FREE} has no rules, and {first} asks for one; omit one of the two")
    return Wishes(is_free=True)


@dataclass(frozen=True)
class Limits:
    """What the model and the page allow: the forms to choose from where none is asked for, hanzi in a poem."""

    usual: tuple[Form, ...] = USUAL
    max_length: int | None = None
    keeps_marks: bool = True


def settle(wishes: Wishes, text: str, lexicon: Lexicon, limits: Limits) -> Settled:
    """The verses that can begin with `text` (corpus characters, regular marks) and are what was wished for.

    The wishes are not for free verse. Raises PromptError, naming the rule and the character that stand in the way.
    """
    forms = [wishes.form] if wishes.form else _forms(wishes, limits.usual)
    reasons = [_too_small(form, text, wishes, limits) for form in forms]
    roomy = [form for form, reason in zip(forms, reasons, strict=True) if not reason]
    faults = [PromptError(reason) for reason in reasons if reason] if not roomy else []
    for given_up in _ladder(wishes) if roomy else ():
        drafts, more = _begun(wishes, roomy, given_up, text, lexicon, limits)
        faults += more
        if drafts:
            return Settled(tuple(drafts), tuple(_gave_way(faults[0], given_up) if given_up else ()))
    if wishes.are_none:
        return Settled(notes=("no usual form begins so: written without form and rules",))
    raise faults[0]


def _forms(wishes: Wishes, usual: Sequence[Form]) -> list[Form]:
    """The usual forms; for line heads those with the fewest lines that have room for all, else 排律."""
    heads = len(wishes.heads)
    counts = sorted({form.line_count for form in usual if form.line_count >= heads})
    if not counts:
        return [Form(length, heads + heads % 2) for length in (5, 7)]
    return [form for form in usual if not heads or form.line_count == counts[0]]


def _too_small(form: Form, text: str, wishes: Wishes, limits: Limits) -> str:
    """Why a form has no room for the prompt or for itself; empty: it has."""
    hanzi = form.line_length * form.line_count
    if limits.max_length is not None and hanzi > limits.max_length:
        return (
            f"{form.name} has {hanzi} hanzi and --max-length allows {limits.max_length}; raise it, or choose a "
            "shorter --form"
        )
    if wishes.form or not limits.keeps_marks:  # then what is wrong is told with its place when it is written
        return ""
    *closed, last = "".join("\n" if char in MARKS else char for char in text).split("\n")
    lengths = {len(line) for line in closed} | {form.line_length}
    if len(lengths) > 1 or len(last) > form.line_length or len(closed) + bool(last) > form.line_count:
        return f"no usual form begins as the prompt does; choose a --form, or --form {FREE}"
    return ""


def _ladder(wishes: Wishes) -> Iterator[tuple[str, ...]]:
    """What may be given up for the prompt's sake, least first: only what was not asked for."""
    open_to_it = [name for name in ("tones", "rhyme") if getattr(wishes, name) is None]
    yield ()
    for name in open_to_it:
        yield (name,)
    if len(open_to_it) == 2:
        yield ("tones", "rhyme")


def _begun(
    wishes: Wishes,
    forms: Sequence[Form],
    given_up: Sequence[str],
    text: str,
    lexicon: Lexicon,
    limits: Limits,
) -> tuple[list[VerseDraft], list[PromptError]]:
    drafts, faults = [], []
    for form in forms:
        usual = form.regulated
        tones = wishes.tones or (RELAXED if usual and "tones" not in given_up else OFF)
        rhyme = wishes.rhyme or (AUTO if usual and "rhyme" not in given_up else OFF)
        try:
            rules = Rules(form, tones, rhyme, wishes.first_line_rhymes, wishes.heads, wishes.no_repeat)
            drafts.append(begin(Verse(rules, lexicon, keeps_marks=limits.keeps_marks), text))
        except PromptError as error:
            faults.append(error)
    return drafts, faults


def _gave_way(fault: PromptError, given_up: Sequence[str]) -> Iterator[str]:
    reason = str(fault).rpartition("; ")[0] or str(fault)
    yield f"{reason}: written with {' '.join(f'--{name} {OFF}' for name in given_up)}"
