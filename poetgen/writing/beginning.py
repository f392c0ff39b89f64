"""A prompt written into a verse: the draft that begins with it, or which rule and character stand in the way."""

from poetgen.errors import PromptError
from poetgen.poem.poem import COMMA, MARKS, STOP
from poetgen.verse.rhymes import GROUPS
from poetgen.writing.constraints import Verse, VerseDraft
from poetgen.writing.lexicon import EITHER, places
from poetgen.writing.rules import AUTO, OFF
from poetgen.writing.ways import TONES_IN, next_tones


def regular_marks(text: str) -> str:
    """Lines closed as forms have it: odd ones with ，, even ones with 。 or the ？ that is there."""
    line, marked = 0, ""
    for char in text:
        if char in MARKS:
            char = COMMA if line % 2 == 0 else STOP if char == COMMA else char
            line += 1
        marked += char
    return marked


def begin(verse: Verse, text: str) -> VerseDraft:
    """A draft that begins with `text`, in corpus characters and with regular marks. Raises PromptError."""
    draft = verse.start()
    for char in text:
        if char in MARKS:
            _check_whole(draft)
        elif verse.keeps_marks and draft.column == verse.length:
            raise PromptError(_wrong_length(draft, "more"))
        if char not in MARKS or verse.keeps_marks:
            _write(draft, char)
    return draft


def _check_whole(draft: VerseDraft) -> None:
    if draft.column != (draft.verse.length if draft.verse.keeps_marks else 0):
        raise PromptError(_wrong_length(draft, str(draft.column)))


def _wrong_length(draft: VerseDraft, found: str) -> str:
    form = draft.verse.rules.form
    return (
        f"line {draft.line + 1} of the prompt has {found} hanzi, and {form.name} {form.line_length} in a line; "
        "choose another --form, or --form free"
    )


def _write(draft: VerseDraft, char: str) -> None:
    number = draft.verse.lexicon.vocabulary.encode(char)[0]
    if char in MARKS:
        draft.add(number)
        return
    before = draft.copy()
    reason = _refused(draft, char, number)
    if not reason:
        draft.add(number)
        reason = "" if draft.ways else _why_no_way(before, char, number)
    if reason:
        where = f"{char} at place {before.column + 1} of line {before.line + 1}"
        raise PromptError(f"{where} {reason}")


def _refused(draft: VerseDraft, char: str, number: int) -> str:
    verse, rules = draft.verse, draft.verse.rules
    if draft.is_complete:
        return f"is more than {rules.form.name} holds; shorten the prompt, or choose another --form"
    if draft.head not in (None, number):
        return (
            f"stands where --acrostic asks for {rules.heads[draft.line]}; make them agree, or leave one out"
        )
    if rules.no_repeat and (number in draft.ids or (number in verse.heads and draft.head is None)):
        return "comes a second time; leave out --no-repeat"
    return ""


def _why_no_way(before: VerseDraft, char: str, number: int) -> str:
    """Which rule the character breaks, and what would lift it."""
    rules, lexicon = before.verse.rules, before.verse.lexicon
    if before.at_foot and not before.line and rules.first_line_rhymes and lexicon.is_unknown(number):
        return "is not in the rhyme table, and the first line is to rhyme; --first-line-rhymes auto would allow it"
    tones = (lexicon.at_foot if before.at_foot else lexicon.inside)[number] or EITHER
    wanted = 0
    for way in before.ways if rules.has_tones else ():
        wanted |= next_tones(way.patterns)
    if rules.has_tones and not wanted & tones:
        lift = rules.lifting_tones
        if rules.first_line_rhymes is not None and before.line == 0:
            lift += " or --first-line-rhymes auto"
        return (
            f"is {TONES_IN[tones]} where the templates of {rules.form.name} that fit what comes before have "
            f"{TONES_IN[wanted]}; {lift} would allow it"
        )
    own = " ".join(GROUPS[place] for place in places(lexicon.groups[number])) or "no known group"
    open_groups = 0
    for way in before.ways:
        open_groups |= way.groups
    named = [GROUPS[place] for place in places(open_groups)]
    rhyme = (
        f"the rhyme is {' or '.join(named)}" if len(named) <= 3 else "no group of those has enough characters"
    )
    lift = f"--rhyme {OFF}" if rules.rhyme == AUTO else f"--rhyme {AUTO} or {OFF}"
    return f"rhymes in {own}, and {rhyme}; {lift} would allow it"
