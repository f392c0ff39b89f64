"""A shallow clone by git: what git is asked, and which addresses are let through."""

import os
import re
import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING

from poetgen.errors import CorpusError
from poetgen.fetch.complaints import Unexplained, last_reason
from poetgen.fetch.patience import SILENCE, Patience
from poetgen.fetch.staging import Staging

if TYPE_CHECKING:
    from git import Git

OLDEST_GIT = (2, 29)  # the first that fetches single objects without negotiating
ENDLESS = 2**31 - 1  # the depth by which git means all of history

SCHEMES = ("file", "git", "http", "https", "ssh")
REMOTE = "corpus"
SETTINGS = {
    "protocol.version": "2",
    "fetch.negotiationAlgorithm": "noop",  # single objects cannot be asked for otherwise
    "fetch.unpackLimit": "1",  # keep packs as they come, so that their progress is reported
    "fetch.recurseSubmodules": "false",
    "fetch.writeCommitGraph": "false",
    "gc.auto": "0",  # nothing may go on in the background
    "maintenance.auto": "false",
    "http.lowSpeedLimit": "1000",  # a line that has gone dead is an error after a minute
    "http.lowSpeedTime": "60",
    "core.sparseCheckout": "true",
    "core.sparseCheckoutCone": "false",
    # a user's own settings must neither run anything nor change a byte
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.autocrlf": "false",
    "core.symlinks": "false",
    "advice.detachedHead": "false",
}
FILTER_SETTINGS = {f"remote.{REMOTE}.promisor": "true", f"remote.{REMOTE}.partialclonefilter": "blob:none"}
ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": ":".join(SCHEMES),
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
    "GIT_DEFAULT_HASH": "sha1",
}
COMMIT_ID = re.compile("[0-9a-f]{40}")
SHORT_ID = re.compile("[0-9a-f]{4,39}")

OnCount = Callable[[int, int], None]


def git_address(url: str) -> str:
    """What git is given for `url`; a folder becomes a file:// address, since git ignores depth and filter else.

    Raises CorpusError for what is not an address, and for forms by which git would run a program.
    """
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://.", url)
    safe = url.isprintable() and not url.startswith("-") and not re.match("[A-Za-z0-9_.+-]*::", url)
    if not safe or (scheme and scheme[1].lower() not in SCHEMES):
        raise CorpusError(
            f"{url!a} is not an address to fetch from; give a folder or an https://, ssh:// or file:// address"
        )
    if scheme:
        return url
    folder = find_folder(url)
    if folder:
        return folder.as_uri()
    if re.match(r"[^/\\:]{2,}:[^:]", url):  # host:path, git's short form for ssh
        return url
    raise CorpusError(
        f"there is no folder {url!r} that can be read; give --url a folder or an address that begins with https://"
    )


def find_folder(name: str) -> Path | None:
    """The folder of this name, ~ allowed, if there is one."""
    try:
        folder = Path(name).expanduser().resolve()
        return folder if name.strip() and folder.is_dir() else None
    except (OSError, RuntimeError):  # a name too long, the home of nobody
        return None


def check_revision(revision: str) -> str:
    """The revision as git is given it. Raises CorpusError for what cannot name a commit, a branch or a tag."""
    if not revision.isprintable() or not re.fullmatch(r"[^-+^\s~:?*\[\\][^\s~^:?*\[\\]*", revision):
        raise CorpusError(
            f"{revision!a} cannot name a commit, a branch or a tag; omit --revision for the newest"
        )
    return revision.lower() if COMMIT_ID.fullmatch(revision.lower()) else revision


class Clone:
    """A shallow, blob-filtered clone in `partial`/git, driven by GitPython. Methods raise CorpusError."""

    def __init__(
        self, staging: Staging, explain: Callable[[str], CorpusError], *, url: str, filtered: bool
    ) -> None:
        self.partial, self.git_dir, self.patterns = staging.partial, staging.git_dir, staging.patterns
        folders = (pattern.rpartition("/") for pattern in self.patterns)
        self._places = sorted({f"{folder}/" if folder else name for folder, _, name in folders})
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
        ref = f"refs/asked/{secrets.token_hex(4)}"  # FETCH_HEAD is emptied by a git that outlives a killed fetch
        try:
            wants = [f"+{revision}:{ref}"]
            self._fetch("--depth=1", *self._filter("blob:none"), wants=wants, on_count=on_count)
        except CorpusError:
            if not (self.filtered and SHORT_ID.fullmatch(revision)):
                raise
            return self.receive_commit(self._full_id(revision), on_count)
        return self._call("rev-parse", "--verify", f"{ref}^{{commit}}").strip()

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

    def wanted_files(self, commit: str) -> dict[str, str]:
        """The files of the commit that match the patterns: path → git's id of its content."""
        listing = self._call("ls-tree", "-z", "--full-tree", commit, "--", *self._places)
        entries = (line.split("\t", 1) for line in listing.split("\0") if line)
        return {
            path: kind.split()[2]
            for kind, path in entries
            if kind.startswith("100") and any(fnmatchcase(path, pattern) for pattern in self.patterns)
        }

    def missing(self, commit: str, blobs: dict[str, str]) -> list[str]:
        """The ids among `blobs` that have not arrived yet."""
        listing = self._call("rev-list", "--objects", "--missing=print", commit, "--", *self._places)
        absent = {line[1:] for line in listing.splitlines() if line.startswith("?")}
        return sorted({blob for blob in blobs.values() if blob in absent})

    def adopt(self, files: Sequence[Path]) -> None:
        """Take over the content of these files, so that it need not travel again."""
        if files:
            self._call("hash-object", "-w", "--no-filters", "--", *map(str, files))

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
        with self._process(command) as process, Patience(process) as patience:
            for line in process.stderr or ():
                patience.renew()
                lines.append(line)
                hear(line)
            status = process.wait()
        if patience.is_lost:
            raise self.explain(f"fatal: connection timed out: nothing came for {SILENCE} s")
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
    """GitPython's command runner in `folder`. Raises CorpusError when git is missing, broken or too old."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # else a missing git breaks the import
    try:
        from git import Git, GitCommandNotFound
    except ImportError as error:  # GitPython asks git for its version when it is imported
        raise _broken_git(error.__cause__) from error
    git = Git(str(folder))
    try:
        version = git.version_info
    except GitCommandNotFound as error:
        raise CorpusError(
            "git is not installed or not on PATH; install git and run poetgen fetch again"
        ) from error
    except OSError as error:
        raise _broken_git(error) from error
    if not version:
        raise _broken_git(None)
    if version < OLDEST_GIT:
        found, needed = (".".join(map(str, numbers)) for numbers in (version, OLDEST_GIT))
        raise CorpusError(
            f"git {found} is too old; install git {needed} or newer and run poetgen fetch again"
        )
    return git


def _broken_git(cause: BaseException | None) -> CorpusError:
    """One sentence with git's own words; GitPython quotes them on a line of their own."""
    said = re.search("stderr: '(.*)'", str(cause), re.DOTALL)
    reason = last_reason(said[1] if said else getattr(cause, "strerror", None) or "")
    return CorpusError(f"git does not work: {reason}; once git --version answers, run poetgen fetch again")
