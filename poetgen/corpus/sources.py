"""Where poems come from: a fetched corpus, any folder or file of chinese-poetry-shaped JSON, or a text file."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poetgen.corpus.clean import CleaningReport, clean, split_lines
from poetgen.corpus.poem import Poem
from poetgen.corpus.text import text_poems
from poetgen.errors import CorpusError

FIRST_SUPPLEMENT = 50_000  # volumes poet.tang.50000.json and up are 全唐詩補編
_VOLUME = re.compile(r"poet\.tang\.(\d+)\.json")
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Record:
    """One raw poem: `where` is file and index, for messages; volume is None outside 全唐詩."""

    where: str
    author: str
    title: str
    body: str
    id: str
    volume: int | None


def read_poems(
    path: Path, *, supplement: bool = True, strict: bool = False, on_progress: OnProgress | None = None
) -> tuple[list[Poem], CleaningReport]:
    """All usable poems below `path`, cleaned, in volume order, and what cleaning did.

    `on_progress` is told (files done, files). What cannot be read is skipped and listed in the report's
    `faults`; with `strict` the first fault raises CorpusError, as does a source in which nothing can be read.
    """
    report = CleaningReport()
    poems = []
    files = source_files(path, supplement=supplement)
    for done, file in enumerate(files, start=1):
        for record in read_file(file, report.faults):
            if isinstance(record, Record):
                body = clean(record.body, report, where=record.where)
                if body is not None:
                    lines, marks = split_lines(body)
                    poems.append(Poem(record.author, record.title, lines, marks, record.id))
        if strict and report.faults:
            raise CorpusError(f"{report.faults[0]}; mend it, or leave --strict away to skip it")
        if on_progress:
            on_progress(done, len(files))
    if not report.records:
        fault = f" ({report.faults[0]})" if report.faults else ""
        raise CorpusError(
            f"no poems can be read in {path}{fault}; give a corpus folder, a JSON or a text file"
        )
    return poems, report


def source_files(path: Path, *, supplement: bool) -> list[Path]:
    """The files to read: 全唐詩's volumes in numeric order where there are any, else all JSON by name.

    `error/`, which repeats the volumes' names, and lists of authors are never poems. Raises CorpusError.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise CorpusError(f"no corpus at {path}; run: poetgen fetch")
    found = [file for file in sorted(path.rglob("*.json")) if not _is_apart(file.relative_to(path))]
    volumes = sorted((number, file) for file in found if (number := volume_number(file)) is not None)
    if volumes:
        return [file for number, file in volumes if supplement or number < FIRST_SUPPLEMENT]
    texts = sorted(file for file in path.rglob("*.txt") if not _is_apart(file.relative_to(path)))
    if not found and not texts:
        raise CorpusError(f"no JSON or text files below {path}; run: poetgen fetch")
    return found or texts


def _is_apart(relative: Path) -> bool:
    hidden = any(part.startswith(".") for part in relative.parts)
    return hidden or "error" in relative.parts[:-1] or relative.name.startswith(("authors.", "fetched."))


def volume_number(file: Path) -> int | None:
    """1000 of poet.tang.1000.json, None for other names."""
    match = _VOLUME.fullmatch(file.name)
    return int(match[1]) if match else None


def read_file(file: Path, faults: list[str]) -> Iterator[Record]:
    """The records of one file; faults are added to `faults`, each with file and index."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(f"{file}: not UTF-8 ({error.reason} at byte {error.start})")
        return
    except OSError as error:
        faults.append(f"{file}: cannot be read ({error.strerror or error})")
        return
    if file.suffix == ".json":
        yield from _json_records(file, text, faults)
    else:
        for number, title, body in text_poems(text):
            yield Record(f"{file.name}:{number}", "", title, body, "", None)


def _json_records(file: Path, text: str, faults: list[str]) -> Iterator[Record]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        faults.append(f"{file}: broken JSON ({error})")
        return
    for index, entry in enumerate(entries if isinstance(entries, list) else [entries]):
        fault = record_fault(entry)
        if fault:
            faults.append(f"{file}[{index}]: {fault}")
        else:
            yield Record(
                f"{file.name}[{index}]",
                entry.get("author") or "",
                entry.get("title") or "",
                "".join(entry["paragraphs"]),
                entry.get("id") or "",
                volume_number(file),
            )


def record_fault(entry: Any) -> str:
    """Why this JSON value is no poem record; empty when it is one. Author, title and id may be missing."""
    if not isinstance(entry, dict):
        return f"a {type(entry).__name__}, not an object"
    if "paragraphs" not in entry:
        return "no paragraphs"
    paragraphs = entry["paragraphs"]
    if not isinstance(paragraphs, list) or not all(isinstance(part, str) for part in paragraphs):
        return "paragraphs are not a list of texts"
    for key in ("author", "title", "id"):
        if not isinstance(entry.get(key) or "", str):
            return f"{key} is not a text"
    return ""
