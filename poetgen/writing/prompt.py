"""What was typed → the beginning of a poem in the corpus' own characters, or why no poem can begin so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from poetgen.corpus.hanzi import (
    INSTALL_OPENCC,
    SIMPLIFIED,
    TRADITIONAL,
    Readings,
    can_convert,
    normalize,
    preferred_script,
    to_simplified,
)
from poetgen.corpus.poem import COMMA, MARKS, QUESTION, STOP, is_hanzi
from poetgen.errors import PromptError
from poetgen.writing.draft import REGULAR

# What may stand between two lines of a typed prompt, read as the corpus' three marks.
_TYPED_MARKS = {",": COMMA, "、": COMMA, ";": COMMA, ":": COMMA, ".": STOP, "!": STOP, "?": QUESTION} | {
    mark: mark for mark in MARKS
}
# Nats by which a typed character is preferred to its rivals, by the script the prompt is certainly in.
BONUS = {SIMPLIFIED: 0.0, None: 1.0, TRADITIONAL: 5.0}

Choose = Callable[[Sequence[Sequence[tuple[str, float]]]], str]
Score = Callable[[Sequence[str]], Sequence[float]]


@dataclass(frozen=True)
class Prompt:
    """`given` (typed, normalised) is read as `text`, in corpus characters and with the marks between its lines.

    `typed` is `text` as it was typed, place for place; `script` is the one it was typed in; `notes` say what was
    read otherwise than a plain conversion of the script would.
    """

    given: str = ""
    text: str = ""
    typed: str = ""
    script: str = TRADITIONAL
    notes: tuple[str, ...] = ()


def read_prompt(
    typed: str,
    readings: Readings,
    *,
    max_length: int,
    keeps_marks: bool,
    choose: Choose,
    score: Score,
    line_length: int | None = None,
) -> Prompt:
    """Map, mark and check a prompt; `keeps_marks` says whether the model writes marks.

    `line_length` is that of the form asked for; None: the model decides. `choose` finds the likeliest text given
    for each place its candidates with a bonus in nats; `score` gives the log-probability of each text as the
    beginning of a poem. Raises PromptError.
    """
    given = plain = _with_marks(_as_hanzi(typed, max_length))
    _check_known(plain, readings)
    if not keeps_marks:
        plain = "".join(char for char in plain if char not in MARKS)
    voted = "".join(char if char in MARKS else readings.lone(char) or char for char in plain)
    marked = voted
    if keeps_marks:
        marked = _broken_every(voted, line_length) if line_length else _broken(voted, score)
    spelled = _spread(plain, marked)
    is_lone = sum(map(is_hanzi, plain)) == 1
    certain = _certain_script(spelled, readings)
    text = marked if is_lone else choose(_choices(spelled, readings, certain))
    return Prompt(given, text, spelled, _script(spelled, text, certain), _notes(spelled, text, readings))


def read_heads(typed: str, readings: Readings) -> Prompt:
    """The characters that lines are to begin with, each read by itself. Raises PromptError."""
    plain = "".join(char for char in normalize(typed) if char not in MARKS and char not in _TYPED_MARKS)
    if not plain:
        raise PromptError("the acrostic is empty; give one hanzi for each line, such as 春夏秋冬")
    _check_known(plain, readings)
    text = "".join(readings.lone(char) or char for char in plain)
    certain = _certain_script(plain, readings)
    return Prompt(plain, text, plain, _script(plain, text, certain), _notes(plain, text, readings))


def _as_hanzi(typed: str, max_length: int) -> str:
    """Normalised text. Raises PromptError for what is no text, nothing, or far too much."""
    try:  # a terminal without UTF-8 hands its bytes over as lone surrogates
        typed = typed.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError as error:
        raise PromptError(
            "the prompt is not valid UTF-8 text; set the terminal to UTF-8 and type it again"
        ) from error
    text = normalize(typed)
    if not text:
        raise PromptError("the prompt is empty; begin with at least one hanzi, such as 月")
    hanzi = sum(map(is_hanzi, text))
    if hanzi > max_length:
        raise PromptError(
            f"the prompt has {hanzi} hanzi and a poem at most {max_length}; "
            "shorten the prompt or raise --max-length"
        )
    return text


def _with_marks(text: str) -> str:
    """Typed punctuation as the corpus' marks, a pair of lines closed by more than ，.

    Raises PromptError where no line stands before a mark.
    """
    marked, lines = "", 0
    for char in text:
        mark = _TYPED_MARKS.get(char)
        if mark and not marked:
            raise PromptError(f"the prompt begins with the mark {mark}; begin with a hanzi, such as 月")
        if mark and marked[-1] in MARKS:
            raise PromptError(f"two marks in a row ({marked[-1]}{mark}) in the prompt; leave one out")
        lines += bool(mark)
        marked += STOP if mark == COMMA and lines % 2 == 0 else mark or char
    return marked


def _check_known(text: str, readings: Readings) -> None:
    for char in text:
        if char in MARKS or (is_hanzi(char) and readings.candidates(char)):
            continue
        near = readings.nearest(char)
        if is_hanzi(char):
            hint = f"the nearest it knows is {near}" if near else "try another"
            hint = hint if can_convert() else f"if it is simplified: {INSTALL_OPENCC}"
            raise PromptError(f"the model has never seen {char}; {hint}")
        hint = f"did you mean {near}?" if near else "begin with Chinese characters, such as 月"
        raise PromptError(f"{char!r} is no Chinese character; {hint}")


def _broken(text: str, score: Score) -> str:
    """The text, marks put where hanzi run longer than a line; how long a line is, the model decides."""
    first = next((place for place, char in enumerate(text) if char in MARKS), None)
    if first is not None:
        return _broken_every(text, first) if first in REGULAR else text
    if len(text) < REGULAR.stop:
        return text
    candidates = [_broken_every(text, length) for length in REGULAR]
    return max(zip(score(candidates), candidates, strict=True))[1]


def _broken_every(text: str, length: int) -> str:
    broken, open_hanzi, lines = "", 0, 0
    for char in text:
        if open_hanzi == length and char not in MARKS:
            broken += COMMA if lines % 2 == 0 else STOP
            open_hanzi, lines = 0, lines + 1
        broken += char
        open_hanzi, lines = (0, lines + 1) if char in MARKS else (open_hanzi + 1, lines)
    return broken


def _spread(plain: str, marked: str) -> str:
    """`plain` with the marks that `marked` has more."""
    rest = iter(plain)
    waiting = next(rest, "")
    spread = ""
    for char in marked:
        if char in MARKS and waiting != char:
            spread += char
        else:
            spread += waiting
            waiting = next(rest, "")
    return spread


def _certain_script(typed: str, readings: Readings) -> str | None:
    """The script that some character is only used in; simplified where both are mixed; None: alike in both."""
    if any(readings.is_only_simplified(char) for char in typed if char not in MARKS):
        return SIMPLIFIED
    return TRADITIONAL if to_simplified(typed) != typed else None


def _choices(typed: str, readings: Readings, certain: str | None) -> list[list[tuple[str, float]]]:
    bonus = BONUS[certain]
    return [
        [
            (char, bonus * (char == place))
            for char in ([place] if place in MARKS else readings.candidates(place))
        ]
        for place in typed
    ]


def _script(typed: str, text: str, certain: str | None) -> str:
    """Alike in both, but read as what only simplified spelling writes so (云 as 雲): simplified after all."""
    simple = to_simplified(text)
    is_spelled_so = any(a != b and a == fold for a, b, fold in zip(typed, text, simple, strict=True))
    return certain or (SIMPLIFIED if is_spelled_so else preferred_script())


def _notes(typed: str, text: str, readings: Readings) -> tuple[str, ...]:
    """What changed beyond the plain conversion of a character that only simplified text has."""
    changed = dict.fromkeys((a, b) for a, b in zip(typed, text, strict=True) if a != b)
    return tuple(f"{a} read as {b}" for a, b in changed if not readings.is_only_simplified(a))
