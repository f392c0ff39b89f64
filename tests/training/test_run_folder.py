"""A run folder: what is damaged is named and refused, what is cut short is left out."""

import json
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from poetgen.errors import CheckpointError, PoetgenError
from poetgen.training.run_folder import RunFolder, line_of, record_of
from poetgen.training.runs import newest_run


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path / "moon")
    run.path.mkdir()
    return run


def step(number: int) -> dict[str, Any]:
    return {
        "kind": "step",
        "step": number,
        "epoch": 1 + number // 10,
        "loss": 1.5,
        "learning_rate": 0.1,
        "seconds": 2.5,
    }


def validation(number: int) -> dict[str, Any]:
    told = {"validation_loss": 2.0, "seconds": 3}
    return {"kind": "validation", "epoch": number, "step": 10 * number, **told}


def test_state_comes_back_as_it_was_saved(folder: RunFolder) -> None:
    state = {"model": {"w": torch.arange(6.0).reshape(2, 3)}, "progress": {"step": 3, "best_loss": None}}
    folder.save_state(state)
    loaded = folder.load_state()
    assert torch.equal(loaded["model"]["w"], state["model"]["w"]) and loaded["progress"] == state["progress"]
    assert [path.name for path in folder.path.iterdir()] == ["state.pt"]


class Executes:
    def __reduce__(self) -> Any:
        return os.mkdir, ("executed",)


def test_nothing_in_a_state_can_execute(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for dump in (lambda: torch.save({"version": 1, "model": Executes()}, folder.state), plain_pickle(folder)):
        dump()
        with pytest.raises(CheckpointError, match=r"state\.pt cannot be read \(\w+\); start another run"):
            folder.load_state()
    assert not Path("executed").exists()


def plain_pickle(folder: RunFolder) -> Any:
    return lambda: folder.state.write_bytes(pickle.dumps({"version": 1, "model": Executes()}))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_a_truncated_state_is_refused(folder: RunFolder, share: float) -> None:
    folder.save_state({"model": torch.zeros(1000)})
    data = folder.state.read_bytes()
    folder.state.write_bytes(data[: int(share * len(data))])
    with pytest.raises(CheckpointError, match=r"state\.pt cannot be read"):
        folder.load_state()


@given(st.binary(max_size=300))
def test_garbage_is_refused(tmp_path_factory: pytest.TempPathFactory, garbage: bytes) -> None:
    run = RunFolder(tmp_path_factory.mktemp("run"))
    run.state.write_bytes(garbage)
    with pytest.raises(CheckpointError):
        run.load_state()
    run.config.write_bytes(garbage)
    with pytest.raises(CheckpointError):
        run.read_config()


@pytest.mark.parametrize("value", [torch.zeros(2), [1, 2], {"no": "version"}, {"version": 99}])
def test_what_is_no_state_of_ours_is_refused(folder: RunFolder, value: Any) -> None:
    torch.save(value, folder.state)
    with pytest.raises(CheckpointError, match=r"state\.pt (cannot be read|has version 99, not 1)"):
        folder.load_state()


def test_a_missing_state_and_a_missing_config_say_what_to_do(folder: RunFolder) -> None:
    with pytest.raises(CheckpointError, match=r"nothing to resume, .*remove it and start again"):
        folder.load_state()
    with pytest.raises(CheckpointError, match=r"no run at .*poetgen train --run moon"):
        folder.read_config()


DAMAGED = ["", "{", "[]", "3", '{"config": {}}', '{"config": 3, "data": {}}', "[" * 100_000]


@pytest.mark.parametrize("text", DAMAGED, ids=lambda text: text[:20] or "empty")
def test_a_damaged_config_is_refused(folder: RunFolder, text: str) -> None:
    folder.config.write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"config\.json is damaged .*; start another run"):
        folder.read_config()


def test_records_come_back_and_a_line_cut_short_is_left_out(folder: RunFolder) -> None:
    assert folder.records() == []
    for record in (step(1), validation(1), step(11)):
        folder.append(record)
    whole = folder.metrics.read_bytes()
    cut = line_of(validation(2)).encode()
    for length in range(len(cut) - 1):
        folder.metrics.write_bytes(whole + cut[:length])
        assert folder.records() == [step(1), validation(1), step(11)]


@given(st.one_of(st.text(), st.binary().map(lambda data: data.decode("utf-8", "replace"))))
def test_what_is_no_record_is_none(line: str) -> None:
    assert record_of(line) is None


@pytest.mark.parametrize("value", [{}, {"kind": "moon", "moon": 1}, {"kind": "step"}, {"kind": []}, [], None])
def test_a_record_of_another_kind_is_none(value: Any) -> None:
    assert record_of(json.dumps(value)) is None


@given(st.integers(0, 60), st.integers(1, 7))
def test_only_what_will_be_made_again_is_forgotten(
    tmp_path_factory: pytest.TempPathFactory, last: int, now: int
) -> None:
    run = RunFolder(tmp_path_factory.mktemp("run"))
    records = [step(number) for number in range(1, 60, 7)] + [validation(number) for number in range(1, 7)]
    for record in records:
        run.append(record)
    run.forget_after(step=last, validated_step=10 * now)
    kept = run.records()
    assert kept == [r for r in records if r["step"] <= (last if r["kind"] == "step" else 10 * now)]
    run.forget_after(step=last, validated_step=10 * now)
    assert run.records() == kept


def test_a_number_that_json_has_not_is_never_written(folder: RunFolder) -> None:
    with pytest.raises(ValueError, match="JSON"):
        folder.append({"kind": "step", "step": 1, "loss": float("nan")})


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk that refuses, as far as a test can make one."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_refuses_is_one_sentence_and_the_old_state_stays(folder: RunFolder) -> None:
    folder.write_config({}, {}, "0")
    folder.save_state({"model": torch.zeros(10)})
    folder.append(step(1))
    before = folder.state.read_bytes()
    with files_of_at_most(20_000), pytest.raises(PoetgenError, match=r"cannot write .*state\.pt: .+nothing"):
        folder.save_state({"model": torch.zeros(100_000)})
    with files_of_at_most(10), pytest.raises(PoetgenError, match=r"metrics\.jsonl: .*--resume moon"):
        folder.append(step(2))
    assert folder.state.read_bytes() == before and folder.records() == [step(1)]
    assert sorted(path.name for path in folder.path.iterdir()) == ["config.json", "metrics.jsonl", "state.pt"]


def test_the_newest_run_is_the_one_saved_last(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no run to resume in .*poetgen train"):
        newest_run(tmp_path / "none")
    for age, name in enumerate(["sun", "moon", "star"]):
        run = RunFolder(tmp_path / name)
        run.save_state({})
        run.write_config({}, {}, "0")
        os.utime(run.state, (1e9 - age, 1e9 - age))
    assert newest_run(tmp_path).name == "sun"
    (tmp_path / "sun" / "config.json").unlink()
    assert newest_run(tmp_path).name == "moon"


def test_the_lock_is_let_go_of_and_its_file_does_not_matter(folder: RunFolder) -> None:
    for _ in range(2):
        with (
            folder.hold_lock(),
            pytest.raises(CheckpointError, match="another process"),
            RunFolder(folder.path).hold_lock(),
        ):
            pass
    (folder.path / "lock").touch()
    with folder.hold_lock():
        pass


@pytest.mark.parametrize("name", ["metrics.jsonl", "best.safetensors", "state.pt", "notes.txt", ".git"])
def test_a_new_run_is_not_mixed_with_what_it_has_not_made(folder: RunFolder, name: str) -> None:
    (folder.path / name).write_bytes(b"mine")
    with pytest.raises(CheckpointError, match=f"holds what no run began .{name}.; choose another --run name"):
        folder.check_new()
    assert (folder.path / name).read_bytes() == b"mine"


def test_a_run_killed_before_it_had_a_config_begins_again(folder: RunFolder) -> None:
    for name in ("lock", ".state.pt.0123abcd.partial", ".config.json.0123abcd.partial"):
        (folder.path / name).touch()
        folder.check_new()
    folder.save_state({"progress": {"step": 0}})
    folder.check_new()
    folder.save_state({"progress": {"step": 7}})  # somebody has removed its config
    with pytest.raises(CheckpointError, match=r"holds what no run began .*state\.pt"):
        folder.check_new()


def test_only_our_own_half_written_files_are_swept(folder: RunFolder) -> None:
    for name in (".state.pt.0123abcd.partial", ".notes.partial", ".notes.txt.old.partial"):
        (folder.path / name).touch()
    folder.sweep()
    assert sorted(path.name for path in folder.path.iterdir()) == [".notes.partial", ".notes.txt.old.partial"]
