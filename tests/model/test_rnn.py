"""The simple recurrent layer against torch's own, and the laws of padding."""

import pytest
import torch
from torch import Tensor, nn

from poetgen.model.recurrent import RecurrentStack
from tests.model.test_recurrent import copy_weights

T, B, E, H = 9, 4, 5, 6
RAGGED = torch.tensor([9, 6, 2, 1])


def twins(layers: int) -> tuple[RecurrentStack, nn.RNN]:
    """Ours and torch's with the same weights; torch's second bias is zero."""
    torch.manual_seed(3)
    theirs = nn.RNN(E, H, layers).double()
    ours = RecurrentStack("rnn", E, H, num_layers=layers).double()
    copy_weights(theirs, ours)
    return ours, theirs


def run_theirs(rnn: nn.RNN, x: Tensor, h: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
    if lengths is None:
        return rnn(x, h)
    packed, last = rnn(nn.utils.rnn.pack_padded_sequence(x, lengths), h)
    return nn.utils.rnn.pad_packed_sequence(packed)[0], last


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("lengths", [None, RAGGED], ids=["even", "ragged"])
def test_outputs_states_and_gradients_equal_torch(layers: int, lengths: Tensor | None) -> None:
    ours, theirs = twins(layers)
    torch.manual_seed(4)
    x = torch.randn(T, B, E, dtype=torch.float64, requires_grad=True)
    h = torch.randn(layers, B, H, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(T, B, H, dtype=torch.float64), torch.randn(layers, B, H, dtype=torch.float64)
    y, states = ours(x, [(one,) for one in h], lengths)
    found = y, torch.stack([h for (h,) in states])
    expected = run_theirs(theirs, x, h, lengths)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)

    def gradients(parts: tuple[Tensor, Tensor], layer: nn.Module) -> list[Tensor]:
        total = sum((part * w).sum() for part, w in zip(parts, weight, strict=True))
        names = [f"{name}_l{k}" for k in range(layers) for name in ("weight_ih", "weight_hh", "bias_ih")]
        theirs_too = [getattr(layer, name) for name in names] if isinstance(layer, nn.RNN) else None
        return list(torch.autograd.grad(total, [x, h, *(theirs_too or layer.parameters())]))

    for one, other in zip(gradients(found, ours), gradients(expected, theirs), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_a_poem_of_length_0_keeps_its_state_and_no_state_is_zero() -> None:
    ours, _ = twins(2)
    x, h = torch.randn(T, B, E, dtype=torch.float64), torch.randn(2, B, H, dtype=torch.float64)
    y, states = ours(x, [(one,) for one in h], torch.tensor([9, 0, 3, 1]))
    assert not y[:, 1].any() and not y[3:, 2].any()
    assert all(torch.equal(after[0][1], before[1]) for after, before in zip(states, h, strict=True))
    zeros = [(torch.zeros(B, H, dtype=torch.float64),)] * 2
    assert torch.equal(ours(x)[0], ours(x, zeros)[0])


def test_rows_that_repeat_are_read_by_index() -> None:
    ours, _ = twins(2)
    rows = torch.randn(7, E, dtype=torch.float64)
    index = torch.randint(7, (T, B))
    torch.testing.assert_close(ours(rows, index=index)[0], ours(rows[index])[0], rtol=1e-12, atol=1e-12)


def test_another_number_of_states_is_refused() -> None:
    ours, _ = twins(2)
    with pytest.raises(ValueError):
        ours(torch.zeros(T, B, E, dtype=torch.float64), [(torch.zeros(B, H, dtype=torch.float64),)])


def test_dropout_zeroes_the_same_units_at_every_step_in_training_alone() -> None:
    torch.manual_seed(0)
    rnn = RecurrentStack("rnn", E, 40, dropout=0.5)
    nn.init.normal_(rnn.cells[0].weight_ih)
    y, _ = rnn(torch.randn(T, B, E))
    dropped = y == 0
    assert dropped.any() and not dropped.all() and (dropped == dropped[0]).all()
    assert (rnn.eval()(torch.randn(T, B, E))[0] != 0).all()
