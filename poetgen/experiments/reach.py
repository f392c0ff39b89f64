"""How far gradients reach back through time: ‖∂loss_T/∂h_t‖ by distance T - t, simple RNNs beside the LSTM.

Recurrent weights are `scale` times a random orthogonal matrix, so that ‖U‖₂ = scale, and ‖∂h_t/∂h_{t-1}‖ ≤ γ scale
with γ the greatest slope of the activation (Bengio, Simard & Frasconi 1994; Pascanu, Mikolov & Bengio 2013): a
gradient of length 1 is at distance d no longer than (γ scale)^d. For the LSTM there is no such bound, since many
paths lead back; the direct one, from cell to cell, multiplies by the forget gates alone.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from poetgen.byhand import lstm, rnn
from poetgen.byhand.lstm import LSTMParameters, LSTMState
from poetgen.byhand.rnn import ACTIVATIONS, RNNParameters
from poetgen.errors import ConfigError
from poetgen.experiments.limits import LARGEST, check_cost, check_counts, check_numbers

Array = npt.NDArray[Any]

RNNS = ("sigmoid", "tanh", "relu")
QUARTILES = (0.25, 0.5, 0.75)
MOST_SCALES = 6


@dataclass(frozen=True)
class ReachSettings:
    """What is drawn: B poems of T steps, inputs and states of H, the forget gates' bias of the LSTM."""

    hidden_size: int = 64
    steps: int = 50
    batch: int = 32
    forget_bias: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Reach:
    """Gradients of one cell at one scale: norms (T + 1, B) by distance 0 ... T, of the gradient by `of`.

    `of` is h, c, or "forget gates": ∂loss/∂c by the direct path alone. inf is more than float64 holds, nan that
    the states themselves were; 0 is no gradient, or less than float64 holds. `bound` (T + 1,) is that of RNNs.
    """

    cell: str
    of: str
    scale: float
    norms: Array
    bound: Array | None = None

    @property
    def quartiles(self) -> Array:
        """(3, T + 1) over the poems; values that occur, so that inf stays what it is."""
        return np.asarray(np.quantile(self.norms, QUARTILES, axis=1, method="inverted_cdf"))


class ReachProblem(NamedTuple):
    """weight_ih (4H, H), orthogonal (4, H, H), x (T + 1, B, H), and ∂loss_T/∂h_T (B, H), each row of length 1."""

    weight_ih: Array
    orthogonal: Array
    x: Array
    dh: Array


def measure_reach(scales: Sequence[float], sizes: ReachSettings) -> Iterator[Reach]:
    """Scale by scale: the three RNNs, then h, c and the forget gates of the LSTM.

    All cells and scales have the same draws, so that nothing else differs. Raises ConfigError for numbers that
    cannot be computed with.
    """
    check_settings(scales, sizes)
    problem = draw_problem(sizes)
    for scale in scales:
        for activation in RNNS:
            yield rnn_reach(activation, scale, problem)
        yield from lstm_reach(scale, problem, sizes.forget_bias)


def draw_problem(sizes: ReachSettings) -> ReachProblem:
    """From the seed: inputs N(0, 1), input weights N(0, 1/H), so that gates see N(0, 1) of the input."""
    rng = np.random.default_rng(sizes.seed)
    hidden, batch = sizes.hidden_size, sizes.batch
    dh = rng.normal(size=(batch, hidden))
    return ReachProblem(
        rng.normal(0, 1 / math.sqrt(hidden), (4 * hidden, hidden)),
        np.stack([orthogonal(rng, hidden) for _ in range(4)]),
        # one step more than distances: the state at distance T is then that of a step too
        rng.normal(size=(sizes.steps + 1, batch, hidden)),
        dh / np.linalg.norm(dh, axis=1, keepdims=True),
    )


def orthogonal(rng: np.random.Generator, size: int) -> Array:
    """(H, H), uniformly among all orthogonal matrices: QR with the signs of R taken away (Mezzadri 2007)."""
    q, r = np.linalg.qr(rng.normal(size=(size, size)))
    return np.asarray(q * np.where(np.diag(r) < 0, -1.0, 1.0))


@np.errstate(over="ignore", invalid="ignore")
def rnn_reach(activation: str, scale: float, problem: ReachProblem) -> Reach:
    """h' = φ(W x + U h): forwards over all steps, then back from the last."""
    hidden = problem.dh.shape[1]
    weight_hh = scale * problem.orthogonal[0]
    params = RNNParameters(problem.weight_ih[:hidden], weight_hh, np.zeros(hidden))
    h, caches = np.zeros_like(problem.dh), []
    for x in problem.x:
        h, cache = rnn.step_forward(params, x, h, activation)
        caches.append(cache)
    dh, norms = problem.dh, [lengths(problem.dh)]
    for cache in reversed(caches[1:]):
        _, _, dh = rnn.step_backward(params, cache, dh)
        norms.append(lengths(dh))
    if not np.isfinite(h).all():  # a state that no number holds has no slope
        norms = [np.full_like(row, np.nan) for row in norms]
    factor = ACTIVATIONS[activation].slope_bound * scale
    bound = np.power(factor, np.arange(len(norms)))
    return Reach(activation, "h", scale, np.stack(norms), bound)


@np.errstate(over="ignore", invalid="ignore")
def lstm_reach(scale: float, problem: ReachProblem, forget_bias: float) -> Iterator[Reach]:
    """The gradient by h; by c, all paths together; and by c through the forget gates alone."""
    hidden = problem.dh.shape[1]
    bias = np.repeat([0.0, forget_bias, 0.0, 0.0], hidden)
    params = LSTMParameters(problem.weight_ih, scale * problem.orthogonal.reshape(-1, hidden), bias)
    state, caches = lstm.zero_state(params, len(problem.dh)), []
    for x in problem.x:
        state, cache = lstm.step_forward(params, x, state)
        caches.append(cache)
    dstate = LSTMState(problem.dh, np.zeros_like(problem.dh))
    direct = cell_gradient(caches[-1], dstate)
    norms = []
    for cache in reversed(caches):
        norms.append(np.stack([lengths(v) for v in (dstate.h, cell_gradient(cache, dstate), direct)]))
        _, f, _, _ = lstm.split(cache.gates)
        direct = direct * f
        _, _, dstate = lstm.step_backward(params, cache, dstate)
    for of, rows in zip(("h", "c", "forget gates"), np.stack(norms, axis=1), strict=True):
        yield Reach("lstm", of, scale, rows)


def cell_gradient(cache: lstm.StepCache, dstate: LSTMState) -> Array:
    """∂loss/∂c' of a step, from the gradient by its state: what comes from later, and through h' = o tanh(c')."""
    _, _, _, o = lstm.split(cache.gates)
    return np.asarray(dstate.c + dstate.h * o * (1 - cache.tanh_c**2))


def lengths(rows: Array) -> Array:
    """‖v‖ of each row, (B, H) -> (B,): no square over- or underflows, and no number means too large for one."""
    greatest = np.abs(rows).max(axis=1)
    divisor = np.where(np.isfinite(greatest) & (greatest > 0), greatest, 1)[:, None]
    norms = divisor[:, 0] * np.linalg.norm(rows / divisor, axis=1)
    return np.where(np.isfinite(norms), norms, np.inf)


def check_settings(scales: Sequence[float], sizes: ReachSettings) -> None:
    """Raises ConfigError for what cannot be, or would take very long or more memory than there may be."""
    check_counts(sizes, "hidden_size", "steps", "batch")
    check_numbers(-LARGEST, forget_bias=sizes.forget_bias)
    if not 0 < len(scales) <= MOST_SCALES:
        raise ConfigError(f"give between one and {MOST_SCALES} scales, not {len(scales)}")
    for scale in scales:
        check_numbers(0, scale=scale)
    cells, squares = sizes.steps * sizes.batch * sizes.hidden_size, sizes.hidden_size**2
    # an LSTM step keeps input, state, gates and tanh(c'), about twelve numbers a unit, and some objects; seven
    # matrices (three RNNs, four gates) are each used twice forwards and four times backwards, at 5e9 a second
    check_cost(
        numbers=12 * cells + 24 * squares + 500 * sizes.steps,
        seconds=len(scales) * sizes.steps * (1e-3 + 42 * sizes.batch * squares / 5e9),
    )
