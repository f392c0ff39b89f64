"""Initialisations of weights, by name."""

import math
from collections.abc import Callable, Collection, Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from poetgen.model.lstm import LSTMCell

# Small enough that no gate saturates at any usual width (1,000 inputs of this size times it sum to 0.1), and
# large enough that from the second step on every parameter visibly moves.
CONSTANT = 0.01

Rows = Mapping[int, npt.NDArray[np.float32]]  # what some rows of an embedding begin with


def uniform(weight: Tensor) -> None:
    """U(-k, k) with k = 1/√columns, as torch begins nn.Linear; its nn.LSTM has k = 1/√H for all, biases too."""
    k = 1 / math.sqrt(weight.shape[-1])
    nn.init.uniform_(weight, -k, k)


def normal(weight: Tensor) -> None:
    """N(0, 1/columns), so that sums over columns keep their variance (LeCun et al. 1998)."""
    nn.init.normal_(weight, 0, 1 / math.sqrt(weight.shape[-1]))


def xavier(weight: Tensor) -> None:
    """Glorot & Bengio 2010, equation 16: U(-k, k) with k = √(6 / (rows + columns))."""
    nn.init.xavier_uniform_(weight)


def orthogonal(weight: Tensor) -> None:
    """Saxe, McClelland & Ganguli 2014: rows or columns orthonormal, whichever are fewer."""
    nn.init.orthogonal_(weight)


def zeros(weight: Tensor) -> None:
    """All zero: the lesson of what fails, since no gradient but the output bias's is then other than zero."""
    nn.init.zeros_(weight)


def constant(weight: Tensor) -> None:
    """All 0.01: the lesson that any equal number fails. The units of a layer get equal gradients, and stay one.

    At the first step only what reads the last layer moves, since Σ_v (p_v - y_v) w = 0 when all w are equal; then
    all moves, in step. docs/derivation.md has the proof, `poetgen gradients --init constant` shows it.
    """
    nn.init.constant_(weight, CONSTANT)


RULES: dict[str, Callable[[Tensor], None]] = {
    "uniform": uniform,
    "normal": normal,
    "xavier": xavier,
    "orthogonal": orthogonal,
    "zeros": zeros,
    "constant": constant,
}


EQUAL = ("zeros", "constant")  # rules that make all weights equal


@torch.no_grad()
def initialize(
    model: nn.Module, rule: str, *, forget_bias: float, looked_up: Collection[Tensor] = ()
) -> None:
    """Give every matrix of `model` its first values by `rule`, the four gates of a cell one by one.

    `looked_up` are tables of which a row is taken and nothing summed: what keeps the variance of sums does not
    apply, and unless all weights are to be equal they begin as N(0, 1), as torch's own do. (With rows √columns
    times smaller the gates see nothing at first, and training waits hundreds of steps until they have grown.)
    Biases begin at 0, the forget gates' at `forget_bias`: a forget gate that begins open lets early gradients
    survive (Gers et al. 2000; Jozefowicz et al. 2015).
    """
    tables = set() if rule in EQUAL else {id(table) for table in looked_up}
    cells = [module for module in model.modules() if isinstance(module, LSTMCell)]
    gates = {id(weight) for cell in cells for weight in (cell.weight_ih, cell.weight_hh)}
    for parameter in model.parameters():
        if parameter.dim() == 1:
            nn.init.zeros_(parameter)
            continue
        if id(parameter) in tables:
            nn.init.normal_(parameter)
            continue
        for block in parameter.chunk(4) if id(parameter) in gates else (parameter,):
            RULES[rule](block)
    if rule != "zeros":
        for cell in cells:
            cell.bias.chunk(4)[1].fill_(forget_bias)


@torch.no_grad()
def begin_embedding(embedding: nn.Embedding, rows: Rows) -> None:
    """Give some rows their first values; the others keep theirs, spread as widely as these."""
    spread = embedding.weight.std()
    if rows and spread > 0:
        embedding.weight.mul_(float(np.stack([*rows.values()]).std()) / spread)
    for place, row in rows.items():
        embedding.weight[place] = torch.from_numpy(row)
