"""Vectors of words or characters from a text file, as word2vec and GloVe write them.

A line is a token and its numbers, separated by blanks; word2vec's first line says how many follow.
It may be compressed (.gz, .bz2, .xz). It is read line by line and only what was asked for is kept, so it may be
far larger than memory.
"""

import bz2
import codecs
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from poetgen.errors import CorpusError
from poetgen.files import check_file, refuse_unreadable

LONGEST_LINE = 2**22  # bytes: far more than any vector has, far less than would hurt
LINES_BETWEEN_NEWS = 2**12
SHOWN = 20  # tokens named of those that have no vector

Array = npt.NDArray[np.float32]
Lines = BinaryIO | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Vectors:
    """What the file at `path` has of the tokens asked for: each (`size`,); `missing` are the others, in order.

    `forms` are those found by another form of theirs, with that form; `blank` rows had no token and were skipped.
    """

    path: Path
    size: int
    values: Mapping[str, Array]
    missing: tuple[str, ...]
    forms: Mapping[str, str] = field(default_factory=dict)
    blank: int = 0

    def __str__(self) -> str:
        """A line for people: how many have a vector, and who has none."""
        asked = len(self.values) + len(self.missing)
        found = (
            f"vectors of {self.size} numbers for {len(self.values):,} of {asked:,} tokens from {self.path}"
        )
        if self.forms:
            token, form = next(iter(self.forms.items()))
            found += f", {len(self.forms):,} of them by another form, such as {form} for {token}"
        if self.blank:
            found += f"; {self.blank:,} rows without a token skipped"
        if not self.missing:
            return found
        more = f" and {len(self.missing) - SHOWN:,} more" if len(self.missing) > SHOWN else ""
        return f"{found}; the others begin at random: {' '.join(self.missing[:SHOWN])}{more}"

    def rows(self, tokens: Iterable[str]) -> dict[int, Array]:
        """The vectors found, by their token's place in `tokens`."""
        return {k: self.values[token] for k, token in enumerate(tokens) if token in self.values}


def vector_size(path: Path) -> int:
    """How many numbers a vector of this file has, by its first line. Raises CorpusError."""
    with _open(path) as file, _decompress(path, file) as text:
        return _Reader(path, file, text).size


def read_vectors(
    path: Path,
    wanted: Iterable[str],
    *,
    forms: Mapping[str, Sequence[str]] | None = None,
    on_progress: OnProgress | None = None,
) -> Vectors:
    """The vectors of the `wanted` tokens; of a token that comes twice, the first.

    `forms` are other ways to write a token (风 for 風), the best first: they count where the file lacks it.
    `on_progress` is called with (bytes read, bytes). Raises CorpusError, naming the line, for another file.
    """
    asked = list(dict.fromkeys(wanted))
    keys = {token.encode("utf-8", "surrogatepass"): token for token in asked}
    others = {form.encode() for token in asked for form in (forms or {}).get(token, ())} - keys.keys()
    values: dict[str, Array] = {}
    by_form: dict[str, Array] = {}
    with _open(path) as file, _decompress(path, file) as text:
        reader = _Reader(path, file, text)
        for number, token, numbers in reader.rows(on_progress):
            known = keys.get(token)
            if known is not None and known not in values:
                values[known] = reader.parse(number, numbers)
            elif token in others and (form := token.decode()) not in by_form:
                by_form[form] = reader.parse(number, numbers)
    stand_ins = _stand_ins(
        [token for token in asked if token not in values], forms or {}, by_form.keys() | values
    )
    values |= {lacking: (by_form | values)[form] for lacking, form in stand_ins.items()}
    missing = tuple(token for token in asked if token not in values)
    return Vectors(path, reader.size, values, missing, stand_ins, reader.blank)


def _stand_ins(tokens: Iterable[str], forms: Mapping[str, Sequence[str]], there: Set[str]) -> dict[str, str]:
    """For each token the first of its other forms that the file has, if it has any."""
    first = ((token, next((form for form in forms.get(token, ()) if form in there), "")) for token in tokens)
    return {token: form for token, form in first if form}


def _open(path: Path) -> BinaryIO:
    missing = f"no vectors at {path}; give a text file as word2vec or GloVe write it"
    with refuse_unreadable(path, CorpusError, missing=missing):
        return check_file(path).open("rb")


def _decompress(path: Path, file: BinaryIO) -> Lines:
    suffix = path.suffix.lower()
    if suffix == ".gz":
        return gzip.open(file)
    if suffix == ".bz2":
        return bz2.open(file)
    return lzma.open(file) if suffix == ".xz" else file


class _Reader:
    """Reads rows and holds each to the size of the first."""

    def __init__(self, path: Path, file: BinaryIO, text: Lines) -> None:
        self.path, self.file, self.text = path, file, text
        self.blank = 0  # rows without a token
        self.bytes = path.stat().st_size
        self.promised: int | None = None
        first = self.line(1).removeprefix(codecs.BOM_UTF8)
        fields = first.split()
        if not fields:
            raise CorpusError(f"{path} has no vectors; give a text file as word2vec or GloVe write it")
        if len(fields) == 2 and all(field.isdigit() for field in fields):
            if max(map(len, fields)) > 18:
                raise CorpusError(f"{path} line 1 is not of word2vec or GloVe; give a text file of vectors")
            self.promised, self.size, self.first = int(fields[0]), int(fields[1]), b""
        else:
            self.size, self.first = len(fields) - (not first[:1].isspace()), first
        if not 1 <= self.size <= 65536:
            raise CorpusError(
                f"{path} line 1 has {self.size} numbers after its token; give a text file of vectors"
            )

    def rows(self, on_progress: OnProgress | None) -> Iterator[tuple[int, bytes, list[bytes]]]:
        """(number of the line, token, its numbers), each as it stands in the file."""
        number, rows = (1 if self.first else 2), 0
        line = self.first or self.line(2)
        while line:
            fields = line.split()
            if fields and self.is_row(number, line, fields):
                rows += 1
                yield number, fields[0], fields[1:]
            elif fields:
                rows += 1
            if on_progress and number % LINES_BETWEEN_NEWS == 0:
                on_progress(min(self.file.tell(), self.bytes), self.bytes)
            number += 1
            line = self.line(number)
        if self.promised is not None and rows != self.promised:
            raise CorpusError(
                f"{self.path} promises {self.promised:,} vectors in its first line and has {rows:,}; "
                "fetch or save it again"
            )

    def line(self, number: int) -> bytes:
        """The next line; empty at the end of the file."""
        try:
            line = self.text.readline(LONGEST_LINE)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise CorpusError(
                f"{self.path} cannot be read to its end ({error}); fetch or save it again"
            ) from error
        if len(line) == LONGEST_LINE:
            raise CorpusError(
                f"{self.path} line {number} is longer than {LONGEST_LINE:,} bytes; give a text file of vectors"
            )
        return line

    def is_row(self, number: int, line: bytes, fields: list[bytes]) -> bool:
        """Whether the line is a token without blanks and its numbers. Raises CorpusError for a ragged line."""
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"{self.path} line {number} is not UTF-8; save the vectors as UTF-8 text, not in word2vec's "
                "binary form"
            ) from error
        if len(fields) == self.size + 1:
            return True
        if len(fields) == self.size and all(map(_is_number, fields)):
            self.blank += 1  # its token is a blank
            return False
        # GloVe has tokens of several words, such as `. . .`: none that could be asked for
        if len(fields) > self.size + 1 and not _is_number(fields[len(fields) - self.size - 1]):
            return False
        raise CorpusError(
            f"{self.path} line {number} has {len(fields) - 1} numbers, the lines before it {self.size}; "
            "fix or remove that line"
        )

    def parse(self, number: int, numbers: list[bytes]) -> Array:
        """The numbers of a row. Raises CorpusError for what is none."""
        try:
            # far fewer rows are parsed than read, and by float() the mistakes are Python's, not a C library's
            values = np.array([float(text) for text in numbers], dtype=np.float32)
        except (ValueError, OverflowError) as error:
            word = next((text for text in numbers if not _is_number(text)), b"").decode("utf-8", "replace")
            raise CorpusError(
                f"{self.path} line {number} has {word!r} where a number should be; fix or remove that line"
            ) from error
        if not np.isfinite(values).all():
            raise CorpusError(
                f"{self.path} line {number} has a value that is not a finite number; fix that line"
            )
        return values


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
