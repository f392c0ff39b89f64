"""The table of gradcheck: all pass, a planted error is caught and named, and sizes out of reach are told."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poetgen.byhand import embedding, linear, lstm, rnn, softmax
from poetgen.byhand import optimizers as byhand_optimizers
from poetgen.config import OPTIMIZERS
from poetgen.errors import ConfigError
from poetgen.experiments import gradcheck
from poetgen.experiments.cases import Sizes
from poetgen.experiments.gradcheck import ROWS, as_record, check_gradients, remarks

SIZES = st.builds(
    Sizes,
    hidden_size=st.integers(1, 4),
    input_size=st.integers(1, 3),
    steps=st.integers(1, 4),
    batch=st.integers(1, 3),
    seed=st.integers(0, 10**6),
)


DEFAULT = Sizes()


def failing(cell: str, sizes: Sizes = DEFAULT) -> dict[str, list[str]]:
    """The rows that fail, by part."""
    failed: dict[str, list[str]] = {}
    for row in check_gradients(cell, sizes):
        if not row.passed:
            failed.setdefault(row.part, []).append(row.derivative)
    return failed


@settings(max_examples=25)
@given(SIZES, st.sampled_from(sorted(ROWS)))
def test_every_row_passes_at_any_size(sizes: Sizes, cell: str) -> None:
    rows = list(check_gradients(cell, sizes))
    assert len(rows) == ROWS[cell]
    assert all(row.passed for row in rows)
    assert all(row.autograd is not None for row in rows)
    assert sum(row.part == "update rule" and row.difference is None for row in rows) == len(OPTIMIZERS)
    assert all((row.rtrl is not None) == (row.part == "loss" and "_" in row.derivative) for row in rows)
    assert not remarks(cell, sizes, rows)


def test_the_table_has_every_derivative_of_a_step() -> None:
    rows = {(row.part, row.derivative): row.shape for row in check_gradients("lstm", Sizes())}
    batch, hidden, inputs = Sizes().batch, Sizes().hidden_size, Sizes().input_size
    for gate in "ifgo":
        for part in ("immediate", "total"):
            assert rows[part, f"∂h/∂W_{gate}"] == (batch, hidden, hidden, inputs)
            assert rows[part, f"∂h/∂U_{gate}"] == (batch, hidden, hidden, hidden)
            assert rows[part, f"∂h/∂b_{gate}"] == (batch, hidden, hidden)
        assert rows["one step", f"∂h/∂{gate}"] == (batch, hidden, hidden)
        assert rows["loss", f"∂L/∂W_{gate}"] == (hidden, inputs)
    for name in ("c", "c before", "h before"):
        assert rows["one step", f"∂h/∂{name}"] == (batch, hidden, hidden)
    assert rows["one step", "∂h/∂x"] == (batch, hidden, inputs)


def test_a_sign_flipped_in_the_forget_gate_is_caught_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    right = lstm.gates_backward

    def wrong(gates, c, tanh_c, dstate):  # type: ignore[no-untyped-def]
        da, dc = right(gates, c, tanh_c, dstate)
        hidden = c.shape[-1]
        da[:, hidden : 2 * hidden] *= -1
        return da, dc

    monkeypatch.setattr(lstm, "gates_backward", wrong)
    failed = failing("lstm", Sizes(steps=1))
    # after one step nothing else can be wrong: its own parameters, and what lies before it
    assert failed.pop("loss") == ["∂L/∂W_f", "∂L/∂U_f", "∂L/∂b_f", "∂L/∂x", "∂L/∂h at the start"]
    assert not failed  # the model begins with c = 0, which f does not change
    assert "∂L/∂lstm.cells.0.weight_hh" in failing("lstm", Sizes(steps=3))["tied model"]


PLANTED = [
    (softmax, "backward", lambda found: -found, "lstm", "output", "∂L/∂logits, τ = 0.7"),
    (embedding, "backward", lambda found: -found, "lstm", "output", "∂L/∂E"),
    (linear, "backward", lambda found: (found[0], -found[1]), "rnn", "output", "∂L/∂h"),
    (rnn, "backward", lambda found: (found[0], found[1], -found[2]), "rnn", "tanh", "∂L/∂h at the start"),
    (rnn, "backward", lambda found: (found[0], 0.999 * found[1], found[2]), "rnn", "relu", "∂L/∂x"),
]


@pytest.mark.parametrize(("module", "name", "spoil", "cell", "part", "row"), PLANTED)
def test_a_planted_error_is_caught_and_its_row_named(
    monkeypatch: pytest.MonkeyPatch, module, name, spoil, cell, part, row
) -> None:
    right = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *given: spoil(right(*given)))
    assert failing(cell)[part] == [row]


def test_an_error_of_the_candidates_path_is_caught_in_the_jacobian(monkeypatch: pytest.MonkeyPatch) -> None:
    """1 - g for 1 - g²: what is often printed."""
    from poetgen.byhand import jacobians

    right = jacobians.gate_derivatives

    def wrong(cache):  # type: ignore[no-untyped-def]
        by_a = right(cache)
        _, _, g, _ = lstm.split(cache.gates)
        by_a.c[:, 2] *= (1 - g) / (1 - g**2)
        by_a.h[:, 2] *= (1 - g) / (1 - g**2)
        return by_a

    monkeypatch.setattr(jacobians, "gate_derivatives", wrong)
    failed = failing("lstm")
    assert {"∂h/∂h before", "∂h/∂x"} <= set(failed["one step"])
    assert failed["immediate"] == ["∂h/∂W_g", "∂h/∂U_g", "∂h/∂b_g"]
    assert "∂h/∂W_o" in failed["total"]


def test_what_is_no_number_has_not_passed() -> None:
    row = next(check_gradients("lstm", Sizes()))
    bad = gradcheck.Row(row.part, row.derivative, row.shape, math.nan, 0.0, None, 1, 1)
    assert row.passed and not bad.passed
    assert as_record(bad)["difference"] is None and as_record(bad)["passed"] is False


@pytest.mark.parametrize(
    ("cell", "sizes", "told"),
    [
        ("gru", Sizes(), "no cell 'gru'; choose one of: lstm, rnn"),
        ("lstm", Sizes(hidden_size=0), "the number of units must be between 1 and 1,000,000,000, not 0"),
        ("rnn", Sizes(batch=-3), "the number of sequences must be between 1 and 1,000,000,000, not -3"),
        ("lstm", Sizes(scale=math.nan), "cannot be drawn at scale nan"),
        ("lstm", Sizes(scale=math.inf), "cannot be drawn at scale inf"),
        ("lstm", Sizes(hidden_size=10**6), r"need [\d,.]+ GiB of memory; choose smaller sizes"),
        ("rnn", Sizes(steps=2001), "steps can be at most 2,000, not 2,001"),
        (
            "lstm",
            Sizes(hidden_size=1500, steps=600, batch=2),
            r"would take about [\d,]+ minutes; choose smaller sizes",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(cell: str, sizes: Sizes, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        next(check_gradients(cell, sizes))


def test_weights_that_are_no_numbers_fail_rather_than_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    from poetgen.experiments import rnn_cases

    right = rnn_cases.rnn_problem

    def poisoned(sizes: Sizes, activation: str):  # type: ignore[no-untyped-def]
        problem = right(sizes, activation)
        problem.params.weight_hh[0, 0] = math.nan
        return problem

    monkeypatch.setattr(rnn_cases, "rnn_problem", poisoned)
    assert len(failing("rnn")["tanh"]) == 7


def test_large_tensors_are_sampled_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradcheck, "SECONDS", 0.2)
    monkeypatch.setattr(gradcheck, "INFLUENCE_BYTES", 1000)
    sizes = Sizes(hidden_size=9)
    rows = list(check_gradients("lstm", sizes))
    assert all(row.passed for row in rows) and len(rows) == ROWS["lstm"] - 24
    most = gradcheck.coordinates_per_row("lstm", sizes)
    assert {row.checked for row in rows if row.coordinates > most} == {most}
    sampled, left_out = remarks("lstm", sizes, rows)
    assert f"at {most} coordinates each, drawn from the seed" in sampled
    assert "∂h/∂θ and RTRL left out" in left_out
    again = list(check_gradients("lstm", sizes))
    assert rows == again


def test_a_sampled_row_still_catches_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradcheck, "SECONDS", 0.2)
    right = rnn.backward
    monkeypatch.setattr(rnn, "backward", lambda *a: (right(*a)[0], 1.01 * right(*a)[1], right(*a)[2]))
    assert failing("rnn", Sizes(hidden_size=9))["tanh"] == ["∂L/∂x"]


def test_relu_is_asked_far_from_its_kink() -> None:
    from poetgen.experiments.rnn_cases import KINK, rnn_problem

    sizes = Sizes(hidden_size=40, steps=12, batch=20)
    params, x, h, *_ = rnn_problem(sizes, "relu")
    for x_t in x:
        a = x_t @ params.weight_ih.T + h @ params.weight_hh.T + params.bias
        assert np.abs(a).min() >= KINK / sizes.hidden_size
        h, _ = rnn.step_forward(params, x_t, h, "relu")


# settings under which a plain difference has lost its digits to rounding
HARD = [
    ("lstm", Sizes(steps=60, hidden_size=16)),
    ("lstm", Sizes(steps=60, scale=2, seed=5)),
    ("rnn", Sizes(steps=20, scale=10, seed=1)),
]


@pytest.mark.parametrize(("cell", "sizes"), HARD, ids=str)
def test_rounding_raises_no_alarm_and_hides_no_fault(
    monkeypatch: pytest.MonkeyPatch, cell: str, sizes: Sizes
) -> None:
    monkeypatch.setattr(gradcheck, "SECONDS", 0.7)
    assert failing(cell, sizes) == {}
    module = lstm if cell == "lstm" else rnn
    right = module.backward
    monkeypatch.setattr(module, "backward", lambda *a: (right(*a)[0], 1.0001 * right(*a)[1], right(*a)[2]))
    failed = failing(cell, sizes)
    assert all(
        "∂L/∂x" in failed[part] for part in (["loss"] if cell == "lstm" else ["tanh", "sigmoid", "relu"])
    )


def test_where_no_difference_can_tell_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradcheck, "SECONDS", 0.1)
    sizes = Sizes(hidden_size=30, steps=100, scale=1)
    rows = list(check_gradients("rnn", sizes))
    undecided = [row for row in rows if row.undecided]
    assert all(row.passed for row in rows)
    assert {row.part for row in undecided} == {"tanh", "relu"}, "chaos, and numbers of 1e40"
    assert f"{len(undecided)} rows are judged without differences" in remarks("rnn", sizes, rows)[-1]


def test_a_wrong_update_rule_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byhand_optimizers.Adamax, "update", lambda self, g, state: 0.99 * self.lr * g)
    assert failing("rnn") == {"update rule": ["adamax, 50 steps"]}
