"""Whose hand? A saved classifier on texts that somebody typed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from poetgen.classify.classifier import log_probabilities
from poetgen.classify.saved import SavedClassifier
from poetgen.classify.texts import encode_texts
from poetgen.classify.tokens import is_mark
from poetgen.corpus.clean import CleaningReport, clean
from poetgen.errors import PromptError
from poetgen.poem.lineation import join_rows
from poetgen.script.convert import to_corpus
from poetgen.script.opencc import as_utf8


@dataclass(frozen=True)
class Prediction:
    """What a text was read as, and the labels with their probabilities, the likeliest first."""

    typed: str
    text: str
    probabilities: tuple[tuple[str, float], ...]


def predict(saved: SavedClassifier, typed: Sequence[str]) -> list[Prediction]:
    """Score each text. Raises PromptError for one that cannot be read, or of which nothing but marks is known."""
    settings = saved.settings.classify
    texts = [read_verse(text) if settings.by else text.strip() for text in typed]
    for text, given in zip(texts, typed, strict=True):
        tokens = [token for token in saved.tokeniser(text) if not is_mark(token[0])]
        if not any(token in saved.vocabulary for token in tokens):
            raise PromptError(
                f"the classifier knows nothing in {given!r:.60}; give it a text of the kind it learned"
            )
    encoded = encode_texts(texts, saved.vocabulary, saved.tokeniser, max_length=settings.max_length)
    found = np.exp(log_probabilities(saved.model(), encoded))
    predictions = []
    for given, text, row in zip(typed, texts, found, strict=True):
        order = np.argsort(-row, kind="stable")
        named = tuple((saved.labels[k], float(row[k])) for k in order)
        predictions.append(Prediction(given, text, named))
    return predictions


def read_verse(typed: str) -> str:
    """A poem in any script as the corpus would have it, with the marks ，。？. Raises PromptError."""
    rows = [row.strip() for row in as_utf8(typed, "the text").splitlines() if row.strip()]
    body = clean(join_rows(rows), CleaningReport())
    if body is None:
        raise PromptError(f"{typed!r:.60} cannot be read as verse; give hanzi with ，。？ between the lines")
    return to_corpus(body).text
