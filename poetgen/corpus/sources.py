"""Where poems come from: a fetched corpus, or any folder or file of JSON, CSV or text."""

import errno
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from poetgen.corpus.clean import CleaningReport, clean
from poetgen.corpus.reading import ReadingReport
from poetgen.corpus.text_files import JSON_SUFFIXES, TABLE_SUFFIXES, RawPoem, read_poem_file
from poetgen.errors import CorpusError
from poetgen.files import follow_links
from poetgen.poem.lineation import split_lines
from poetgen.poem.poem import Poem

FIRST_SUPPLEMENT = 50_000  # volumes poet.tang.50000.json and up are 全唐詩補編
_VOLUME = re.compile(r"poet\.(tang|song)\.(\d+)\.json")
REJECTS = "error"  # the folder in which chinese-poetry keeps what it rejected
OnProgress = Callable[[int, int], None]


def read_poems(
    path: Path,
    *,
    supplement: bool = True,
    line_length: int | None = None,
    strict: bool = False,
    on_progress: OnProgress | None = None,
) -> tuple[list[Poem], CleaningReport]:
    """All usable poems below `path`, cleaned, in volume order, and what cleaning did.

    `line_length` cuts verse that has no marks; `on_progress` is called with (files done, files). What cannot be
    read is skipped and listed in the report's `faults`; with `strict` the first fault raises CorpusError, as
    does a source in which nothing can be read.
    """
    report = CleaningReport()
    files = source_files(path, supplement=supplement)
    poems = read_files(files, path, report, line_length=line_length, strict=strict, on_progress=on_progress)
    if not report.records:
        fault = f" ({report.reading.faults[0]})" if report.reading.faults else ""
        raise CorpusError(
            f"no poems can be read in {path}{fault}; give a corpus folder, a JSON or a text file"
        )
    return poems, report


def read_files(
    files: Sequence[Path],
    path: Path,
    report: CleaningReport,
    *,
    line_length: int | None = None,
    strict: bool = False,
    on_progress: OnProgress | None = None,
) -> list[Poem]:
    """The usable poems of `files`, which lie below `path`; `report` counts on. See read_poems."""
    poems = []
    for done, file in enumerate(files, start=1):
        name = describe_file(file, path)
        for raw in read_raw_poems(file, name, report.reading, line_length=line_length):
            body = clean(raw.body, report, where=name + raw.where)
            if body is not None:
                lines, marks = split_lines(body)
                poems.append(Poem(raw.author, raw.title, lines, marks, raw.id))
        if strict and report.reading.faults:
            raise CorpusError(f"{report.reading.faults[0]}; fix it, or omit --strict to skip it")
        if on_progress:
            on_progress(done, len(files))
    return poems


def added_files(path: Path, collection: str) -> list[Path]:
    """The volumes of another collection below `path`, in numeric order.

    Raises CorpusError when there is none, and when they are all there is: then nothing is read beside them.
    """
    found = _files(path, ".json") if path.is_dir() else []
    files = [file for _, file in _volumes(found, collection)]
    if not files:
        raise CorpusError(
            f"{path} has no volumes poet.{collection}.*.json; fetch them with: poetgen fetch --collection all"
        )
    if not _volumes(found, "tang"):
        raise CorpusError(
            f"{path} has volumes of {collection} alone, to which no more of it can be added; "
            "omit --also, or fetch 全唐詩 too: poetgen fetch --collection tang"
        )
    return files


def describe_file(file: Path, source: Path) -> str:
    """A file's name as messages have it: below `source`, and printable whatever its bytes."""
    name = file.name if file == source else file.relative_to(source).as_posix()
    return name.encode("utf-8", "backslashreplace").decode()


def source_files(path: Path, *, supplement: bool) -> list[Path]:
    """The files to read: 全唐詩's volumes in numeric order where there are any, else all JSON, tables or text.

    `error/`, which repeats the volumes' names, and lists of authors are never poems. Raises CorpusError.
    """
    if path.is_file():
        if not os.access(path, os.R_OK):
            raise CorpusError(f"cannot read {path}: {os.strerror(errno.EACCES)}")
        return [path]
    if not path.is_dir():
        raise CorpusError(
            f"no poems at {path}; give a corpus folder, a JSON or a text file, or run: poetgen fetch"
        )
    found = _files(path, *JSON_SUFFIXES)
    volumes = _volumes(found, "tang")
    if volumes:
        chosen = [file for number, file in volumes if supplement or number < FIRST_SUPPLEMENT]
        if not chosen:
            raise CorpusError(f"{path} has volumes of 全唐詩補編 alone; take them with --supplement")
        return chosen
    files = found or _files(path, *TABLE_SUFFIXES) or _files(path, ".txt")
    if not files:
        raise CorpusError(f"no JSON, CSV or text files below {path}; run: poetgen fetch")
    return files


def _files(folder: Path, *suffixes: str) -> list[Path]:
    """The files below a folder with these suffixes, in order. Raises CorpusError for one that is closed."""
    files = [
        file
        for file in _walk(folder)
        if file.suffix.lower() in suffixes and file.is_file() and not _is_apart(file.relative_to(folder))
    ]
    return sorted(files, key=lambda file: _natural(file.relative_to(folder).as_posix()))


def _walk(folder: Path) -> Iterator[Path]:
    for name, _, files in os.walk(folder, onerror=_refuse):
        yield from (Path(name, file) for file in files)


def _refuse(error: OSError) -> None:
    raise CorpusError(f"cannot read the folder {error.filename}: {error.strerror or error}") from error


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that puts poet.song.9000 before poet.song.10000."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split("([0-9]+)", name)]


def _is_apart(relative: Path) -> bool:
    hidden = any(part.startswith(".") for part in relative.parts)
    return hidden or REJECTS in relative.parts[:-1] or relative.name.startswith(("authors.", "fetched."))


def volume_number(file: Path, collection: str = "tang") -> int | None:
    """1000 of poet.tang.1000.json, None for other names."""
    match = _VOLUME.fullmatch(file.name)
    return int(match[2]) if match and match[1] == collection else None


def _volumes(files: Iterable[Path], collection: str) -> list[tuple[int, Path]]:
    return sorted((n, file) for file in files if (n := volume_number(file, collection)) is not None)


def read_raw_poems(
    file: Path, name: str, reading: ReadingReport, *, line_length: int | None = None
) -> Iterator[RawPoem]:
    """The poems of one file before cleaning; what cannot be read is added to the faults, with `name`."""
    try:
        yield from read_poem_file(file.read_bytes(), name, reading, line_length=line_length)
    except OSError as error:
        reading.faults.append(f"{name}: cannot be read ({error.strerror or error})")
    except CorpusError as error:
        reading.faults.append(str(error))


def warn_of_rejects(path: Path) -> str | None:
    """A warning where `path` is, or lies in, the folder of poems that chinese-poetry itself rejected."""
    folder = follow_links(path)
    folder = folder if folder.is_dir() else folder.parent
    if folder.name != REJECTS or not _volumes(_files(folder, ".json"), "tang"):
        return None
    return f"warning: {folder} holds what chinese-poetry rejected; its poems are in {folder.parent}"
