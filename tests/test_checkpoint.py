"""Checkpoints: what is saved is what is read, and everything else is refused in one sentence."""

import json
import os
import pickle
import resource
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from poetgen.checkpoint import Checkpoint, find_checkpoint, model_name, parameter_shapes, released_path
from poetgen.config import Config, ModelConfig
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import CheckpointError, ConfigError, PoetgenError
from poetgen.files import Workspace
from poetgen.model_files import largest_magnitude
from poetgen.poem.poem import Poem
from poetgen.writing.writer import Writer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def vocabulary(poems: list[Poem]) -> Vocabulary:
    return Vocabulary.build([poem.text for poem in poems], 2)


@pytest.fixture(scope="module")
def checkpoint(vocabulary: Vocabulary, make_checkpoint: Callable[..., Checkpoint]) -> Checkpoint:
    return make_checkpoint(vocabulary, card={"corpus": {"commit": "abc"}, "step": 5, "名": [1.5, None, True]})


@pytest.fixture(scope="module")
def data(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a good file."""
    path = tmp_path_factory.mktemp("good") / "good.safetensors"
    checkpoint.save(path)
    return path.read_bytes()


def metadata_of(data: bytes) -> dict[str, Any]:
    (size,) = struct.unpack("<Q", data[:8])
    found = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["poetgen"])
    assert isinstance(found, dict)
    return found


def refusal(path: Path) -> str:
    """The sentence that refuses this file."""
    with pytest.raises(CheckpointError) as caught:
        Checkpoint.load(path)
    sentence = str(caught.value)
    assert "\n" not in sentence and str(path) in sentence and len(sentence) < 600
    return sentence


def forge(path: Path, checkpoint: Checkpoint, metadata: object, **weights: np.ndarray) -> Path:
    """A file with this metadata, whatever it is."""
    arrays = {**checkpoint.weights, **weights}
    path.write_bytes(save(arrays, metadata={"poetgen": json.dumps(metadata)}))
    return path


# ---- what is saved is what is read ----


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_file_gives_back_all_that_was_saved(checkpoint: Checkpoint, tmp_path: Path, dtype: type) -> None:
    weights = {name: array.astype(dtype) for name, array in checkpoint.weights.items()}
    path = tmp_path / "some" / "where" / "model.safetensors"
    Checkpoint(weights, checkpoint.vocabulary, checkpoint.config, checkpoint.card).save(path)
    loaded = Checkpoint.load(path)
    assert loaded.vocabulary == checkpoint.vocabulary
    assert (loaded.config, loaded.card) == (checkpoint.config, checkpoint.card)
    assert loaded.weights.keys() == weights.keys()
    for name, array in weights.items():
        assert loaded.weights[name].dtype == dtype
        assert np.array_equal(loaded.weights[name], array)
    assert loaded.parameters == sum(array.size for array in weights.values())
    assert loaded.model_config == ModelConfig(embedding_size=6, hidden_size=8)


def test_known_lines_travel_with_the_model(checkpoint: Checkpoint, tmp_path: Path) -> None:
    lines = np.array([3, 70, 2**32 - 1], np.uint32)
    replace(checkpoint, lines=lines).save(tmp_path / "model")
    loaded = Checkpoint.load(tmp_path / "model")
    assert loaded.lines is not None
    assert np.array_equal(loaded.lines, lines)
    assert loaded.weights.keys() == checkpoint.weights.keys()
    assert loaded.parameters == checkpoint.parameters


@pytest.mark.parametrize("lines", [np.array([2, 1], np.uint32), np.array([1.0]), np.array([[1]], np.uint32)])
def test_lines_out_of_order_are_refused(
    checkpoint: Checkpoint, data: bytes, tmp_path: Path, lines: np.ndarray
) -> None:
    path = forge(tmp_path / "model", checkpoint, metadata_of(data), **{"corpus.lines": lines})
    assert "known lines" in refusal(path)


def test_the_same_model_is_the_same_bytes(checkpoint: Checkpoint, data: bytes, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == data


def test_weights_that_are_not_contiguous_are_saved_as_they_read(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    turned = {name: np.asfortranarray(array) for name, array in checkpoint.weights.items()}
    Checkpoint(turned, checkpoint.vocabulary, checkpoint.config).save(tmp_path / "turned")
    for name, array in Checkpoint.load(tmp_path / "turned").weights.items():
        assert np.array_equal(array, checkpoint.weights[name])


def test_settings_left_out_of_a_file_have_their_defaults(
    checkpoint: Checkpoint, data: bytes, tmp_path: Path
) -> None:
    metadata = metadata_of(data)
    metadata["config"] = {"model": {"embedding_size": 6, "hidden_size": 8}}
    loaded = Checkpoint.load(forge(tmp_path / "old", checkpoint, metadata))
    assert loaded.config["training"] == Config().to_dict()["training"]


def test_reading_does_not_import_torch(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(data)
    code = (
        "import sys; from pathlib import Path; from poetgen.checkpoint import Checkpoint; "
        "Checkpoint.load(Path(sys.argv[1])); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "model")], check=True)


# ---- what is no checkpoint ----


class Bomb:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def test_nothing_in_a_file_executes(tmp_path: Path) -> None:
    path, mark = tmp_path / "model.safetensors", tmp_path / "executed"
    path.write_bytes(pickle.dumps(Bomb(mark)))
    assert "not a checkpoint" in refusal(path)
    assert not mark.exists()


STRANGERS = {
    "empty": b"",
    "short": b"abc",
    "picture": b"\xff\xd8\xff\xe0" + bytes(2000),
    "text": "床前明月光，疑是地上霜。".encode() * 20,
    "zip": b"PK\x03\x04" + bytes(300),
    "huge header": struct.pack("<Q", 2**62) + b"{}",
    "ninety megabytes of header, it says": struct.pack("<Q", 90_000_000) + b"{}",
    "deep header": struct.pack("<Q", 200_000) + b"[" * 200_000,
    "no json": struct.pack("<Q", 5) + b"{abc}",
    "no metadata": save({"a": np.zeros(3, np.float32)}),
    "other metadata": save({"a": np.zeros(3, np.float32)}, metadata={"format": "pt"}),
    "no tensors": save({}, metadata={"poetgen": "{}"}),
    "metadata no json": save({}, metadata={"poetgen": "{"}),
    "metadata a list": save({}, metadata={"poetgen": "[1, 2]"}),
    "metadata deep": save({}, metadata={"poetgen": "[" * 200_000}),
    "metadata a long number": save({}, metadata={"poetgen": "9" * 10_000}),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "stranger"
    path.write_bytes(STRANGERS[name])
    refusal(path)


def test_a_tensor_of_a_shape_beyond_memory_is_refused(tmp_path: Path) -> None:
    entry = {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}
    empty = {"dtype": "F32", "shape": [0, 2**62], "data_offsets": [0, 0]}
    for number, tensor in enumerate((entry, empty)):
        header = json.dumps({"__metadata__": {"poetgen": "{}"}, "a": tensor}).encode()
        path = tmp_path / str(number)
        path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(tensor["data_offsets"][1]))
        refusal(path)


def test_what_is_missing_or_no_file_is_named(tmp_path: Path) -> None:
    assert "no checkpoint at" in refusal(tmp_path / "nothing")
    assert "is not a file" in refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "is not a file" in refusal(tmp_path / "pipe")


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.3, 0.9, 0.9999])
def test_a_truncated_file_is_refused(data: bytes, tmp_path: Path, share: float) -> None:
    path = tmp_path / "part"
    path.write_bytes(data[: int(share * len(data))])
    assert "only part of one" in refusal(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(position=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), header=st.booleans())
def test_a_changed_byte_is_refused_or_read_and_never_more(
    data: bytes, tmp_path: Path, position: float, byte: int, header: bool
) -> None:
    size = 8 + struct.unpack("<Q", data[:8])[0] if header else len(data)
    at = int(position * size)
    path = tmp_path / "changed"
    path.write_bytes(data[:at] + bytes([byte]) + data[at + 1 :])
    try:
        loaded = Checkpoint.load(path)
    except CheckpointError as error:
        assert "\n" not in str(error)
    else:
        assert {name: a.shape for name, a in loaded.weights.items()} == parameter_shapes(
            len(loaded.vocabulary), loaded.model_config
        )


# ---- what contradicts itself ----

FORGERIES = {
    "another version": ({"format_version": 2}, "has checkpoint format 2, this poetgen reads 1"),
    "a version in words": ({"format_version": "1"}, "has checkpoint format '1'"),
    "a true version": ({"format_version": True}, "has checkpoint format True"),
    "config without sections": ({"config": {"hidden_size": 8}}, "'hidden_size' stands outside a section"),
    "config no table": ({"config": 5}, "damaged"),
    "config null": ({"config": None}, "damaged"),
    "another size": ({"config": {"model": {"hidden_size": 9}}}, "is inconsistent"),
    "a negative size": ({"config": {"model": {"hidden_size": -8}}}, "must be at least 1"),
    "a huge size": ({"config": {"model": {"hidden_size": 10**12}}}, "must be at most"),
    "a huge number of layers": ({"config": {"model": {"num_layers": 10**12}}}, "must be at most"),
    "a true size": ({"config": {"model": {"hidden_size": True}}}, "must be of type int"),
    "a fraction": ({"config": {"model": {"hidden_size": 8.5}}}, "must be of type int"),
    "an unknown setting": ({"config": {"model": {"gates": 5}}}, "unknown key"),
    "an unknown section": ({"config": {"system": {"run": "rm"}}}, "unknown section"),
    "card no table": ({"card": [["a", 1]]}, "its card is not a table"),
    "card deep": ({"card": {"a": json.loads("[" * 200 + "]" * 200)}}, "nested more than"),
    "vocabulary no text": ({"vocabulary": ["a", "b"]}, "damaged"),
    "vocabulary empty": ({"vocabulary": ""}, "damaged"),
    "vocabulary of others": ({"vocabulary": "a\nb\nc"}, "a vocabulary must begin with"),
    "unknown types no number": ({"unknown_types": "3"}, "not all whole numbers"),
    "unknown types huge": ({"unknown_types": 10**30}, "not all whole numbers"),
    "counts no list": ({"counts": 7}, "damaged"),
    "counts too few": ({"counts": [1, 2]}, "one count for each"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_metadata_that_cannot_be_is_refused(
    checkpoint: Checkpoint, data: bytes, tmp_path: Path, name: str
) -> None:
    changes, message = FORGERIES[name]
    assert message in refusal(forge(tmp_path / "forged", checkpoint, {**metadata_of(data), **changes}))


@pytest.mark.parametrize("key", ["format_version", "vocabulary", "counts", "unknown_types", "config", "card"])
def test_missing_metadata_is_named(checkpoint: Checkpoint, data: bytes, tmp_path: Path, key: str) -> None:
    metadata = metadata_of(data)
    del metadata[key]
    assert f"{key} is missing" in refusal(forge(tmp_path / "forged", checkpoint, metadata))


@pytest.mark.parametrize("bad", [1.5, True, -1, "1", None, 2**63])
def test_a_count_is_a_whole_number(checkpoint: Checkpoint, data: bytes, tmp_path: Path, bad: object) -> None:
    metadata = metadata_of(data)
    metadata["counts"][9] = bad
    assert "not all whole numbers" in refusal(forge(tmp_path / "forged", checkpoint, metadata))


@pytest.mark.parametrize(
    ("token", "message"), [("日月", "not one character"), ("", "not one character"), ("\ud800", "damaged")]
)
def test_a_token_is_one_character(
    checkpoint: Checkpoint, data: bytes, tmp_path: Path, token: str, message: str
) -> None:
    metadata = metadata_of(data)
    tokens = metadata["vocabulary"].split("\n")
    metadata["vocabulary"] = "\n".join([*tokens[:9], token, *tokens[10:]])
    assert message in refusal(forge(tmp_path / "forged", checkpoint, metadata))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(["format_version", "vocabulary", "counts", "unknown_types", "config"]), value=JSON)
def test_any_json_in_any_place_is_refused_or_read(
    checkpoint: Checkpoint, data: bytes, tmp_path: Path, key: str, value: object
) -> None:
    try:
        Checkpoint.load(forge(tmp_path / "forged", checkpoint, {**metadata_of(data), key: value}))
    except CheckpointError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused(
    checkpoint: Checkpoint, data: bytes, tmp_path: Path, poison: float
) -> None:
    bias = checkpoint.weights["output.bias"].copy()
    bias[3] = poison
    path = forge(tmp_path / "forged", checkpoint, metadata_of(data), **{"output.bias": bias})
    assert "values in output.bias that are not numbers" in refusal(path)


@pytest.mark.parametrize("dtype", [np.float64, np.int8, np.bool_])
def test_weights_of_another_type_are_refused(
    checkpoint: Checkpoint, data: bytes, tmp_path: Path, dtype: type
) -> None:
    bias = checkpoint.weights["output.bias"].astype(dtype)
    path = forge(tmp_path / "forged", checkpoint, metadata_of(data), **{"output.bias": bias})
    assert "not float32 or float16" in refusal(path)


def test_a_weight_too_many_or_too_few_or_of_another_shape_is_named(
    checkpoint: Checkpoint, data: bytes, tmp_path: Path
) -> None:
    path, metadata = tmp_path / "forged", metadata_of(data)
    extra = {"x" * 500: np.zeros(2, np.float32)}
    assert "should be absent and is (2,)" in refusal(forge(path, checkpoint, metadata, **extra))
    turned = {"projection.weight": np.zeros((8, 6), np.float32)}
    assert "should be (6, 8) and is (8, 6)" in refusal(forge(path, checkpoint, metadata, **turned))
    fewer = {name: array for name, array in checkpoint.weights.items() if name != "output.bias"}
    path.write_bytes(save(fewer, metadata={"poetgen": json.dumps(metadata)}))
    assert "'output.bias' should be" in refusal(path) and "is missing" in refusal(path)


# ---- the disk ----


def test_a_full_disk_is_told_and_leaves_what_was_there(data: bytes, tmp_path: Path) -> None:
    """A real limit on the size of files, in a process of its own."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    code = (
        "import sys; from pathlib import Path; from poetgen.checkpoint import Checkpoint\n"
        "from poetgen.errors import PoetgenError\n"
        "path = Path(sys.argv[1]); checkpoint = Checkpoint.load(path)\n"
        "try: checkpoint.save(path)\n"
        "except PoetgenError as error: print(error)\n"
    )

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))

    done = subprocess.run(
        [sys.executable, "-B", "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=limit,
    )
    assert done.stdout == f"cannot write {path}: File too large; nothing was changed\n"
    assert path.read_bytes() == data
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_made_is_told(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(PoetgenError, match="cannot write"):
        checkpoint.save(tmp_path / "file" / "model.safetensors")


# ---- which file is meant ----


@pytest.fixture
def workspace(tmp_path: Path, data: bytes) -> Workspace:
    """Two runs, `late` the newer, and a third without a model."""
    for number, name in enumerate(["late", "early", "begun"]):
        (tmp_path / "checkpoints" / name).mkdir(parents=True)
        if name != "begun":
            path = tmp_path / "checkpoints" / name / "best.safetensors"
            path.write_bytes(data)
            os.utime(path, (1000 - number, 1000 - number))
    return Workspace(tmp_path)


def test_the_released_model_is_the_default_whatever_runs_there_are(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace.runs / "tang").mkdir()
    shutil.copy(workspace.runs / "late" / "best.safetensors", workspace.runs / "tang")
    monkeypatch.chdir(workspace.runs)
    for given_path in (None, "tang", Path("tang")):
        assert find_checkpoint(workspace, given_path) == released_path()
    assert find_checkpoint(workspace, "./tang/best.safetensors") == Path("tang/best.safetensors")


def test_the_newest_run_by_name(workspace: Workspace, tmp_path: Path) -> None:
    assert find_checkpoint(workspace, "newest") == workspace.runs / "late" / "best.safetensors"
    with pytest.raises(CheckpointError, match=r"no run in .* has a model; train one first"):
        find_checkpoint(Workspace(tmp_path / "empty"), "newest")


def test_a_plain_name_is_a_run_before_it_is_a_file(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace.home)
    for name in ("early", "other"):
        Path(name).write_bytes(b"")
    assert find_checkpoint(workspace, "early") == workspace.runs / "early" / "best.safetensors"
    assert find_checkpoint(workspace, "other") == Path("other")


def test_models_are_called_by_their_names(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace.runs / "early")
    assert model_name(released_path()) == "tang"
    assert model_name(workspace.runs / "late" / "best.safetensors") == "late"
    assert model_name(Path("best.safetensors")) == "early"
    assert model_name(workspace.home / "mine.safetensors") == "mine.safetensors"


def test_a_run_its_folder_and_its_file_are_found(workspace: Workspace) -> None:
    best = workspace.runs / "early" / "best.safetensors"
    for given_path in ("early", str(best.parent), best.parent, str(best), "early/best.safetensors"):
        assert find_checkpoint(workspace, given_path) == best


def test_a_released_model_that_is_missing(
    tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = tmp_path / "shipped"
    released.mkdir()
    monkeypatch.setattr("poetgen.checkpoint.shipped_folder", lambda folder: released)
    with pytest.raises(CheckpointError, match=r"tang\.safetensors is missing; install poetgen again"):
        find_checkpoint(Workspace(tmp_path))
    (released / "tang.safetensors").write_bytes(data)
    assert find_checkpoint(Workspace(tmp_path)) == released / "tang.safetensors"


@pytest.mark.parametrize(
    ("name", "message"), [("begun", "begun holds no best.safetensors"), ("erly", "no checkpoint at erly")]
)
def test_what_is_not_there_is_answered_with_what_is(workspace: Workspace, name: str, message: str) -> None:
    with pytest.raises(CheckpointError, match=rf"{message}.*runs here: early, late"):
        find_checkpoint(workspace, name)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_the_largest_magnitude_is_read_off_the_bits(dtype: type) -> None:
    values = np.random.default_rng(0).normal(size=(7, 5)).astype(dtype)
    assert largest_magnitude(values) == float(np.abs(values).max())
    assert largest_magnitude(values.T) == float(np.abs(values).max())
    assert largest_magnitude(values[:0]) == 0
    for odd in (-np.inf, np.inf, np.nan, -np.nan):
        values[3, 2] = odd
        assert not np.isfinite(largest_magnitude(values))


@pytest.mark.parametrize("load", [Checkpoint.load, Writer.load])
def test_a_path_may_be_text_and_nothing_else(load: Callable[[Any], object]) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere\.safetensors"):
        load("nowhere.safetensors")
    with pytest.raises(ConfigError, match=r"must be a path or text.*, not 3"):
        load(3)
