"""Where poems come from: a fetched corpus, any folder or file of chinese-poetry-shaped JSON, or a text file."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poetgen.corpus.clean import CleaningReport, clean, split_lines
from poetgen.corpus.text import text_poems
from poetgen.errors import CorpusError
from poetgen.poem.poem import Poem

FIRST_SUPPLEMENT = 50_000  # volumes poet.tang.50000.json and up are 全唐詩補編
_VOLUME = re.compile(r"poet\.(tang|song)\.(\d+)\.json")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can write them, UTF-8 cannot
_KINDS = {str: "a text", list: "a list", bool: "true or false", type(None): "null"}
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Record:
    """One raw poem; `where` is its file and its index or line there, for messages."""

    where: str
    author: str
    title: str
    body: str
    id: str


def read_poems(
    path: Path, *, supplement: bool = True, strict: bool = False, on_progress: OnProgress | None = None
) -> tuple[list[Poem], CleaningReport]:
    """All usable poems below `path`, cleaned, in volume order, and what cleaning did.

    `on_progress` is told (files done, files). What cannot be read is skipped and listed in the report's
    `faults`; with `strict` the first fault raises CorpusError, as does a source in which nothing can be read.
    """
    report = CleaningReport()
    files = source_files(path, supplement=supplement)
    poems = read_files(files, path, report, strict=strict, on_progress=on_progress)
    if not report.records:
        fault = f" ({report.faults[0]})" if report.faults else ""
        raise CorpusError(
            f"no poems can be read in {path}{fault}; give a corpus folder, a JSON or a text file"
        )
    return poems, report


def read_files(
    files: Sequence[Path],
    path: Path,
    report: CleaningReport,
    *,
    strict: bool = False,
    on_progress: OnProgress | None = None,
) -> list[Poem]:
    """The usable poems of `files`, which lie below `path`; `report` counts on. See read_poems."""
    poems = []
    for done, file in enumerate(files, start=1):
        for record in read_file(file, shown(file, path), report.faults):
            body = clean(record.body, report, where=record.where)
            if body is not None:
                lines, marks = split_lines(body)
                poems.append(Poem(record.author, record.title, lines, marks, record.id))
        if strict and report.faults:
            raise CorpusError(f"{report.faults[0]}; fix it, or omit --strict to skip it")
        if on_progress:
            on_progress(done, len(files))
    return poems


def added_files(path: Path, collection: str) -> list[Path]:
    """The volumes of another collection below `path`, in numeric order. Raises CorpusError when there is none."""
    found = _files(path, ".json") if path.is_dir() else []
    files = [file for _, file in _volumes(found, collection)]
    if not files:
        raise CorpusError(
            f"{path} has no volumes poet.{collection}.*.json; fetch them with: poetgen fetch --collection all"
        )
    return files


def shown(file: Path, source: Path) -> str:
    """A file's name as messages have it: below `source`, and printable whatever its bytes."""
    name = file.name if file == source else file.relative_to(source).as_posix()
    return name.encode("utf-8", "backslashreplace").decode()


def source_files(path: Path, *, supplement: bool) -> list[Path]:
    """The files to read: 全唐詩's volumes in numeric order where there are any, else all JSON, else all text.

    `error/`, which repeats the volumes' names, and lists of authors are never poems. Raises CorpusError.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise CorpusError(
            f"no poems at {path}; give a corpus folder, a JSON or a text file, or run: poetgen fetch"
        )
    found = _files(path, ".json")
    volumes = _volumes(found, "tang")
    if volumes:
        chosen = [file for number, file in volumes if supplement or number < FIRST_SUPPLEMENT]
        if not chosen:
            raise CorpusError(f"{path} has volumes of 全唐詩補編 alone; take them with --supplement")
        return chosen
    files = found or _files(path, ".txt")
    if not files:
        raise CorpusError(f"no JSON or text files below {path}; run: poetgen fetch")
    return files


def _files(folder: Path, suffix: str) -> list[Path]:
    files = [
        file
        for file in folder.rglob("*")
        if file.suffix.lower() == suffix and file.is_file() and not _is_apart(file.relative_to(folder))
    ]
    return sorted(files, key=lambda file: _natural(file.relative_to(folder).as_posix()))


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that puts poet.song.9000 before poet.song.10000."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split("([0-9]+)", name)]


def _is_apart(relative: Path) -> bool:
    hidden = any(part.startswith(".") for part in relative.parts)
    return hidden or "error" in relative.parts[:-1] or relative.name.startswith(("authors.", "fetched."))


def volume_number(file: Path, collection: str = "tang") -> int | None:
    """1000 of poet.tang.1000.json, None for other names."""
    match = _VOLUME.fullmatch(file.name)
    return int(match[2]) if match and match[1] == collection else None


def _volumes(files: Iterable[Path], collection: str) -> list[tuple[int, Path]]:
    return sorted((n, file) for file in files if (n := volume_number(file, collection)) is not None)


def read_file(file: Path, name: str, faults: list[str]) -> Iterator[Record]:
    """The records of one file; what cannot be read is added to `faults`, with `name` and index."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(f"{name}: not UTF-8 ({error.reason} at byte {error.start})")
    except OSError as error:
        faults.append(f"{name}: cannot be read ({error.strerror or error})")
    else:
        if file.suffix.lower() == ".json":
            yield from _json_records(text, name, faults)
        else:
            for number, title, body in text_poems(text):
                yield Record(f"{name}:{number}", "", title, body, "")


def _json_records(text: str, name: str, faults: list[str]) -> Iterator[Record]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        faults.append(f"{name}: broken JSON ({error})")
        return
    for index, entry in enumerate(entries if isinstance(entries, list) else [entries]):
        fault = record_fault(entry)
        if fault:
            faults.append(f"{name}[{index}]: {fault}")
        else:
            author, title, id = (entry.get(key) or "" for key in ("author", "title", "id"))
            yield Record(f"{name}[{index}]", author, title, "".join(entry["paragraphs"]), id)


def record_fault(entry: Any) -> str:
    """Why this JSON value is no poem record; empty when it is one. Author, title and id may be missing."""
    if not isinstance(entry, dict):
        return f"not an object but {_KINDS.get(type(entry), 'a number')}"
    if "paragraphs" not in entry:
        return "no paragraphs"
    paragraphs = entry["paragraphs"]
    if not isinstance(paragraphs, list) or not all(isinstance(part, str) for part in paragraphs):
        return "paragraphs are not a list of texts"
    for key in ("author", "title", "id"):
        if not isinstance(entry.get(key) or "", str):
            return f"{key} is not a text"
    texts = (*paragraphs, *(entry.get(key) or "" for key in ("author", "title", "id")))
    return "half a character (a lone surrogate)" if any(map(_LONE_SURROGATE.search, texts)) else ""
