"""The LSTM's derivatives: of one step, of h by the parameters, and of a loss through time."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from poetgen.byhand import lstm, rtrl
from poetgen.byhand.jacobians import immediate, step_jacobians
from poetgen.byhand.lstm import GATES, SYMBOLS, LSTMParameters, LSTMState
from poetgen.experiments.cases import Array, Case, Problem, Sizes, jacobian, load_parameters
from poetgen.model.lstm import LSTMCell
from poetgen.model.recurrent import RecurrentStack


def lstm_problem(sizes: Sizes) -> Problem:
    """Drawn from the seed."""
    rng = np.random.default_rng(sizes.seed)
    hidden, inputs, state = sizes.hidden_size, sizes.input_size, (sizes.batch, sizes.hidden_size)
    shapes = ((4 * hidden, inputs), (4 * hidden, hidden), (4 * hidden,))
    return Problem(
        LSTMParameters(*(sizes.scale * rng.normal(size=shape) for shape in shapes)),
        rng.normal(size=(sizes.steps, sizes.batch, inputs)),
        LSTMState(rng.normal(size=state), rng.normal(size=state)),
        rng.normal(size=(sizes.steps, *state)),
        LSTMState(rng.normal(size=state), rng.normal(size=state)),
    )


def lstm_cases(sizes: Sizes, *, with_influences: bool) -> Iterator[Case]:
    """One step, the parameters' influence on h immediate and total, and the loss over all steps.

    Without influences what is as large as units times parameters is left out: ∂h/∂θ, and RTRL.
    """
    problem = lstm_problem(sizes)
    yield from step_cases(problem)
    if with_influences:
        yield from immediate_cases(problem)
        yield from total_cases(problem)
    yield from bptt_cases(problem, with_rtrl=with_influences)


def step_cases(problem: Problem) -> Iterator[Case]:
    """The Jacobians of one step by its gates and cell, by the state before it and by its input."""
    params, x, state = problem.params, problem.x[0], problem.state
    after, cache = lstm.step_forward(params, x, state)
    by = step_jacobians(params, cache)
    i, f, g, o = lstm.split(cache.gates)
    inner = {"o": o, "c": after.c, "f": f, "i": i, "g": g}
    outer = {"h before": state.h, "c before": state.c, "x": x}

    def from_gates(lib: Any, moved: str, by_this: Any) -> Any:
        """h' = o tanh(c'), one of its parts moved, by numpy or by torch."""
        o, c, f, i, g = (lib.asarray(v) + (by_this if name == moved else 0) for name, v in inner.items())
        return o * lib.tanh(c if moved == "c" else f * lib.asarray(state.c) + i * g)

    def from_outside(of: int, moved: str, by_this: Array) -> Any:
        """h' (0) or c' (1) by hand, the state or the input moved."""
        h, c, x = (value + (by_this if name == moved else 0) for name, value in outer.items())
        return lstm.step_forward(params, x, LSTMState(h, c))[0][of]

    def torch_from_outside(of: int, moved: str, by_this: Tensor) -> Any:
        """The same by the package's own cell."""
        h, c, x = (torch.from_numpy(v) + (by_this if name == moved else 0) for name, v in outer.items())
        return cell(x, (h, c))[of]

    cell = torch_cell(params)
    for name, byhand in zip(inner, (by.h_o, by.h_c, by.h_f, by.h_i, by.h_g), strict=True):
        small = np.zeros(byhand.shape[2])  # the same small change for every poem
        value = partial(from_gates, np, name, small)
        autograd = jacobian(partial(from_gates, torch, name), small)
        yield Case("one step", f"∂h/∂{name}", byhand, value, small, autograd)
    jacobians = {"h": (by.h_hbefore, by.h_cbefore, by.h_x), "c": (by.c_hbefore, by.c_cbefore, by.c_x)}
    for of, (label, found) in enumerate(jacobians.items()):
        for name, byhand in zip(outer, found, strict=True):
            small = np.zeros(byhand.shape[2])
            value = partial(from_outside, of, name, small)
            autograd = jacobian(partial(torch_from_outside, of, name), small)
            yield Case("one step", f"∂{label}/∂{name}", byhand, value, small, autograd)


def immediate_cases(problem: Problem) -> Iterator[Case]:
    """∂h/∂θ of one step, the state before it held fixed."""
    params, x, state = problem.params, problem.x[0], problem.state
    _, cache = lstm.step_forward(params, x, state)
    cell = torch_cell(params)
    tensors = torch.from_numpy(x), tuple(map(torch.from_numpy, state))

    def hidden(weights: Mapping[str, Tensor]) -> Tensor:
        h: Tensor = functional_call(cell, dict(weights), tensors)[0]
        return h

    found = LSTMParameters(**parameter_jacobians(hidden, params))
    for label, byhand, variable, autograd in gate_by_gate(immediate(cache).h, params, found):
        value = lambda: lstm.step_forward(params, x, state)[0].h  # noqa: E731
        yield Case("immediate", f"∂h/∂{label}", byhand, value, variable, autograd)


def total_cases(problem: Problem) -> Iterator[Case]:
    """∂h/∂θ after all steps, through every step: by hand it is RTRL's influence."""
    params, x, state = problem.params, problem.x, problem.state
    influence, at = rtrl.no_influence(params, len(state.h)), state
    for x_t in x:
        at, cache = lstm.step_forward(params, x_t, at)
        influence = rtrl.update_influence(params, cache, influence)
    layer = torch_layer(params)
    tensors = torch.from_numpy(x), [tuple(map(torch.from_numpy, state))]

    def hidden(weights: Mapping[str, Tensor]) -> Tensor:
        named = {f"cells.0.{name}": value for name, value in weights.items()}
        y: Tensor = functional_call(layer, named, tensors)[0]
        return y[-1]

    found = LSTMParameters(**parameter_jacobians(hidden, params))
    for label, byhand, variable, autograd in gate_by_gate(influence.h, params, found):
        value = lambda: lstm.forward(params, x, state)[1].h  # noqa: E731
        yield Case("total", f"∂h/∂{label}", byhand, value, variable, autograd)


def bptt_cases(problem: Problem, *, with_rtrl: bool) -> Iterator[Case]:
    """The gradient of a loss over all steps, Σ dy ⊙ y and the last state's part."""
    params, x, state, dy, dstate = problem
    _, _, cache = lstm.forward(params, x, state)
    grads, dx, dbefore = lstm.backward(params, cache, dy, dstate)
    carried = rtrl.gradients(params, x, state, dy, dstate) if with_rtrl else None

    def loss() -> float:
        y, last, _ = lstm.forward(params, x, state)
        return float((dy * y).sum() + (dstate.h * last.h).sum() + (dstate.c * last.c).sum())

    layer = torch_layer(params)
    leaves = [torch.from_numpy(value).requires_grad_() for value in (x, *state)]
    y, [(h, c)] = layer(leaves[0], [(leaves[1], leaves[2])])
    weighted = zip((y, h, c), (dy, *dstate), strict=True)
    total = torch.stack([(value * torch.from_numpy(d)).sum() for value, d in weighted]).sum()
    found = [g.numpy() for g in torch.autograd.grad(total, [*layer.parameters(), *leaves])]
    autograd = LSTMParameters(*found[:3])
    ways = gate_by_gate(grads, params, autograd, carried or grads, axis=0)
    for label, byhand, variable, theirs, by_rtrl in ways:
        yield Case("loss", f"∂L/∂{label}", byhand, loss, variable, theirs, by_rtrl if carried else None)
    for label, byhand, variable, theirs in zip(
        ("x", "h at the start", "c at the start"), (dx, *dbefore), (x, *state), found[3:], strict=True
    ):
        yield Case("loss", f"∂L/∂{label}", byhand, loss, variable, theirs)


def gate_by_gate(byhand: Any, params: Any, *others: Any, axis: int = 2) -> Iterator[Any]:
    """W_i W_f W_g W_o, U_i …, b_i …: (label, by hand, the variable itself, the same of the others).

    `axis` is where the derivatives have the parameter's rows; the parameter has them first.
    """
    for name, symbol in SYMBOLS.items():
        for k, gate in enumerate(GATES):
            derivatives = [np.split(getattr(d, name), 4, axis)[k] for d in (byhand, *others)]
            yield f"{symbol}_{gate}", derivatives[0], np.split(getattr(params, name), 4)[k], *derivatives[1:]


def torch_cell(params: LSTMParameters) -> LSTMCell:
    """The package's own cell with these weights."""
    cell: LSTMCell = load_parameters(LSTMCell(params.weight_ih.shape[1], params.weight_hh.shape[1]), params)
    return cell


def torch_layer(params: LSTMParameters) -> RecurrentStack:
    """The package's own layer with these weights."""
    layer = RecurrentStack("lstm", params.weight_ih.shape[1], params.weight_hh.shape[1]).double()
    load_parameters(layer.cells[0], params)
    return layer


def parameter_jacobians(
    f: Callable[[Mapping[str, Tensor]], Tensor], params: LSTMParameters
) -> dict[str, Array]:
    """∂f/∂θ for each parameter, by torch.autograd."""
    names = params._fields
    inputs = tuple(torch.from_numpy(value.copy()) for value in params)
    found = torch.autograd.functional.jacobian(lambda *v: f(dict(zip(names, v, strict=True))), inputs)  # type: ignore[no-untyped-call]
    return {name: value.numpy() for name, value in zip(names, found, strict=True)}
