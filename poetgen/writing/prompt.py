"""What was typed → the beginning of a poem in the corpus' own characters, or why no poem can begin so."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.poem.form import FORMS
from poetgen.poem.lineation import CORPUS_MARKS, REGULAR_LENGTHS, USUAL_LENGTHS, break_lines, copy_marks
from poetgen.poem.places import BLANK, BLANKS
from poetgen.poem.poem import COMMA, MARKS, STOP, is_hanzi
from poetgen.script.convert import acrostic_to_corpus, to_corpus
from poetgen.script.opencc import INSTALL_OPENCC, TRADITIONAL, as_utf8, normalize
from poetgen.script.variants import VariantTable

_ANY = re.escape("".join(CORPUS_MARKS))
_STRAY = re.compile(rf"(?:^|(?<=[{_ANY}]))([^{_ANY}])[{_ANY}](?![{_ANY}])")
SHORT = 3  # hanzi of the shortest line that poems have

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
    readings: VariantTable,
    *,
    max_length: int,
    keeps_marks: bool,
    score: Score,
    line_length: int | None = None,
) -> Prompt:
    """Map, mark and check a prompt; `keeps_marks` says whether the model writes marks.

    `line_length` is that of the form asked for; None leaves to the model where lines end. `score` gives the
    log-probability of each text as the beginning of a poem. Raises PromptError.
    """
    text = re.sub(f"[{BLANKS}]", BLANK, _as_hanzi(typed, max_length))
    kept = _without_stray_marks(text) if (line_length or SHORT) >= SHORT else text
    notes: tuple[str, ...] = () if kept == text else (tr("read as {kept}: no line is so short", kept=kept),)
    given = plain = _with_marks(kept)
    _check_known(plain.replace(BLANK, ""), readings)
    if not keeps_marks:
        plain = "".join(char for char in plain if char not in MARKS)
    mapped = to_corpus(plain, readings, goes_on=True)
    text = mapped.text
    if keeps_marks:
        text = break_lines(text, line_length) if line_length else _broken(text, score)
    typed = copy_marks(mapped.typed, text)
    if (len(mapped.text), line_length) == USUAL_LENGTHS[::-1] and keeps_marks:
        notes += (
            tr(
                "{given} is a line of 7 and was broken: {broken}; for one line choose 七絕 or 七律",
                given=given,
                broken=typed,
            ),
        )
    return Prompt(given, text, typed, mapped.script, notes + mapped.notes)


def read_acrostic(typed: str, readings: VariantTable) -> Prompt:
    """The characters that lines are to begin with, each read by itself. Raises PromptError."""
    plain = _without_marks(typed)
    if not plain:
        raise PromptError(tr("the acrostic is empty; give one hanzi for each line, such as 春夏秋冬"))
    return _read_apart(plain, readings, "--acrostic")


def read_feet(typed: str, readings: VariantTable) -> Prompt:
    """The characters that rhyming lines are to end with, each read by itself. Raises PromptError."""
    plain = _without_marks(typed)
    if len(plain) < 2:
        raise PromptError(
            tr("--feet has fewer than two rhymes; give one for each even line, such as 流樓愁洲")
        )
    return _read_apart(plain, readings, "--feet")


def read_last_line(typed: str, readings: VariantTable) -> Prompt:
    """The whole last line. Raises PromptError."""
    line = normalize(as_utf8(typed, "--last-line")).rstrip("".join(CORPUS_MARKS))
    if not line or any(char in CORPUS_MARKS for char in line):
        raise PromptError(
            tr("--last-line takes one line, not {typed}; give the last alone", typed=f"{typed!r:.60}")
        )
    _check_known(line, readings, "--last-line")
    mapped = to_corpus(line, readings)
    return Prompt(line, mapped.text, mapped.typed, mapped.script, mapped.notes)


def read_avoided(typed: str, readings: VariantTable) -> str:
    """The characters that no poem is to have, with every one that is typed alike. Raises PromptError."""
    plain = _without_marks(typed)
    if not plain:
        raise PromptError(tr("--avoid is empty; give the hanzi that no poem is to have, such as 愁病"))
    _check_known(plain, readings, "--avoid")
    return "".join(dict.fromkeys(same for char in plain for same in readings.candidates(char)))


def shape_of(typed: str) -> str:
    """The shape of a poem with blanks, such as 5x4, for --form. Raises PromptError where its lines are unlike."""
    text = "".join(normalize(as_utf8(typed, "--fill")).split())
    if not re.search(f"[{BLANKS}]", text):
        raise PromptError(tr("--fill has no blank; put □ where a hanzi is to be written: 春□花"))
    lines = [line for line in re.split(f"[{_ANY}]", text) if line]
    if len(lines) == 1:
        whole = (shape for shape in FORMS.values() if shape[0] * shape[1] == len(lines[0]))
        length, count = next(whole, (len(lines[0]), 1))
        return f"{length}x{count}"
    if len(set(map(len, lines))) > 1:
        raise PromptError(
            tr("the lines of --fill differ in length; give lines of one length, with their marks")
        )
    return f"{len(lines[0])}x{len(lines)}"


def _without_marks(typed: str) -> str:
    return "".join(char for char in normalize(typed) if char not in CORPUS_MARKS)


def _read_apart(plain: str, readings: VariantTable, option: str) -> Prompt:
    _check_known(plain, readings, option)
    mapped = acrostic_to_corpus(plain, readings)
    return Prompt(plain, mapped.text, mapped.typed, mapped.script, mapped.notes)


def _as_hanzi(typed: str, max_length: int) -> str:
    """Normalised text. Raises PromptError for what is no text, nothing, or far too much."""
    text = normalize(as_utf8(typed, "the prompt"))
    if not text:
        raise PromptError(tr("the prompt is empty; begin with at least one hanzi, such as 月"))
    hanzi = sum(map(is_hanzi, text))
    if hanzi > max_length:
        raise PromptError(
            tr(
                "the prompt has {hanzi} hanzi and a poem at most {max_length}; shorten the prompt or "
                "raise --max-length",
                hanzi=hanzi,
                max_length=max_length,
            )
        )
    return text


def _without_stray_marks(text: str) -> str:
    """The text without a mark that would close a line of one hanzi, or a prompt of one short line (明月，)."""
    shorter = _STRAY.sub(r"\1", text)
    return shorter[:-1] if re.fullmatch(rf"[^{_ANY}]{{1,{SHORT - 1}}}[{_ANY}]", shorter) else shorter


def _with_marks(text: str) -> str:
    """Typed punctuation as the corpus' marks, a pair of lines closed by more than ，.

    Raises PromptError where no line stands before a mark.
    """
    marked, lines = "", 0
    for char in text:
        mark = CORPUS_MARKS.get(char)
        if mark and not marked:
            raise PromptError(
                tr("the prompt begins with the mark {mark}; begin with a hanzi, such as 月", mark=mark)
            )
        if mark and marked[-1] in MARKS:
            raise PromptError(
                tr(
                    "two marks in a row ({marked}{mark}) in the prompt; omit one",
                    marked=marked[-1],
                    mark=mark,
                )
            )
        lines += bool(mark)
        marked += STOP if mark == COMMA and lines % 2 == 0 else mark or char
    return marked


def _check_known(text: str, readings: VariantTable, option: str = "") -> None:
    """Raises PromptError for what is no hanzi, in a prompt or in what `option` was given."""
    for char in text:
        if char in MARKS or (is_hanzi(char) and readings.candidates(char)):
            continue
        if is_hanzi(char):  # only where OpenCC is missing, else the model was taught it
            raise PromptError(
                tr(
                    "the model has never seen {char}; if it is simplified: {install_opencc}",
                    char=char,
                    install_opencc=INSTALL_OPENCC,
                )
            )
        near = readings.nearest(char)
        if option and not near:
            raise PromptError(tr("{option} takes hanzi alone, not {char!r}", option=option, char=char))
        hint = (
            tr("did you mean {near}?", near=near) if near else tr("begin with Chinese characters, such as 月")
        )
        raise PromptError(tr("{char!r} is not a Chinese character; {hint}", char=char, hint=hint))


def _broken(text: str, score: Score) -> str:
    """The text, marks put where hanzi run as long as a line; how long a line is, the model decides."""
    first = next((place for place, char in enumerate(text) if char in MARKS), None)
    if first is not None:
        return break_lines(text, first) if first in REGULAR_LENGTHS else text
    if len(text) in USUAL_LENGTHS:
        return text + COMMA  # a whole line, and no part of a longer one
    if len(text) < REGULAR_LENGTHS.stop:
        return text
    whole = [length for length in USUAL_LENGTHS if len(text) % length == 0]
    candidates = [break_lines(text, length) for length in whole or REGULAR_LENGTHS]
    return max(zip(score(candidates), candidates, strict=True))[1]
