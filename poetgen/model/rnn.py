"""The simple recurrent layer of Elman (1990): what the LSTM is measured against."""

import torch
from torch import Tensor, nn

from poetgen.model.lstm import at_end, locked_dropout

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


class RNN(nn.Module):
    """Simple cells over time, one layer above the other, called as poetgen.model.lstm.LSTM is; a state is h alone.

    `(x (T, B, E), states, lengths) -> (y (T, B, H), states)`: y is zero past each poem's end, and the states, one
    (B, H) for each layer, are those at each poem's end. With `index` (T, B), x is (N, E), as for the LSTM.
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, num_layers: int = 1, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.hidden_size, self.dropout = hidden_size, dropout
        sizes = [input_size] + [hidden_size] * (num_layers - 1)
        self.cells = nn.ModuleList(RNNCell(size, hidden_size) for size in sizes)

    def forward(
        self,
        x: Tensor,
        states: list[Tensor] | None = None,
        lengths: Tensor | None = None,
        *,
        index: Tensor | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        """See the class. Raises ValueError when there is not one state for each layer."""
        if states is None:
            batch = (x if index is None else index).shape[1]
            states = [x.new_zeros(batch, self.hidden_size)] * len(self.cells)
        final = []
        y = x
        for cell, state in zip(self.cells, states, strict=True):
            assert isinstance(cell, RNNCell)
            y, state = run_layer(cell, y, state=state, lengths=lengths, index=index)
            y, index = locked_dropout(y, self.dropout, self.training), None
            final.append(state)
        return y, final


def run_layer(
    cell: RNNCell, x: Tensor, *, state: Tensor, lengths: Tensor | None, index: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """One layer over all steps: (T, B, E), (B, H) -> (T, B, H), (B, H)."""
    every = cell.project(x) if index is None else cell.project(x)[index]
    hidden, last = [], state
    for projected in every.unbind(0):
        last = cell.step(projected, last)
        hidden.append(last)
    y = torch.stack(hidden)
    if lengths is None:
        return y, last
    steps = torch.arange(len(hidden), device=x.device)
    y_real = torch.where((steps[:, None] < lengths)[:, :, None], y, y.new_zeros(()))
    return y_real, at_end(torch.cat([state[None], y]), lengths)
