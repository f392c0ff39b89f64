"""How weights begin, by name."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from poetgen.model.lstm import LSTMCell


def uniform(weight: Tensor) -> None:
    """U(-k, k) with k = 1/√columns: torch's own default for recurrent and linear layers."""
    k = 1 / math.sqrt(weight.shape[-1])
    nn.init.uniform_(weight, -k, k)


def normal(weight: Tensor) -> None:
    """N(0, 1/columns), so that sums over columns keep their variance (LeCun et al. 1998)."""
    nn.init.normal_(weight, 0, 1 / math.sqrt(weight.shape[-1]))


def xavier(weight: Tensor) -> None:
    """Glorot & Bengio 2010, equation 16: U(-k, k) with k = √(6 / (rows + columns)); gates one by one."""
    for block in gate_blocks(weight):
        nn.init.xavier_uniform_(block)


def orthogonal(weight: Tensor) -> None:
    """Saxe, McClelland & Ganguli 2014: rows or columns orthonormal; gates one by one."""
    for block in gate_blocks(weight):
        nn.init.orthogonal_(block)


def zeros(weight: Tensor) -> None:
    """All zero: the lesson of what fails, since no gradient but the output bias's is then other than zero."""
    nn.init.zeros_(weight)


RULES: dict[str, Callable[[Tensor], None]] = {
    "uniform": uniform,
    "normal": normal,
    "xavier": xavier,
    "orthogonal": orthogonal,
    "zeros": zeros,
}


def gate_blocks(weight: Tensor) -> tuple[Tensor, ...]:
    """The four (H, ·) blocks of a gate matrix, or the matrix itself when it is none."""
    return weight.chunk(4) if getattr(weight, "is_gates", False) else (weight,)


@torch.no_grad()
def initialize(model: nn.Module, rule: str, *, forget_bias: float) -> None:
    """Give every matrix of `model` its first values by `rule`; biases 0, the forget gates' `forget_bias`.

    A forget gate that begins open lets early gradients survive (Gers et al. 2000; Jozefowicz et al. 2015).
    """
    for parameter in model.parameters():
        if parameter.dim() == 2:
            RULES[rule](parameter)
        else:
            nn.init.zeros_(parameter)
    for module in model.modules():
        if isinstance(module, LSTMCell) and rule != "zeros":
            module.bias.chunk(4)[1].fill_(forget_bias)
