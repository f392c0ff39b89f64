"""`poetgen generate --interactive`: a session at the terminal."""

import json
import os
import pty
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from poetgen.cli import poetgen
from tests.processes import PATIENCE, end, read_until

readline = pytest.importorskip("readline")


@pytest.fixture
def converse(tmp_path):
    """Type lines, and see (poems, what was said): the released model, in an empty workspace."""

    def conversing(*typed, options=()):
        arguments = ["generate", "--interactive", "--home", str(tmp_path), "--best-of", "1", *options]
        result = CliRunner().invoke(poetgen, arguments, input="\n".join(typed))
        assert result.exit_code == 0
        return [poem.split("\n") for poem in result.stdout.strip().split("\n\n") if poem], result.stderr

    return conversing


def test_several_beginnings_on_a_line(converse):
    poems, _ = converse("月 山", "红")
    assert [poem[0][0] for poem in poems] == ["月", "山", "红"]


def test_what_is_asked_holds_from_now_on_until_taken_back(converse):
    poems, said = converse(":form 五絕", "月", "山", ":form 七律", "月", ":form")
    assert [(len(poem), len(poem[0])) for poem in poems] == [(2, 12), (2, 12), (4, 16)]
    assert "form: 五絕\n" in said
    assert said.endswith("form: as usual\n")


def test_a_script_may_be_named_in_chinese_and_what_is_said_is_in_the_readers_language(converse, monkeypatch):
    monkeypatch.setenv("POETGEN_LANGUAGE", "zh")
    (simple,), said = converse(":script 简体", "紅", ":script")
    assert simple[0].startswith("红") and "script: 简体" in said
    assert said.endswith("script: 恢复默认\n")


def test_again_is_another_poem_with_the_same_beginning(converse):
    (first, second), _ = converse("明月", ":again", options=("--seed", "3", "--form", "五絕"))
    assert first != second
    assert first[0][:2] == second[0][:2] == "明月"


def test_a_line_anew_and_the_others_kept(converse):
    (before, after, begun), _ = converse("月", ":line 3", ":line 3 秋", options=("--form", "五絕"))
    parts = [re.split("[，。？]", "".join(poem))[:4] for poem in (before, after, begun)]
    assert (
        [parts[1][k] for k in (0, 1, 3)]
        == [parts[0][k] for k in (0, 1, 3)]
        == [parts[2][k] for k in (0, 1, 3)]
    )
    assert parts[0][2] != parts[1][2]
    assert parts[2][2].startswith("秋")


def test_saving_never_writes_over_a_file(converse, tmp_path):
    poem, picture = tmp_path / "poem.txt", tmp_path / "poem.svg"
    (only,), said = converse("月", f":save {poem}", f":save {picture}", f":save {poem}")
    assert poem.read_text(encoding="utf-8") == "\n".join(only) + "\n"
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    assert f"saved: {poem}\n" in said
    assert "is there already; choose another name" in said


def test_help_and_quit_are_understood(converse):
    for word in ("help", "?", ":help"):
        assert ":line 3" in converse(word)[1]
    for word in ("quit", "exit", ":quit", ":q", ""):
        assert converse(word, "月")[0] == []


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (":again", "there is no poem yet; type a beginning, such as 月"),
        (":line 2", "there is no poem yet"),
        (":save a.txt", "there is no poem yet"),
        (":lien 2", "unknown command :lien; :help lists them"),
        (":", "unknown command :; :help lists them"),
        (":form 七七", "unknown form '七七'"),
        (":rhyme 口", "unknown rhyme group"),
        (":tones loud", "tones cannot be 'loud'"),
        (":script klingon", "script cannot be 'klingon'"),
        ("月 --form 五绝", "what is an option elsewhere is asked for by :form 七律 here"),
    ],
)
def test_what_cannot_be_is_said_and_the_session_goes_on(converse, typed, message):
    poems, said = converse(typed, "月", ":line", ":line x", ":line 99", ":save")
    assert message in said
    assert [poem[0][0] for poem in poems] == ["月"]
    assert said.count("say which line to rewrite: :line 3") == 2
    assert "there is no line 99 to rewrite" in said
    assert "say where to: :save poem.txt" in said


def test_json_has_every_poem(converse, tmp_path):
    arguments = ["generate", "--interactive", "--json", "--home", str(tmp_path)]
    result = CliRunner().invoke(poetgen, arguments, input="月\n:line 1\n")
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["lines"][1:] == second["lines"][1:]


@pytest.mark.skipif("GNU" not in (readline.__doc__ or ""), reason="needs a terminal with GNU readline")
def test_at_a_terminal_the_last_line_comes_back_and_control_d_leaves_it_clean(tmp_path):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "poetgen", "generate", "--home", str(tmp_path), "--best-of", "1"]
    environment = os.environ | {"TERM": "xterm", "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    try:
        read_until(ours, "ends): ")
        os.write(ours, "月\n".encode())
        read_until(ours, "ends): ")
        os.write(ours, b"\x1b[A\n")  # arrow up, return
        assert "月" in read_until(ours, "ends): ")
        os.write(ours, b"\x04")
        assert process.wait(PATIENCE) == 0
        assert read_until(ours, "\n").endswith("\n")
    finally:
        end(process)
        os.close(ours)
