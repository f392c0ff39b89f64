"""The simple recurrent cell of Elman (1990): what the LSTM is measured against."""

import torch
from torch import Tensor, nn

ACTIVATIONS = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu}


class RNNCell(nn.Module):
    """One step of a simple recurrent layer: h' = φ(W x + U h + b), φ tanh, sigmoid or ReLU.

    W is `weight_ih` (H, E), U is `weight_hh` (H, H), b is `bias` (H).
    """

    def __init__(self, input_size: int, hidden_size: int, *, activation: str = "tanh") -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation]
        self.weight_ih = nn.Parameter(torch.zeros(hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.zeros(hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.zeros(hidden_size))

    def project(self, x: Tensor) -> Tensor:
        """The part that does not depend on the state: (..., E) -> (..., H)."""
        return torch.matmul(x, self.weight_ih.t()) + self.bias

    def step(self, projected: Tensor, h: Tensor) -> Tensor:
        """Advance one character: (B, H), (B, H) -> (B, H)."""
        return self.activation(torch.addmm(projected, h, self.weight_hh.t()))

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        """`step(project(x), h)`: (B, E), (B, H) -> (B, H)."""
        return self.step(self.project(x), h)
