"""The corpus, from its git repository to a folder of raw files.

What `git clone --depth=1 --filter=blob:none --sparse` does, step by step, so that a killed run is taken up again:
the commit and its trees, then the Tang files in small batches (a batch that arrived stays), then a sparse
checkout. All of it happens in DEST.partial and is checked against the commit's own hashes; a rename makes it
DEST. No .git is kept there: a corpus is plain files that nothing can leave half renewed, and fetching anew costs
only ten megabytes.
"""

import os
import re
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING

from poetgen.errors import CorpusError, PoetgenError
from poetgen.fetch.git import (
    ENVIRONMENT,
    FILTER_SETTINGS,
    REMOTE,
    SETTINGS,
    SingleObjectsRefused,
    Unexplained,
    check_revision,
    explain_complaint,
    git_address,
    strip_password,
)
from poetgen.fetch.manifest import Manifest
from poetgen.fetch.staging import Damaged, Staging, check_files, remove

if TYPE_CHECKING:
    from git import Git

DEFAULT_URL = "https://github.com/chinese-poetry/chinese-poetry"
FOLDER = "全唐诗"
VOLUMES = f"{FOLDER}/poet.tang.*.json"
PATTERNS = (VOLUMES, f"{FOLDER}/authors.tang.json", f"{FOLDER}/唐诗三百首.json", "LICENSE")
OLDEST_GIT = (2, 29)  # the first that fetches single objects without negotiating
ENDLESS = 2**31 - 1  # the depth by which git means all of history
SHORT_ID = re.compile("[0-9a-f]{4,39}")
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
    files: int
    bytes: int
    already_there: bool


OnProgress = Callable[[FetchProgress], None]
OnCount = Callable[[int, int], None]


def fetch_corpus(
    url: str | None,
    dest: Path,
    *,
    revision: str | None = None,
    update: bool = False,
    on_progress: OnProgress | None = None,
) -> FetchReport:
    """Fetch the Tang files of a chinese-poetry repository into `dest`, whole or not at all.

    `url` None means where the corpus came from before, else DEFAULT_URL. A complete corpus in `dest` is recognised
    by its manifest without asking the repository, unless `update` asks for the newest or another revision is
    wanted; a damaged one is fetched anew. Raises CorpusError.
    """
    tell = on_progress or _ignore
    _need_chinese_file_names()
    source = git_address(url) if url is not None else None
    revision = check_revision(revision) if revision is not None else None
    staging = Staging(dest.resolve(), PATTERNS)
    there = _whole_manifest(dest, tell)
    if there and not update and there.answers(strip_password(source) if source else None, revision):
        staging.clean_up()
        return _report(dest, there, already_there=True)
    if there and revision and not update:
        tell(FetchProgress(f"the corpus here is commit {there.commit}; fetching {revision} in its place"))
    recorded = there or Manifest.read(dest)
    try:
        with staging.locked():
            fetch = _Fetch(source or (recorded.url if recorded else DEFAULT_URL), staging, revision, tell)
            manifest, already_there = fetch.run()
    except OSError as error:
        raise CorpusError(
            f"cannot write {error.filename or dest}: {error.strerror or error}; fix that or choose another --home"
        ) from error
    return _report(dest, manifest, already_there=already_there)


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
        files=len(there.files),
        bytes=there.bytes,
        already_there=already_there,
    )


class _Fetch:
    """One fetch, under its lock: an attempt, and another where that can help."""

    def __init__(self, url: str, staging: Staging, revision: str | None, tell: OnProgress) -> None:
        self.url, self.staging, self.revision, self.tell = url, staging, revision, tell
        self.worth_keeping = staging.git_dir.exists()  # whether a next run can go on from what arrived

    def run(self) -> tuple[Manifest, bool]:
        """Attempt until it is done or hopeless; what a next run could not use is removed."""
        self.staging.refuse_strangers()
        self.staging.recover()
        try:
            return self._attempts()
        except (PoetgenError, OSError):
            self.staging.recover()  # before anything is removed: it may hold the only corpus
            if not self.worth_keeping:
                remove(self.staging.partial)
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
            remove(self.staging.git_dir)

    def _attempt(self, *, filtered: bool) -> tuple[Manifest, bool]:
        clone = _Clone(self.staging, self._explain, url=self.url, filtered=filtered)
        self.tell(
            FetchProgress(f"asking {strip_password(self.url)} for {self.revision or 'its newest commit'}")
        )
        commit = clone.receive_commit(self.revision or "HEAD", self._counter("receiving the commit"))
        if there := self._same_commit(commit):
            return there, True
        blobs = clone.tang_files(commit)
        if not any(fnmatchcase(path, VOLUMES) for path in blobs):
            raise CorpusError(
                f"{strip_password(self.url)} has no {VOLUMES} in commit {commit}; "
                "give --url a chinese-poetry repository"
            )
        self._receive(clone, commit, blobs)
        self.tell(FetchProgress(f"checking {len(blobs)} files"))
        folder = clone.check_out(commit)
        manifest = Manifest(strip_password(self.url), commit, self.revision, check_files(folder, blobs))
        manifest.write(folder)
        self.staging.publish(folder)
        return manifest, False

    def _same_commit(self, commit: str) -> Manifest | None:
        """The manifest when this very commit is here whole; it then remembers what was asked this time."""
        there = _whole_manifest(self.staging.dest, _ignore)
        if there is None or there.commit != commit:
            return None
        there = replace(there, url=strip_password(self.url), revision=self.revision)
        there.write(self.staging.dest)
        remove(self.staging.partial)
        return there

    def _receive(self, clone: "_Clone", commit: str, blobs: dict[str, str]) -> None:
        """Receive the files that are not here yet, a batch at a time."""
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


class _Clone:
    """A shallow, blob-filtered clone in `partial`/git, driven by GitPython. Methods raise CorpusError."""

    def __init__(
        self, staging: Staging, explain: Callable[[str], CorpusError], *, url: str, filtered: bool
    ) -> None:
        self.partial, self.git_dir = staging.partial, staging.git_dir
        self.explain, self.filtered = explain, filtered
        settings = {**SETTINGS, **(FILTER_SETTINGS if filtered else {}), f"remote.{REMOTE}.url": url}
        self.git_dir.mkdir(parents=True, exist_ok=True)
        for lock in self.git_dir.rglob("*.lock"):  # left by a kill: we hold the one lock that counts
            lock.unlink(missing_ok=True)
        self._git = _git(self.partial)
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        self.command = [str(self._git.GIT_PYTHON_GIT_EXECUTABLE), *options]
        self._git.update_environment(
            GIT_DIR=str(self.git_dir),  # never a repository further up, whatever becomes of ours
            GIT_WORK_TREE=str(self.partial),
            GIT_INDEX_FILE=str(self.git_dir / "index"),
            GIT_OBJECT_DIRECTORY=str(self.git_dir / "objects"),
            **ENVIRONMENT,
        )
        self._call("init", "--quiet", "--template=")
        (self.git_dir / "info").mkdir(exist_ok=True)
        (self.git_dir / "info" / "attributes").write_text("* -text -ident -filter -working-tree-encoding\n")
        (self.git_dir / "info" / "sparse-checkout").write_bytes(staging.sparse_checkout)

    def receive_commit(self, revision: str, on_count: OnCount) -> str:
        """Fetch one commit with its trees (and, where the server cannot filter, all else). Returns its id."""
        try:
            self._fetch("--depth=1", *self._filter("blob:none"), wants=[revision], on_count=on_count)
        except CorpusError:
            if not (self.filtered and SHORT_ID.fullmatch(revision)):
                raise
            return self.receive_commit(self._full_id(revision), on_count)
        return self._call("rev-parse", "--verify", "FETCH_HEAD^{commit}").strip()

    def _full_id(self, short: str) -> str:
        """The commit id that begins with `short`: only we can look it up, in the bare history of all branches."""
        options = (f"--depth={ENDLESS}", *self._filter("tree:0"))
        self._fetch(*options, wants=["+refs/heads/*:refs/far/*"], on_count=lambda done, of: None)
        try:
            return self._call("rev-parse", "--verify", f"{short}^{{commit}}").strip()
        except Unexplained:
            raise self.explain(f"fatal: unknown revision {short}") from None

    def _filter(self, what: str) -> list[str]:
        return [f"--filter={what}"] if self.filtered else []

    def tang_files(self, commit: str) -> dict[str, str]:
        """The Tang files of the commit: path → git's id of its content."""
        listing = self._call("ls-tree", "-z", "--full-tree", commit, "--", "LICENSE", f"{FOLDER}/")
        entries = (line.split("\t", 1) for line in listing.split("\0") if line)
        return {
            path: kind.split()[2]
            for kind, path in entries
            if kind.startswith("100") and any(fnmatchcase(path, pattern) for pattern in PATTERNS)
        }

    def missing(self, commit: str, blobs: dict[str, str]) -> list[str]:
        """The ids among `blobs` that have not arrived yet."""
        listing = self._call("rev-list", "--objects", "--missing=print", commit, "--", "LICENSE", FOLDER)
        absent = {line[1:] for line in listing.splitlines() if line.startswith("?")}
        return sorted({blob for blob in blobs.values() if blob in absent})

    def receive_objects(self, objects: list[str], on_count: OnCount) -> None:
        """Fetch these objects; git would fetch them by itself while checking out, but without telling how far."""
        self._fetch(*self._filter("blob:none"), wants=objects, on_count=on_count)

    def check_out(self, commit: str) -> Path:
        """A new folder with the Tang files of the commit. A fresh index each time: no half-done one can hurt."""
        token = secrets.token_hex(4)
        folder = self.partial / f"files-{token}"
        folder.mkdir()
        index = self.git_dir / f"index-{token}"
        self._call(
            "checkout",
            "--quiet",
            "--force",
            "--detach",
            commit,
            GIT_WORK_TREE=str(folder),
            GIT_INDEX_FILE=str(index),
        )
        return folder

    def _call(self, *arguments: str, **environment: str) -> str:
        status, output, complaint = self._git.execute(
            [*self.command, *arguments],
            with_extended_output=True,
            with_exceptions=False,
            stdout_as_string=False,
            env=environment,
        )
        if status != 0:
            raise self.explain(complaint)
        return output.decode("utf-8", errors="surrogateescape")

    def _fetch(self, *options: str, wants: list[str], on_count: OnCount) -> None:
        from git import RemoteProgress
        from git.util import CallableRemoteProgress

        def count(operation: int, done: str, total: str, message: str = "") -> None:
            if operation & RemoteProgress.RECEIVING:
                on_count(int(float(done)), int(float(total or 0)))

        hear = CallableRemoteProgress(count).new_message_handler()
        lines: deque[str] = deque(maxlen=100)
        command = [*self.command, "fetch", "--progress", "--no-tags", *options, REMOTE, *wants]
        with self._process(command) as process:
            for line in process.stderr or ():
                lines.append(line)
                hear(line)
            status = process.wait()
        if status != 0:
            raise self.explain("".join(lines))

    @contextmanager
    def _process(self, command: list[str]) -> Iterator[Popen[str]]:
        """A git process in text mode (progress ends its lines with CR), stopped when we are interrupted."""
        guard = self._git.execute(
            command, as_process=True, universal_newlines=True, with_stdout=False, errors="replace"
        )
        assert guard.proc is not None  # only a guard that has ended its process has none
        with guard.proc as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.terminate()


def _git(folder: Path) -> "Git":
    """GitPython's command runner in `folder`. Raises CorpusError when git is missing or too old."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # else a missing git breaks the import
    from git import Git, GitCommandNotFound

    git = Git(str(folder))
    try:
        version = git.version_info
    except GitCommandNotFound as error:
        raise CorpusError(
            "git is not installed or not on PATH; install git and run poetgen fetch again"
        ) from error
    if version < OLDEST_GIT:
        found, needed = (".".join(map(str, numbers)) for numbers in (version, OLDEST_GIT))
        raise CorpusError(
            f"git {found} is too old; install git {needed} or newer and run poetgen fetch again"
        )
    return git
