"""LSTM layers over time against torch's own, and the laws of padding and dropout."""

import pytest
import torch
from torch import Tensor, nn

from poetgen.model.recurrent import RecurrentStack, State, locked_dropout

T, B, E, H = 9, 4, 5, 6
RAGGED = torch.tensor([9, 6, 2, 1])
TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}


def twins(layers: int, dtype: torch.dtype) -> tuple[RecurrentStack, nn.LSTM]:
    """Ours and torch's with the same weights; torch's second bias is zero."""
    torch.manual_seed(3)
    theirs = nn.LSTM(E, H, layers).to(dtype)
    ours = RecurrentStack("lstm", E, H, num_layers=layers).to(dtype)
    copy_weights(theirs, ours)
    return ours, theirs


@torch.no_grad()
def copy_weights(theirs: nn.RNNBase, ours: RecurrentStack) -> None:
    """Of every layer; torch has two biases where we have one."""
    for k, cell in enumerate(ours.cells):
        cell.weight_ih.copy_(getattr(theirs, f"weight_ih_l{k}"))
        cell.weight_hh.copy_(getattr(theirs, f"weight_hh_l{k}"))
        cell.bias.copy_(getattr(theirs, f"bias_ih_l{k}") + getattr(theirs, f"bias_hh_l{k}"))


def leaves(layers: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs and initial states that gather gradients."""
    torch.manual_seed(4)
    x = torch.randn(T, B, E, dtype=dtype, requires_grad=True)
    h, c = (torch.randn(layers, B, H, dtype=dtype, requires_grad=True) for _ in range(2))
    return x, h, c


def scalar(tensors: list[Tensor]) -> Tensor:
    """A sum that weighs every element differently, so that no error can hide."""
    torch.manual_seed(5)
    return sum(((tensor * torch.randn_like(tensor)).sum() for tensor in tensors), start=torch.zeros(()))


def run_ours(lstm: RecurrentStack, x: Tensor, h: Tensor, c: Tensor, lengths: Tensor | None) -> list[Tensor]:
    states: list[State] = list(zip(h, c, strict=True))
    y, final = lstm(x, states, lengths)
    return [y, torch.stack([h for h, _ in final]), torch.stack([c for _, c in final])]


def run_theirs(lstm: nn.LSTM, x: Tensor, h: Tensor, c: Tensor, lengths: Tensor | None) -> list[Tensor]:
    if lengths is None:
        y, (h, c) = lstm(x, (h, c))
        return [y, h, c]
    packed, (h, c) = lstm(nn.utils.rnn.pack_padded_sequence(x, lengths), (h, c))
    return [nn.utils.rnn.pad_packed_sequence(packed)[0], h, c]


def assert_near(ours: Tensor, theirs: Tensor) -> None:
    """Equal within the tolerance of the type, relative to the norm."""
    error = (ours - theirs).norm() / theirs.norm()
    assert error <= TOLERANCE[theirs.dtype], error


@pytest.mark.parametrize("lengths", [None, RAGGED], ids=["even", "ragged"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_outputs_and_all_gradients_equal_torch(
    layers: int, dtype: torch.dtype, lengths: Tensor | None
) -> None:
    ours, theirs = twins(layers, dtype)
    our_leaves, their_leaves = leaves(layers, dtype), leaves(layers, dtype)
    our_results = run_ours(ours, *our_leaves, lengths)
    their_results = run_theirs(theirs, *their_leaves, lengths)
    scalar(our_results).backward()
    scalar(their_results).backward()

    for mine, other in zip(
        [*our_results, *leaf_grads(our_leaves)], [*their_results, *leaf_grads(their_leaves)], strict=True
    ):
        assert_near(mine, other)
    for k, cell in enumerate(ours.cells):
        assert_near(cell.weight_ih.grad, getattr(theirs, f"weight_ih_l{k}").grad)
        assert_near(cell.weight_hh.grad, getattr(theirs, f"weight_hh_l{k}").grad)
        assert_near(cell.bias.grad, getattr(theirs, f"bias_ih_l{k}").grad)


def leaf_grads(tensors: tuple[Tensor, ...]) -> list[Tensor]:
    return [tensor.grad for tensor in tensors]


def test_gradients_equal_finite_differences() -> None:
    ours, _ = twins(2, torch.float64)
    x, h, c = leaves(2, torch.float64)
    names = [name for name, _ in ours.named_parameters()]

    def outputs(x: Tensor, h: Tensor, c: Tensor, *values: Tensor) -> Tensor:
        states = list(zip(h, c, strict=True))
        y, final = torch.func.functional_call(
            ours, dict(zip(names, values, strict=True)), (x, states, RAGGED)
        )
        return scalar([y, *(tensor for state in final for tensor in state)])

    assert torch.autograd.gradcheck(outputs, (x, h, c, *ours.parameters()), fast_mode=True)


def test_a_missing_state_is_a_zero_state() -> None:
    ours, _ = twins(2, torch.float64)
    x, _, _ = leaves(2, torch.float64)
    zeros = torch.zeros(2, B, H, dtype=torch.float64)
    y, final = ours(x)
    from_zeros = run_ours(ours, x, zeros, zeros, None)
    assert torch.equal(y, from_zeros[0])
    assert torch.equal(torch.stack([h for h, _ in final]), from_zeros[1])


def test_a_poem_of_length_zero_keeps_its_state_and_says_nothing() -> None:
    ours, _ = twins(2, torch.float64)
    x, h, c = leaves(2, torch.float64)
    y, h_end, c_end = run_ours(ours, x, h, c, torch.tensor([9, 0, 3, 0]))
    assert torch.equal(h_end[:, [1, 3]], h[:, [1, 3]])
    assert torch.equal(c_end[:, [1, 3]], c[:, [1, 3]])
    assert not y[:, [1, 3]].any()


def test_outputs_past_the_end_are_zero() -> None:
    ours, _ = twins(3, torch.float64)
    y, _, _ = run_ours(ours, *leaves(3, torch.float64), RAGGED)
    for poem, length in enumerate(RAGGED):
        assert not y[length:, poem].any()
        assert y[:length, poem].all()


def test_padded_inputs_change_no_bit_of_outputs_and_gradients() -> None:
    results = []
    padding = torch.arange(T)[:, None] >= RAGGED
    for filling in (0.0, 7.5, -1e4):
        ours, _ = twins(2, torch.float32)
        x, h, c = leaves(2, torch.float32)
        with torch.no_grad():
            x[padding] = filling
        tensors = run_ours(ours, x, h, c, RAGGED)
        scalar(tensors).backward()
        assert not x.grad[padding].any()
        results.append([*tensors, x.grad, h.grad, c.grad, *(p.grad for p in ours.parameters())])
    for changed in results[1:]:
        assert all(torch.equal(one, other) for one, other in zip(results[0], changed, strict=True))


def test_two_halves_with_the_state_carried_equal_the_whole() -> None:
    ours, _ = twins(2, torch.float64)
    x, h, c = leaves(2, torch.float64)
    states: list[State] = list(zip(h, c, strict=True))
    y, end = ours(x, states, RAGGED)
    first, middle = ours(x[:4], states, RAGGED.clamp(0, 4))
    second, last = ours(x[4:], middle, (RAGGED - 4).clamp(0))
    torch.testing.assert_close(torch.cat([first, second]), y, rtol=0, atol=1e-14)
    for one, other in zip(end, last, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-14)


def test_one_state_too_few_is_refused() -> None:
    ours, _ = twins(2, torch.float64)
    x, h, c = leaves(2, torch.float64)
    with pytest.raises(ValueError, match="zip"):
        ours(x, [(h[0], c[0])])


def test_locked_dropout_locks_over_time_and_scales() -> None:
    torch.manual_seed(0)
    y = locked_dropout(torch.ones(T, 50, 40), 0.25, training=True)
    assert (y == y[0]).all()
    dropped = (y[0] == 0).double()
    assert torch.equal(y[0].unique(), torch.tensor([0, 1 / 0.75]))
    assert dropped.mean().item() == pytest.approx(0.25, abs=0.04)
    assert (dropped.sum(1) > 0).all()
    assert not (dropped == dropped[0]).all()  # each poem has a mask of its own


@pytest.mark.parametrize(("share", "training"), [(0.0, True), (0.9, False)])
def test_without_dropout_the_outputs_are_the_same_tensor(share: float, training: bool) -> None:
    y = torch.randn(T, B, H)
    assert locked_dropout(y, share, training) is y


def test_dropout_acts_on_every_layer_in_training_alone() -> None:
    torch.manual_seed(0)
    lstm = RecurrentStack("lstm", E, 64, num_layers=2, dropout=0.5)
    for parameter in lstm.parameters():
        nn.init.normal_(parameter, 0, 0.3)
    x = torch.randn(T, B, E)
    y, _ = lstm(x)
    assert ((y == 0).all(0) | (y != 0).all(0)).all()
    assert 0.3 < (y == 0).float().mean() < 0.7
    lstm.eval()
    assert (lstm(x)[0] != 0).all()
    assert torch.equal(lstm(x)[0], lstm(x)[0])


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_weight_drop_takes_single_recurrent_weights_in_training_alone(cell: str) -> None:
    torch.manual_seed(0)
    stack = RecurrentStack(cell, E, 30, weight_drop=0.25, backward="autograd")
    nn.init.ones_(stack.cells[0].weight_hh)
    nn.init.normal_(stack.cells[0].weight_ih)
    x = torch.randn(2, B, E)
    y, _ = stack(x)
    (gradient,) = torch.autograd.grad(y.sum(), stack.cells[0].weight_hh)
    # what was dropped at every step gets no gradient
    assert 0.15 < (gradient == 0).float().mean() < 0.35
    stack.eval()
    assert torch.equal(stack(x)[0], stack(x)[0])


@pytest.mark.parametrize("lengths", [None, RAGGED])
def test_dropped_weights_have_the_same_gradients_by_hand_and_by_autograd(lengths: Tensor | None) -> None:
    """The same random mask on U, whoever derives; what is dropped gets no gradient."""
    found = []
    for backward in ("handwritten", "autograd"):
        torch.manual_seed(6)
        stack = RecurrentStack("lstm", E, H, num_layers=2, weight_drop=0.5, backward=backward).double()
        for parameter in stack.parameters():
            torch.nn.init.normal_(parameter, std=0.4)
        x = torch.randn(T, B, E, dtype=torch.float64)
        y, final = stack(x, None, lengths)
        scalar([y, *(part for state in final for part in state)]).backward()  # type: ignore[no-untyped-call]
        found.append([y, *(parameter.grad for parameter in stack.parameters())])
    for mine, theirs in zip(*found, strict=True):
        assert mine is not None and theirs is not None
        torch.testing.assert_close(mine, theirs, rtol=1e-10, atol=1e-12)
    dropped = [
        (u == 0).float().mean().item() for u in found[0][1:] if u is not None and u.shape == (4 * H, H)
    ]
    assert all(0.3 < share < 0.7 for share in dropped[:1])


def test_weights_are_dropped_in_training_alone() -> None:
    torch.manual_seed(7)
    stack = RecurrentStack("lstm", E, H, weight_drop=0.5)
    for parameter in stack.parameters():
        torch.nn.init.normal_(parameter)
    x = torch.randn(T, B, E)
    assert not torch.equal(stack(x)[0], stack(x)[0])
    stack.eval()
    assert torch.equal(stack(x)[0], stack(x)[0])
