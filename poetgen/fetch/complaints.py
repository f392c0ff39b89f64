"""What git complains of, as one sentence for people: what happened, and what to do."""

import re
from pathlib import Path

from poetgen.errors import CorpusError


class Unexplained(CorpusError):
    """git failed for a reason unknown to us: a damaged half-done clone is possible, a fresh start may help."""


class SingleObjectsRefused(CorpusError):
    """The server filters, but does not hand out single files: it can only be cloned whole."""


def strip_password(text: str) -> str:
    """The text with `user:password@` taken out of its addresses."""
    return re.sub(r"(?<=://)[^/@\s']+@", "", text)


_TRUST = "git config --global --add safe.directory "
_ADVICE = (  # (what git's complaint matches, the sentence: {url} {revision} {dest} {reason})
    (
        "No space left on device|Disk quota exceeded|Out of diskspace",
        "the disk is full, {dest} cannot be written; free some space and run: poetgen fetch",
    ),
    ("Read-only file system", "{dest} lies on a read-only disk; choose another folder with --home"),
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
    reason = strip_password(last_reason(stderr))
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


def last_reason(stderr: str) -> str:
    """The line that says most: git's last `fatal:` unless that is its general farewell."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    telling = [line for line in lines if "Could not read from remote repository" not in line]
    for prefix in ("fatal: ", "error: ", "ssh: ", "remote: "):
        found = [line for line in telling if line.startswith(prefix)]
        if found:
            return found[-1].removeprefix("fatal: ").removeprefix("error: ")
    return (telling or ["it gave no reason"])[-1]
