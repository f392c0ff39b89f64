"""The six equations themselves, against torch's own cell."""

import pytest
import torch
from torch import Tensor, nn

from poetgen.model.lstm import LSTMCell

B, E, H = 4, 5, 6
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}


def twins(dtype: torch.dtype) -> tuple[LSTMCell, nn.LSTMCell]:
    """Ours and torch's with the same weights, large enough that no gate is linear; torch has two biases."""
    torch.manual_seed(3)
    theirs, ours = nn.LSTMCell(E, H).to(dtype), LSTMCell(E, H).to(dtype)
    with torch.no_grad():
        for parameter in theirs.parameters():
            nn.init.normal_(parameter)
        ours.weight_ih.copy_(theirs.weight_ih)
        ours.weight_hh.copy_(theirs.weight_hh)
        ours.bias.copy_(theirs.bias_ih + theirs.bias_hh)
    return ours, theirs


def inputs(dtype: torch.dtype) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    torch.manual_seed(4)
    x, h, c = (torch.randn(B, size, dtype=dtype, requires_grad=True) for size in (E, H, H))
    return x, (h, c)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("of", [0, 1], ids=["h", "c"])
def test_a_step_and_its_gradients_are_torchs(of: int, dtype: torch.dtype) -> None:
    ours, theirs = twins(dtype)
    x, state = inputs(dtype)
    found, expected = ours.step(ours.project(x), state)[of], theirs(x, state)[of]
    torch.testing.assert_close(found, expected, rtol=0, atol=TOLERANCE[dtype])
    weight = torch.randn_like(found)
    mine = torch.autograd.grad((found * weight).sum(), [x, *state, *parameters(ours)])
    other = torch.autograd.grad((expected * weight).sum(), [x, *state, *parameters(theirs)])
    for one, two in zip(mine, other, strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=10 * TOLERANCE[dtype])


def parameters(cell: nn.Module) -> list[Tensor]:
    """The weights and one bias, which torch has twice with one gradient."""
    return [parameter for name, parameter in cell.named_parameters() if name != "bias_hh"]


def test_forward_of_the_cell_is_its_projection_and_step() -> None:
    cell, _ = twins(torch.float64)
    x, state = inputs(torch.float64)
    for whole, parts in zip(cell(x, state), cell.step(cell.project(x), state), strict=True):
        assert torch.equal(whole, parts)


def test_the_state_before_the_first_step_is_zero() -> None:
    cell, _ = twins(torch.float64)
    h, c = cell.zero_state(B, torch.ones((), dtype=torch.float64))
    assert h.shape == c.shape == (B, H) and h.dtype == torch.float64 and not h.any() and not c.any()
