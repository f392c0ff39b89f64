"""A state.pt from somebody else: what does not fit is refused before it is used."""

import io
import math
import zipfile
from collections.abc import Iterator
from functools import cache
from pickle import UnpicklingError
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from poetgen.config import OPTIMIZERS, Config
from poetgen.corpus.batches import make_batch
from poetgen.corpus.dataset import EncodedPoems
from poetgen.training.events import Progress
from poetgen.training.learner import LanguageModelLearner, build_learner
from poetgen.training.saved_state import load_plain

VOCABULARY = 12
KINDS = [("torch", name) for name in OPTIMIZERS] + [("numpy", name) for name in OPTIMIZERS]


def learner(backend: str, optimizer: str) -> LanguageModelLearner:
    given = {
        "model.embedding_size": 3,
        "model.hidden_size": 4,
        "training.ema_decay": 0.9,
        "training.device": "cpu",
    }
    config = Config().replace({**given, "training.backend": backend, "training.optimizer": optimizer})
    return build_learner(VOCABULARY, config)


@cache
def content(backend: str, optimizer: str) -> bytes:
    """What is saved after a step."""
    learns = learner(backend, optimizer)
    poems = EncodedPoems(np.arange(3, 11, dtype=np.uint16), np.array([0, 5, 8]))
    learns.compute_gradient(make_batch(poems, np.arange(2)))
    learns.update(0.01)
    file = io.BytesIO()
    torch.save({"progress": {"step": 1}, **learns.state()}, file)
    return file.getvalue()


def places(value: Any, key: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything inside."""
    if key and "param_groups" not in key and key[0] != "progress":
        yield key
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        yield from places(item, (*key, name))


def unfit(value: Any) -> Iterator[Any]:
    """What is nearly `value`, and is not."""
    yield from (None, "", [], float("nan"), 10**29, -1)
    if isinstance(value, Tensor):
        wide = value.reshape(-1)
        yield from (
            wide[:-1],
            wide[:1].expand(10**9),
            value.half(),
            value.int(),
            value[None],
            value.to("meta"),
        )
        if value.is_floating_point():
            yield from (torch.full_like(value, math.nan), torch.full_like(value, math.inf), value.to_sparse())


@pytest.mark.parametrize(("backend", "optimizer"), KINDS)
def test_what_is_whole_is_taken_over(backend: str, optimizer: str) -> None:
    other = learner(backend, optimizer)
    other.load_state(load_plain(content(backend, optimizer)))
    file = io.BytesIO()
    torch.save({"progress": {"step": 1}, **other.state()}, file)
    assert file.getvalue() == content(backend, optimizer)


@pytest.mark.parametrize(("backend", "optimizer"), KINDS)
def test_what_does_not_fit_is_refused(backend: str, optimizer: str) -> None:
    other, state = learner(backend, optimizer), load_plain(content(backend, optimizer))
    before = {name: array.copy() for name, array in other.weights().items()}
    for *way, name in list(places(state)):
        holder = inside(state, way)
        right = holder[name]
        for wrong in unfit(right):
            if not equal(wrong, right):
                holder[name] = wrong
                assert_refused(other, state, f"{way} {name} was {type(wrong)}")
        del holder[name]
        assert_refused(other, state, f"{way} {name} was missing")
        holder.insert(name, right) if isinstance(holder, list) else holder.update({name: right})
    assert all(np.array_equal(before[name], array) for name, array in other.weights().items())
    other.load_state(state)


def inside(state: Any, way: list[Any]) -> Any:
    for name in way:
        state = state[name]
    return state


def assert_refused(other: LanguageModelLearner, state: Any, what: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        other.load_state(state)
        pytest.fail(what)


def equal(one: Any, other: Any) -> bool:
    return type(one) is type(other) and not isinstance(one, Tensor) and bool(one == other)


def test_a_state_that_unfolds_to_more_than_its_size_is_refused() -> None:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content("torch", "adam"))) as plain,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for entry in plain.infolist():
            packed.writestr(entry.filename, plain.read(entry) + bytes(10**6))
    with pytest.raises(ValueError, match="compressed"):
        load_plain(file.getvalue())


COUNTS = ("step", "epoch", "position", "validated_step", "train_tokens", "validations_without_better")
SECONDS_AND_LOSSES = ("train_loss", "seconds", "best_loss")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, value) for key in vars(Progress()) for value in ([], {}, torch.tensor(3), True)),
        *((key, value) for key in COUNTS for value in ("", None, -1, 10**29, 1.0)),
        *((key, value) for key in SECONDS_AND_LOSSES for value in ("", -1.0, math.nan, math.inf)),
        ("finished", None),
        ("finished", 3),
        ("unknown", 3),
    ],
)
def test_a_place_that_cannot_be_is_refused(key: str, value: Any) -> None:
    whole = Progress().to_dict()
    assert Progress.from_dict(whole) == Progress()
    with pytest.raises((ValueError, TypeError)):
        Progress.from_dict({**whole, key: value})


def test_a_pickle_of_another_protocol_is_refused_without_a_warning() -> None:
    file = io.BytesIO()
    torch.save({"version": 1}, file, pickle_protocol=4)
    with pytest.raises(UnpicklingError):
        load_plain(file.getvalue())
