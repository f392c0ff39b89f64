"""Texts with labels: from prepared poems, or from any JSON or CSV file."""

import csv
import hashlib
import io
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poetgen.corpus.dataset import Dataset
from poetgen.errors import ConfigError, CorpusError
from poetgen.poem.form import FORMS, form_name
from poetgen.poem.lineation import split_lines
from poetgen.poem.poem import Poem

NOBODY = {"", "不詳", "無名氏", "佚名", "闕名"}  # how the corpus says that the poet is not known
LARGEST_FIELD = min(sys.maxsize, 2**31 - 1)  # csv keeps its limit in a C long


@dataclass(frozen=True)
class Labelled:
    """A text and its label; `key` tells it from others wherever it stands, the text itself when empty."""

    text: str
    label: str
    key: str = ""

    @property
    def identity(self) -> str:
        """What decides its place among others: the key, or the text."""
        return self.key or self.text


def poems_by(prepared: Dataset, criterion: str) -> list[Labelled]:
    """The poems of every split (fragments apart) by poet, or the four regular forms. Raises CorpusError."""
    texts = []
    for name in ("train", "validation", "test"):
        for author, body, id in _poems(prepared.path / f"{name}.poems.jsonl"):
            lines, marks = split_lines(body)
            label = author if criterion == "poet" else form_name(Poem("", "", lines, marks).shape)
            if label not in NOBODY if criterion == "poet" else label in FORMS:
                texts.append(Labelled(body, label, id))
    return texts


def _poems(path: Path) -> Iterator[tuple[str, str, str]]:
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                poem = json.loads(line)
                yield poem["author"], poem["text"], poem["id"]
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror or error}; run: poetgen prepare") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{path} is damaged ({error}); run: poetgen prepare") from error


def read_labels(path: Path, *, text_column: str = "text", label_column: str = "label") -> list[Labelled]:
    """Labelled texts of a file: a JSON list of objects (or one object a line), or CSV or TSV with a header.

    Raises CorpusError, naming the record, for a file that is none such.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise CorpusError(f"no labelled texts at {path}; give a JSON or CSV file") from error
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror or error}") from error
    if not content.strip():
        raise CorpusError(f"{path} is empty; give a JSON or CSV file of texts and labels")
    is_json = path.suffix.lower() in (".json", ".jsonl")
    records = _json_records(path, content) if is_json else _csv_records(path, content)
    texts = [_labelled(path, *record, columns=(text_column, label_column)) for record in records]
    if not texts:
        raise CorpusError(f"{path} has no labelled texts; give at least two of each label")
    return texts


def _json_records(path: Path, content: str) -> Iterator[tuple[str, Any]]:
    try:
        if path.suffix.lower() == ".jsonl":
            records = [json.loads(line) for line in content.split("\n") if line.strip()]
        else:
            records = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{path} is not readable JSON: {error}") from error
    if not isinstance(records, list):
        raise CorpusError(f"{path} is not a JSON list; give a list of objects with a text and a label")
    for number, record in enumerate(records, start=1):
        yield f"record {number}", record


def _csv_records(path: Path, content: str) -> Iterator[tuple[str, Any]]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with _fields_of_any_length():
        encoder = csv.DictReader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
        try:
            for record in encoder:
                if None in record:
                    raise CorpusError(
                        f"{path} line {encoder.line_num} has more fields than the header; "
                        "put texts that hold the delimiter in quotes"
                    )
                yield f"line {encoder.line_num}", record
        except csv.Error as error:
            raise CorpusError(f"{path} line {encoder.line_num} is not readable CSV: {error}") from error


@contextmanager
def _fields_of_any_length() -> Iterator[None]:
    before = csv.field_size_limit(LARGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _labelled(path: Path, where: str, record: Any, *, columns: tuple[str, str]) -> Labelled:
    if not isinstance(record, dict):
        raise CorpusError(f"{path} {where} is not an object; give a list of objects with a text and a label")
    for column in columns:
        if column not in record:
            there = ", ".join(str(key) for key in record) or "nothing"
            raise CorpusError(
                f"{path} {where} has no {column!r} (there is: {there:.100}); "
                "name the columns: --set classify.text_column=… --set classify.label_column=…"
            )
    text, label = (record[column] for column in columns)
    if isinstance(label, int | float):
        label = str(label)
    if not isinstance(text, str) or not isinstance(label, str) or not text.strip() or not label.strip():
        raise CorpusError(f"{path} {where} has no text or no label; fix or remove it")
    try:
        (text + label).encode("utf-8")
    except UnicodeEncodeError as error:
        raise CorpusError(f"{path} {where} holds half a character (a lone surrogate); fix it") from error
    return Labelled(text.strip(), label.strip())


def choose(
    texts: Sequence[Labelled], *, classes: int = 0, most: int = 0, equal: bool = False
) -> list[Labelled]:
    """The texts of the `classes` most frequent labels (0: of all, but `most` at most), or `equal` parts of them.

    Equal parts are as many texts of each label as the rarest has; which ones is decided by their keys alone.
    Raises ConfigError for fewer labels than asked for or than two, CorpusError for a label that is seen once.
    """
    counts = Counter(text.label for text in texts)
    if len(counts) == 1:
        raise ConfigError(
            f"all texts have the label {next(iter(counts))!r:.60}; give texts of two labels or more"
        )
    if len(counts) < max(2, classes):
        raise ConfigError(
            f"there are {len(counts)} labels and {max(2, classes)} are to be told apart; "
            "give more texts, or lower classify.classes"
        )
    kept = sorted(counts, key=lambda label: (-counts[label], label))[: classes or most or None]
    rarest = kept[-1]
    if counts[rarest] < 2:
        often = sum(counts[label] > 1 for label in kept)
        raise CorpusError(
            f"the label {rarest!r} is seen once, so it cannot be learned from one text and tried on another; "
            f"give more of its texts, or omit it{f' with --set classify.classes={often}' if often > 1 else ''}"
        )
    most = counts[rarest] if equal else len(texts)
    by_label: dict[str, list[int]] = {label: [] for label in kept}
    for k, text in enumerate(texts):
        if text.label in by_label:
            by_label[text.label].append(k)
    chosen = [k for places in by_label.values() for k in sorted(places, key=lambda k: _draw(texts[k]))[:most]]
    return [texts[k] for k in sorted(chosen)]


def _draw(text: Labelled) -> bytes:
    return hashlib.sha256(f"poetgen equal:{text.identity}".encode()).digest()
