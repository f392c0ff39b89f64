"""Every number docs/derivation.md prints, but for those of test_mistakes.py, is computed again."""

import re
from pathlib import Path

import numpy as np
import pytest

from poetgen.byhand import jacobians, lstm, rnn, rtrl
from poetgen.byhand.lstm import LSTMParameters, sigmoid
from poetgen.byhand.rnn import RNNParameters
from poetgen.config import INITIALIZATIONS

PAGE = (Path(__file__).parents[2] / "docs" / "derivation.md").read_text(encoding="utf-8")


def cells(beginning: str) -> list[str]:
    """Of the table's row that begins so, the other cells."""
    [row] = [line for line in PAGE.splitlines() if line.startswith(beginning)]
    return [cell.strip() for cell in row.removeprefix(beginning).strip("|").split("|")]


def test_the_costs_are_those_of_the_arrays_and_products() -> None:
    T, B, E, H = 64, 1, 256, 256
    params = LSTMParameters(*(np.zeros(shape, np.float32) for shape in ((4 * H, E), (4 * H, H), (4 * H,))))
    P = sum(theta.size for theta in params)
    assert P == 4 * H * (E + H + 1)
    _, _, cache = lstm.forward(params, np.zeros((T, B, E), np.float32), lstm.zero_state(params, B))
    bptt = sum(array.size for array in cache)
    influence = sum(array.size for part in rtrl.no_influence(params, B) for array in part)
    assert cells("| numbers kept at that size |") == [f"{bptt:,}", f"{influence:,}"]
    assert (bptt, influence) == (B * (T * E + 7 * T * H + 2 * H), 2 * B * H * P)
    products = 12 * T * B * H * (E + H), T * B * (12 * H * (E + H) + 2 * H**2 * P + 3 * H * P)
    assert cells("| multiplications at `H = E = 256, T = 64, B = 1` |") == [f"{n:,}" for n in products]
    assert rtrl.costs(T, B, E, H) == ((products[0], bptt), (products[1], influence))
    assert f"{products[1] / products[0]:,.0f} times the time" in PAGE
    assert f"{influence / bptt:,.0f} times the memory" in PAGE
    assert 4 * influence / 2**30 == pytest.approx(1.0, abs=0.05) and 4 * bptt / 2**20 == pytest.approx(
        0.5, abs=0.05
    )
    [steps] = re.findall(r"only from \$`T`\$ = ([\d,]+) steps on", PAGE)
    t = int(steps.replace(",", ""))
    assert t * (E + 7 * H) + 2 * H > 2 * H * P >= (t - 1) * (E + 7 * H) + 2 * H


ONE_UNIT = [("sigmoid", 0.5), ("tanh", 0.5), ("tanh", 0.0), ("ReLU", 0.5), ("ReLU", -0.5)]


@pytest.mark.parametrize(("phi", "start"), ONE_UNIT)
def test_one_unit_vanishes_or_explodes_as_printed(phi: str, start: float) -> None:
    name = phi.lower()
    params = RNNParameters(np.zeros((1, 1)), np.full((1, 1), 2.0), np.zeros(1))
    h, product = np.full((1, 1), start), 1.0
    for _ in range(20):
        h, cache = rnn.step_forward(params, np.zeros((1, 1)), h, name)
        product *= jacobians.rnn_jacobians(params, cache)[0].item()
    bound = (rnn.ACTIVATIONS[name].slope_bound * 2) ** 20
    assert cells(f"| {phi} | {start:g} |".replace("-", "−")) == [short(bound), short(product)]


def short(number: float) -> str:
    """As the page prints it: three digits, or all of an integer."""
    return f"{number:,.0f}" if number == round(number) else f"{number:#.3g}"


def test_what_a_forget_bias_keeps_after_twenty_steps() -> None:
    for bias in (0, 1, 3):
        kept = float(sigmoid(np.array([float(bias)]))[0] ** 20)
        assert f"{short(kept)} at $`b_f = {bias}`$" in PAGE


def test_the_rules_of_beginning_are_all_there() -> None:
    table = PAGE.partition("### 9.3")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)
    assert {*named, "zeros", "constant"} == set(INITIALIZATIONS)
