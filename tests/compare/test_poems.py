"""Which poems a comparison learns from."""

import json
from pathlib import Path
from typing import Any

import pytest

from poetgen.compare.plan import Plan, plan_comparison
from poetgen.compare.poems import Source, find_poems
from poetgen.corpus.dataset import Dataset
from poetgen.errors import ConfigError, CorpusError
from poetgen.files import Workspace
from poetgen.poem.poem import Poem

TWO = {"training.optimizer": ["adam", "sgd"]}


@pytest.fixture
def source(tmp_path: Path, poems: list[Poem]) -> Source:
    """Sixty raw poems in a workspace of their own."""
    corpus = tmp_path / "home" / "data" / "corpus"
    corpus.mkdir(parents=True)
    text = "\n".join(poem.text for poem in poems)
    (corpus / "poems.txt").write_text(text, encoding="utf-8")
    return Source(Workspace(tmp_path / "home"), None, frozenset())


def plan(values: dict[str, list[Any]] = TWO, **single: Any) -> Plan:
    return plan_comparison({key.replace("__", "."): value for key, value in single.items()}, values)


def test_raw_poems_are_prepared_once_for_all_settings(source: Source, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = find_poems(plan(corpus__limit=30), source, out)
    assert found["adam"] is found["sgd"] and found["adam"].path == out / "poems"
    sizes = found["adam"].manifest["splits"]
    assert sizes["train"]["poems"] + sizes["validation"]["poems"] == 30
    before = {file: file.stat().st_mtime_ns for file in (out / "poems").iterdir()}
    find_poems(plan(corpus__limit=30), source, out)
    assert {file: file.stat().st_mtime_ns for file in (out / "poems").iterdir()} == before


def test_settings_of_the_corpus_have_poems_each(source: Source, tmp_path: Path) -> None:
    found = find_poems(plan({"corpus.limit": [20, 40], **TWO}), source, tmp_path / "out")
    assert {label: folder.path.name for label, folder in found.items()} == {
        f"limit {limit}, {optimizer}": f"poems-limit-{limit}"
        for limit in (20, 40)
        for optimizer in ("adam", "sgd")
    }
    assert found["limit 20, adam"].manifest["settings"]["limit"] == 20


def test_prepared_poems_are_taken_when_nothing_else_is_asked(
    source: Source, tmp_path: Path, prepared: Dataset
) -> None:
    source.workspace.prepared.symlink_to(prepared.path)
    out = tmp_path / "out"
    assert find_poems(plan(), source, out)["adam"].path == source.workspace.prepared
    limited = Source(source.workspace, None, frozenset(["corpus.limit"]))
    assert find_poems(plan(corpus__limit=30), limited, out)["adam"].path == out / "poems"
    assert not (tmp_path / "other").exists()


def test_poems_of_ones_own_are_taken_from_where_they_are(source: Source, tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text((source.workspace.corpus / "poems.txt").read_text(encoding="utf-8"), encoding="utf-8")
    elsewhere = Source(Workspace(tmp_path / "nothing"), own, frozenset())
    found = find_poems(plan(), elsewhere, tmp_path / "out")
    assert found["sgd"].manifest["corpus"]["source"] == "own.txt"


def test_no_poems_are_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="run: poetgen fetch, or give others with --source"):
        find_poems(plan(), Source(Workspace(tmp_path), None, frozenset()), tmp_path / "out")


def test_a_folder_of_another_comparison_is_named(source: Source, tmp_path: Path) -> None:
    find_poems(plan(corpus__limit=30), source, tmp_path / "out")
    with pytest.raises(ConfigError, match=r"corpus\.limit was 30 and is now 31\); choose another --out"):
        find_poems(plan(corpus__limit=31), source, tmp_path / "out")


def test_a_damaged_folder_is_named(source: Source, tmp_path: Path) -> None:
    find_poems(plan(corpus__limit=30), source, tmp_path / "out")
    manifest = tmp_path / "out" / "poems" / "prepared.json"
    values = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**values, "settings": 3}), encoding="utf-8")
    with pytest.raises(CorpusError, match="is damaged"):
        find_poems(plan(corpus__limit=30), source, tmp_path / "out")
