"""Section 8 of docs/derivation.md, how far gradients reach: each statement there is seen to hold."""

import numpy as np
import pytest

from poetgen.byhand import jacobians, lstm, rnn
from poetgen.byhand.finite_differences import derivative, error
from poetgen.byhand.lstm import LSTMParameters, LSTMState
from poetgen.byhand.rnn import ACTIVATIONS, RNNParameters
from poetgen.experiments import reach
from poetgen.experiments.cases import Sizes
from poetgen.experiments.lstm_cases import lstm_problem

GAMMA = {"sigmoid": 1 / 4, "tanh": 1.0, "relu": 1.0}
every_phi = pytest.mark.parametrize("phi", sorted(ACTIVATIONS))


def norm(matrix) -> float:
    return float(np.linalg.norm(matrix, 2))


def layer(scale: float, seed: int) -> RNNParameters:
    """Simple, of 6 units; ‖U‖ is the scale."""
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(6, 6))
    return RNNParameters(rng.normal(size=(6, 3)), scale * u / norm(u), rng.normal(size=6))


def walk(params: RNNParameters, phi: str, steps: int, seed: int):
    """∂h_t/∂h_{t-1} of each step, of one poem."""
    rng = np.random.default_rng(seed)
    h, found = rng.normal(size=(1, 6)), []
    for x in rng.normal(size=(steps, 1, 3)):
        h, cache = rnn.step_forward(params, x, h, phi)
        found.append(jacobians.rnn_jacobians(params, cache)[0][0])
    return found


@every_phi
@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_equation_49_no_jacobian_exceeds_slope_times_weight(phi, scale):
    assert ACTIVATIONS[phi].slope_bound == GAMMA[phi]
    for seed in range(20):
        params = layer(scale, seed)
        assert max(map(norm, walk(params, phi, 5, seed))) <= GAMMA[phi] * norm(params.weight_hh) * (1 + 1e-12)
    # and the bound is reached, where every slope is the steepest
    idle = RNNParameters(0 * params.weight_ih, params.weight_hh, np.full(6, 1e-9))
    _, cache = rnn.step_forward(idle, np.zeros((1, 3)), np.zeros((1, 6)), phi)
    assert norm(jacobians.rnn_jacobians(idle, cache)[0][0]) == pytest.approx(GAMMA[phi] * scale)


@every_phi
@pytest.mark.parametrize("scale", [0.9, 3.0])
def test_equation_50_no_gradient_exceeds_the_power(phi, scale):
    for seed in range(5):
        product = np.eye(6)
        for distance, jacobian in enumerate(reversed(walk(layer(scale, seed), phi, 12, seed)), start=1):
            product = product @ jacobian
            assert norm(product) <= (GAMMA[phi] * scale) ** distance * (1 + 1e-12)
    sizes = reach.ReachSettings(hidden_size=6, steps=12, batch=4)
    [found] = [r for r in reach.measure_reach([scale], sizes) if r.cell == phi]
    np.testing.assert_allclose(found.bound, (GAMMA[phi] * scale) ** np.arange(13))
    assert (found.norms <= found.bound[:, None] * (1 + 1e-9)).all()


def test_equation_53_with_gates_that_do_not_see_the_state_the_direct_path_is_all():
    params, x, before, _, _ = lstm_problem(Sizes(hidden_size=4, input_size=3, steps=6, batch=1, seed=4))
    deaf = LSTMParameters(params.weight_ih, 0 * params.weight_hh, params.bias)  # U = 0: no other path
    _, _, kept = lstm.forward(deaf, x, before)
    f = lstm.split(kept.gates)[1][:, 0]
    numeric = derivative(lambda: lstm.forward(deaf, x, before)[1].c[0], before.c)[:, 0]
    page = np.diag(np.prod(f, axis=0))
    assert error(page, numeric) <= 1e-7
    product = np.eye(4)
    for t in range(6):
        product = jacobians.step_jacobians(params, kept.step(t)).c_cbefore[0] @ product
    assert error(page, product) <= 1e-12


def test_the_forget_gates_of_the_study_are_the_direct_path():
    sizes = reach.ReachSettings(hidden_size=5, steps=7, batch=3)
    with_u, without = (list(reach.measure_reach([scale], sizes)) for scale in (1.0, 0.0))
    [direct], [cell] = ([r.norms for r in without if r.of == of] for of in ("forget gates", "c"))
    np.testing.assert_allclose(direct, cell, rtol=1e-12)
    [direct], [cell] = ([r.norms for r in with_u if r.of == of] for of in ("forget gates", "c"))
    assert np.abs(direct[1:] / cell[1:] - 1).min() > 1e-6, "other paths remain"


def test_equation_54_four_paths_lead_from_cell_to_cell():
    params, x, before, _, _ = lstm_problem(Sizes(hidden_size=4, input_size=3, steps=2, batch=1, seed=6))
    first, kept = lstm.step_forward(params, x[0], before)
    o_before = lstm.split(kept.gates)[3]
    q_before = (o_before * (1 - np.tanh(first.c) ** 2))[0]
    _, cache = lstm.step_forward(params, x[1], first)
    i, f, g, _ = (gate[0] for gate in lstm.split(cache.gates))
    u_i, u_f, u_g, _ = np.split(params.weight_hh, 4)
    page = (
        np.diag(f)
        + np.diag(first.c[0] * f * (1 - f)) @ u_f @ np.diag(q_before)
        + np.diag(g * i * (1 - i)) @ u_i @ np.diag(q_before)
        + np.diag(i * (1 - g * g)) @ u_g @ np.diag(q_before)
    )
    before_this, this = (jacobians.step_jacobians(params, k) for k in (kept, cache))
    code = this.c_cbefore[0] + this.c_hbefore[0] @ before_this.h_c[0]
    cell = first.c.copy()

    def moved():
        state = LSTMState(o_before * np.tanh(cell), cell)
        return lstm.step_forward(params, x[1], state)[0].c[0]

    assert error(page, code) <= 1e-12
    assert error(page, derivative(moved, cell)[:, 0]) <= 1e-7
    assert error(page, np.diag(f)) > 0.01, "the direct path is not all"


def test_equation_51_the_steepest_slope_of_the_sigmoid_is_a_quarter():
    a = np.linspace(-8, 8, 401)
    s = 1 / (1 + np.exp(-a))
    page = 1 / 4 - (s - 1 / 2) ** 2
    assert error(page, ACTIVATIONS["sigmoid"].slope(s)) <= 1e-12
    assert page.max() == page[a == 0] == 1 / 4 and (page[a != 0] < 1 / 4).all()
    slopes = 1 - np.tanh(a) ** 2
    assert slopes.max() == slopes[a == 0] == 1 and (slopes[a != 0] < 1).all()


def test_equation_52_relu_explodes_for_ever_where_tanh_cannot():
    u = np.random.default_rng(5).uniform(0.1, 1, size=(4, 4))
    values, vectors = np.linalg.eig(u)
    r, v = values.real.max(), np.abs(vectors[:, values.real.argmax()].real)
    params = RNNParameters(np.zeros((4, 2)), u, np.zeros(4))
    h, product = v[None], np.eye(4)
    for n in range(1, 30):
        h, cache = rnn.step_forward(params, np.zeros((1, 2)), h, "relu")
        product = jacobians.rnn_jacobians(params, cache)[0][0] @ product
        assert error(h[0], r**n * v) <= 1e-12 and error(product @ v, r**n * v) <= 1e-12
        assert error(product, np.linalg.matrix_power(u, n)) <= 1e-12
    assert r > 1 and norm(product) > 1e6
    h, product = v[None], np.eye(4)
    for _ in range(30):
        h, cache = rnn.step_forward(params, np.zeros((1, 2)), h, "tanh")
        product = jacobians.rnn_jacobians(params, cache)[0][0] @ product
    assert np.abs(h).max() < 1 and norm(product) < 1


def test_equation_55_the_path_from_cell_to_cell_does_not_chain():
    steps = 4
    params, x, before, _, _ = lstm_problem(Sizes(hidden_size=4, input_size=3, steps=steps, batch=1, seed=6))
    _, _, kept = lstm.forward(params, x, before)
    by = [jacobians.step_jacobians(params, kept.step(t)) for t in range(steps)]
    blocks = [np.block([[j.h_hbefore[0], j.h_cbefore[0]], [j.c_hbefore[0], j.c_cbefore[0]]]) for j in by]
    o = lstm.split(kept.gates)[3][0]
    cell = kept.c[1].copy()

    def end():
        state = LSTMState(o * np.tanh(cell), cell)
        return lstm.forward(params, x[1:], state)[1].c[0]

    whole = derivative(end, cell)[:, 0]
    product = np.concatenate([by[0].h_c[0], np.eye(4)])
    for block in blocks[1:]:
        product = block @ product
    assert error(product[4:], whole) <= 1e-7
    chained = np.eye(4)
    for t in range(1, steps):
        chained = (by[t].c_cbefore[0] + by[t].c_hbefore[0] @ by[t - 1].h_c[0]) @ chained
    assert error(chained, whole) > 0.01, "paths past the cell are missing"
