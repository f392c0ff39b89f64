"""The LSTM layer with its backward pass written by hand: what autograd makes of poetgen.model.lstm, faster.

The mathematics is that of poetgen.byhand.lstm, line by line (docs/derivation.md). What makes it fast:

- inputs that repeat, as characters do, are projected once each and looked up when their step comes;
- gates are activated in place; tanh(a) = 2 σ(2a) - 1, so that with the rows of g doubled beforehand one σ serves
  all four gates, and the cell is kept doubled (c2) for the same reason;
- poems stand longest first, so that a step computes only those that have not ended;
- the walk back takes a block of steps at a time: their derivatives are found at once, their gradients by the
  gates go into the weights' by one product, and their memory is used again.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from poetgen.model.lstm import LSTMCell

# numbers of one gate in a block: on a CPU enough for efficient products, few enough to be used again from its
# caches; on a GPU, where starting an operation costs more than doing it, many
BLOCK = {"cpu": 2**18, "cuda": 2**25}
ROWS = 1024  # of a product that is added to U's gradient: at H = 1024 the adding costs as much as the product


class PackedLayout(NamedTuple):
    """How a batch is walked through.

    `rows` (T, B) says which row of x is read where, None when x is (T, B, E); `lengths` (B,) fall;
    `batch_sizes` says how many poems have not ended at step 0, 1, ...; products are done in `dtype`.
    """

    rows: Tensor | None
    lengths: Tensor
    batch_sizes: list[int]
    dtype: torch.dtype

    @classmethod
    def of(cls, steps: int, lengths: Tensor, *, rows: Tensor | None, dtype: torch.dtype) -> "PackedLayout":
        """The walk over poems of these falling lengths."""
        running = torch.arange(steps, device=lengths.device)[:, None] < lengths
        return cls(rows, lengths, running.sum(dim=1).tolist(), dtype)


class BPTT(torch.autograd.Function):
    """`(x, weight_ih, weight_hh, bias, h, c, layout) -> y (T, B, H), and h, c (B, H) at each poem's end`."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias: Tensor,
        h: Tensor,
        c: Tensor,
        layout: PackedLayout,
    ) -> tuple[Tensor, Tensor, Tensor]:
        steps, (batch, hidden), minus_one = len(layout.batch_sizes), h.shape, h.new_tensor(-1.0)
        w, u, b = map(double_candidate, (weight_ih, weight_hh, bias))
        u = u.t().to(layout.dtype)
        gates = gather_rows(matmul(x, w.t(), layout.dtype).add_(b), layout.rows)
        hs, c2 = h.new_empty(steps + 1, batch, hidden), h.new_empty(steps + 1, batch, hidden)
        tanh_c = h.new_empty(steps, batch, hidden)
        hs[0], c2[0] = h, 2 * c
        views = (gates, *gates.chunk(4, dim=2), hs[:-1], hs[1:], c2[:-1], c2[1:], tanh_c)
        for a, i, f, g, o, h_before, h_after, c_before, c_after, th in unbind_steps(
            views, layout.batch_sizes
        ):
            addmm(a, h_before, u, out=a).sigmoid_()
            torch.add(minus_one, g, alpha=2, out=g)
            torch.mul(f, c_before, out=c_after).addcmul_(i, g, value=2)
            torch.add(minus_one, torch.sigmoid(c_after, out=th), alpha=2, out=th)
            torch.mul(o, th, out=h_after)
        zero_padding(hs[1:], layout.batch_sizes)
        ctx.layout = layout
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x, weight_ih, weight_hh, gates, hs, c2, tanh_c)
        poem = torch.arange(batch, device=h.device)
        return hs[1:], hs[layout.lengths, poem], c2[layout.lengths, poem] / 2

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, dy: Tensor | None, dh_end: Tensor | None, dc_end: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        x, weight_ih, weight_hh, gates, hs, c2, tanh_c = ctx.saved_tensors
        layout: PackedLayout = ctx.layout
        steps, batch, hidden = tanh_c.shape
        dy = add_end_gradients(dy, dh_end, layout.lengths, like=tanh_c)
        dh, dc = dy[-1].clone(), torch.zeros_like(dy[0]) if dc_end is None else dc_end.clone()
        before = [torch.zeros_like(dh), *dy.unbind(0)]  # what comes from above to the step before
        weights = WeightGradients(x, weight_ih, weight_hh, layout)
        u = weight_hh.to(layout.dtype)
        size = min(steps, max(BLOCK[gates.device.type] // (batch * hidden), ROWS // batch, 1))
        buffer = gates.new_empty(size, batch, 4 * hidden)
        for first in reversed(range(0, steps, size)):
            block = slice(first, min(steps, first + size))
            batch_sizes = layout.batch_sizes[block]
            da, f = buffer[: len(batch_sizes)], gates[block].chunk(4, dim=2)[1]
            by_c, by_o, dh_to_dc = gate_derivatives(gates[block], c2[block], tanh_c[block], out=da)
            zero_padding(da, batch_sizes)
            views = [*unbind_steps((by_c, by_o, dh_to_dc, f), batch_sizes)]
            for k in reversed(range(len(batch_sizes))):
                by_c_t, by_o_t, dh_to_dc_t, f_t = views[k]
                dh_t, dc_t = dh[: batch_sizes[k]], dc[: batch_sizes[k]]
                dc_t.addcmul_(dh_t, dh_to_dc_t)
                by_c_t.mul_(dc_t[:, None])
                by_o_t.mul_(dh_t)
                dc_t.mul_(f_t)
                addmm(before[first + k], da[k], u, out=dh)
            weights.add(block, da, hs[block])
        if dh_end is not None:
            dh[layout.lengths == 0] += dh_end[layout.lengths == 0]
        return (*weights.totals(), dh, dc, None)


class WeightGradients:
    """∂x, ∂W, ∂U, ∂b, gathered from the gradients by the gates of one block of steps after another."""

    def __init__(self, x: Tensor, weight_ih: Tensor, weight_hh: Tensor, layout: PackedLayout) -> None:
        self.x, self.weight_ih, self.layout = x, weight_ih, layout
        self.du = torch.zeros_like(weight_hh)
        self.dprojected = weight_ih.new_zeros(*x.shape[:-1], len(weight_ih))

    def add(self, block: slice, da: Tensor, h_before: Tensor) -> None:
        """Take in da (S, B, 4H) of a block's steps and the states before them (S, B, H)."""
        rows = da.flatten(0, 1)
        dtype = self.layout.dtype
        addmm(self.du, rows.t().to(dtype), h_before.flatten(0, 1).to(dtype), out=self.du)
        if self.layout.rows is None:
            self.dprojected[block] = da
        else:  # a row of x that was read at several places gets the sum of their gradients
            self.dprojected.index_add_(0, self.layout.rows[block].flatten(), rows)

    def totals(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """∂x, ∂W, ∂U, ∂b."""
        rows, dtype = self.dprojected.flatten(0, -2), self.layout.dtype
        dx = matmul(rows, self.weight_ih, dtype).view_as(self.x)
        return dx, matmul(rows.t(), self.x.flatten(0, -2), dtype), self.du, rows.sum(0)


def gate_derivatives(
    gates: Tensor, c_before: Tensor, tanh_c: Tensor, *, out: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """What turns ∂c' and ∂h' into ∂a, for some steps (S, B, 4H) at once; `c_before` is 2c.

    Written to `out`: ∂c'/∂a = g i (1 - i), c f (1 - f), i (1 - g²), as (S, B, 3, H), and ∂h'/∂a_o =
    tanh(c') o (1 - o). Given besides: ∂h'/∂c' = o (1 - tanh² c').
    """
    i, f, g, o = gates.chunk(4, dim=2)
    by_i, by_f, by_g, by_o = out.chunk(4, dim=2)
    torch.addcmul(i, i, i, value=-1, out=by_i).mul_(g)
    torch.addcmul(f, f, f, value=-1, out=by_f).mul_(c_before).mul_(0.5)
    torch.addcmul(i, i * g, g, value=-1, out=by_g)
    torch.addcmul(o, o, o, value=-1, out=by_o).mul_(tanh_c)
    return out.view(*out.shape[:2], 4, -1)[:, :, :3], by_o, torch.addcmul(o, o * tanh_c, tanh_c, value=-1)


def add_end_gradients(dy: Tensor | None, dh_end: Tensor | None, lengths: Tensor, *, like: Tensor) -> Tensor:
    """dy (T, B, H), the gradient of each poem's last h added where the poem ends."""
    dy = torch.zeros_like(like) if dy is None else dy
    if dh_end is None:
        return dy
    (read,) = (lengths > 0).nonzero(as_tuple=True)
    return dy.index_put((lengths[read] - 1, read), dh_end[read], accumulate=True)


def gather_rows(projected: Tensor, rows: Tensor | None) -> Tensor:
    """The projected inputs of every step and poem: (T, B, 4H)."""
    return projected if rows is None else projected.index_select(0, rows.flatten()).view(*rows.shape, -1)


def unbind_steps(values: Iterable[Tensor], batch_sizes: list[int]) -> Iterator[tuple[Tensor, ...]]:
    """For each step, those rows of (T, B, ...) whose poems have not ended; all are views."""
    values = tuple(values)
    batch = values[0].shape[1]
    for n, *rows in zip(batch_sizes, *(value.unbind(0) for value in values), strict=True):
        yield tuple(rows if n == batch else (row[:n] for row in rows))


def zero_padding(values: Tensor, batch_sizes: list[int]) -> None:
    """Zero the rows (T, B, ...) of poems past their end."""
    for t, n in enumerate(batch_sizes):
        if n < values.shape[1]:
            values[t, n:] = 0


def double_candidate(weight: Tensor) -> Tensor:
    """The rows of g, the third quarter, times 2."""
    doubled = weight.clone()
    doubled.chunk(4)[2].mul_(2)
    return doubled


def matmul(a: Tensor, b: Tensor, dtype: torch.dtype) -> Tensor:
    """a b, multiplied in `dtype`, given in a's own."""
    return (a.to(dtype) @ b.to(dtype)).to(a.dtype)


def addmm(base: Tensor, a: Tensor, b: Tensor, *, out: Tensor) -> Tensor:
    """base + a b, multiplied in b's type, written to `out`, which may be `base`."""
    if b.dtype == base.dtype:
        return torch.addmm(base, a, b, out=out)
    return torch.add(base, a.to(b.dtype) @ b, out=out)


def run_layer(
    cell: LSTMCell,
    x: Tensor,
    *,
    state: tuple[Tensor, Tensor],
    lengths: Tensor | None,
    index: Tensor | None,
    weight_hh: Tensor,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """One layer over all steps: (T, B, E), or rows (N, E) and index (T, B), two (B, H) -> (T, B, H), two (B, H).

    `weight_hh` is taken for the cell's U. Under autocast products are done in its type, all else in x's.
    """
    steps, batch = (x if index is None else index).shape[:2]
    if lengths is None:
        lengths = torch.full((batch,), steps, device=x.device)
    elif bool((lengths.diff() > 0).any()):
        order = lengths.argsort(descending=True, stable=True)
        x, index = (x[:, order], None) if index is None else (x, index[:, order])
        state = state[0][order], state[1][order]
        y, (h, c) = run_layer(cell, x, state=state, lengths=lengths[order], index=index, weight_hh=weight_hh)
        back = order.argsort()
        return y[:, back], (h[back], c[back])
    device, own = x.device.type, cell.bias.dtype
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else own
    with torch.autocast(device, enabled=False):
        layout = PackedLayout.of(steps, lengths, rows=index, dtype=dtype)
        weights = cell.weight_ih, weight_hh, cell.bias
        y, h, c = BPTT.apply(x.to(own), *weights, *state, layout)  # type: ignore[no-untyped-call]
    return y, (h, c)
