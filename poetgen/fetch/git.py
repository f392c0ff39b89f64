"""The far repository: what git is told, which addresses are let through, and what its complaints mean."""

import os
import re
from pathlib import Path

from poetgen.errors import CorpusError

SCHEMES = ("file", "git", "http", "https", "ssh")
REMOTE = "corpus"
SETTINGS = {
    "protocol.version": "2",
    "fetch.negotiationAlgorithm": "noop",  # single objects cannot be asked for otherwise
    "fetch.unpackLimit": "1",  # keep packs as they come, so that their progress is told
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
FILTER_SETTINGS = {
    f"remote.{REMOTE}.promisor": "true",
    f"remote.{REMOTE}.partialclonefilter": "blob:none",
}
ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": ":".join(SCHEMES),
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
    "GIT_DEFAULT_HASH": "sha1",
}
COMMIT_ID = re.compile("[0-9a-f]{40}")


class Unexplained(CorpusError):
    """git failed for a reason unknown to us: a damaged half-done clone is possible, a fresh start may mend it."""


class SingleObjectsRefused(CorpusError):
    """The server filters, but does not hand out single files: it can only be cloned whole."""


def git_address(url: str) -> str:
    """What git is given for `url`; a folder becomes a file:// address, since git ignores depth and filter else.

    Raises CorpusError for what is no address, and for forms by which git would run a program.
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
        f"there is no folder {url!r}; give --url a folder or an address that begins with https://"
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


def strip_password(text: str) -> str:
    """The text with `user:password@` taken out of its addresses."""
    return re.sub(r"(?<=://)[^/@\s']+@", "", text)


_TRUST = "git config --global --add safe.directory "
_ADVICE = (  # (what git's complaint matches, the sentence: {url} {revision} {dest} {reason})
    (
        "No space left on device|Disk quota exceeded|Out of diskspace",
        "the disk is full, {dest} cannot be written; free some space and run: poetgen fetch",
    ),
    (
        "Read-only file system",
        "{dest} lies on a read-only disk; choose another folder with --home",
    ),
    (
        "(?i)unable to write|write error|Permission denied$",
        "cannot write {dest} ({reason}); make room there or choose another folder with --home",
    ),
    (
        "dubious ownership",
        "git does not trust {url}, which belongs to another user; if you do, run: " + _TRUST + "{folder}",
    ),
    (
        "couldn't find remote ref HEAD|Couldn't find remote ref HEAD",
        "the repository {url} has no commit to give; check --url",
    ),
    (
        "(?i)couldn't find remote ref|not our ref|expected commit|unknown revision",
        "{url} has no revision {revision}; give a branch, a tag or a commit id",
    ),
    (
        "could not read Username|Authentication failed|terminal prompts disabled",
        "{url} asks for a user name: there may be no such repository; check --url",
    ),
    (
        "(?i)does not appear to be a git repo|repository .*not found|not valid: is this a git repo",
        "there is no git repository at {url} ({reason}); check --url",
    ),
    (
        "(?i)unable to access|could not resolve|connection|timed out|unable to connect|unable to look up",
        "cannot reach {url} ({reason}); check the network and run: poetgen fetch; or name a mirror with --url",
    ),
    (
        "Could not read from remote|early EOF|hung up|remote end|transport '.*' not allowed|dumb http",
        "cannot fetch from {url} ({reason}); run poetgen fetch again, or name another repository with --url",
    ),
)


def explain_complaint(stderr: str, *, url: str, revision: str | None, dest: Path) -> CorpusError:
    """git's complaint as one sentence that says what happened and what to do."""
    reason = strip_password(_reason(stderr))
    if "unadvertised object" in stderr:
        return SingleObjectsRefused(f"{strip_password(url)} does not hand out single objects ({reason})")
    folder = re.search(re.escape(_TRUST) + "(.*)", stderr)
    words = {
        "url": strip_password(url),
        "revision": revision or "HEAD",
        "dest": dest,
        "reason": reason,
        "folder": folder[1] if folder else "FOLDER",
    }
    for pattern, sentence in _ADVICE:
        if re.search(pattern, stderr):
            return CorpusError(sentence.format(**words))
    return Unexplained(
        f"git failed ({reason}); run poetgen fetch again, or name another repository with --url"
    )


def _reason(stderr: str) -> str:
    """The line that says most: git's last `fatal:` unless that is its general farewell."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    telling = [line for line in lines if "Could not read from remote repository" not in line]
    for prefix in ("fatal: ", "error: ", "ssh: ", "remote: "):
        found = [line for line in telling if line.startswith(prefix)]
        if found:
            return found[-1].removeprefix("fatal: ").removeprefix("error: ")
    return (telling or ["it gave no reason"])[-1]
