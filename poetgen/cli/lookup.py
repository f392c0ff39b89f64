"""What is typed to be looked up, read as the characters of the corpus, which the rhyme table has."""

from typing import NamedTuple

from poetgen.cli.output import echo
from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.poem.poem import is_hanzi
from poetgen.script.convert import to_corpus
from poetgen.script.opencc import as_utf8, normalize, to_script

MOST = 1000  # characters


class Hanzi(NamedTuple):
    """A character as it was `typed`, as the corpus has it, and in which script what is said of it is printed."""

    typed: str
    char: str
    script: str


def read_hanzi(typed: str, script: str | None = None) -> list[Hanzi]:
    """Each hanzi, marks passed over; what may be another word, on stderr. `script` None is as typed.

    Raises PromptError for what has none.
    """
    text = "".join(filter(is_hanzi, normalize(as_utf8(typed, "the text"))))
    if not text:
        raise PromptError(tr("{typed!r} has no Chinese character; look up one such as 月", typed=typed[:60]))
    if len(text) > MOST:
        raise PromptError(
            tr(
                "{count:,} characters are too many; look up at most {most:,} at once",
                count=len(text),
                most=MOST,
            )
        )
    read = to_corpus(text)
    for note in read.notes:
        echo(note, err=True)
    shown = to_script(read.text, script) if script else read.typed
    return [Hanzi(own, char, script or read.script) for own, char in zip(shown, read.text, strict=True)]
