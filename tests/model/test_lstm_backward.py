"""The layer derived by hand equals the one autograd derives: values, states, every gradient, any lengths."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from poetgen.byhand import lstm
from poetgen.byhand.lstm import LSTMParameters, LSTMState
from poetgen.model import lstm_backward
from poetgen.model.lstm import LSTMCell
from poetgen.model.lstm_backward import BPTT, PackedLayout
from poetgen.model.recurrent import RecurrentStack

SIZE = st.integers(1, 5)


def layers(
    inputs: int, hidden: int, num_layers: int = 1, **settings: float
) -> tuple[RecurrentStack, RecurrentStack]:
    """The same weights in both ways, in float64."""
    torch.manual_seed(0)
    made = []
    for backward in ("handwritten", "autograd"):
        layer = RecurrentStack(
            "lstm", inputs, hidden, num_layers=num_layers, backward=backward, **settings
        ).double()
        made.append(layer)
    for one, other in zip(made[0].parameters(), made[1].parameters(), strict=True):
        torch.nn.init.normal_(one, std=0.7)
        other.data.copy_(one.data)
    return made


def answers(
    layer: RecurrentStack,
    x: Tensor,
    states: list[tuple[Tensor, Tensor]] | None,
    lengths: Tensor | None,
    index: Tensor | None,
) -> list[Tensor]:
    """Outputs, last states, and the gradient of a weighted sum of all of them by all that went in."""
    leaves = [x.clone().requires_grad_()]
    given = None
    if states is not None:
        given = [tuple(value.clone().requires_grad_() for value in state) for state in states]
        leaves += [value for state in given for value in state]
    y, after = layer(leaves[0], given, lengths, index=index)
    out = [y, *(value for state in after for value in state)]
    torch.manual_seed(1)
    total = torch.stack([(value * torch.randn_like(value)).sum() for value in out]).sum()
    found = torch.autograd.grad(total, [*leaves, *layer.parameters()])
    return [value.detach() for value in (*out, *found)]


@given(
    steps=SIZE, batch=SIZE, inputs=SIZE, hidden=SIZE, num_layers=st.integers(1, 3),
    indexed=st.booleans(), with_states=st.booleans(), data=st.data(),
)  # fmt: skip
def test_equal_to_autograd_whatever_the_shapes_and_lengths(
    steps: int,
    batch: int,
    inputs: int,
    hidden: int,
    num_layers: int,
    indexed: bool,
    with_states: bool,
    data: st.DataObject,
) -> None:
    byhand, autograd = layers(inputs, hidden, num_layers)
    lengths = data.draw(st.none() | st.lists(st.integers(0, steps), min_size=batch, max_size=batch))
    torch.manual_seed(data.draw(st.integers(0, 99)))
    index = torch.randint(3, (steps, batch)) if indexed else None
    x = torch.randn(*((3,) if indexed else (steps, batch)), inputs, dtype=torch.float64)
    states = None
    if with_states:
        states = [tuple(torch.randn(2, batch, hidden, dtype=torch.float64)) for _ in range(num_layers)]
    ends = None if lengths is None else torch.tensor(lengths)
    for one, other in zip(
        answers(byhand, x, states, ends, index), answers(autograd, x, states, ends, index), strict=True
    ):
        assert (one - other).norm() <= 1e-10 * max(1.0, other.norm().item())


def test_blocks_of_steps_give_what_one_block_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    byhand, autograd = layers(3, 4)
    x, lengths = torch.randn(11, 5, 3, dtype=torch.float64), torch.tensor([11, 9, 9, 2, 0])
    expected = answers(autograd, x, None, lengths, None)
    for steps in (1, 2, 3, 11):
        monkeypatch.setitem(lstm_backward.BLOCK, "cpu", steps * 5 * 4)
        for one, other in zip(answers(byhand, x, None, lengths, None), expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_torchs_own_gradcheck_passes() -> None:
    torch.manual_seed(0)
    steps, batch, inputs, hidden = 4, 3, 2, 3
    shapes = ((4 * hidden, inputs), (4 * hidden, hidden), (4 * hidden,), (batch, hidden), (batch, hidden))
    lengths = torch.tensor([4, 3, 1])
    for rows, x_shape in ((None, (steps, batch, inputs)), (torch.randint(5, (steps, batch)), (5, inputs))):
        layout = PackedLayout.of(steps, lengths, rows=rows, dtype=torch.float64)
        leaves = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in (x_shape, *shapes)]
        assert torch.autograd.gradcheck(lambda *given, layout=layout: BPTT.apply(*given, layout), leaves)


@given(SIZE, SIZE, SIZE, SIZE, st.integers(0, 99))
def test_equal_to_the_pass_by_hand_in_numpy(
    steps: int, batch: int, inputs: int, hidden: int, seed: int
) -> None:
    torch.manual_seed(seed)
    cell = LSTMCell(inputs, hidden).double()
    weights = [*cell.parameters()]
    for weight in weights:
        torch.nn.init.normal_(weight)
    x, dy = torch.randn(steps, batch, inputs).double(), torch.randn(steps, batch, hidden).double()
    h, c = torch.randn(2, batch, hidden, dtype=torch.float64)
    y, _ = lstm_backward.run_layer(cell, x, state=(h, c), lengths=None, index=None, weight_hh=cell.weight_hh)
    found = torch.autograd.grad((y * dy).sum(), weights)
    params = LSTMParameters(*(weight.detach().numpy() for weight in weights))
    expected, last, cache = lstm.forward(params, x.numpy(), LSTMState(h.numpy(), c.numpy()))
    nothing = LSTMState(0 * last.h, 0 * last.c)
    grads, _, _ = lstm.backward(params, cache, dy.numpy(), nothing)
    torch.testing.assert_close(y.detach(), torch.from_numpy(expected), rtol=1e-10, atol=1e-12)
    for one, other in zip(found, grads, strict=True):
        torch.testing.assert_close(one, torch.from_numpy(other), rtol=1e-9, atol=1e-11)


def test_a_second_walk_back_finds_the_same() -> None:
    byhand, _ = layers(2, 3)
    x = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    total = byhand(x)[0].square().sum()
    (first,) = torch.autograd.grad(total, x, retain_graph=True)
    (second,) = torch.autograd.grad(total, x)
    assert torch.equal(first, second)


def test_a_second_derivative_is_refused() -> None:
    byhand, _ = layers(2, 3)
    x = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    (dx,) = torch.autograd.grad(byhand(x)[0].square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        dx.sum().backward()


def test_what_lies_past_a_poems_end_gets_no_gradient() -> None:
    byhand, _ = layers(2, 3)
    x = torch.randn(5, 2, 2, dtype=torch.float64, requires_grad=True)
    y, _ = byhand(x, lengths=torch.tensor([5, 2]))
    y.sum().backward()
    assert not y[2:, 1].any() and not x.grad[2:, 1].any() and x.grad[:2, 1].all()


def test_bfloat16_products_change_little_and_the_state_stays_float32() -> None:
    byhand, _ = layers(16, 32)
    byhand = byhand.float()
    x = torch.randn(20, 4, 16)
    exact, _ = byhand(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y, [(h, c)] = byhand(x)
    assert y.dtype == h.dtype == c.dtype == torch.float32
    assert 1e-5 < (y - exact).norm() / exact.norm() < 0.02


@pytest.mark.parametrize("dropped", [{"dropout": 0.5}, {"weight_drop": 0.5}], ids=str)
def test_dropout_is_the_same_for_both(dropped: dict[str, float]) -> None:
    byhand, autograd = layers(3, 6, 2, **dropped)
    x = torch.randn(5, 4, 3, dtype=torch.float64)
    found, gradients = [], []
    for layer in (byhand, autograd):
        torch.manual_seed(7)
        found.append(layer(x)[0])
        gradients.append(torch.autograd.grad(found[-1].square().sum(), [*layer.parameters()]))
    torch.testing.assert_close(*found, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-12)
    assert (byhand.eval()(x)[0] != found[0]).any()
