"""Files that a user names to be written: what lies there is replaced only where poetgen may have written it.

A picture takes the place of a picture that poetgen drew, poems that of a file of nothing but poems. A folder, a
pipe, a photograph, notes or a program stay as they are. Links are followed; missing folders are made when the file
is written. What is named is checked before anything is computed, a numbered name beside it when its turn comes.
"""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

from poetgen.errors import DAMAGE, PoetgenError
from poetgen.files import SIGNATURES, follow_links, number_name, sweep_stale_partials
from poetgen.language import tr
from poetgen.poem.lineation import WIDE_BLANK
from poetgen.poem.poem import MARKS, is_hanzi

MOST_BYTES = 16 * 2**20  # what is larger is not read to see what it is
SIGNED = 4096  # bytes at the beginning of a picture, which say who drew it
BESIDE = "《》□?"  # in a row of a poem, beside hanzi and marks
RECORD = {"lines", "form", "seed", "log_probability"}  # keys that each poem printed as JSON has


def check_picture_file(path: Path, number: int = 1) -> Path:
    """Where a picture goes, links followed; of several, the second beside the first as NAME-2.

    Raises PoetgenError, unless nothing is there or what poetgen drew.
    """
    path = path.with_stem(number_name(path.stem, number)) if number > 1 else path
    fault = tr(
        "{path} is there already and not a picture that poetgen drew; choose another name, or remove it",
        path=path,
    )
    return _check_replaceable(path, _is_drawn_by_us, fault)


def check_poem_file(path: Path) -> Path:
    """Where poems go, links followed. Raises PoetgenError, unless nothing is there or poems alone."""
    fault = tr(
        "{path} is there already and holds something else than poems; choose another name, or remove it",
        path=path,
    )
    return _check_replaceable(path, _holds_poems, fault)


def _check_replaceable(path: Path, is_ours: Callable[[Path], bool], fault: str) -> Path:
    place = _check_place(path)
    if place.exists() and not is_ours(place):
        raise PoetgenError(fault)
    return place


def _check_place(path: Path) -> Path:
    """The path, links followed, what a kill left there swept.

    Raises PoetgenError for what is not a plain file, or cannot be written.
    """
    try:
        if path.is_dir():
            raise PoetgenError(tr("{path} is a folder; give the name of a file", path=path))
        if path.exists() and not path.is_file():
            raise PoetgenError(tr("{path} is not a plain file; give the name of a file", path=path))
        place = follow_links(path) if path.is_symlink() else path
        folder = next(folder for folder in place.absolute().parents if folder.exists())
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(folder, os.W_OK | os.X_OK) or (place.exists() and not os.access(place, os.W_OK)):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise PoetgenError(
            tr("cannot write {path}: {reason}", path=path, reason=error.strerror or error)
        ) from error
    sweep_stale_partials(place)
    return place


def _is_drawn_by_us(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(SIGNED)
    return not start or any(signature in start for signature in SIGNATURES)


def _holds_poems(path: Path) -> bool:
    """Whether each row is one that `generate` prints: a couplet, a row of columns, tones, or a record of JSON."""
    if path.stat().st_size > MOST_BYTES:
        return False
    try:
        return all(map(_is_printed, path.read_text(encoding="utf-8").split("\n")))
    except DAMAGE:
        return False


def _is_printed(row: str) -> bool:
    if row.startswith("{"):
        return set(json.loads(row)) >= RECORD
    is_verse = all(is_hanzi(char) or char in MARKS or char in BESIDE or char == WIDE_BLANK for char in row)
    is_couplet = sum(char in MARKS for char in row) <= 2  # prose has more in a row
    return is_verse and (is_couplet or all(len(part) <= 1 for part in row.split(WIDE_BLANK)))
