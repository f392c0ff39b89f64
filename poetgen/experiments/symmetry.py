"""Why weights must not begin equal: how many hidden units are distinct, and which parameters ever move.

The language model by hand learns a small task in float64 by plain gradient descent. Begun at zero, only the
output bias moves: h = 0 and W_out = 0 kill every other gradient. Begun at any equal constant, the gradient into h,
Σ_v (p_v - y_v) w, is zero at the first step, since probabilities and targets both sum to one; then all move, but
units that began equal get equal gradients, and the layer stays one unit, drawn H times.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.byhand import language_model
from poetgen.byhand.language_model import Parameters
from poetgen.byhand.lstm import GATES, SYMBOLS
from poetgen.byhand.optimizers import SGD
from poetgen.config import INITIALIZATIONS, ModelConfig
from poetgen.errors import ConfigError, TrainingError
from poetgen.experiments.limits import LARGEST, check_cost, check_counts, check_numbers

Array = npt.NDArray[Any]

VOCABULARY, PERIOD = 12, 3  # the task: a word of 3 symbols out of 12, repeated to the end
SAME = 1e-9  # units whose activations differ by less, everywhere, are one
STILL = 1e-15  # changes of a parameter below this many learning rates are rounding: it has not moved

OnStep = Callable[[int], None]


@dataclass(frozen=True)
class SymmetryTask:
    """What is learned, and how: B sequences of T characters, E = H units, the first weights from `seed`."""

    hidden_size: int = 16
    steps: int = 12
    batch: int = 16
    forget_bias: float = 1.0
    tied: bool = False
    learning_rate: float = 1.0
    after: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Stage:
    """A model `after` so many steps, and by how much each parameter changed, the number of it that changed most.

    activations (H, B, T) are what units did on probe sequences, `apart` the greatest difference of any two there.
    """

    after: int
    distinct_units: int
    apart: float
    activations: Array
    changes: dict[str, float]
    moved: list[str]


@dataclass(frozen=True)
class Learned:
    """What became of an initialization: losses (K + 1,) after 0 ... K steps, in nats a token, and its stages."""

    init: str
    losses: Array
    stages: tuple[Stage, ...]


@np.errstate(over="ignore", invalid="ignore")  # the loss is asked whether it is a number
def learn(init: str, task: SymmetryTask, on_step: OnStep | None = None) -> Learned:
    """Descend for `task.after` steps, and look at the model after the first and after the last.

    Raises ConfigError for a setting that cannot be, TrainingError when the loss is no longer a number.
    """
    check_task(init, task)
    arrays = first_weights(init, task)
    first = {name: array.copy() for name, array in arrays.items()}
    params = language_model.read_parameters(arrays, np.float64)  # names for the same memory
    optimizer = SGD(arrays, lr=task.learning_rate)
    words, losses, stages = sequences(task, 0), [], []
    for step in range(task.after + 1):
        loss, grads = mean_loss(params, words)
        if not np.isfinite(loss):
            raise TrainingError(
                f"{init}: the loss is not a number after {step} steps; lower the learning rate"
            )
        losses.append(loss)
        if step in (1, task.after):
            stages.append(stage(step, params, task, changes(arrays, first)))
        if step < task.after:
            optimizer.step(language_model.named_parameters(grads))
        if on_step is not None:
            on_step(step)
    return Learned(init, np.array(losses), tuple(stages))


def stage(after: int, params: Parameters, task: SymmetryTask, change: dict[str, float]) -> Stage:
    """What is to be told of a model now."""
    ids = sequences(task, 1)[:-1]
    _, _, cache = language_model.forward(params, ids, language_model.init_state(params, task.batch))
    units = np.ascontiguousarray(cache.y.transpose(2, 1, 0))
    flat = units.reshape(len(units), -1)
    moved = [name for name, value in change.items() if value > STILL * task.learning_rate]
    return Stage(after, distinct(flat), float(np.ptp(flat, axis=0).max()), units, change, moved)


def first_weights(init: str, task: SymmetryTask) -> dict[str, Array]:
    """Those of the package's own model, in float64; the global random state is left as it was."""
    import torch

    from poetgen.model.language_model import build_model

    config = ModelConfig(
        embedding_size=task.hidden_size,
        hidden_size=task.hidden_size,
        tied=task.tied,
        initialization=init,
        forget_bias=task.forget_bias,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(task.seed)
        model = build_model(VOCABULARY, config)
    return {name: value.double().numpy().copy() for name, value in model.state_dict().items()}


def sequences(task: SymmetryTask, number: int) -> Array:
    """(T + 1, B): each a word of its own, drawn and then repeated, so that only memory predicts it."""
    rng = np.random.default_rng([task.seed, number])
    words = rng.integers(VOCABULARY, size=(PERIOD, task.batch))
    return words[np.arange(task.steps + 1) % PERIOD]


def mean_loss(params: Parameters, words: Array) -> tuple[float, Parameters]:
    """The mean natural-log loss of a token, and its gradient."""
    ids, targets = words[:-1], words[1:]
    lengths, state = np.full(ids.shape[1], len(ids)), language_model.init_state(params, ids.shape[1])
    total, grads, _ = language_model.gradients(
        params, ids, targets, lengths=lengths, state=state, scale=1 / ids.size
    )
    return total / ids.size, grads


def distinct(units: Array) -> int:
    """How many units do something that none before them does, to within `SAME`: (H, N) -> a count."""
    found: list[int] = []
    for k, unit in enumerate(units):
        if not found or np.abs(units[found] - unit).max(axis=1).min() >= SAME:
            found.append(k)
    return len(found)


def changes(arrays: dict[str, Array], first: dict[str, Array]) -> dict[str, float]:
    """The greatest change of any number of each parameter, those of the LSTM gate by gate."""
    found = {}
    for name, array in arrays.items():
        difference = np.abs(array - first[name])
        for label, part in parts(name, difference):
            found[label] = float(part.max())
    return found


LABELS = {
    "embedding.weight": "embedding",
    "projection.weight": "projection",
    "output.weight": "output weight",
    "output.bias": "output bias",
}


def parts(name: str, array: Array) -> Iterator[tuple[str, Array]]:
    """A parameter under the name it has in the equations; the LSTM's as W_i W_f W_g W_o and so on."""
    if name in LABELS:
        yield LABELS[name], array
        return
    symbol = SYMBOLS[name.rpartition(".")[2]]
    for gate, part in zip(GATES, np.split(array, 4), strict=True):
        yield f"{symbol}_{gate}", part


def check_task(init: str, task: SymmetryTask) -> None:
    """Raises ConfigError for what cannot be, or would take very long or more memory than there may be."""
    if init not in INITIALIZATIONS:
        raise ConfigError(f"no initialization {init!r}; choose one of: {', '.join(INITIALIZATIONS)}")
    check_counts(task, "hidden_size", "steps", "batch", "after")
    check_numbers(0, learning_rate=task.learning_rate)
    check_numbers(-LARGEST, forget_bias=task.forget_bias)
    tokens, squares = task.steps * task.batch, task.hidden_size**2
    # eight matrices of H × H, each used forwards and twice backwards, at 5e9 multiplications a second
    check_cost(
        numbers=tokens * (16 * task.hidden_size + 4 * VOCABULARY) + 50 * squares,
        seconds=task.after * (task.steps * 1.5e-4 + 24 * tokens * squares / 5e9),
    )
