"""Whose hand? A saved classifier on texts that somebody typed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from poetgen.classify.classifier import log_probabilities
from poetgen.classify.saved import SavedClassifier
from poetgen.classify.texts import encode_texts
from poetgen.classify.tokens import is_mark
from poetgen.corpus.clean import CleaningReport, clean
from poetgen.corpus.decoding import Decoded
from poetgen.corpus.reading import ReadingReport
from poetgen.corpus.text_files import RawPoem, read_poem_text
from poetgen.errors import PromptError
from poetgen.script.convert import to_corpus
from poetgen.script.opencc import as_utf8


@dataclass(frozen=True)
class Prediction:
    """What a text was read as, and the labels with their probabilities, the likeliest first."""

    typed: str
    text: str
    probabilities: tuple[tuple[str, float], ...]


def predict(saved: SavedClassifier, typed: Sequence[str | RawPoem]) -> list[Prediction | PromptError]:
    """The prediction for each text, or why there is none: it cannot be read, or only marks in it are known.

    What has been read from a file is a RawPoem, and is not looked through for a title once more.
    """
    read = [_read_or_refuse(saved, given) for given in typed]
    texts = [text for text in read if isinstance(text, str)]
    shares = iter(_probabilities(saved, texts) if texts else ())
    found: list[Prediction | PromptError] = []
    for given, text in zip(map(_as_typed, typed), read, strict=True):
        found.append(Prediction(given, text, next(shares)) if isinstance(text, str) else text)
    return found


def _as_typed(given: str | RawPoem) -> str:
    return given.body if isinstance(given, RawPoem) else given


def _read_or_refuse(saved: SavedClassifier, given: str | RawPoem) -> str | PromptError:
    typed = _as_typed(given)
    try:
        text = read_verse(given) if saved.settings.classify.by else typed.strip()
    except PromptError as error:
        return error
    tokens = [token for token in saved.tokeniser(text) if not is_mark(token[0])]
    if any(token in saved.vocabulary for token in tokens):
        return text
    return PromptError(
        f"the classifier knows nothing in {typed!r:.60}; give it a text of the kind it learned"
    )


def _probabilities(saved: SavedClassifier, texts: Sequence[str]) -> Iterator[tuple[tuple[str, float], ...]]:
    """For each text the labels with their probabilities, the likeliest first."""
    length = saved.settings.classify.max_length
    encoded = encode_texts(texts, saved.vocabulary, saved.tokeniser, max_length=length)
    for row in np.exp(log_probabilities(saved.model(), encoded)):
        yield tuple((saved.labels[k], float(row[k])) for k in np.argsort(-row, kind="stable"))


def read_verse(given: str | RawPoem) -> str:
    """A poem in any script and layout as the corpus would have it, with the marks ，。？. Raises PromptError."""
    poems: Iterable[RawPoem] = [given] if isinstance(given, RawPoem) else _read_typed(given)
    body = clean("".join(poem.body for poem in poems), CleaningReport())
    if body is None:
        raise PromptError(
            f"{_as_typed(given)!r:.60} cannot be read as verse; give hanzi with ，。？ between the lines"
        )
    return to_corpus(body).text


def _read_typed(typed: str) -> Iterator[RawPoem]:
    return read_poem_text(Decoded(as_utf8(typed, "the text")), "", ReadingReport())
