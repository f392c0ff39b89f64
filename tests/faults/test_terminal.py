"""Nothing that a command has read is obeyed by the terminal: whatever it read, its output is plain lines."""

import ast
import json
import shutil
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import poetgen.cli
from poetgen.checkpoint import Checkpoint
from poetgen.cli import COMMANDS
from poetgen.cli import poetgen as command_line
from poetgen.corpus.dataset import Dataset
from poetgen.poem.poem import Poem

EVIL = "\x1b[31m\x9b5m\x07\u202e惡\u2028"
POEM = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"
SMALL = ["--embedding-size", 4, "--hidden-size", 4, "--device", "cpu", "--steps", 1]
SET_SMALL = [
    f"--set={key}" for key in ("model.embedding_size=4", "model.hidden_size=4", "training.device=cpu")
]


@pytest.fixture
def home(tmp_path: Path, prepared: Dataset, make_checkpoint: Callable[..., Checkpoint]) -> Path:
    """A workspace, itself of such a name, in which nothing comes from a friend."""
    home = tmp_path / f"home {EVIL}"
    shutil.copytree(prepared.path, home / "data" / "prepared")
    manifest = json.loads((home / "data" / "prepared" / "prepared.json").read_text(encoding="utf-8"))
    manifest["corpus"] |= {"url": EVIL, "commit": EVIL, "selection": EVIL}
    (home / "data" / "prepared" / "prepared.json").write_text(json.dumps(manifest), encoding="utf-8")
    checkpoint = make_checkpoint(prepared.vocabulary, card={EVIL: EVIL, "corpus": {"commit": EVIL}})
    checkpoint.save(home / "checkpoints" / f"run {EVIL}" / "best.safetensors")
    return home


def records(path: Path, poems: list[Poem]) -> Path:
    """A file of poems with an author, a title, an id and a line that have something in them."""
    told = [{"author": EVIL, "title": EVIL, "id": EVIL, "paragraphs": [p.text]} for p in poems]
    told += [
        {"title": EVIL, "paragraphs": [f"白日{EVIL}依山盡，黃河入海流。"]},
        {"title": EVIL, "paragraphs": [{EVIL: 3}]},
    ]
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


def run(*words: Any, typed: str | None = None) -> Result:
    result = CliRunner().invoke(command_line, list(map(str, words)), input=typed)
    obeyed = [char for char in result.output if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")]
    assert set(obeyed) <= {"\n"}, result.output
    assert isinstance(result.exception, SystemExit | None), result.output
    return result


def test_check(home: Path) -> None:
    poem = home / f"{EVIL}.txt"
    poem.write_text(f"題{EVIL}\n{POEM}\n\n第{EVIL}首{POEM}\n", encoding="utf-8")
    for words in (
        ["check", poem],
        ["check", "--json", poem],
        ["check", f"{POEM}{EVIL}"],
        ["check", home / EVIL],
    ):
        run(*words)


def test_prepare(home: Path, poems: list[Poem]) -> None:
    source = records(home / f"{EVIL}.json", poems)
    for words in ([], ["--json"], ["--strict"]):
        assert "\\u001b" in run("prepare", source, "--out", home / "out", *words).output


def test_evaluate(home: Path, poems: list[Poem]) -> None:
    source = records(home / f"{EVIL}.json", poems[:4])
    for words in (["--poems", source], ["--poems", source, "--json"], []):
        assert (
            "\\u001b"
            in run("evaluate", "--home", home, "--device", "cpu", "--checkpoint", "newest", *words).output
        )


def test_generate_and_show(home: Path, prepared: Dataset, make_checkpoint: Callable[..., Checkpoint]) -> None:
    for words in (
        ["generate", "月", "--seed", 1, "--checkpoint", "newest"],
        ["show", "newest"],
        ["show", "newest", "--json"],
    ):
        assert "\\u001b" in run(*words, "--home", home).output
    run("generate", EVIL, "--home", home)
    make_checkpoint(prepared.vocabulary).save(home / "bad.safetensors")
    content = (home / "bad.safetensors").read_bytes()
    (home / "bad.safetensors").write_bytes(
        content.replace(prepared.vocabulary.tokens[-1].encode(), b"\xc2\x9b ")
    )
    assert run("generate", "--form", "free", "--checkpoint", home / "bad.safetensors").exit_code == 1


def test_train(home: Path) -> None:
    words = ["--home", home, *SMALL]
    run("train", *words, "--run", EVIL)
    assert run("train", *words, "--run", "moon").exit_code == 0
    run("train", "--home", home, "--resume", EVIL)
    run("train", "--home", home, "--resume", "moon")


def test_classify(home: Path) -> None:
    labels = [
        {
            "text": f"{day}{what}{'，很大' * k}，{'出门' * k}",
            "label": ("甲" if what in "雨雪风" else "乙") + EVIL,
        }
        for day in ("今天", "明天", "昨天", "后天")
        for what in "雨雪风饭菜面"
        for k in range(2)
    ]
    (home / f"{EVIL}.json").write_text(json.dumps(labels), encoding="utf-8")
    small = [*SET_SMALL, "--set=training.steps=1", "--set=classify.linear_baseline=false"]
    words = ["--home", home, "--run", "moon", *small, "--measure-on", "validation"]
    result = run("classify", "train", "--labels", home / f"{EVIL}.json", *words)
    assert result.exit_code == 0, result.stderr
    page = (home / "checkpoints" / "classifiers" / "moon" / "report.md").read_text(encoding="utf-8")
    assert "\x1b" not in page and "甲\\\\u001b\\[31m" in page
    for words in (["日甲"], ["--json", "日甲"], [EVIL]):
        run("classify", "predict", "--home", home, *words)


def test_compare(home: Path) -> None:
    words = ["--optimizer", "sgd", "--optimizer", "adam", "--steps", 1, "--seeds", 1, *SET_SMALL]
    assert run("compare", "--home", home, *words, "--out", home / EVIL).exit_code == 0
    assert "\x1b" not in (home / EVIL / "report.md").read_text(encoding="utf-8")


def test_fetch(home: Path) -> None:
    (home / "data" / "corpus").mkdir()
    told = {"url": f"file:///{EVIL}", "commit": EVIL, "revision": EVIL, "files": {}}
    (home / "data" / "corpus" / "fetched.json").write_text(json.dumps(told), encoding="utf-8")
    for words in ([], ["--update"], ["--url", EVIL], ["--url", f"file:///{EVIL}"], ["--revision", EVIL]):
        run("fetch", "--home", home, *words)


def test_gradcheck_and_gradients(home: Path) -> None:
    run("gradcheck", "--cell", EVIL)
    run("gradients", "--steps", 2, "--hidden-size", 2, "--scale", 1, "--out", home / f"{EVIL}.png")


@pytest.mark.parametrize("name", [*COMMANDS, ""])
def test_whatever_is_typed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "poetgen.cli.serve.listen", lambda *_: sys.exit(1)
    )  # it would serve until it is killed
    for word in (EVIL, f"--{EVIL}", f"--home={EVIL}/{EVIL}", "-" + EVIL, "x" * 5000):
        assert len(run(*filter(None, [name]), word, typed="").stderr) < 1500


def test_commands_print_in_no_other_way() -> None:
    folder = Path(poetgen.cli.__file__).parent
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and file.name != "output.py":
                assert ast.unparse(node.func) not in (
                    "print", "click.echo", "click.secho", "click.style", "sys.stdout.write", "sys.stderr.write",
                ), f"{file.name}:{node.lineno}"  # fmt: skip
