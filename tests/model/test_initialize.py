"""Every way weights can begin obeys its law."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from poetgen.config import INITIALIZATIONS, ModelConfig
from poetgen.model.initialize import CONSTANT, EQUAL, RULES, begin_embedding
from poetgen.model.language_model import LanguageModel, build_model

V, E, H = 120, 48, 64


def model_of(rule: str, forget_bias: float = 1.0, tied: bool = True) -> LanguageModel:
    torch.manual_seed(0)
    config = ModelConfig(
        embedding_size=E,
        hidden_size=H,
        num_layers=2,
        tied=tied,
        initialization=rule,
        forget_bias=forget_bias,
    )
    return build_model(V, config)


def matrices(model: LanguageModel) -> list[Tensor]:
    """Every matrix that is multiplied by, the gates of a cell one by one."""
    found = []
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2 and (model.tied or name != "embedding.weight"):
            found += parameter.detach().chunk(4) if "cells" in name else [parameter.detach()]
    return found


def test_every_name_has_a_rule() -> None:
    assert tuple(RULES) == INITIALIZATIONS


@pytest.mark.parametrize("rule", [rule for rule in INITIALIZATIONS if rule != "zeros"])
def test_biases_begin_at_zero_and_the_forget_gates_open(rule: str) -> None:
    model = model_of(rule, forget_bias=1.5)
    assert not model.output.bias.any()
    for cell in model.lstm.cells:
        i, f, g, o = cell.bias.chunk(4)
        assert (f == 1.5).all()
        assert not torch.cat([i, g, o]).any()


@pytest.mark.parametrize("tied", [True, False])
def test_uniform_fills_its_bounds(tied: bool) -> None:
    for matrix in matrices(model_of("uniform", tied=tied)):
        k = 1 / math.sqrt(matrix.shape[1])
        assert 0.95 * k < matrix.abs().max() <= k
        assert matrix.std().item() == pytest.approx(k / math.sqrt(3), rel=0.1)


def test_normal_keeps_the_variance_of_sums() -> None:
    for matrix in matrices(model_of("normal")):
        assert matrix.var().item() * matrix.shape[1] == pytest.approx(1, rel=0.1)
        assert matrix.mean().item() == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("rule", [rule for rule in INITIALIZATIONS if rule not in EQUAL])
def test_a_table_only_looked_up_in_begins_with_rows_of_unit_variance(rule: str) -> None:
    table = model_of(rule, tied=False).embedding.weight
    assert table.var().item() == pytest.approx(1, rel=0.1)
    assert table.mean().item() == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("rule", EQUAL)
def test_equal_means_every_weight(rule: str) -> None:
    assert len(model_of(rule, tied=False).embedding.weight.unique()) == 1


def test_xavier_fills_its_bounds_gate_by_gate() -> None:
    for matrix in matrices(model_of("xavier")):
        k = math.sqrt(6 / sum(matrix.shape))
        assert 0.95 * k < matrix.abs().max() <= k


@pytest.mark.parametrize("tied", [True, False])
def test_orthogonal_blocks_are_orthonormal_gate_by_gate(tied: bool) -> None:
    for matrix in matrices(model_of("orthogonal", tied=tied)):
        narrow = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.t()
        torch.testing.assert_close(narrow @ narrow.t(), torch.eye(len(narrow)), rtol=0, atol=1e-5)


def test_zeros_teach_the_output_bias_alone() -> None:
    model = model_of("zeros")
    assert not any(parameter.any() for parameter in model.parameters())
    ids = torch.randint(V, (7, 3))
    loss, _ = model.summed_loss(ids, ids, lengths=torch.tensor([7, 5, 2]))
    loss.backward()
    taught = {name for name, parameter in model.named_parameters() if parameter.grad.any()}
    assert taught == {"output.bias"}
    assert loss.item() == pytest.approx(14 * math.log(V), rel=1e-6)


@pytest.mark.parametrize("tied", [True, False])
def test_constant_is_one_small_number_everywhere(tied: bool) -> None:
    for matrix in matrices(model_of("constant", tied=tied)):
        assert (matrix == torch.tensor(CONSTANT)).all()


def test_a_constant_saturates_no_gate_at_any_usual_width() -> None:
    columns = 1024
    row = torch.empty(1, columns)
    RULES["constant"](row)
    assert (row * CONSTANT).sum().item() < 0.2  # what a gate sees of an embedding that is as constant


@pytest.mark.parametrize("tied", [True, False])
def test_a_constant_teaches_at_first_only_what_reads_the_last_layer(tied: bool) -> None:
    model = model_of("constant", tied=tied).double()
    ids = torch.randint(V, (7, 3))
    loss, _ = model.summed_loss(ids, ids, lengths=torch.tensor([7, 5, 2]))
    loss.backward()
    taught = {name for name, parameter in model.named_parameters() if parameter.grad.abs().max() > 1e-12}
    assert taught == {"embedding.weight" if tied else "output.weight", "output.bias"}


@pytest.mark.parametrize("rule", INITIALIZATIONS)
def test_the_seed_decides_every_weight(rule: str) -> None:
    for one, other in zip(model_of(rule).parameters(), model_of(rule).parameters(), strict=True):
        assert torch.equal(one, other)


def test_rows_given_to_a_table_of_zeros_leave_the_others_zero() -> None:
    table = torch.nn.Embedding.from_pretrained(torch.zeros(4, 3))
    begin_embedding(table, {1: np.array([1, 2, 3], np.float32)})
    assert table.weight.tolist() == [[0, 0, 0], [1, 2, 3], [0, 0, 0], [0, 0, 0]]
