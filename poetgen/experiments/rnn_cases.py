"""The simple layer's derivatives, for each φ."""

from collections.abc import Iterator

import numpy as np
import torch

from poetgen.byhand import rnn
from poetgen.byhand.jacobians import rnn_jacobians
from poetgen.byhand.rnn import RNNParameters
from poetgen.experiments.cases import Array, Case, Problem, Sizes, jacobian, load_parameters
from poetgen.model.rnn import RNNCell

KINK = 1e-3  # ReLU inputs this near to 0 are drawn again: a difference taken across the kink is no derivative


def rnn_cases(sizes: Sizes) -> Iterator[Case]:
    """One step and the loss over all steps, for every activation."""
    for activation in rnn.ACTIVATIONS:
        yield from activation_cases(rnn_problem(sizes, activation), activation)


def rnn_problem(sizes: Sizes, activation: str) -> Problem:
    """Drawn from the seed; for ReLU, inputs are drawn again until no unit of that step is near the kink."""
    rng = np.random.default_rng(sizes.seed)
    hidden, inputs, batch = sizes.hidden_size, sizes.input_size, sizes.batch
    shapes = ((hidden, inputs), (hidden, hidden), (hidden,))
    params = RNNParameters(*(sizes.scale * rng.normal(size=shape) for shape in shapes))
    start = rng.normal(size=(batch, hidden))
    x = rng.normal(size=(sizes.steps, batch, inputs))
    if activation == "relu":
        h = start
        for t in range(sizes.steps):
            x[t] = away_from_the_kink(params, x[t], h, rng)
            h, _ = rnn.step_forward(params, x[t], h, activation)
    dy, dh = rng.normal(size=(sizes.steps, batch, hidden)), rng.normal(size=(batch, hidden))
    return Problem(params, x, start, dy, dh)


def away_from_the_kink(params: RNNParameters, x: Array, h: Array, rng: np.random.Generator) -> Array:
    """Inputs (B, E) for which every unit's a = W x + U h + b is at least KINK, shared among many units, from 0."""
    margin = KINK / len(params.bias)
    x = x.copy()
    for _ in range(1000):
        a = x @ params.weight_ih.T + h @ params.weight_hh.T + params.bias
        near = (np.abs(a) < margin).any(axis=1)
        if not near.any():
            break
        x[near] = rng.normal(size=x[near].shape)
    return x


def activation_cases(problem: Problem, activation: str) -> Iterator[Case]:
    """The simple layer with one φ."""
    params, x, start, dy, dlast = problem
    _, kept = rnn.step_forward(params, x[0], start, activation)
    h_before, h_x = rnn_jacobians(params, kept)
    cell = torch_cell(params, activation)
    first, before = torch.from_numpy(x[0]), torch.from_numpy(start)
    moved_h, moved_x = np.zeros(start.shape[1]), np.zeros(x.shape[2])
    yield Case(
        activation, "∂h/∂h before", h_before,
        lambda: rnn.step_forward(params, x[0], start + moved_h, activation)[0], moved_h,
        jacobian(lambda moved: cell(first, (before + moved,))[0], moved_h),
    )  # fmt: skip
    yield Case(
        activation, "∂h/∂x", h_x,
        lambda: rnn.step_forward(params, x[0] + moved_x, start, activation)[0], moved_x,
        jacobian(lambda moved: cell(first + moved, (before,))[0], moved_x),
    )  # fmt: skip
    _, _, cache = rnn.forward(params, x, start, activation)
    grads, dx, dbefore = rnn.backward(params, cache, dy, dlast)

    def loss() -> float:
        y, last, _ = rnn.forward(params, x, start, activation)
        return float((dy * y).sum() + (dlast * last).sum())

    leaves = [torch.from_numpy(value).requires_grad_() for value in (x, start)]
    h, total = leaves[1], torch.zeros((), dtype=torch.float64)
    for x_t, dy_t in zip(leaves[0], torch.from_numpy(dy), strict=True):
        (h,) = cell(x_t, (h,))
        total = total + (h * dy_t).sum()
    total = total + (h * torch.from_numpy(dlast)).sum()
    found = torch.autograd.grad(total, [*cell.parameters(), *leaves])
    labels, variables = ("W", "U", "b", "x", "h at the start"), (*params, x, start)
    for label, byhand, variable, theirs in zip(labels, (*grads, dx, dbefore), variables, found, strict=True):
        yield Case(activation, f"∂L/∂{label}", byhand, loss, variable, theirs.numpy())


def torch_cell(params: RNNParameters, activation: str) -> RNNCell:
    """The package's own simple cell with these weights."""
    inputs, hidden = params.weight_ih.shape[1], params.weight_hh.shape[1]
    cell: RNNCell = load_parameters(RNNCell(inputs, hidden, activation=activation), params)
    return cell
