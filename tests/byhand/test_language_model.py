"""A checkpoint read by NumPy gives the probabilities and the gradients the torch model gives; and it learns."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from poetgen.byhand import language_model
from poetgen.byhand.finite_differences import error
from poetgen.byhand.language_model import (
    Masks,
    gradients,
    init_state,
    losses,
    named_parameters,
    read_parameters,
    select_rows,
    step,
)
from poetgen.byhand.optimizers import Adam
from poetgen.byhand.softmax import log_softmax
from poetgen.config import CELLS, Config
from poetgen.experiments.cases import Sizes
from poetgen.experiments.output_cases import model_cases, output_cases
from poetgen.model.language_model import build_model

VOCABULARY = 50


def built(**settings):
    torch.manual_seed(3)
    values = {"embedding_size": 8, "hidden_size": 12, "dropout": 0.3, "initialization": "normal"} | settings
    model = build_model(
        VOCABULARY, Config().replace({f"model.{key}": value for key, value in values.items()}).model
    ).eval()
    return model, {name: value.numpy() for name, value in model.state_dict().items()}


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_probabilities_equal_torch(tied, num_layers, cell):
    model, weights = built(tied=tied, num_layers=num_layers, cell=cell)
    ids = torch.randint(VOCABULARY, (30, 4))
    with torch.no_grad():
        expected = torch.log_softmax(model(ids)[0], -1).numpy()
    params = read_parameters(weights)
    state = init_state(params, 4)
    for moment, wanted in zip(ids.numpy(), expected, strict=True):
        logits, state = step(params, moment, state)
        np.testing.assert_allclose(log_softmax(logits), wanted, rtol=0, atol=1e-5)


def test_half_precision_files_are_counted_in_float32():
    _, weights = built()
    params = read_parameters({name: value.astype(np.float16) for name, value in weights.items()})
    logits, _ = step(params, [1], init_state(params, 1))
    assert logits.dtype == np.float32


@pytest.mark.parametrize("cell", CELLS)
def test_selected_rows_go_on_as_they_were(cell):
    _, weights = built(num_layers=2, cell=cell)
    params = read_parameters(weights)
    _, state = step(params, [1, 2, 3], init_state(params, 3))
    whole, _ = step(params, [4, 5, 6], state)
    part, _ = step(params, [6, 4], select_rows(state, [2, 0]))
    assert (part == whole[[2, 0]]).all()


# ---- learning ----


@settings(max_examples=25)  # every parameter of four layers in two models, by differences
@given(sizes=...)
def test_gradients_equal_finite_differences_and_autograd(proven, sizes: Sizes):
    assert proven(model_cases(sizes)) == 9 + 9


@given(sizes=...)
def test_gradients_around_the_layers_equal_finite_differences_and_autograd(proven, sizes: Sizes):
    assert proven(output_cases(sizes)) == 5


def test_names_are_those_of_the_checkpoint_and_arrays_are_not_copied():
    for tied, cell in itertools.product((True, False), CELLS):
        _, weights = built(tied=tied, num_layers=2, cell=cell)
        again = named_parameters(read_parameters(weights))
        assert again.keys() == weights.keys()
        assert all(again[name] is weights[name] for name in weights)


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 99))
def test_what_lies_past_the_end_changes_nothing(steps, batch, seed):
    _, weights = built(num_layers=2)
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, steps + 1, batch)
    ids, targets = rng.integers(VOCABULARY, size=(2, steps, batch))
    other = np.where(np.arange(steps)[:, None] < lengths, ids, (ids + 7) % VOCABULARY)
    params = read_parameters(weights, np.float64)
    found = [
        gradients(params, read_ids, targets, lengths=lengths, state=init_state(params, batch))
        for read_ids in (ids, other)
    ]
    assert found[0][0] == found[1][0]
    one_gradient, other_gradient = (named_parameters(grads).values() for _, grads, _ in found)
    for one, two in zip(one_gradient, other_gradient, strict=True):
        np.testing.assert_array_equal(one, two)
    each, _ = losses(params, ids, targets, lengths=lengths, state=init_state(params, batch))
    assert len(each) == lengths.sum() and each.sum() == pytest.approx(found[0][0], abs=1e-9)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_dropout_is_a_product_on_the_way_there_and_back(tied, cell):
    """Masks of torch's own model, all three kinds, give its loss and its gradients."""
    model, weights = built(tied=tied, num_layers=2, dropout=0.0, cell=cell)
    model = model.double()
    params = read_parameters({name: value.astype(np.float64) for name, value in weights.items()}, np.float64)
    rng = np.random.default_rng(0)
    ids, targets = rng.integers(VOCABULARY, size=(2, 6, 3))
    rows = len(params.layers[0].weight_hh)
    masks = Masks(
        2.0 * rng.integers(0, 2, (VOCABULARY, 1)),
        tuple(1.5 * rng.integers(0, 2, (3, 12)) for _ in "12"),
        tuple(1.25 * rng.integers(0, 2, (rows, 12)) for _ in "12"),
    )
    loss, grads, _ = gradients(
        params, ids, targets, lengths=np.full(3, 6), state=init_state(params, 3), scale=0.5, masks=masks
    )
    y = model.embedding.weight * torch.from_numpy(masks.characters)
    y = y[torch.from_numpy(ids)]
    zeros = torch.zeros(3, 12, dtype=torch.float64)
    parts = zip(model.get_submodule(cell).cells, masks.layers, masks.recurrent, strict=True)
    for layer, mask, weights_mask in parts:
        u = layer.weight_hh * torch.from_numpy(weights_mask)
        state, outputs = ((zeros, zeros) if cell == "lstm" else (zeros,)), []
        for x in y:
            state = layer.step(layer.project(x), state, u)
            outputs.append(state[0])
        y = torch.stack(outputs) * torch.from_numpy(mask)
    logits = torch.nn.functional.linear(model.projection(y), model.output_weight, model.output.bias)
    total = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), torch.from_numpy(targets).flatten(), reduction="sum"
    )
    (0.5 * total).backward()
    assert loss == pytest.approx(total.item(), rel=1e-12)
    for name, parameter in model.named_parameters():
        assert error(named_parameters(grads)[name], parameter.grad.numpy()) < 1e-12


@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_of_dropped_weights_is_that_of_finite_differences(cell):
    _, weights = built(tied=True, num_layers=1, dropout=0.0, cell=cell)
    params = read_parameters({name: value.astype(np.float64) for name, value in weights.items()}, np.float64)
    rng = np.random.default_rng(1)
    ids, targets = rng.integers(VOCABULARY, size=(2, 5, 2))
    u = params.layers[0].weight_hh
    masks = Masks(np.ones((VOCABULARY, 1)), (np.ones((2, 12)),), (rng.integers(0, 2, u.shape) / 0.5,))

    def found():
        return gradients(
            params, ids, targets, lengths=np.full(2, 5), state=init_state(params, 2), masks=masks
        )

    du = found()[1].layers[0].weight_hh
    assert not du[masks.recurrent[0] == 0].any()
    for place in [tuple(one) for one in rng.integers(u.shape, size=(12, 2))]:
        middle, losses_there = u[place], []
        for shift in (1e-6, -1e-6):
            u[place] = middle + shift
            losses_there.append(found()[0])
        u[place] = middle
        assert du[place] == pytest.approx((losses_there[0] - losses_there[1]) / 2e-6, rel=1e-5, abs=1e-7)


def learned(ids, targets, *, steps, optimizer=Adam, **settings):
    """Loss per token after training on one batch, with the parameters."""
    rng = np.random.default_rng(0)
    vocabulary, embedding, hidden = int(ids.max()) + 1, 24, 48
    shapes = {
        "embedding.weight": (vocabulary, embedding),
        "lstm.cells.0.weight_ih": (4 * hidden, embedding),
        "lstm.cells.0.weight_hh": (4 * hidden, hidden),
        "lstm.cells.0.bias": (4 * hidden,),
        "output.weight": (vocabulary, hidden),
        "output.bias": (vocabulary,),
    }
    weights = {name: (0.2 * rng.normal(size=shape)).astype(np.float32) for name, shape in shapes.items()}
    params = read_parameters(weights)
    update = optimizer(weights, **settings)
    lengths, batch = np.full(ids.shape[1], len(ids)), ids.shape[1]
    for _ in range(steps):
        loss, grads, _ = gradients(
            params, ids, targets, lengths=lengths, state=init_state(params, batch), scale=1 / ids.size
        )
        update.step(named_parameters(grads))
    return loss / ids.size, params


def test_twenty_poems_are_learned_by_heart():
    rng = np.random.default_rng(1)
    poems = rng.integers(1, 60, size=(28, 20))  # twenty poems of twenty-eight characters, any after any
    begin = np.zeros((1, 20), int)
    loss, _ = learned(np.concatenate([begin, poems[:-1]]), poems, steps=300, lr=0.02)
    assert np.exp(loss) < 1.5


def test_a_repeating_sequence_is_learned_exactly():
    """0 1 2 0 1 3 again and again: what follows 0 1 hangs on what stood three places before."""
    sequence = np.array([0, 1, 2, 0, 1, 3] * 8)[:, None]
    loss, params = learned(sequence[:-1], sequence[1:], steps=200, lr=0.02)
    assert loss < 0.05
    state, written = init_state(params, 1), [0, 1, 2]
    for number in written[:-1]:
        _, state = step(params, [number], state)
    for _ in range(60):  # longer than it was ever shown
        logits, state = step(params, [written[-1]], state)
        written.append(int(logits[0].argmax()))
    assert written == ([0, 1, 2, 0, 1, 3] * 11)[:63]


def test_the_model_learns_in_the_type_of_its_weights():
    _, weights = built()
    params = read_parameters(weights)
    ids = np.zeros((3, 2), int)
    _, grads, state = gradients(
        params, ids, ids, lengths=np.array([3, 2]), state=init_state(params, 2), scale=0.1
    )
    assert {array.dtype for array in named_parameters(grads).values()} == {np.dtype(np.float32)}
    assert state[0].h.dtype == np.float32
    features, _, _ = language_model.forward(params, ids, init_state(params, 2))
    assert features.dtype == np.float32


def test_every_layer_wants_a_state_of_its_own():
    params = read_parameters(built(num_layers=2)[1])
    with pytest.raises(ValueError, match="shorter"):
        language_model.forward(params, np.zeros((1, 1), int), init_state(params, 1)[:1])
