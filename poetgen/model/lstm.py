"""The LSTM written out: one step as six equations.

Hochreiter & Schmidhuber 1997, with the forget gate of Gers, Schmidhuber & Cummins 2000. No peepholes.
B poems, E input width, H hidden units.
"""

import torch
from torch import Tensor, nn

State = tuple[Tensor, Tensor]  # h and c, each (B, H)


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

    def zero_state(self, batch: int, like: Tensor) -> State:
        """The state before the first step, of `like`'s device and type."""
        zeros = like.new_zeros(batch, self.hidden_size)
        return zeros, zeros

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
