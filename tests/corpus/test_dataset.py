import json

import numpy as np
import pytest

from poetgen.corpus.dataset import FILES, Dataset
from poetgen.corpus.prepared_folder import check_place, clean_up, replace_folder
from poetgen.errors import CorpusError
from poetgen.locking import hold_lock


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
        Dataset.open(tmp_path)


def test_another_version_is_named(folder):
    path = folder.path / "prepared.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, "format_version": 99}), encoding="utf-8")
    with pytest.raises(CorpusError, match="format 99"):
        Dataset.open(folder.path)


@pytest.mark.parametrize("name", ["prepared.json", "vocabulary.txt", "counts.npy"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{}", b"[]"])
def test_damage_is_said(folder, name, content):
    (folder.path / name).write_bytes(content)
    with pytest.raises(CorpusError, match="run: poetgen prepare"):
        Dataset.open(folder.path)


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


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path):
    (tmp_path / "prepared").write_bytes(b"")
    with pytest.raises(CorpusError, match=r"cannot read .*prepared"):
        Dataset.open(tmp_path / "prepared")


@pytest.mark.parametrize("offsets", [[], [1, 3], [0, 5, 3, 9], [0, 9, 9]])
def test_offsets_that_cannot_be_are_said(folder, offsets):
    np.save(folder.path / "train.ids.npy", np.zeros(max(offsets, default=0), np.uint16))
    np.save(folder.path / "train.offsets.npy", np.array(offsets, np.int64))
    with pytest.raises(CorpusError, match="damaged"):
        folder.split("train")


def test_folders_that_hold_something_else_are_refused_and_ours_are_not(folder, tmp_path):
    assert {path.name for path in folder.path.iterdir()} <= FILES
    for place in (tmp_path / "new" / "place", folder.path, tmp_path / "." / "prepared"):
        assert check_place(place) == place.resolve()
    (tmp_path / "mine").mkdir()
    assert check_place(tmp_path / "mine")  # empty: nothing to lose
    for name, place in (("thesis.txt", folder.path), ("report.json", tmp_path / "mine")):
        (place / name).write_bytes(b"mine")
        with pytest.raises(CorpusError, match=f"holds other files.*{name}.*--out"):
            check_place(place)
    with pytest.raises(CorpusError, match="is a file"):
        check_place(tmp_path / "mine" / "report.json")


@pytest.mark.parametrize("name", [".git/HEAD", ".env", ".ssh/id", "report.json/mine"])
@pytest.mark.parametrize("beside", [False, True])
def test_hidden_files_and_folders_of_others_are_never_lost(folder, tmp_path, name, beside):
    place = folder.path if beside else tmp_path / "mine"
    (place / name).parent.unlink(missing_ok=True) if beside and name.startswith("report") else None
    (place / name).parent.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(b"mine")
    with pytest.raises(CorpusError, match=f"holds other files .{name.partition('/')[0]}.*--out"):
        check_place(place)
    assert (place / name).read_bytes() == b"mine"


def test_a_link_in_the_folder_is_not_lost(folder, tmp_path):
    (folder.path / "report.json").unlink(missing_ok=True)
    (folder.path / "report.json").symlink_to(tmp_path / "thesis.json")
    with pytest.raises(CorpusError, match="holds other files"):
        check_place(folder.path)


def test_what_came_while_we_wrote_is_not_lost(tmp_path, folder):
    with pytest.raises(CorpusError, match="holds other files"), replace_folder(folder.path) as new:
        (new / "prepared.json").write_bytes(b"new")
        (folder.path / ".env").write_bytes(b"mine")
    assert (folder.path / ".env").read_bytes() == b"mine"
    assert Dataset.open(folder.path)


@pytest.mark.parametrize("suffix", ["partial", "old"])
@pytest.mark.parametrize("name", ["thesis.txt", ".git"])
def test_a_folder_of_others_where_we_work_stays(tmp_path, suffix, name):
    theirs = tmp_path / f".prepared.{suffix}" / name
    theirs.parent.mkdir()
    theirs.write_bytes(b"mine")
    with (
        pytest.raises(CorpusError, match=f"holds other files .{name}.*move them"),
        replace_folder(tmp_path / "prepared"),
    ):
        raise AssertionError
    assert theirs.read_bytes() == b"mine"


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), OSError(28, "No space left on device"), ValueError()])
def test_the_old_folder_stays_and_nothing_else_when_writing_fails(tmp_path, fault):
    place = tmp_path / "prepared"
    place.mkdir()
    (place / "prepared.json").write_bytes(b"old")
    with (
        pytest.raises(CorpusError if isinstance(fault, OSError) else type(fault)),
        replace_folder(place) as folder,
    ):
        (folder / "prepared.json").write_bytes(b"new")
        raise fault
    assert (place / "prepared.json").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["prepared"]


def test_a_swap_killed_half_way_is_undone(tmp_path):
    place, old = tmp_path / "prepared", tmp_path / ".prepared.old"
    old.mkdir()
    (old / "prepared.json").write_bytes(b"old")
    (tmp_path / ".prepared.partial").mkdir()
    with pytest.raises(ZeroDivisionError), replace_folder(place):
        assert (place / "prepared.json").read_bytes() == b"old"
        raise ZeroDivisionError
    assert (place / "prepared.json").read_bytes() == b"old"
    with replace_folder(place) as folder:
        (folder / "prepared.json").write_bytes(b"new")
    assert (place / "prepared.json").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["prepared"]


def test_two_at_once_are_refused(tmp_path):
    with (
        hold_lock(tmp_path / ".prepared.lock", busy=CorpusError()),
        pytest.raises(CorpusError, match="another poetgen prepare"),
        replace_folder(tmp_path / "prepared"),
    ):
        raise AssertionError


def test_what_a_killed_prepare_left_beside_a_whole_folder_is_removed_unless_it_is_not_ours(folder, tmp_path):
    left = [tmp_path / f".prepared.{suffix}" for suffix in ("partial", "old")]
    for place in left:
        place.mkdir()
        (place / "counts.npy").touch()
    (tmp_path / ".prepared.lock").touch()
    clean_up(folder.path)
    assert [path.name for path in tmp_path.iterdir()] == ["prepared"]
    left[0].mkdir()
    (left[0] / "notes").touch()
    clean_up(folder.path)
    assert (left[0] / "notes").exists()
