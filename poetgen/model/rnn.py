"""The simple recurrent layer of Elman (1990): what the LSTM is measured against."""

import torch
from torch import Tensor, nn

State = tuple[Tensor]  # h alone, (B, H)
ACTIVATIONS = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu}


class RNNCell(nn.Module):
    """One step of a simple recurrent layer: h' = φ(W x + U h + b), φ tanh, sigmoid or ReLU.

    W is `weight_ih` (H, E), U is `weight_hh` (H, H), b is `bias` (H).
    """

    def __init__(self, input_size: int, hidden_size: int, *, activation: str = "tanh") -> None:
        super().__init__()
        self.hidden_size, self.activation = hidden_size, ACTIVATIONS[activation]
        self.weight_ih = nn.Parameter(torch.zeros(hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.zeros(hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.zeros(hidden_size))

    def zero_state(self, batch: int, like: Tensor) -> State:
        """The state before the first step, of `like`'s device and type."""
        return (like.new_zeros(batch, self.hidden_size),)

    def project(self, x: Tensor) -> Tensor:
        """The part that does not depend on the state: (..., E) -> (..., H)."""
        return torch.matmul(x, self.weight_ih.t()) + self.bias

    def step(self, projected: Tensor, state: State, weight_hh: Tensor | None = None) -> State:
        """Advance one character, with U, or with another in its place: (B, H), (B, H) -> (B, H)."""
        (h,) = state
        u = self.weight_hh if weight_hh is None else weight_hh
        return (self.activation(torch.addmm(projected, h, u.t())),)

    def forward(self, x: Tensor, state: State) -> State:
        """`step(project(x), state)`: (B, E), (B, H) -> (B, H)."""
        return self.step(self.project(x), state)
