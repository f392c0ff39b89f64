"""Poems to be judged or rewritten: their lines as typed, or in a sentence why there are none."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from poetgen.corpus.clean import normalise_forms, strip_page_numbers, strip_signs
from poetgen.corpus.decoding import Decoded, remove_invisible
from poetgen.corpus.lost import LACUNA
from poetgen.corpus.reading import ReadingReport
from poetgen.corpus.text_files import RawPoem, read_poem_text
from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.poem.lineation import split_pieces
from poetgen.poem.poem import is_hanzi

MOST_HANZI = 50  # in a verse line; more is prose, or verse without marks
MOST_LINES = 1000  # in a poem; the longest of 全唐詩 has 596
_LOST = str.maketrans(dict.fromkeys("○●", LACUNA))  # signs that books print for it


@dataclass(frozen=True)
class TypedPoem:
    """A poem's verse lines, hanzi alone (□: one that is lost), as typed; `number` is its first row in the text."""

    number: int
    title: str
    lines: tuple[str, ...]
    author: str = ""

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {"row": self.number, "title": self.title, "author": self.author, "typed": list(self.lines)}


def read_typed_poems(text: str, *, line_length: int | None = None) -> Iterator[TypedPoem | PromptError]:
    """Each poem of a text, or in its place why it is none; `line_length` cuts verse that has no marks."""
    reading = ReadingReport()
    decoded = Decoded(remove_invisible(text))
    yield from extract_verse(read_poem_text(decoded, "", reading, line_length=line_length), reading)


def extract_verse(poems: Iterable[RawPoem], reading: ReadingReport) -> Iterator[TypedPoem | PromptError]:
    """The lines of each poem; what is not verse, and what could not be read at all, as an error in its place."""
    for poem in poems:
        try:
            yield TypedPoem(poem.number, poem.title, _verse_lines(poem), poem.author)
        except PromptError as error:
            yield error
    yield from map(PromptError, reading.faults)


def _verse_lines(poem: RawPoem) -> tuple[str, ...]:
    """Raises PromptError when the poem is not verse."""
    body = strip_page_numbers(strip_signs(normalise_forms(poem.body))).translate(_LOST)
    lines = tuple(split_pieces(body))
    if fault := _find_fault(lines, body):
        raise PromptError(tr("row {number}: ", number=poem.number) + fault)
    return lines


def _find_fault(lines: Sequence[str], body: str) -> str:
    """Why these lines are no verse; "" when they are."""
    if len(lines) > MOST_LINES:
        return tr("a poem of {count:,} lines; separate the poems by blank lines", count=len(lines))
    if not any(map(is_hanzi, body)):
        shown = _quote(" ".join(lines) or body)
        return tr("no hanzi in {lines}; give a poem in Chinese characters", lines=shown)
    for line in lines:
        if stray := next((char for char in line if not is_hanzi(char) and char != LACUNA), ""):
            return tr(
                "{stray} is not a hanzi (in {line}); a poem is Chinese characters and marks only",
                stray=_quote(stray),
                line=_quote(line),
            )
        if len(line) > MOST_HANZI:
            return tr(
                "{line} runs on for {count:,} hanzi; put marks between its lines",
                line=_quote(line),
                count=len(line),
            )
    return ""


def _quote(text: str) -> str:
    return repr(text if len(text) <= 12 else text[:12] + "…")
