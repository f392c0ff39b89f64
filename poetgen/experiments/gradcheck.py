"""The table of `poetgen gradcheck`: every derivative by hand against differences, autograd and RTRL.

In the table too: every update rule by hand against torch.optim. Every limit knows the rounding. A plain difference
beyond its limit is taken again by extrapolation, which says how far it may itself be off; and how far two exact
ways may be apart is told by the derivative of the same problem with its weights one bit larger.
"""

import dataclasses
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from poetgen.byhand.finite_differences import derivative, error, extrapolate
from poetgen.errors import ConfigError
from poetgen.experiments.cases import Case, Sizes
from poetgen.experiments.limits import check_cost, check_counts
from poetgen.experiments.lstm_cases import lstm_cases
from poetgen.experiments.optimizer_rows import optimizer_pairs
from poetgen.experiments.output_cases import model_cases, output_cases
from poetgen.experiments.rnn_cases import rnn_cases

DIFFERENCE, AUTOGRAD, RTRL = 1e-7, 1e-12, 1e-10  # the largest errors that pass
SECONDS = 40.0  # what the differences of all rows together may take
DOUBT = 10  # times the error that an extrapolation gives itself may be found
UNDECIDED = 1e-3  # an extrapolation that may be further off says nothing
ROUNDING = 100  # times what one bit of the weights changes may be between two exact ways
ONE_BIT = 1 + 2**-52
ROWS = {"lstm": 84, "rnn": 37}  # of each cell's table, the eleven update rules among them
INFLUENCE_BYTES = 2**29  # ∂h/∂θ of a batch may take this much; several such arrays are alive at once
STEPS = 2000


@dataclass(frozen=True)
class Row:
    """One derivative: its largest errors (finite_differences.error), None where a way does not apply.

    `checked` of its `coordinates` were moved for the difference, whose own error is about `doubt`; `rounding` is
    what one bit of the weights changes. For an update rule `autograd` is the error against torch.optim.
    """

    part: str
    derivative: str
    shape: tuple[int, ...]
    difference: float | None
    autograd: float | None
    rtrl: float | None
    checked: int
    coordinates: int
    doubt: float = 0.0
    rounding: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether no error is too large; what is not a number has not passed."""
        rounding = ROUNDING * self.rounding
        limits = [(self.autograd, max(AUTOGRAD, rounding)), (self.rtrl, max(RTRL, rounding))]
        if not self.undecided:
            limits.append((self.difference, max(DIFFERENCE, DOUBT * self.doubt)))
        return all(value is None or value <= limit for value, limit in limits)

    @property
    def undecided(self) -> bool:
        """Whether no difference can tell: the function turns faster than its rounding lets a step be small."""
        return self.doubt > UNDECIDED and self.autograd is not None


def check_gradients(cell: str, sizes: Sizes) -> Iterator[Row]:
    """Row after row, as they are found.

    Raises ConfigError for an unknown cell, and for sizes or a scale that cannot be computed with.
    """
    check_sizes(cell, sizes)
    rng = np.random.default_rng(sizes.seed)
    larger = dataclasses.replace(sizes, scale=sizes.scale * ONE_BIT)
    for case, moved in zip(cases(cell, sizes), cases(cell, larger), strict=True):
        rounding = error(case.byhand, moved.byhand)
        yield judge(case, coordinates_per_row(cell, sizes), rng, rounding=rounding)
    for name, byhand, by_torch in optimizer_pairs(sizes.seed):
        off = error(byhand, by_torch)
        yield Row("update rule", f"{name}, 50 steps", byhand.shape, None, off, None, 0, 0)


def cases(cell: str, sizes: Sizes) -> Iterator[Case]:
    """The cell's own derivatives, then those of all that stands around it."""
    own = lstm_cases(sizes, with_influences=influences_fit(sizes)) if cell == "lstm" else rnn_cases(sizes)
    yield from own
    yield from output_cases(sizes)
    if cell == "lstm":
        yield from model_cases(sizes)


def judge(case: Case, most: int, rng: np.random.Generator, *, rounding: float = 0.0) -> Row:
    """Compare a case with all it can be compared with, the difference at `most` coordinates at most."""
    number = case.variable.size
    chosen = None if number <= most else np.sort(rng.choice(number, most, replace=False))
    numeric = derivative(case.value, case.variable, coordinates=chosen)
    byhand = case.byhand
    if chosen is not None:
        byhand = byhand.reshape(*byhand.shape[: byhand.ndim - case.variable.ndim], -1)[..., chosen]
    difference, doubt = error(byhand, numeric), 0.0
    if not difference <= DIFFERENCE:
        numeric, own = extrapolate(case.value, case.variable, coordinates=chosen)
        difference, doubt = error(byhand, numeric), error(numeric, numeric + own)
    return Row(
        part=case.part,
        derivative=case.name,
        shape=case.byhand.shape,
        difference=difference,
        autograd=None if case.autograd is None else error(case.byhand, case.autograd),
        rtrl=None if case.rtrl is None else error(case.byhand, case.rtrl),
        checked=number if chosen is None else most,
        coordinates=number,
        doubt=doubt,
        rounding=rounding,
    )


# ---- what sizes cost ----


def check_sizes(cell: str, sizes: Sizes) -> None:
    """Raises ConfigError for what cannot be, or would take hours or more memory than there may be."""
    if cell not in ROWS:
        raise ConfigError(f"no cell {cell!r}; choose one of: {', '.join(ROWS)}")
    check_counts(sizes, "hidden_size", "input_size", "steps", "batch")
    if sizes.steps > STEPS:
        raise ConfigError(
            f"steps can be at most {STEPS:,}, not {sizes.steps:,}: longer sums lose the digits that are compared"
        )
    if not 0 <= sizes.scale <= 10:
        raise ConfigError(f"weights cannot be drawn at scale {sizes.scale:g}; give one between 0 and 10")
    # one difference in each row is the least that can be asked for
    check_cost(numbers=forward_numbers(sizes), seconds=2 * ROWS[cell] * seconds_per_value(cell, sizes))


def remarks(cell: str, sizes: Sizes, rows: Iterable[Row]) -> list[str]:
    """What the reader must know of rows sampled, and of rows that were left out for their size."""
    said: list[str] = []
    rows = list(rows)
    sampled = [row for row in rows if row.checked < row.coordinates]
    if sampled:
        said.append(
            f"finite differences of all coordinates would take too long: {len(sampled)} rows were checked at "
            f"{min(row.checked for row in sampled)} coordinates each, drawn from the seed"
        )
    undecided = [row for row in rows if row.undecided]
    if undecided:
        said.append(
            f"{len(undecided)} rows are judged without differences, which rounding leaves no digits here: "
            "choose fewer steps or a smaller scale"
        )
    if cell == "lstm" and not influences_fit(sizes):
        said.append(
            f"∂h/∂θ and RTRL left out: they need {influence_bytes(sizes) / 2**30:,.1f} GiB at these sizes, "
            "as many numbers as units times parameters"
        )
    return said


def forward_numbers(sizes: Sizes) -> int:
    """About what a pass over all steps and its gradients keep."""
    rows = 4 * sizes.hidden_size
    parameters = rows * (sizes.input_size + sizes.hidden_size + 1)
    return 8 * parameters + 12 * sizes.steps * sizes.batch * (rows + sizes.input_size)


def influence_bytes(sizes: Sizes) -> int:
    """∂h/∂θ and ∂c/∂θ of a batch in float64."""
    parameters = 4 * sizes.hidden_size * (sizes.input_size + sizes.hidden_size + 1)
    return 16 * sizes.batch * sizes.hidden_size * parameters


def influences_fit(sizes: Sizes) -> bool:
    """Whether ∂h/∂θ and RTRL are checked too."""
    return influence_bytes(sizes) <= INFLUENCE_BYTES


def seconds_per_value(cell: str, sizes: Sizes) -> float:
    """About what one pass over all steps takes: overhead, and products at four thousand million a second."""
    rows = (4 if cell == "lstm" else 1) * sizes.hidden_size
    products = 2.0 * sizes.batch * rows * (sizes.input_size + sizes.hidden_size)
    return sizes.steps * (5e-5 + products / 4e9)


def coordinates_per_row(cell: str, sizes: Sizes) -> int:
    """How many coordinates a row may move; decided by the sizes alone, so that the table is the same anywhere."""
    return max(1, int(SECONDS / ROWS[cell] / 2 / seconds_per_value(cell, sizes)))


def as_record(row: Row) -> dict[str, Any]:
    """A row for JSON; an error that is not a number is null."""
    errors = {"difference": row.difference, "autograd": row.autograd, "rtrl": row.rtrl}
    finite = {k: v if v is not None and math.isfinite(v) else None for k, v in errors.items()}
    return {
        "part": row.part,
        "derivative": row.derivative,
        "shape": list(row.shape),
        **finite,
        "checked": row.checked,
        "coordinates": row.coordinates,
        "passed": row.passed,
    }
