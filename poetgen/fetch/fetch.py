"""The corpus, from its git repository to a folder of raw files.

What `git clone --depth=1 --filter=blob:none --sparse` does, step by step, so that a killed run is taken up again:
the commit and its trees, then the files in small batches (a batch that arrived stays, and what an earlier corpus
has is taken from there), then a sparse checkout. All of it happens in DEST.partial and is checked against the
commit's own hashes; a rename makes it DEST. No .git is kept there: a corpus is plain files that nothing can leave
half renewed, and fetching anew costs only ten megabytes, forty with 全宋詩.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path

from poetgen.errors import CorpusError, PoetgenError
from poetgen.fetch.complaints import SingleObjectsRefused, Unexplained, explain_complaint, strip_password
from poetgen.fetch.git import Clone, OnCount, check_revision, git_address
from poetgen.fetch.manifest import Manifest
from poetgen.fetch.staging import Damaged, Oversized, Staging, check_files
from poetgen.files import follow_links

DEFAULT_URL = "https://github.com/chinese-poetry/chinese-poetry"
FOLDER = "全唐诗"
COLLECTIONS = {  # name → its volumes, and what belongs to them
    "tang": (f"{FOLDER}/poet.tang.*.json", f"{FOLDER}/authors.tang.json", f"{FOLDER}/唐诗三百首.json"),
    "song": (f"{FOLDER}/poet.song.*.json", f"{FOLDER}/authors.song.json"),
}
BATCH = 8  # files fetched at a time: what a killed run loses at most


@dataclass(frozen=True)
class FetchProgress:
    """What is being done; `total` files (0: not known, or nothing to count), `done` of them."""

    what: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class FetchReport:
    """A complete corpus in `path`: `files` files of `bytes` bytes, as they are in `commit`."""

    path: Path
    url: str
    commit: str
    revision: str | None
    collections: tuple[str, ...]
    files: int
    bytes: int
    already_there: bool


OnProgress = Callable[[FetchProgress], None]


def fetch_corpus(
    url: str | None,
    dest: Path,
    *,
    collections: Iterable[str] = (),
    revision: str | None = None,
    update: bool = False,
    on_progress: OnProgress | None = None,
) -> FetchReport:
    """Fetch collections of a chinese-poetry repository, 全唐詩 by default, into `dest`, whole or not at all.

    `collections` (of COLLECTIONS) are added to those that are in `dest`, from the same commit. `url` None means
    where the corpus came from before, else DEFAULT_URL. A complete corpus in `dest` is recognised by its manifest
    without asking the repository, unless `update` asks for the newest or another revision is wanted; a damaged one
    is fetched anew. Raises CorpusError.
    """
    tell = on_progress or _ignore
    _need_chinese_file_names()
    source = git_address(url) if url is not None else None
    revision = check_revision(revision) if revision is not None else None
    there = _whole_manifest(dest, tell)
    recorded = there or Manifest.read(dest)
    known = set(recorded.collections if recorded else ()) & COLLECTIONS.keys()
    wanted = sorted(known.union(collections)) or ["tang"]
    staging = Staging(follow_links(dest), [*chain(*(COLLECTIONS[name] for name in wanted)), "LICENSE"])
    answered = there and there.answers(strip_password(source) if source else None, revision)
    if there and answered and not update and set(wanted) == set(there.collections):
        staging.clean_up()
        return _report(dest, there, already_there=True)
    extended = there if answered and not update else None
    if there and revision and not update and not extended:
        tell(FetchProgress(f"the corpus here is commit {there.commit}; fetching {revision} in its place"))
    try:
        with staging.hold_lock():
            url = source or _recorded_address(recorded)
            fetch = _Fetch(url, staging, wanted, revision, tell, extended=extended)
            manifest, already_there = fetch.run()
    except OSError as error:
        raise CorpusError(
            f"cannot write {error.filename or dest}: {error.strerror or error}; fix that or choose another --home"
        ) from error
    return _report(dest, manifest, already_there=already_there)


def _recorded_address(recorded: Manifest | None) -> str:
    """Where the corpus came from, if that is an address that could have been given, else DEFAULT_URL."""
    with suppress(CorpusError):
        return git_address(recorded.url) if recorded else DEFAULT_URL
    return DEFAULT_URL


def _need_chinese_file_names() -> None:
    try:
        os.fsencode(FOLDER)
    except UnicodeEncodeError as error:
        raise CorpusError(
            "this locale has no Chinese file names; set PYTHONUTF8=1 and run poetgen fetch again"
        ) from error


def _ignore(progress: FetchProgress) -> None:
    """Listen to nothing."""


def _whole_manifest(dest: Path, tell: OnProgress) -> Manifest | None:
    """The manifest in `dest` when all its files are as they were fetched."""
    there = Manifest.read(dest)
    fault = there.fault(dest) if there else None
    if fault:
        tell(FetchProgress(f"{fault}: fetching the corpus anew"))
    return None if fault else there


def _report(dest: Path, there: Manifest, *, already_there: bool) -> FetchReport:
    return FetchReport(
        path=dest,
        url=there.url,
        commit=there.commit,
        revision=there.revision,
        collections=there.collections,
        files=len(there.files),
        bytes=there.bytes,
        already_there=already_there,
    )


class _Fetch:
    """One fetch, under its lock: an attempt, and another where that can help."""

    def __init__(
        self,
        url: str,
        staging: Staging,
        collections: Sequence[str],
        revision: str | None,
        tell: OnProgress,
        *,
        extended: Manifest | None,
    ) -> None:
        """`extended` is the corpus that is there, when more is to be added to it from its own commit."""
        self.url, self.staging, self.collections, self.tell = url, staging, tuple(collections), tell
        self.revision = extended.revision if extended else revision
        self.asked = extended.commit if extended else revision or "HEAD"
        self.worth_keeping = staging.git_dir.exists()  # whether a next run can go on from what arrived

    def run(self) -> tuple[Manifest, bool]:
        """Attempt until it is done or hopeless; what a next run could not use is removed."""
        self.staging.refuse_strangers()
        self.staging.recover()
        try:
            return self._attempts()
        except (PoetgenError, OSError) as error:
            self.staging.recover()  # before anything is removed: it may hold the only corpus
            if not self.worth_keeping or isinstance(error, Oversized):
                self.staging.discard()
            raise

    def _attempts(self) -> tuple[Manifest, bool]:
        resumed, filtered = self.staging.git_dir.exists(), True
        while True:
            try:
                return self._attempt(filtered=filtered)
            except SingleObjectsRefused:
                filtered = False  # so it can be raised once only
            except (Unexplained, Damaged):
                if not resumed:  # else what an earlier run left may be damaged
                    raise
            resumed = self.worth_keeping = False
            self.staging.discard_clone()

    def _attempt(self, *, filtered: bool) -> tuple[Manifest, bool]:
        clone = Clone(self.staging, self._explain, url=self.url, filtered=filtered)
        self.tell(
            FetchProgress(
                f"asking {strip_password(self.url)} for "
                f"{'its newest commit' if self.asked == 'HEAD' else self.asked}"
            )
        )
        commit = clone.receive_commit(self.asked, self._counter("receiving the commit"))
        if there := self._same_commit(commit):
            return there, True
        blobs = clone.wanted_files(commit)
        self._check_complete(commit, blobs)
        self._receive(clone, commit, blobs)
        self.tell(FetchProgress(f"checking {len(blobs)} files"))
        folder = clone.check_out(commit)
        files = check_files(folder, blobs)
        manifest = Manifest(strip_password(self.url), commit, self.revision, files, self.collections)
        manifest.write(folder)
        self.staging.publish(folder)
        return manifest, False

    def _check_complete(self, commit: str, blobs: Iterable[str]) -> None:
        """Raises CorpusError when the commit lacks the volumes of a collection."""
        for name in self.collections:
            volumes = COLLECTIONS[name][0]
            if not any(fnmatchcase(path, volumes) for path in blobs):
                remedy = "add --update" if self.asked == commit else "give --url a chinese-poetry repository"
                raise CorpusError(f"{strip_password(self.url)} has no {volumes} in commit {commit}; {remedy}")

    def _same_commit(self, commit: str) -> Manifest | None:
        """The manifest when this very commit is here whole; it then remembers what was asked this time."""
        there = _whole_manifest(self.staging.dest, _ignore)
        if there is None or there.commit != commit or there.collections != self.collections:
            return None
        there = replace(there, url=strip_password(self.url), revision=self.revision)
        there.write(self.staging.dest)
        self.staging.discard()
        return there

    def _receive(self, clone: "Clone", commit: str, blobs: dict[str, str]) -> None:
        """Receive the files that are not here yet, a batch at a time."""
        clone.adopt([file for path in blobs if (file := self.staging.dest / path).is_file()])
        missing = clone.missing(commit, blobs)
        what, here = f"receiving {len(blobs)} files", len(blobs) - len(missing)
        for start in range(0, len(missing), BATCH):
            clone.receive_objects(
                missing[start : start + BATCH], self._counter(what, here + start, len(blobs))
            )
            self.worth_keeping = True

    def _counter(self, what: str, before: int = 0, total: int = 0) -> OnCount:
        """A listener to git's own count: of all it sends, or on top of `before` files of `total`."""
        return lambda done, of: self.tell(FetchProgress(what, before + done, total or of))

    def _explain(self, complaint: str) -> CorpusError:
        return explain_complaint(complaint, url=self.url, revision=self.revision, dest=self.staging.dest)
