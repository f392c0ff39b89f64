"""A model with the tables by which requests are read: characters, tones and rhymes, the lines it knows."""

from poetgen.checkpoint import Checkpoint
from poetgen.config import from_dict
from poetgen.corpus.line_index import LineIndex
from poetgen.poem.form import parse_forms
from poetgen.poem.poem import is_hanzi
from poetgen.script.opencc import as_utf8, can_convert, normalize
from poetgen.script.variants import VariantTable
from poetgen.verse.prosody import TokenProsody
from poetgen.verse.rhyme_books import PINGSHUI
from poetgen.verse.rhymes import RhymeTable
from poetgen.writing.constraints import USUAL_FORMS
from poetgen.writing.network import Network


class LoadedModel:
    """Everything that writing needs of a checkpoint; `notes` are on the characters that are new to it."""

    def __init__(self, checkpoint: Checkpoint, notes: tuple[str, ...] = ()) -> None:
        corpus = from_dict(checkpoint.config).corpus
        self._checkpoint, self.notes = checkpoint, notes
        self.vocabulary = checkpoint.vocabulary
        self.conditions = checkpoint.conditions
        self.known_lines = None if checkpoint.lines is None else LineIndex(checkpoint.lines)
        self.keeps_marks = corpus.punctuation == "keep"
        self.usual_forms = parse_forms(corpus.form) if corpus.form else USUAL_FORMS
        self.variants = VariantTable(checkpoint.vocabulary)
        self.network = Network(checkpoint.weights, checkpoint.vocabulary)
        self._prosodies: dict[str, TokenProsody] = {}

    def prosody(self, book: str) -> TokenProsody:
        """The tones and rhymes of its tokens by a rhyme book."""
        if book not in self._prosodies:
            table = None if book == PINGSHUI else RhymeTable.load(book=book)
            self._prosodies[book] = TokenProsody(self.vocabulary, table)
        return self._prosodies[book]

    def with_characters(self, *typed: str) -> "LoadedModel":
        """A model that knows every hanzi of what was typed: this one, but for new characters."""
        text = normalize("".join(as_utf8(each, "the prompt") for each in typed))
        unknown = [char for char in text if is_hanzi(char) and not self.variants.candidates(char)]
        if not unknown or not can_convert():
            return self
        from poetgen.writing.new_characters import new_characters, teach

        new = new_characters(unknown, self.variants, self.vocabulary)
        return LoadedModel(teach(self._checkpoint, new), tuple(character.note for character in new))
