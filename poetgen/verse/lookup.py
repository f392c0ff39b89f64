"""The two look-ups of everybody who writes verse: how a character is read, and what rhymes with it."""

from typing import NamedTuple

from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.script.bigrams import Bigrams
from poetgen.verse.annotation import ENTERING
from poetgen.verse.rhyme_books import EITHER_SIGN, PINGSHUI, UNKNOWN_SIGN, Reading, full_name
from poetgen.verse.rhymes import RhymeTable


class Rhyme(NamedTuple):
    """One reading of a character, and the characters that rhyme with it, those first that poems use most."""

    reading: Reading
    rhymes: tuple[str, ...]


def find_rhymes(hanzi: str, book: str = PINGSHUI) -> tuple[Rhyme, ...]:
    """For each reading of a character (in the corpus' own form) what rhymes with it in a rhyme book.

    Raises PromptError where no rhyme group is known for it.
    """
    table, often = (
        RhymeTable.load(book=book),
        {char: place for place, char in enumerate(Bigrams.load().characters)},
    )
    readings = [reading for reading in table.readings(hanzi) if reading.group]
    if not readings:
        raise PromptError(
            tr("the rhyme table has no rhyme group for {hanzi}; try another character", hanzi=hanzi[:60])
        )
    rarest = len(often)
    return tuple(
        Rhyme(
            reading,
            tuple(
                sorted(
                    (other for other in table.members(reading.group) if other != hanzi),
                    key=lambda other: often.get(other, rarest),
                )
            ),
        )
        for reading in readings
    )


def describe_reading(reading: Reading) -> str:
    """平 上平聲一東; only 平 where the group is not known."""
    if not reading.group:
        return reading.tone
    return f"{reading.tone} {full_name(reading.group)}"


def sign_of(hanzi: str, book: str = PINGSHUI) -> str:
    """平 仄 入, 中 where a character is both level and oblique inside a line, ? where nobody knows."""
    table = RhymeTable.load(book=book)
    readings, tones = table.readings(hanzi), table.tones(hanzi)
    if len(tones) != 1:
        return EITHER_SIGN if tones else UNKNOWN_SIGN
    (tone,) = tones
    volumes = {reading.volume for reading in readings if reading.tone == tone}
    return ENTERING if volumes == {ENTERING} else tone
