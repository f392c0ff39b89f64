"""The network: padding changes nothing, backward is forward on reversed texts, and pooling is what it says."""

import dataclasses
from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from poetgen.classify.classifier import (
    Classifier,
    build_classifier,
    encode_all,
    log_probabilities,
    restore_classifier,
    reverse_texts,
)
from poetgen.classify.settings import MODEL, ClassifierConfig
from poetgen.classify.texts import check_pairs
from poetgen.corpus.dataset import EncodedPoems

V, K, T = 11, 3, 6
PAIRS = np.array([[a, b] for a in range(3, V) for b in range(3, V) if (a + b) % 3])
LENGTHS = torch.tensor([6, 4, 1])
WIDTHS = {"model.embedding_size": 5, "model.hidden_size": 4}
SMALL = dataclasses.replace(MODEL, embedding_size=5, hidden_size=4)
SHAPES = pytest.mark.parametrize(
    ("cell", "pooling", "both"),
    [
        (cell, pooling, both)
        for cell in ("lstm", "rnn")
        for pooling in ("last", "mean")
        for both in (False, True)
    ],
)


def classifier(
    cell: str = "lstm",
    pooling: str = "mean",
    both: bool = False,
    *,
    more: Mapping[str, Any] = MappingProxyType({}),
    **changes: Any,
) -> Classifier:
    """`more` are the classifier's settings, `changes` the model's."""
    torch.manual_seed(1)
    settings = dataclasses.replace(SMALL, cell=cell, **changes)
    pairs = PAIRS if more.get("skip") == "pairs" else None
    model = Classifier(V, K, settings, both_directions=both, pooling=pooling, pairs=pairs, **more).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.5)
    return model.eval()


def texts() -> Tensor:
    torch.manual_seed(2)
    ids = torch.randint(1, V, (T, len(LENGTHS)))
    ids[torch.arange(T)[:, None] >= LENGTHS] = 0
    return ids


EXTRAS = [{}, {"skip": "tokens"}, {"skip": "pairs", "frozen": True, "ensemble_size": 3}]


@SHAPES
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("more", EXTRAS, ids=["layers", "skip", "heads"])
def test_padding_changes_nothing(
    cell: str, pooling: str, both: bool, num_layers: int, more: dict[str, Any]
) -> None:
    model, ids = classifier(cell, pooling, both, num_layers=num_layers, more=more), texts()
    together = model(ids, LENGTHS)
    for column, length in enumerate(LENGTHS):
        alone = model(ids[:length, column : column + 1], length[None])
        torch.testing.assert_close(together[column], alone[0], rtol=1e-12, atol=1e-12)
    more = torch.cat([ids, torch.randint(0, V, (3, len(LENGTHS)))])  # whatever stands there
    torch.testing.assert_close(model(more, LENGTHS), together, rtol=1e-12, atol=1e-12)


@SHAPES
@pytest.mark.parametrize("skip", ["none", "tokens", "pairs"])
def test_what_padding_holds_gets_no_gradient(cell: str, pooling: str, both: bool, skip: str) -> None:
    model, ids = classifier(cell, pooling, both, more={"skip": skip}), texts()
    model(ids, LENGTHS).square().sum().backward()
    assert model.embedding.weight.grad is not None
    assert not model.embedding.weight.grad[0].any()
    assert model.embedding.weight.grad[ids[:, 0]].any(dim=1).all()


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
@pytest.mark.parametrize("pooling", ["last", "mean"])
def test_backward_layers_read_as_forward_ones_read_the_reversed_text(cell: str, pooling: str) -> None:
    model, ids = classifier(cell, pooling, True), texts()
    turned = ids.clone()
    for column, length in enumerate(LENGTHS):
        turned[:length, column] = ids[:length, column].flip(0)
    swapped = classifier(cell, pooling, True)
    state = model.state_dict()
    half = SMALL.hidden_size
    for name, value in state.items():
        other = name.replace("forward", "x").replace("backward", "forward").replace("x", "backward")
        swapped.state_dict()[other if "layers" in name else name].copy_(value)
    weight = model.heads[0].output.weight
    swapped.heads[0].output.weight.data = torch.cat([weight[:, half:], weight[:, :half]], 1)
    torch.testing.assert_close(swapped(turned, LENGTHS), model(ids, LENGTHS), rtol=1e-12, atol=1e-12)
    assert not torch.allclose(model(turned, LENGTHS), model(ids, LENGTHS))


@given(st.lists(st.integers(0, 7), min_size=1, max_size=5), st.integers(0, 100))
def test_reversing_twice_is_nothing(lengths: list[int], seed: int) -> None:
    ids = torch.randint(0, 50, (7, len(lengths)), generator=torch.Generator().manual_seed(seed))
    turned = reverse_texts(ids, torch.tensor(lengths))
    assert torch.equal(reverse_texts(turned, torch.tensor(lengths)), ids)
    for column, length in enumerate(lengths):
        assert torch.equal(turned[:length, column], ids[:length, column].flip(0))
        assert torch.equal(turned[length:, column], ids[length:, column])


def test_pooling_is_the_mean_or_the_end_of_what_the_layers_say() -> None:
    ids = texts()
    for pooling in ("mean", "last"):
        model = classifier(pooling=pooling)
        y, _ = model.forward_layers(model.embedding(ids), lengths=LENGTHS)
        ends = y[LENGTHS - 1, torch.arange(len(LENGTHS))]
        means = torch.stack([y[:n, k].mean(0) for k, n in enumerate(LENGTHS)])
        expected = model.heads[0].output(means if pooling == "mean" else ends)
        torch.testing.assert_close(model(ids, LENGTHS), expected.log_softmax(1))


def test_past_the_layers_go_the_sums_of_embeddings() -> None:
    model, ids = classifier(more={"skip": "tokens"}), texts()
    plain = classifier()
    plain.load_state_dict({name: value for name, value in model.state_dict().items() if "past" not in name})
    sums = torch.stack([model.embedding(ids[:n, k]).sum(0) / n**0.5 for k, n in enumerate(LENGTHS)])
    expected = plain.logits(ids, LENGTHS)[0] + model.heads[0].past(sums)
    torch.testing.assert_close(model(ids, LENGTHS), expected.log_softmax(1))


def past_by_pairs(text: list[int], table: Tensor) -> Tensor:
    places = {(int(a), int(b)): k for k, (a, b) in enumerate(PAIRS)}
    rows = [table[places[pair]] for pair in pairwise(text) if pair in places]
    return torch.stack(rows).sum(0) / len(rows) ** 0.5 if rows else table.new_zeros(K)


def test_past_the_layers_go_known_pairs_and_none_that_weigh_nothing() -> None:
    model, ids = classifier(more={"skip": "pairs"}), texts()
    plain = classifier(more={"skip": "tokens"})
    own = model.heads[0]
    plain.load_state_dict({name: value for name, value in model.state_dict().items() if "pairs" not in name})
    sums = [past_by_pairs(ids[:n, k].tolist(), own.pairs) for k, n in enumerate(LENGTHS)]
    expected = plain.logits(ids, LENGTHS)[0] + torch.stack(sums)
    torch.testing.assert_close(model(ids, LENGTHS), expected.log_softmax(1))
    assert not torch.allclose(model(ids, LENGTHS), plain(ids, LENGTHS))
    with torch.no_grad():
        own.pairs.zero_()
    assert torch.equal(model(ids, LENGTHS), plain(ids, LENGTHS))


@pytest.mark.parametrize(
    "values",
    [
        [1, 2],
        [[1, 2, 3]],
        [[1, V]],
        [[-1, 2]],
        [[1.5, 2.0]],
        [[np.nan, 2.0]],
        [[2, 1], [1, 2]],
        [[1, 2], [1, 2]],
    ],
)
def test_what_a_file_may_not_have_for_pairs(values: list[Any]) -> None:
    with pytest.raises(ValueError, match="pairs are"):
        check_pairs(np.array(values), V)


def test_pairs_begin_at_nothing_and_come_back_from_a_file() -> None:
    config = ClassifierConfig().replace({**WIDTHS, "classify.skip": "pairs", "classify.ensemble_size": 2})
    model = build_classifier(V, K, config, PAIRS)
    assert len(PAIRS) and not any(head.pairs.any() for head in model.heads)
    with torch.no_grad():
        model.heads[1].pairs.normal_()
    weights = {name: value.float().numpy() for name, value in model.state_dict().items()}
    restored = restore_classifier(V, K, config, weights)
    assert torch.equal(restored(texts(), LENGTHS), model(texts(), LENGTHS))
    assert torch.equal(restored.pairs, model.pairs) and restored.pairs.dtype == torch.int64


def test_output_heads_are_averaged_in_probability() -> None:
    model, ids = classifier(more={"ensemble_size": 3}), texts()
    each = model.logits(ids, LENGTHS).softmax(-1)
    assert each.shape == (3, len(LENGTHS), K) and each.std(0).max() > 0.01
    torch.testing.assert_close(model(ids, LENGTHS).exp(), each.mean(0))


def test_frozen_layers_neither_learn_nor_drop_and_may_be_read_beforehand() -> None:
    model, ids = (
        classifier(more={"frozen": True, "skip": "pairs"}, dropout=0.5, embedding_dropout=0.5),
        texts(),
    )
    before = model.encode(ids, LENGTHS)
    model.standardise(before)
    assert torch.allclose(((before - model.mean) / model.std).std(0), torch.tensor(0.1, dtype=torch.float64))
    expected = model(ids, LENGTHS)
    torch.testing.assert_close(model(ids, LENGTHS, before), expected)
    model.train()
    assert torch.equal(model.encode(ids, LENGTHS), before)
    model.logits(ids, LENGTHS).sum().backward()
    learned = {name.split(".")[0] for name, value in model.named_parameters() if value.grad is not None}
    assert learned == {"heads"}


@pytest.mark.parametrize("pooling", ["last", "mean"])
@pytest.mark.parametrize("what", ["dropout", "embedding_dropout"])
def test_dropout_draws_in_training_alone(pooling: str, what: str) -> None:
    changes = {"dropout": 0.0, "embedding_dropout": 0.0, what: 0.5}
    model, ids = classifier(pooling=pooling, **changes), texts()
    calm = model(ids, LENGTHS)
    assert torch.equal(model(ids, LENGTHS), calm)
    model.train()
    torch.manual_seed(0)
    assert not torch.equal(model(ids, LENGTHS), calm)
    mean = torch.stack([model(ids, LENGTHS) for _ in range(3)])
    assert mean.std(0).max() > 0


@SHAPES
def test_gradients_equal_finite_differences(cell: str, pooling: str, both: bool) -> None:
    model, ids = classifier(cell, pooling, both), texts()

    def loss(*weights: Tensor) -> Tensor:
        named = dict(zip(dict(model.named_parameters()), weights, strict=True))
        return torch.func.functional_call(model, named, (ids, LENGTHS)).square().sum()

    assert torch.autograd.gradcheck(loss, tuple(p.detach().requires_grad_() for p in model.parameters()))


def test_what_was_read_beforehand_says_the_same() -> None:
    settings = {
        "classify.frozen": True,
        "classify.copy_layers": True,
        "classify.skip": "tokens",
        "classify.ensemble_size": 2,
    }
    config = ClassifierConfig().replace({"model.embedding_size": 5, "model.hidden_size": 4, **settings})
    model = build_classifier(V, K, config)
    lengths = np.arange(1, 12)
    encoded = EncodedPoems(np.random.default_rng(0).integers(3, V, lengths.sum()), np.cumsum([0, *lengths]))
    features = encode_all(model, encoded)
    model.standardise(features)
    np.testing.assert_allclose(
        log_probabilities(model, encoded, features=features), log_probabilities(model, encoded), atol=1e-6
    )


def test_probabilities_do_not_depend_on_what_is_scored_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    config = ClassifierConfig().replace({"model.embedding_size": 5, "model.hidden_size": 4})
    torch.manual_seed(0)
    model = build_classifier(V, K, config)
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 9, size=20)
    encoded = EncodedPoems(rng.integers(3, V, size=lengths.sum()), np.cumsum([0, *lengths]))
    together = log_probabilities(model, encoded)
    np.testing.assert_allclose(np.exp(together).sum(1), 1)
    monkeypatch.setattr("poetgen.classify.classifier.AT_ONCE", 1)
    np.testing.assert_allclose(log_probabilities(model, encoded), together, atol=1e-6)
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    before = torch.get_rng_state()
    restored = restore_classifier(V, K, config, weights)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(log_probabilities(restored, encoded), log_probabilities(model, encoded))


def test_weights_under_the_names_of_0_1_are_read() -> None:
    model = classifier(more={"ensemble_size": 2})
    weights = model.state_dict()
    former = {name.replace("heads.", "judges.").replace("std", "spread"): v for name, v in weights.items()}
    assert former.keys() != weights.keys()
    again = classifier(more={"ensemble_size": 2})
    again.load_state_dict({name: value + 1 for name, value in former.items()})
    assert all(torch.equal(value, weights[name] + 1) for name, value in again.state_dict().items())
