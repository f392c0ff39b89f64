"""A model with the tables by which requests are read: characters, tones and rhymes, the lines it knows.

Characters that it has never seen (媽, 妮, 們) it reads as the nearest it knows. For the poem at hand it is given
each as a token of its own, with the weights of the nearest character: of like meaning, else of like sound, else
what it learned of rare characters. Tone and rhyme are the character's own; it is printed as typed, and stands only
where it was asked for.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from poetgen.checkpoint import Checkpoint
from poetgen.config import from_dict
from poetgen.corpus.line_index import LineIndex
from poetgen.corpus.vocabulary import UNKNOWN, Vocabulary
from poetgen.files import read_table_rows
from poetgen.language import tr
from poetgen.poem.form import parse_forms
from poetgen.poem.poem import is_hanzi
from poetgen.script.opencc import (
    SIMPLIFIED,
    TRADITIONAL,
    as_utf8,
    can_convert,
    convert,
    normalize,
    preferred_script,
    to_script,
    to_simplified,
)
from poetgen.script.variants import VariantTable
from poetgen.verse.prosody import TokenProsody
from poetgen.verse.rhyme_books import PINGSHUI
from poetgen.verse.rhymes import RhymeTable
from poetgen.writing.constraints import USUAL_FORMS
from poetgen.writing.network import Network

BY_TOKEN = ("embedding.weight", "output.weight", "output.bias")  # a row for each token

_MEANINGS = Path(__file__).with_name("meanings.txt")


class LoadedModel:
    """Everything that writing needs of a checkpoint; `notes` are on the characters that are new to it."""

    def __init__(self, checkpoint: Checkpoint, notes: tuple[str, ...] = ()) -> None:
        corpus = from_dict(checkpoint.config).corpus
        self._checkpoint, self.notes = checkpoint, notes
        self.vocabulary = checkpoint.vocabulary
        self.conditions = checkpoint.conditions
        self.known_lines = None if checkpoint.lines is None else LineIndex(checkpoint.lines)
        self.keeps_marks = corpus.punctuation == "keep"
        self.usual_forms = parse_forms(corpus.form) or USUAL_FORMS
        self.variants = VariantTable(checkpoint.vocabulary)
        self.network = Network(checkpoint.weights, checkpoint.vocabulary)
        self._prosodies: dict[tuple[str, bool], TokenProsody] = {}

    def prosody(self, book: str, *, amended: bool = True) -> TokenProsody:
        """The tones and rhymes of its tokens by a rhyme book, `amended` or as it is printed."""
        key = book, amended
        if key not in self._prosodies:
            table = None if key == (PINGSHUI, True) else RhymeTable.load(book=book, amended=amended)
            self._prosodies[key] = TokenProsody(self.vocabulary, table)
        return self._prosodies[key]

    def with_characters(self, *typed: str) -> "LoadedModel":
        """A model that knows every hanzi of what was typed: this one, but for new characters."""
        text = normalize("".join(as_utf8(each, "the prompt") for each in typed))
        unknown = [char for char in text if is_hanzi(char) and not self.variants.candidates(char)]
        if not unknown or not can_convert():
            return self
        new = new_characters(unknown, self.variants, self.vocabulary)
        return LoadedModel(teach(self._checkpoint, new), tuple(character.note for character in new))


# ---- characters that are new to a model ----


class NewCharacter(NamedTuple):
    """A character as typed and as a corpus writes it, and the known one that is read for it; None: a rare one."""

    typed: str
    hanzi: str
    read_as: str | None

    @property
    def note(self) -> str:
        """What is said of it, the known one in the script of who typed it: 们 and 辈, 們 and 輩."""
        is_simplified = convert(self.typed, "s2t") != self.typed or preferred_script() == SIMPLIFIED
        known = self.read_as and to_script(self.read_as, SIMPLIFIED if is_simplified else TRADITIONAL)
        return tr(
            "{typed} is new to the model, which reads {read_as} for it",
            typed=self.typed,
            read_as=known or tr("a rare character"),
        )


def new_characters(
    unknown: Iterable[str], variants: VariantTable, vocabulary: Vocabulary
) -> tuple[NewCharacter, ...]:
    """What stands for nothing that a model knows, as a corpus writes it and with the nearest, each once."""
    found: dict[str, NewCharacter] = {}
    for char in unknown:
        hanzi = char if variants.is_simplified else _traditional(char)
        hanzi = char if hanzi in vocabulary else hanzi
        if hanzi not in found:
            found[hanzi] = NewCharacter(char, hanzi, _nearest(hanzi, variants, vocabulary))
    return tuple(found.values())


def _traditional(char: str) -> str:
    """As the rhyme table has it (妈 is 媽); what simplified print does not write so stays (迳)."""
    form = convert(char, "s2t")
    if to_simplified(form) != char:
        return char
    return form if form in RhymeTable.load() or char not in RhymeTable.load() else char


def _nearest(char: str, variants: VariantTable, vocabulary: Vocabulary) -> str | None:
    """The known character of nearest meaning, else the commonest that is read alike; None where there is none."""
    kin = variants.nearest(char) or _meanings().get(char)
    if kin in vocabulary:
        return kin
    table = RhymeTable.load()
    readings = set(table.readings(char))
    alike = (other for other in vocabulary.tokens if readings and set(table.readings(other)) == readings)
    return next(alike, None)  # tokens come by falling count


@cache
def _meanings() -> dict[str, str]:
    """meanings.txt: a character and one of like meaning."""
    pairs = (pair for row in read_table_rows(_MEANINGS) for pair in row.split())
    return {pair[0]: pair[1] for pair in pairs}


def teach(checkpoint: Checkpoint, characters: Sequence[NewCharacter]) -> Checkpoint:
    """The model with a token more for each character, which it reads as it reads the nearest.

    It is as likely as that one would be, had training seen it once.
    """
    known, weights = checkpoint.vocabulary, dict(checkpoint.weights)
    rows = known.encode([character.read_as or UNKNOWN for character in characters])
    for name in filter(weights.__contains__, BY_TOKEN):
        weights[name] = np.concatenate([weights[name], weights[name][rows]])
    rarer = [math.log(max(1, known.counts[row])) for row in rows]
    weights["output.bias"][len(known) :] -= np.array(rarer, weights["output.bias"].dtype)
    vocabulary = known.extend([character.hanzi for character in characters])
    return replace(checkpoint, weights=weights, vocabulary=vocabulary)
