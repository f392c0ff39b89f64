"""What is typed to be looked up, read as the characters of the corpus, which the rhyme table has."""

from poetgen.cli.output import echo
from poetgen.errors import PromptError
from poetgen.poem.poem import is_hanzi
from poetgen.script.convert import to_corpus
from poetgen.script.opencc import as_utf8, normalize

MOST = 1000  # characters


def read_hanzi(typed: str) -> list[tuple[str, str]]:
    """(character, script) of each hanzi, marks passed over; how one was read otherwise, on stderr.

    Raises PromptError for what has none.
    """
    text = "".join(filter(is_hanzi, normalize(as_utf8(typed, "the text"))))
    if not text:
        raise PromptError(f"{typed[:60]!r} has no Chinese character; look up one such as 月")
    if len(text) > MOST:
        raise PromptError(f"{len(text):,} characters are too many; look up at most {MOST:,} at once")
    read = to_corpus(text)
    for before, after in read.changes:
        echo(f"{before} read as {after}", err=True)
    return [(char, read.script) for char in read.text]
