import json

import numpy as np
import pytest

from poetgen.corpus.prepared import PreparedFolder
from poetgen.errors import CorpusError


@pytest.fixture
def folder(tmp_path, poems, write_prepared):
    return write_prepared(tmp_path / "prepared", {"train": poems[:8], "validation": poems[8:10]})


def test_each_poem_comes_back_with_its_end(folder, poems):
    train = folder.split("train")
    assert len(train) == 8 and train.lengths.sum() == len(train.ids)
    for k, poem in enumerate(poems[:8]):
        assert folder.vocabulary.decode(train[k].tolist()) == poem.text + "<end>"


def test_nothing_there_says_what_to_run(tmp_path):
    with pytest.raises(CorpusError, match="run: poetgen prepare"):
        PreparedFolder.open(tmp_path)


def test_another_version_is_named(folder):
    path = folder.path / "prepared.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, "format_version": 99}), encoding="utf-8")
    with pytest.raises(CorpusError, match="format 99"):
        PreparedFolder.open(folder.path)


@pytest.mark.parametrize("name", ["prepared.json", "vocabulary.txt", "counts.npy"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{}", b"[]"])
def test_damage_is_said(folder, name, content):
    (folder.path / name).write_bytes(content)
    with pytest.raises(CorpusError, match="run: poetgen prepare"):
        PreparedFolder.open(folder.path)


def test_a_split_cut_short_is_said(folder):
    np.save(folder.path / "train.ids.npy", np.zeros(3, np.uint16))
    with pytest.raises(CorpusError, match="cut short"):
        folder.split("train")
    (folder.path / "train.ids.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(CorpusError, match="damaged"):
        folder.split("train")
    (folder.path / "train.ids.npy").unlink()
    with pytest.raises(CorpusError, match="no train poems"):
        folder.split("train")
