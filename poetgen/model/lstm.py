"""The LSTM written out: one step as six equations, and the step repeated over time.

Hochreiter & Schmidhuber 1997, with the forget gate of Gers, Schmidhuber & Cummins 2000. No peepholes.
T steps, B poems, E input width, H hidden units; tensors are time first.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from poetgen.model import bptt

State = tuple[Tensor, Tensor]
States = list[State]


class LSTMCell(nn.Module):
    """One step of an LSTM.

        i = σ(W_i x + U_i h + b_i)      input gate
        f = σ(W_f x + U_f h + b_f)      forget gate
        g = tanh(W_g x + U_g h + b_g)   candidate
        o = σ(W_o x + U_o h + b_o)      output gate
        c' = f ⊙ c + i ⊙ g              cell state
        h' = o ⊙ tanh(c')               hidden state

    The four W are rows of `weight_ih` (4H, E), the four U of `weight_hh` (4H, H), the four b of `bias` (4H),
    in the order i, f, g, o.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        self.weight_ih = nn.Parameter(torch.zeros(4 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.zeros(4 * hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))

    def project(self, x: Tensor) -> Tensor:
        """The part of the gates that does not depend on the state: (..., E) -> (..., 4H)."""
        return torch.matmul(x, self.weight_ih.t()) + self.bias

    def step(self, projected: Tensor, state: State, weight_hh: Tensor | None = None) -> State:
        """Advance one character, with U, or with another in its place. (B, 4H), two (B, H) -> two (B, H)."""
        h, c = state
        u = self.weight_hh if weight_hh is None else weight_hh
        gates = torch.addmm(projected, h, u.t())
        i, f, g, o = gates.chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, c

    def forward(self, x: Tensor, state: State) -> State:
        """`step(project(x), state)`. (B, E), two (B, H) -> two (B, H)."""
        return self.step(self.project(x), state)


class LSTM(nn.Module):
    """LSTM cells over time, one layer above the other, with locked dropout on every layer's outputs.

    Locked dropout (Gal & Ghahramani 2016) zeroes the same units of a poem at every step. `(x (T, B, E), states,
    lengths) -> (y (T, B, H), states)`: y is zero past each poem's end, and states, one (h, c) for each layer,
    are those at each poem's end. `lengths` (B,) may hold 0, which leaves that poem's state as it was. With
    `index` (T, B), x is (N, E), and its row index[t, b] is what poem b reads at step t.

    Weight drop (DropConnect, Wan et al. 2013; on U as Merity, Keskar & Socher 2018 do) zeroes single weights of
    every layer's U, the same at all steps, and scales up the rest.

    `backward` says who derives: "autograd", or "handwritten", in poetgen.model.bptt; they are equal.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        num_layers: int = 1,
        dropout: float = 0.0,
        weight_drop: float = 0.0,
        backward: str = "handwritten",
    ) -> None:
        super().__init__()
        self.hidden_size, self.dropout, self.backward = hidden_size, dropout, backward
        self.weight_drop = weight_drop
        sizes = [input_size] + [hidden_size] * (num_layers - 1)
        self.cells = nn.ModuleList(LSTMCell(size, hidden_size) for size in sizes)

    def initial_states(self, batch: int, like: Tensor) -> States:
        """Zero states for every layer, of `like`'s device and type."""
        zeros = like.new_zeros(batch, self.hidden_size)
        return [(zeros, zeros) for _ in self.cells]

    def forward(
        self,
        x: Tensor,
        states: States | None = None,
        lengths: Tensor | None = None,
        *,
        index: Tensor | None = None,
    ) -> tuple[Tensor, States]:
        """See the class. Raises ValueError when there is not one state for each layer."""
        if states is None:
            states = self.initial_states((x if index is None else index).shape[1], x)
        final = []
        y = x
        for cell, state in zip(self.cells, states, strict=True):
            assert isinstance(cell, LSTMCell)
            y, state = self.run_layer(cell, y, state=state, lengths=lengths, index=index)
            y, index = locked_dropout(y, self.dropout, self.training), None
            final.append(state)
        return y, final

    def run_layer(
        self, cell: LSTMCell, x: Tensor, *, state: State, lengths: Tensor | None, index: Tensor | None
    ) -> tuple[Tensor, State]:
        """One layer over all steps, differentiated in whichever way."""
        weight_hh = F.dropout(cell.weight_hh, self.weight_drop, self.training)
        if self.backward == "autograd":
            return run_layer(cell, x, state=state, lengths=lengths, index=index, weight_hh=weight_hh)
        weights = cell.weight_ih, weight_hh, cell.bias
        return bptt.run_layer(weights, x, state=state, lengths=lengths, index=index)


def run_layer(
    cell: LSTMCell,
    x: Tensor,
    *,
    state: State,
    lengths: Tensor | None,
    index: Tensor | None = None,
    weight_hh: Tensor | None = None,
) -> tuple[Tensor, State]:
    """One layer over all steps, by autograd: (T, B, E), two (B, H) -> (T, B, H), two (B, H)."""
    hidden, memory = [], []
    last = state
    every = cell.project(x) if index is None else cell.project(x)[index]
    for projected in every.unbind(0):
        last = cell.step(projected, last, weight_hh)
        hidden.append(last[0])
        memory.append(last[1])
    y = torch.stack(hidden)
    if lengths is None:
        return y, last
    steps = torch.arange(len(hidden), device=x.device)
    y_real = torch.where((steps[:, None] < lengths)[:, :, None], y, y.new_zeros(()))
    h_end = at_end(torch.cat([state[0][None], y]), lengths)
    c_end = at_end(torch.stack([state[1], *memory]), lengths)
    return y_real, (h_end, c_end)


def at_end(values: Tensor, lengths: Tensor) -> Tensor:
    """From (T + 1, B, H), the state before the first step being number 0, each poem's last: (B, H)."""
    return values[lengths, torch.arange(values.shape[1], device=values.device)]


def locked_dropout(y: Tensor, share: float, training: bool) -> Tensor:
    """Zero the same `share` of units at every step, and scale up the rest: (T, B, H) -> (T, B, H)."""
    if not training or share == 0:
        return y
    keep = torch.bernoulli(torch.full(y.shape[1:], 1 - share, device=y.device, dtype=y.dtype))
    return y * (keep / (1 - share))
