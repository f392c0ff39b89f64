"""The language model: its parameters, its losses, what padding and dropout do."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from poetgen.checkpoint import parameter_shapes
from poetgen.config import CELLS, ModelConfig
from poetgen.model.language_model import LanguageModel, States, build_model, detach_states, restore_model

V, T = 23, 8
LENGTHS = torch.tensor([8, 5, 1])
PADDING = torch.arange(T)[:, None] >= LENGTHS
CONFIG = ModelConfig(embedding_size=6, hidden_size=7, num_layers=2, dropout=0.0)


def model_of(config: ModelConfig = CONFIG) -> LanguageModel:
    torch.manual_seed(1)
    model = build_model(V, config).double()
    with torch.no_grad():
        model.output.bias.normal_()
    return model


def batch() -> tuple[Tensor, Tensor]:
    torch.manual_seed(2)
    return torch.randint(V, (T, 3)), torch.randint(V, (T, 3))


def gradients(model: LanguageModel, loss: Tensor) -> dict[str, Tensor]:
    names, parameters = zip(*model.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, parameters), strict=True))


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_parameters_are_those_a_checkpoint_names(tied: bool, layers: int, cell: str) -> None:
    config = replace(CONFIG, tied=tied, num_layers=layers, cell=cell)
    state = build_model(V, config).state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == parameter_shapes(V, config)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_restored_model_has_the_weights_and_draws_no_random_number(dtype: type) -> None:
    rng = np.random.default_rng(0)
    weights = {
        name: rng.normal(size=shape).astype(dtype) for name, shape in parameter_shapes(V, CONFIG).items()
    }
    before = torch.get_rng_state()
    model = restore_model(V, CONFIG, weights)
    assert torch.equal(torch.get_rng_state(), before)
    for name, value in model.state_dict().items():
        assert value.dtype == torch.float32
        assert np.array_equal(value.numpy(), weights[name].astype(np.float32))


@pytest.mark.parametrize("tied", [True, False])
def test_summed_loss_and_token_losses_equal_the_cross_entropy_of_the_logits(tied: bool) -> None:
    model = model_of(replace(CONFIG, tied=tied))
    ids, targets = batch()
    logits, _ = model(ids, None, LENGTHS)
    reference = F.cross_entropy(logits[~PADDING], targets[~PADDING], reduction="none")
    loss, _ = model.summed_loss(ids, targets, lengths=LENGTHS)
    losses, _ = model.token_losses(ids, targets, lengths=LENGTHS)

    torch.testing.assert_close(losses[~PADDING], reference, rtol=1e-12, atol=0)
    assert not losses[PADDING].any()
    assert loss.item() == pytest.approx(losses.sum().item(), rel=1e-12)
    expected = gradients(model, F.cross_entropy(logits[~PADDING], targets[~PADDING], reduction="sum"))
    for name, gradient in gradients(model, loss).items():
        assert (gradient - expected[name]).norm() <= 1e-10 * expected[name].norm(), name


@pytest.mark.parametrize("cell", CELLS)
def test_padding_changes_neither_loss_nor_gradients(cell: str) -> None:
    model = model_of(replace(CONFIG, cell=cell))
    ids, targets = batch()
    found = []
    for filling in (0, 5, V - 1):
        ids[PADDING] = targets[PADDING] = filling
        loss, states = model.summed_loss(ids, targets, lengths=LENGTHS)
        found.append([loss.detach(), *gradients(model, loss).values(), *(t.detach() for t in flat(states))])
    for changed in found[1:]:
        for one, other in zip(found[0], changed, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


def test_more_padding_and_other_companions_change_nothing() -> None:
    model = model_of()
    ids, targets = batch()
    together, _ = model.summed_loss(ids, targets, lengths=LENGTHS)
    alone = [
        model.summed_loss(ids[:n, k : k + 1], targets[:n, k : k + 1], lengths=LENGTHS[k : k + 1])[0]
        for k, n in enumerate(LENGTHS)
    ]
    padded, _ = model.summed_loss(torch.cat([ids, ids]), torch.cat([targets, targets]), lengths=LENGTHS)
    assert together.item() == pytest.approx(sum(part.item() for part in alone), rel=1e-12)
    assert padded.item() == pytest.approx(together.item(), rel=1e-12)


@pytest.mark.parametrize("cut", [1, 3, 7])
@pytest.mark.parametrize("cell", CELLS)
def test_segments_with_states_carried_cost_what_the_whole_costs(cut: int, cell: str) -> None:
    model = model_of(replace(CONFIG, cell=cell))
    ids, targets = batch()
    whole, _ = model.token_losses(ids, targets, lengths=LENGTHS)
    first, states = model.token_losses(ids[:cut], targets[:cut], lengths=LENGTHS.clamp(max=cut))
    second, _ = model.token_losses(
        ids[cut:], targets[cut:], states=states, lengths=(LENGTHS - cut).clamp(min=0)
    )
    torch.testing.assert_close(torch.cat([first, second]), whole, rtol=1e-12, atol=0)


def test_embedding_dropout_drops_whole_characters_for_a_batch() -> None:
    model = build_model(V, replace(CONFIG, embedding_size=40, embedding_dropout=0.4))
    ids = torch.arange(V).repeat(4, 1).t()  # every character four times
    torch.manual_seed(0)
    embedded = model.embed(ids)
    dropped = ~embedded.any(-1)
    assert (dropped == dropped[:, :1]).all()
    assert 0 < dropped[:, 0].sum() < V
    kept = model.embedding.weight[~dropped[:, 0]] / 0.6
    torch.testing.assert_close(embedded[~dropped[:, 0], 0], kept)
    model.eval()
    assert torch.equal(model.embed(ids), F.embedding(ids, model.embedding.weight))


@pytest.mark.parametrize("cell", CELLS)
def test_detached_states_are_the_same_and_let_no_gradient_back(cell: str) -> None:
    model = model_of(replace(CONFIG, cell=cell))
    ids, targets = batch()
    _, states = model.summed_loss(ids[:4], targets[:4], lengths=LENGTHS.clamp(max=4))
    cut = detach_states(states)
    for part, kept in zip(flat(states), flat(cut), strict=True):
        assert part.requires_grad and not kept.requires_grad
        assert torch.equal(part, kept)


def flat(states: States) -> list[Tensor]:
    return [part for state in states for part in ([state] if isinstance(state, Tensor) else state)]


def test_measuring_keeps_no_graph() -> None:
    losses, _ = model_of().token_losses(*batch(), lengths=LENGTHS)
    assert not losses.requires_grad


def test_tied_weights_are_the_embedding_itself() -> None:
    model = model_of()
    assert model.output_weight is model.embedding.weight
    untied = model_of(replace(CONFIG, tied=False))
    assert untied.output_weight is untied.output.weight


def test_bfloat16_training_is_near_and_its_gradients_are_float32() -> None:
    torch.manual_seed(0)
    model = build_model(V, replace(CONFIG, hidden_size=32))
    ids, targets = batch()
    full, _ = model.summed_loss(ids, targets, lengths=LENGTHS)
    low, _ = model.summed_loss(ids, targets, lengths=LENGTHS, precision="bfloat16")
    assert low.item() == pytest.approx(full.item(), rel=1e-2)
    assert all(gradient.dtype == torch.float32 for gradient in gradients(model, low).values())


def test_a_model_that_knows_nothing_costs_the_logarithm_of_the_vocabulary() -> None:
    model = build_model(V, replace(CONFIG, initialization="zeros"))
    losses, _ = model.token_losses(*batch(), lengths=LENGTHS)
    torch.testing.assert_close(losses[~PADDING], torch.full((14,), math.log(V)))


def test_conditions_are_read_and_never_scored() -> None:
    model = build_model(V, CONFIG, condition_rows=3).eval()
    plain = build_model(V, CONFIG).eval()
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if k != "conditions.weight"})
    ids, targets = batch()
    own = plain.token_losses(ids, targets, lengths=LENGTHS)[0]
    assert torch.equal(model.token_losses(ids, targets, lengths=LENGTHS)[0], own)
    # told, a poem costs something else, and its prefix costs nothing
    told = torch.cat([torch.full((2, ids.shape[1]), V + 1), ids])
    prefix = torch.full_like(LENGTHS, 2)
    padded = torch.cat([torch.zeros(2, ids.shape[1], dtype=torch.long), targets])
    losses, _ = model.token_losses(told, padded, lengths=LENGTHS + 2, prefix=prefix)
    assert not losses[:2].any()
    assert not torch.allclose(losses[2:], own)
    total, _ = model.summed_loss(told, padded, lengths=LENGTHS + 2, prefix=prefix)
    torch.testing.assert_close(total, losses.sum())
    total.backward()  # type: ignore[no-untyped-call]
    assert model.conditions is not None and model.conditions.weight.grad is not None
    assert [bool(row.any()) for row in model.conditions.weight.grad] == [False, True, False]


def test_what_begins_at_random_is_the_same_with_and_without_conditions() -> None:
    models = []
    for rows in (0, 3):
        torch.manual_seed(1)
        models.append(build_model(V, CONFIG, condition_rows=rows))
    for name, value in models[0].state_dict().items():
        assert torch.equal(value, models[1].state_dict()[name])
