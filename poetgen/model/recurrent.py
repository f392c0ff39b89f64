"""Recurrent layers over time, one above the other, whatever their cell; T steps, B poems, tensors time first."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from poetgen.model import lstm_backward
from poetgen.model.lstm import LSTMCell
from poetgen.model.rnn import RNNCell

State = tuple[Tensor, ...]  # of a layer: (h, c), or (h,) alone; each (B, H)
Cell = LSTMCell | RNNCell
CELLS: dict[str, type[LSTMCell] | type[RNNCell]] = {"lstm": LSTMCell, "rnn": RNNCell}


class RecurrentStack(nn.Module):
    """Cells over time, one layer above the other, with locked dropout on every layer's outputs.

    Locked dropout (Gal & Ghahramani 2016) zeroes the same units of a poem at every step. `(x (T, B, E), states,
    lengths) -> (y (T, B, H), states)`: y is zero past each poem's end, and states, one for each layer, are those
    at each poem's end. `lengths` (B,) may hold 0, which leaves that poem's state as it was. With `index` (T, B),
    x is (N, E), and its row index[t, b] is what poem b reads at step t.

    Weight drop (DropConnect, Wan et al. 2013; on U as Merity, Keskar & Socher 2018 do) zeroes single weights of
    every layer's U, the same at all steps, and scales up the rest.

    `backward` says what computes an LSTM's gradients: "autograd", or "handwritten", in
    poetgen.model.lstm_backward; they are equal. An rnn is always left to autograd.
    """

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        *,
        num_layers: int = 1,
        dropout: float = 0.0,
        weight_drop: float = 0.0,
        backward: str = "handwritten",
    ) -> None:
        super().__init__()
        self.dropout, self.weight_drop = dropout, weight_drop
        self.by_hand = cell == "lstm" and backward == "handwritten"
        sizes = [input_size] + [hidden_size] * (num_layers - 1)
        self.cells = nn.ModuleList(CELLS[cell](size, hidden_size) for size in sizes)

    def forward(
        self,
        x: Tensor,
        states: Sequence[State] | None = None,
        lengths: Tensor | None = None,
        *,
        index: Tensor | None = None,
    ) -> tuple[Tensor, list[State]]:
        """Outputs (T, B, H) and last states. Raises ValueError when there is not one state for each layer."""
        run_layer: Callable[..., tuple[Tensor, State]] = lstm_backward.run_layer if self.by_hand else unroll
        if states is None:
            batch = (x if index is None else index).shape[1]
            states = [cell.zero_state(batch, x) for cell in self.cells]  # type: ignore[operator]
        final = []
        y = x
        for cell, state in zip(self.cells, states, strict=True):
            weight_hh = F.dropout(cell.weight_hh, self.weight_drop, self.training)  # type: ignore[arg-type]
            y, state = run_layer(cell, y, state=state, lengths=lengths, index=index, weight_hh=weight_hh)
            y, index = locked_dropout(y, self.dropout, self.training), None
            final.append(state)
        return y, final


def unroll(
    cell: Cell,
    x: Tensor,
    *,
    state: State,
    lengths: Tensor | None,
    index: Tensor | None = None,
    weight_hh: Tensor | None = None,
) -> tuple[Tensor, State]:
    """One layer over all steps, by autograd: (T, B, E), a state -> (T, B, H), the state at each poem's end.

    `weight_hh` is taken for the cell's U; `index` as for the stack.
    """
    states = [state]
    projected = cell.project(x) if index is None else cell.project(x)[index]
    for projected_t in projected.unbind(0):
        states.append(cell.step(projected_t, states[-1], weight_hh))  # type: ignore[arg-type]
    over_time = [torch.stack(part) for part in zip(*states, strict=True)]  # each (T + 1, B, H)
    y = over_time[0][1:]
    if lengths is None:
        return y, states[-1]
    steps = torch.arange(len(y), device=y.device)
    real = (steps[:, None] < lengths)[:, :, None]
    return torch.where(real, y, y.new_zeros(())), tuple(at_end(part, lengths) for part in over_time)


def at_end(values: Tensor, lengths: Tensor) -> Tensor:
    """From (T + 1, B, H), the state before the first step being number 0, each poem's last: (B, H)."""
    return values[lengths, torch.arange(values.shape[1], device=values.device)]


def locked_dropout(y: Tensor, share: float, training: bool) -> Tensor:
    """Zero the same `share` of units at every step, and scale up the rest: (T, B, H) -> (T, B, H)."""
    if not training or share == 0:
        return y
    keep = torch.bernoulli(torch.full(y.shape[1:], 1 - share, device=y.device, dtype=y.dtype))
    return y * (keep / (1 - share))
