"""fetch_corpus against real git over file://, on a small repository laid out as chinese-poetry is."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.errors import CorpusError, PoetgenError
from poetgen.fetch import fetch as fetching
from poetgen.fetch import git as fetching_git
from poetgen.fetch import patience
from poetgen.fetch.complaints import explain_complaint, strip_password
from poetgen.fetch.fetch import DEFAULT_URL, FetchProgress, FetchReport, fetch_corpus
from poetgen.fetch.git import check_revision, git_address
from poetgen.fetch.manifest import Manifest

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
needs_sigkill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
TANG = "全唐诗"
VOLUMES = 20


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=corpus", "-c", "user.email=corpus@localhost"]
    ran = subprocess.run(
        ["git", *identity, "-C", str(folder), *arguments], capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


@dataclass(frozen=True)
class Far:
    """The repository, and what a fetch of each commit must bring: path → content."""

    folder: Path
    first: str
    newest: str
    old_files: dict[str, bytes]
    files: dict[str, bytes]

    @property
    def url(self) -> str:
        return self.folder.as_uri()


def volume(number: int) -> bytes:
    poems = [
        {
            "author": "李白",
            "title": f"其{number}",
            "paragraphs": ["牀前明月光，疑是地上霜。"],
            "id": os.urandom(9).hex(),
        }
    ]
    return (
        json.dumps(poems * 9, ensure_ascii=False, indent=1).replace("\n", "\r\n").encode()
    )  # git may not touch CRLF


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Far:
    tree = tmp_path_factory.mktemp("far")
    git(tree, "init", "-q", "-b", "master")
    git(tree, "config", "uploadpack.allowFilter", "true")
    tang = {f"{TANG}/poet.tang.{number}000.json": volume(number) for number in range(VOLUMES)}
    extra = {f"{TANG}/authors.tang.json": b"[]", f"{TANG}/唐诗三百首.json": b"[1]", "LICENSE": b"MIT $Id$\n"}
    noise = {
        f"{TANG}/README.md": b"no",
        f"{TANG}/poet.song.0.json": os.urandom(50_000),
        f"{TANG}/error/poet.tang.0.json": os.urandom(50_000),
        f"{TANG}/error/authors.tang.json": b"no",
        "宋词/ci.db": os.urandom(200_000),
        "poet.tang.0.json": b"no",
        "宋词/LICENSE": b"no",
        ".gitattributes": b"* text eol=crlf ident\n",
    }
    for path, content in (tang | extra | noise).items():
        (tree / path).parent.mkdir(exist_ok=True, parents=True)
        (tree / path).write_bytes(content)
    early = dict(list(tang.items())[:3]) | {"LICENSE": b"MIT $Id$\n"}
    git(tree, "add", *early, "宋词")
    git(tree, "commit", "-q", "-m", "First volumes")
    git(tree, "tag", "-a", "v1", "-m", "an annotated tag")
    git(tree, "branch", "early")
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "The whole of Tang")
    stored = {path: _blob(tree, path) for path in tang | extra}
    first = {path: _blob(tree, path, "v1") for path in early}
    return Far(tree, git(tree, "rev-parse", "v1^{commit}"), git(tree, "rev-parse", "HEAD"), first, stored)


def _blob(tree: Path, path: str, revision: str = "HEAD") -> bytes:
    return subprocess.run(
        ["git", "-C", str(tree), "cat-file", "blob", f"{revision}:{path}"], capture_output=True, check=True
    ).stdout


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "home" / "data" / "corpus"


def contents(folder: Path) -> dict[str, bytes]:
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name != "fetched.json"}


def assert_whole(dest: Path, expected: dict[str, bytes], commit: str) -> None:
    assert contents(dest) == expected
    manifest = Manifest.read(dest)
    assert manifest is not None and manifest.fault(dest) is None
    assert (manifest.commit, set(manifest.files)) == (commit, set(expected))
    assert [path.name for path in dest.parent.iterdir()] == [dest.name]  # nothing left beside it


# --- what travels -----------------------------------------------------------------------------------------------


def test_only_the_tang_files_arrive_byte_for_byte(far: Far, dest: Path) -> None:
    report = fetch_corpus(far.url, dest)
    assert_whole(dest, far.files, far.newest)
    size = sum(map(len, far.files.values()))
    assert report == FetchReport(
        dest, far.url, far.newest, None, ("tang",), len(far.files), size, already_there=False
    )


def test_what_is_not_asked_for_does_not_travel(far: Far, dest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    travelled: list[int] = []
    publish = fetching.Staging.publish

    def spy(staging: fetching.Staging, folder: Path) -> None:
        travelled.append(sum(pack.stat().st_size for pack in staging.git_dir.rglob("*.pack")))
        publish(staging, folder)

    monkeypatch.setattr(fetching.Staging, "publish", spy)
    fetch_corpus(far.url, dest)
    assert travelled[0] < 30_000  # the unwanted files are 300,000 bytes of noise


def test_progress_counts_every_file(far: Far, dest: Path) -> None:
    heard: list[FetchProgress] = []
    fetch_corpus(far.url, dest, on_progress=heard.append)
    counts = [
        told.done for told in heard if told.what.startswith("receiving") and told.total == len(far.files)
    ]
    assert counts == sorted(counts) and counts[-1] == len(far.files)
    assert len(set(counts)) > len(far.files) / 2  # it moves within a batch, not only after one


def test_the_manifest_says_where_it_came_from(far: Far, dest: Path) -> None:
    fetch_corpus(far.url, dest, revision="v1")
    raw = json.loads((dest / "fetched.json").read_text(encoding="utf-8"))
    assert (raw["url"], raw["commit"], raw["revision"]) == (far.url, far.first, "v1")
    assert set(raw["files"]["LICENSE"]) == {"sha256", "bytes"}


@pytest.mark.parametrize("name", ["folder", "文 件%41夾"])
def test_a_plain_folder_is_cloned_as_sparingly(far: Far, tmp_path: Path, dest: Path, name: str) -> None:
    shutil.copytree(far.folder, tmp_path / name)
    assert fetch_corpus(str(tmp_path / name), dest).url.startswith("file://")
    assert_whole(dest, far.files, far.newest)


@pytest.mark.parametrize(
    ("settings", "protocol"),
    [
        ({"uploadpack.allowFilter": "false"}, "2"),
        ({"uploadpack.allowFilter": "true", "uploadpack.allowAnySHA1InWant": "false"}, "0"),
    ],
    ids=["no filter", "filter, but no single objects"],
)
def test_servers_that_cannot_filter_are_cloned_whole(
    far: Far,
    tmp_path: Path,
    dest: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    protocol: str,
) -> None:
    shutil.copytree(far.folder, tmp_path / "far")
    for key, value in settings.items():
        git(tmp_path / "far", "config", key, value)
    monkeypatch.setitem(fetching_git.SETTINGS, "protocol.version", protocol)
    fetch_corpus(str(tmp_path / "far"), dest)
    assert_whole(dest, far.files, far.newest)


def test_a_users_git_settings_change_nothing(
    far: Far, tmp_path: Path, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    for hook in ("post-checkout", "reference-transaction"):
        (hooks / hook).write_text("#!/bin/sh\nexit 1\n")
        (hooks / hook).chmod(0o755)
    config = tmp_path / "gitconfig"
    sections = {
        "core": f"hooksPath = {hooks}\n autocrlf = true\n fsmonitor = true\n sparseCheckoutCone = true",
        "init": f"templateDir = {hooks.parent}\n defaultObjectFormat = sha256",
        "protocol": "version = 0\n allow = never",
        "fetch": "fsckObjects = true\n negotiationAlgorithm = skipping",
        'remote "origin"': "url = /nowhere",
    }
    config.write_text("".join(f"[{name}]\n {body}\n" for name, body in sections.items()))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(variable, str(tmp_path / "nowhere"))
    fetch_corpus(far.url, dest)
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.delenv(variable)
    assert_whole(dest, far.files, far.newest)


def test_a_short_commit_id_is_found_after_an_interrupted_fetch(far: Far, dest: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fetch_corpus(far.url, dest, on_progress=_interrupt_when(lambda told: told.done > 10))
    fetch_corpus(far.url, dest, revision=far.first[:9])
    assert_whole(dest, far.old_files, far.first)


# --- what is there already --------------------------------------------------------------------------------------


def test_a_complete_corpus_is_recognised_without_its_repository(
    far: Far, tmp_path: Path, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fetch_corpus(far.url, dest)
    monkeypatch.setenv("PATH", str(tmp_path))  # not even git is needed
    for url, revision in (
        (far.url, None),
        (None, None),
        (None, far.newest),
        (None, far.newest[:8]),
    ):
        report = fetch_corpus(url, dest, revision=revision)
        assert report.already_there and (report.commit, report.files) == (first.commit, first.files)


@pytest.mark.parametrize("revision", ["v1", "early", "FIRST", "SHORT"])
def test_a_revision_pins_and_another_replaces_it(far: Far, dest: Path, revision: str) -> None:
    revision = {"FIRST": far.first, "SHORT": far.first[:7]}.get(revision, revision)
    fetch_corpus(far.url, dest, revision=revision)
    assert_whole(dest, far.old_files, far.first)
    assert fetch_corpus(far.url, dest, revision=revision).already_there
    assert fetch_corpus(None, dest).already_there  # pinned until asked otherwise
    heard: list[FetchProgress] = []
    fetch_corpus(None, dest, revision="master", on_progress=heard.append)
    assert_whole(dest, far.files, far.newest)
    assert far.first in heard[0].what and "master" in heard[0].what


def test_update_fetches_what_is_newer_and_only_that(far: Far, tmp_path: Path, dest: Path) -> None:
    there = tmp_path / "far"
    shutil.copytree(far.folder, there)
    fetch_corpus(str(there), dest)
    inode = (dest / "LICENSE").stat().st_ino
    assert fetch_corpus(None, dest, update=True).already_there
    assert (dest / "LICENSE").stat().st_ino == inode  # nothing was rewritten
    (there / TANG / "poet.tang.99000.json").write_bytes(b"[99]")
    git(there, "add", "-A")
    git(there, "commit", "-q", "-m", "One more volume")
    assert fetch_corpus(None, dest).already_there
    report = fetch_corpus(None, dest, update=True)
    assert not report.already_there
    assert_whole(dest, far.files | {f"{TANG}/poet.tang.99000.json": b"[99]"}, git(there, "rev-parse", "HEAD"))


def test_another_address_with_the_same_commit_is_already_there(far: Far, tmp_path: Path, dest: Path) -> None:
    fetch_corpus(far.url, dest)
    shutil.copytree(far.folder, tmp_path / "mirror")
    for _ in range(2):
        report = fetch_corpus(str(tmp_path / "mirror"), dest)
        assert report.already_there and report.url.endswith("/mirror")
    assert_whole(dest, far.files, far.newest)


@pytest.mark.parametrize("damage", ["changed", "cut", "missing", "manifest"])
def test_a_damaged_corpus_is_said_and_fetched_anew(far: Far, dest: Path, damage: str) -> None:
    fetch_corpus(far.url, dest)
    target = dest / ("fetched.json" if damage == "manifest" else f"{TANG}/poet.tang.3000.json")
    content = target.read_bytes()
    if damage == "missing":
        target.unlink()
    else:
        target.write_bytes(content[:-9] if damage in ("cut", "manifest") else b"x" + content[1:])
    heard: list[FetchProgress] = []
    assert not fetch_corpus(far.url, dest, on_progress=heard.append).already_there
    assert_whole(dest, far.files, far.newest)
    if damage != "manifest":
        assert "poet.tang.3000.json" in heard[0].what


# --- killed -----------------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
from poetgen.fetch.fetch import fetch_corpus
url, dest, revision, what, count = sys.argv[1:]
def die(): os.kill(os.getpid(), signal.SIGKILL)
def hear(told):
    if told.what.startswith(what) and told.done >= int(count): die()
if what.startswith("rename"):
    rename, left = Path.rename, [int(count)]
    def dying(self, target):
        if "old" in str(target) + self.name or "files-" in self.name:
            left[0] -= 1
            if left[0] < 0: die()
        return rename(self, target)
    Path.rename = dying
fetch_corpus(url, Path(dest), revision=revision or None, on_progress=hear)
"""


def killed(url: str, dest: Path, *, what: str, count: int, revision: str = "") -> None:
    command = [sys.executable, "-c", KILLED, url, str(dest), revision, what, str(count)]
    ran = subprocess.run(command, check=False, capture_output=True)
    assert ran.returncode == -signal.SIGKILL, ran.stderr.decode()


@needs_sigkill
@pytest.mark.parametrize(
    ("what", "count"),
    [
        ("asking", 0),
        ("receiving the", 0),
        ("receiving 2", 3),
        ("receiving 2", 18),
        ("checking", 0),
        ("rename", 0),
    ],
)
def test_a_killed_fetch_is_completed_by_the_next(far: Far, dest: Path, what: str, count: int) -> None:
    killed(far.url, dest, what=what, count=count)
    assert not dest.exists()
    for lock in ("index.lock", "shallow.lock", "HEAD.lock"):  # as a kill of git itself leaves them
        (dest.with_name("corpus.partial") / "git").mkdir(exist_ok=True, parents=True)
        (dest.with_name("corpus.partial") / "git" / lock).touch()
    heard: list[FetchProgress] = []
    assert not fetch_corpus(far.url, dest, on_progress=heard.append).already_there
    assert_whole(dest, far.files, far.newest)
    if count == 18:  # two batches of eight had arrived: they do not travel again
        assert min((told.done for told in heard if told.what.startswith("receiving 2")), default=16) >= 16


@needs_sigkill
@pytest.mark.parametrize("renames", [0, 1])
def test_a_kill_during_the_swap_loses_neither_corpus(far: Far, dest: Path, renames: int) -> None:
    fetch_corpus(far.url, dest, revision="v1")
    killed(far.url, dest, what="rename", count=renames, revision="master")
    if dest.exists():
        manifest = Manifest.read(dest)
        assert manifest is not None and manifest.commit == far.first and manifest.fault(dest) is None
    fetch_corpus(far.url, dest, revision="master")
    assert_whole(dest, far.files, far.newest)


@needs_sigkill
def test_a_killed_swap_is_undone_even_when_the_next_fetch_fails(far: Far, dest: Path) -> None:
    fetch_corpus(far.url, dest, revision="v1")
    killed(far.url, dest, what="rename", count=1, revision="master")
    assert not dest.exists()
    with pytest.raises(CorpusError):
        fetch_corpus("file:///nowhere", dest)
    assert contents(dest) == far.old_files


@needs_sigkill
def test_killed_at_any_time_again_and_again(far: Far, dest: Path) -> None:
    command = [sys.executable, "-m", "poetgen", "fetch", "--url", far.url, "--home", str(dest.parent.parent)]
    for delay in (0.15, 0.25, 0.35):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.kill()
        process.wait()
        if dest.exists():
            assert contents(dest) == far.files
    fetch_corpus(far.url, dest)
    assert contents(dest) == far.files


def test_what_a_kill_after_the_work_left_is_swept_away(far: Far, dest: Path) -> None:
    fetch_corpus(far.url, dest)
    (dest.with_name("corpus.partial") / "git").mkdir(parents=True)
    dest.with_name("corpus.lock").touch()
    assert fetch_corpus(far.url, dest).already_there
    assert_whole(dest, far.files, far.newest)


def test_a_ruined_half_clone_is_begun_anew(far: Far, dest: Path) -> None:
    partial = dest.with_name("corpus.partial")
    with pytest.raises(KeyboardInterrupt):
        fetch_corpus(far.url, dest, on_progress=_interrupt_when(lambda told: told.done > 10))
    for pack in (partial / "git").rglob("*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(b"ruined")
    fetch_corpus(far.url, dest)
    assert_whole(dest, far.files, far.newest)


def _interrupt_when(due: Callable[[FetchProgress], bool]) -> Callable[[FetchProgress], None]:
    def hear(told: FetchProgress) -> None:
        if due(told):
            raise KeyboardInterrupt

    return hear


def test_two_at_once_the_second_is_refused(far: Far, dest: Path) -> None:
    refused: list[str] = []

    def second(told: FetchProgress) -> None:
        if told.what.startswith("checking"):
            with pytest.raises(CorpusError, match="another poetgen fetch") as error:
                fetch_corpus(far.url, dest)
            refused.append(str(error.value))

    fetch_corpus(far.url, dest, on_progress=second)
    assert len(refused) == 1
    assert_whole(dest, far.files, far.newest)


# --- what cannot be ---------------------------------------------------------------------------------------------


def assert_refused(match: str, url: str, dest: Path, *, revision: str | None = None) -> None:
    """One sentence, and nothing left behind."""
    before = sorted(dest.parent.rglob("*")) if dest.parent.exists() else []
    with pytest.raises(PoetgenError, match=match) as error:
        fetch_corpus(url, dest, revision=revision)
    assert "\n" not in str(error.value)
    after = sorted(dest.parent.rglob("*")) if dest.parent.exists() else []
    assert after == before


def test_addresses_that_lead_nowhere(far: Far, dest: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert_refused("no folder '/nowhere'", "/nowhere", dest)
    assert_refused("no git repository at file:///nowhere", "file:///nowhere", dest)
    assert_refused("no git repository at file:.*empty", str(empty), dest)
    git(empty, "init", "-q")
    assert_refused("no commit to give", str(empty), dest)
    assert_refused("cannot reach http://127.0.0.1:9/x", "http://127.0.0.1:9/x", dest)


def test_a_repository_without_the_tang_files(dest: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / TANG / "error").mkdir(parents=True)
    (other / "LICENSE").write_text("MIT")
    (other / TANG / "error" / "poet.tang.0.json").write_text("[]")
    git(other, "init", "-q")
    git(other, "add", "-A")
    git(other, "commit", "-q", "-m", "Nothing of Tang")
    assert_refused(r"has no 全唐诗/poet\.tang\.\*\.json", str(other), dest)


@pytest.mark.parametrize(
    "revision", ["nope", "0" * 40, "f" * 40, "0000000", "v1^{tree}", "--upload-pack=x", "a:b", "", " ", "+v1"]
)
def test_revisions_that_are_not(far: Far, dest: Path, revision: str) -> None:
    assert_refused("no revision|cannot name", far.url, dest, revision=revision)


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch x",
        "ext::sh -c x",
        "ftp://x/y",
        "",
        " ",
        "a\nb",
        "\udce4",
        "fd::17",
        "::x",
        "~0",
        "x" * 5000,
    ],
)
def test_addresses_by_which_git_would_run_something(dest: Path, url: str) -> None:
    assert_refused("not an address|no folder", url, dest)


@given(st.text(max_size=20))
def test_no_address_and_no_revision_can_pass_for_an_option(text: str) -> None:
    for accepted in (git_address, check_revision):
        try:
            passed = accepted(text)
        except CorpusError:
            continue
        assert (
            passed
            and not passed.startswith("-")
            and "::" not in passed.split("/")[0]
            and passed.isprintable()
        )


def test_a_revision_that_is_no_commit(far: Far, dest: Path) -> None:
    blob = git(far.folder, "rev-parse", "HEAD:LICENSE")
    assert_refused("no revision", far.url, dest, revision=blob)


def test_an_unknown_revision_leaves_the_corpus_alone(far: Far, dest: Path) -> None:
    fetch_corpus(far.url, dest)
    assert_refused("no revision nope", far.url, dest, revision="nope")
    assert_whole(dest, far.files, far.newest)


def test_folders_of_others_are_never_overwritten(far: Far, dest: Path) -> None:
    dest.mkdir(parents=True)
    fetch_corpus(far.url, dest)  # an empty folder is nobody's
    (dest / "notes.txt").write_text("mine")
    with pytest.raises(CorpusError, match=r"did not fetch \(notes\.txt\)"):
        fetch_corpus(far.url, dest, revision="v1")
    assert (dest / "notes.txt").read_text() == "mine"
    (dest / "fetched.json").unlink()
    assert_refused("did not fetch", far.url, dest)


@pytest.mark.parametrize("name", ["corpus", "corpus.partial"])
def test_a_file_or_a_strange_folder_in_the_way(far: Far, dest: Path, name: str) -> None:
    dest.parent.mkdir(parents=True)
    dest.with_name(name).write_text("a file")
    assert_refused("did not fetch", far.url, dest)
    dest.with_name(name).unlink()
    dest.with_name(name).mkdir()
    (dest.with_name(name) / "notes.txt").write_text("mine")
    assert_refused("did not fetch", far.url, dest)


@pytest.mark.parametrize(
    "name",
    [".env", ".git/HEAD", "全唐诗/.notes", "全唐诗/poet.tang.999000.json", "../corpus.partial/files-mine/x"],
)
def test_nothing_is_removed_that_no_fetch_brought(far: Far, dest: Path, name: str) -> None:
    mine = dest / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert_refused("did not fetch", far.url, dest)
    shutil.rmtree(dest.parent)
    fetch_corpus(far.url, dest, revision="v1")
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("mine")
    assert_refused("did not fetch", far.url, dest, revision="master")
    assert fetch_corpus(far.url, dest, revision="v1").already_there
    assert mine.read_text() == "mine"


def test_a_repository_of_others_beside_the_corpus_stays(far: Far, dest: Path) -> None:
    mine = dest.with_name("corpus.partial") / "git"
    shutil.copytree(far.folder, mine)
    assert_refused(r"did not fetch \(git\)", far.url, dest)
    assert contents(mine) == contents(far.folder)


def test_a_link_in_the_corpus_is_not_followed_and_not_lost(far: Far, dest: Path, tmp_path: Path) -> None:
    fetch_corpus(far.url, dest, revision="v1")
    (tmp_path / "elsewhere").mkdir()
    (dest / "link").symlink_to(tmp_path / "elsewhere")
    assert_refused(r"did not fetch \(link\)", far.url, dest, revision="master")
    assert (dest / "link").is_symlink()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("files", {"LICENSE": {"sha256": "", "bytes": float("inf")}}),
        ("files", {"\x00": {"sha256": "", "bytes": 1}}),
        ("files", {"../LICENSE": {"sha256": "", "bytes": 1}}),
        ("files", {"\ud800": {"sha256": "", "bytes": 1}}),
        ("files", []),
        ("url", "ext::touch mine"),
    ],
)
def test_a_record_that_somebody_has_changed_does_not_stop_a_fetch(
    far: Far, dest: Path, key: str, value: object
) -> None:
    fetch_corpus(far.url, dest, revision="v1")
    record = json.loads((dest / "fetched.json").read_text(encoding="utf-8")) | {key: value}
    (dest / "fetched.json").write_text(json.dumps(record), encoding="utf-8")
    fetch_corpus(far.url, dest)
    assert_whole(dest, far.files, far.newest)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_a_volume_whose_name_is_no_utf_8(far: Far, dest: Path, tmp_path: Path) -> None:
    folder = tmp_path / "far"
    shutil.copytree(far.folder, folder)
    name = f"全唐诗/poet.tang.{os.fsdecode(bytes([0xE9]))}.json"
    (folder / name).write_text("[]")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "another")
    fetch_corpus(str(folder), dest)
    assert (dest / name).read_text() == "[]"
    assert fetch_corpus(str(folder), dest).already_there


def test_a_place_that_cannot_be_written(far: Far, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where a folder should be")
    assert_refused("cannot write .*; fix that", far.url, tmp_path / "home" / "data" / "corpus")


@pytest.mark.parametrize("moment", ["mkdir", "write"])
def test_a_full_disk(far: Far, dest: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    if moment == "mkdir":
        monkeypatch.setattr(fetching, "Clone", full)
    else:
        monkeypatch.setattr(Manifest, "write", full)
    with pytest.raises(CorpusError, match=r"cannot write .*: No space left on device"):
        fetch_corpus(far.url, dest)
    assert not dest.exists()
    monkeypatch.undo()
    fetch_corpus(far.url, dest)
    assert_whole(dest, far.files, far.newest)


def test_a_file_far_larger_than_a_volume_is_refused_unread(
    far: Far, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poetgen.fetch.staging.LARGEST_FILE", 5)
    assert_refused("far more than a volume of poems; give --url a chinese-poetry", far.url, dest)
    monkeypatch.undo()
    fetch_corpus(far.url, dest)
    assert_whole(dest, far.files, far.newest)


def test_without_git(far: Far, dest: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "poetgen", "fetch", "--url", far.url, "--home", str(dest.parent.parent)]
    environment = {"PATH": str(tmp_path), "PYTHONPATH": str(Path.cwd())}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.splitlines()[-1].startswith("Error: git is not installed")
    assert not dest.exists()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'xcrun: error: invalid active developer path' >&2; exit 1", "xcrun: error: invalid active"),
        ("echo git version unknown", "it gave no reason"),
    ],
)
def test_a_broken_git(far: Far, dest: Path, tmp_path: Path, script: str, said: str) -> None:
    broken = tmp_path / "git"
    broken.write_text(f"#!/bin/sh\n{script}\n")
    broken.chmod(0o755)
    command = [sys.executable, "-m", "poetgen", "fetch", "--url", far.url, "--home", str(dest.parent.parent)]
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    ran = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"PATH": path}, check=False
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.splitlines()[-1].startswith(f"Error: git does not work: {said}")
    assert not dest.exists()


def test_a_server_that_says_nothing_is_not_waited_for(dest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (patience, fetching_git):
        monkeypatch.setattr(module, "SILENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"git://127.0.0.1:{server.getsockname()[1]}/poems"
        with pytest.raises(
            CorpusError, match=r"cannot reach git://.*nothing came for 0\.3 s.*check the network"
        ):
            fetch_corpus(url, dest)
    assert not dest.exists()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(__file__)])
def test_what_stands_in_the_place_of_a_volume_is_not_removed(
    far: Far, dest: Path, make: Callable[[Path], None]
) -> None:
    fetch_corpus(far.url, dest)
    volume = next((dest / TANG).iterdir())
    volume.unlink()
    make(volume)
    if volume.is_dir():
        (volume / "mine").touch()
    with pytest.raises(CorpusError, match=r"what poetgen did not fetch \(.*\.json.*move it elsewhere"):
        fetch_corpus(far.url, dest)
    assert volume.is_symlink() or volume.is_fifo() or (volume / "mine").exists()


def test_what_a_fault_has_left_of_a_clone_is_removed_by_the_next(far: Far, dest: Path) -> None:
    fetch_corpus(far.url, dest)
    partial = dest.with_name(dest.name + ".partial")
    (partial / "files-0123abcd" / "objects").mkdir(parents=True)
    (partial / "files-0123abcd" / "objects" / "pack").touch()
    fetch_corpus(far.url, dest)
    assert not partial.exists()


def test_a_locale_without_chinese_file_names(far: Far, dest: Path) -> None:
    command = [sys.executable, "-m", "poetgen", "fetch", "--url", far.url, "--home", str(dest.parent.parent)]
    ascii_only = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ran = subprocess.run(command, capture_output=True, text=True, env=os.environ | ascii_only, check=False)
    if ran.returncode:  # some systems have UTF-8 file names whatever the locale
        assert (
            ran.stderr
            == "Error: this locale has no Chinese file names; set PYTHONUTF8=1 and run poetgen fetch again\n"
        )


def test_an_old_git(far: Far, dest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "git"
    old.write_text("#!/bin/sh\necho git version 2.17.1\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert_refused(r"git 2\.17\.1 is too old; install git 2\.29", far.url, dest)


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root can give a folder away")
def test_a_repository_of_somebody_else(far: Far, dest: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    shutil.copytree(far.folder, theirs)
    for path in (theirs, theirs / ".git"):
        os.chown(path, 12345, 12345)
    assert_refused("belongs to another user; .*safe.directory .*theirs", str(theirs), dest)


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        (
            "fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output",
            "disk is full",
        ),
        ("error: sha1 file 'x' write error. Out of diskspace", "disk is full"),
        ("error: unable to write file 全唐诗/poet.tang.0.json", "cannot write data"),
        ("fatal: could not create x: Read-only file system", "read-only disk"),
        (
            "ssh: Could not resolve hostname x: unknown\nfatal: Could not read from remote repository.",
            "cannot reach",
        ),
        ("fatal: unable to access 'https://u:secret@h/': Connection timed out", "cannot reach"),
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", "asks for a user name"),
        ("remote: Repository not found.\nfatal: repository 'https://h/' not found", "no git repository"),
        ("fatal: the remote end hung up unexpectedly", "cannot fetch"),
        ("", "no reason"),
        ("something {odd}", "something {odd}"),
    ],
)
def test_gits_complaints_become_one_sentence(stderr: str, expected: str) -> None:
    error = explain_complaint(stderr, url="https://u:secret@h/", revision=None, dest=Path("data/corpus"))
    assert expected in str(error) and "\n" not in str(error) and "secret" not in str(error)


def test_passwords_are_kept_out() -> None:
    assert strip_password("https://me:secret@host/x y@z") == "https://host/x y@z"
    assert strip_password(DEFAULT_URL) == DEFAULT_URL


def with_song(far: Far) -> dict[str, bytes]:
    """What a fetch of both collections must bring."""
    return {**far.files, f"{TANG}/poet.song.0.json": _blob(far.folder, f"{TANG}/poet.song.0.json")}


def test_song_alone_or_both_at_once(far: Far, tmp_path: Path) -> None:
    both = fetch_corpus(far.url, tmp_path / "both", collections=["song", "tang"])
    assert both.collections == ("song", "tang")
    assert_whole(tmp_path / "both", with_song(far), far.newest)
    song = fetch_corpus(far.url, tmp_path / "song", collections=["song"])
    assert song.files == 2  # the volume and the license
    assert "poet.song.0.json" in {path.name for path in (tmp_path / "song" / TANG).iterdir()}


def test_an_existing_corpus_is_extended_and_nothing_travels_twice(
    far: Far, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_corpus(far.url, dest)
    received = []
    receive = fetching.Clone.receive_objects

    def spy(self: fetching.Clone, objects: list[str], on_count: fetching.OnCount) -> None:
        received.extend(objects)
        receive(self, objects, on_count)

    monkeypatch.setattr(fetching.Clone, "receive_objects", spy)
    report = fetch_corpus(None, dest, collections=["song"])
    assert len(received) == 1
    assert (report.collections, report.already_there) == (("song", "tang"), False)
    assert_whole(dest, with_song(far), far.newest)
    # from now on it is a corpus of both, whatever is asked
    for asked in ([], ["tang"], ["song", "tang"]):
        assert fetch_corpus(None, dest, collections=asked).already_there


def test_an_extension_is_of_the_commit_that_is_there(far: Far, dest: Path) -> None:
    fetch_corpus(far.url, dest, revision="v1")
    before = contents(dest)
    with pytest.raises(CorpusError, match=f"no .*poet.song.* in commit {far.first}; add --update"):
        fetch_corpus(None, dest, collections=["song"])
    assert contents(dest) == before
    fetch_corpus(None, dest, collections=["song"], update=True)
    assert_whole(dest, with_song(far), far.newest)


def test_a_manifest_of_before_collections_is_one_of_tang(far: Far, dest: Path) -> None:
    fetch_corpus(far.url, dest)
    path = dest / "fetched.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    del manifest["collections"]
    path.write_text(json.dumps(manifest), encoding="utf-8")
    assert fetch_corpus(None, dest).already_there
