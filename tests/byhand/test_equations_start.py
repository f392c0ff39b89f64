"""Section 9 of docs/derivation.md, initialisation: each statement there is seen to hold."""

import numpy as np
import pytest
import torch

from poetgen.byhand import language_model, linear, rnn
from poetgen.byhand.finite_differences import error
from poetgen.byhand.language_model import Masks, Parameters
from poetgen.byhand.linear import LinearParameters
from poetgen.byhand.lstm import LSTMParameters
from poetgen.byhand.rnn import RNNParameters
from poetgen.config import OPTIMIZERS, TrainingConfig
from poetgen.model import initialize
from poetgen.training.numpy_learner import build_numpy_optimizer

V, E, H, T, B = 7, 3, 4, 5, 6
rng = np.random.default_rng(0)
ids, targets = rng.integers(V, size=(2, T, B))
targets[0, 0] = targets[1, 0]  # some character comes more often than another
either = pytest.mark.parametrize("tied", [True, False])


def shapes(tied: bool) -> dict[str, tuple[int, ...]]:
    output = {"projection.weight": (E, H)} if tied else {"output.weight": (V, H)}
    cell = {"weight_ih": (4 * H, E), "weight_hh": (4 * H, H), "bias": (4 * H,)}
    return {
        "embedding.weight": (V, E),
        **{f"lstm.cells.0.{name}": shape for name, shape in cell.items()},
        **output,
        "output.bias": (V,),
    }


def constants(tied: bool) -> dict[str, np.ndarray]:
    """One number throughout each matrix and each bias, another for each gate."""
    arrays = {}
    for k, (name, shape) in enumerate(shapes(tied).items()):
        arrays[name] = np.full(shape, 0.1 + 0.05 * k)
        if "cells" in name:
            for gate, part in enumerate(np.split(arrays[name], 4)):
                part += 0.1 * gate
    return arrays


def gradients(arrays, masks=None):
    params = language_model.read_parameters(arrays, np.float64)
    state, lengths = language_model.init_state(params, B), np.full(B, T)
    _, grads, _ = language_model.gradients(params, ids, targets, lengths=lengths, state=state, masks=masks)
    return language_model.named_parameters(grads)


def moving(grads) -> set[str]:
    """Names of what has a gradient, the cell's gate by gate."""
    found = set()
    for name, grad in grads.items():
        if "cells" in name:
            label = name.rpartition(".")[2]
            parts = zip("ifgo", np.split(grad, 4), strict=True)
            found |= {f"{label}_{gate}" for gate, part in parts if np.abs(part).max() > 1e-12}
        elif np.abs(grad).max() > 1e-12:
            found.add(name)
    return found


@either
@pytest.mark.parametrize("forget_bias", [0.0, 1.0])
def test_equation_56_only_the_output_bias_moves(tied, forget_bias):
    arrays = {name: np.zeros(shape) for name, shape in shapes(tied).items()}
    arrays["lstm.cells.0.bias"][H : 2 * H] = forget_bias
    for _ in range(3):
        grads = gradients(arrays)
        assert {name for name, grad in grads.items() if grad.any()} == {"output.bias"}
        if not arrays["output.bias"].any():
            expected = T * B / V - np.bincount(targets.reshape(-1), minlength=V)
            np.testing.assert_allclose(grads["output.bias"], expected, atol=1e-12)
        for name, theta in arrays.items():
            theta -= 0.1 * grads[name]


def relabelled(arrays, order):
    """π of the page: the hidden units in another order."""
    rows = np.concatenate([gate * H + order for gate in range(4)])
    new = dict(arrays)
    for name, array in arrays.items():
        if name.endswith(("weight_ih", "0.bias")):
            new[name] = array[rows]
        elif name.endswith("weight_hh"):
            new[name] = array[rows][:, order]
        elif name in ("output.weight", "projection.weight"):
            new[name] = array[:, order]
    return new


@either
def test_equation_57_relabelled_units_have_the_relabelled_gradient(tied):
    rng, order = np.random.default_rng(1), np.array([2, 0, 3, 1])
    arrays = {name: rng.normal(size=shape) for name, shape in shapes(tied).items()}
    of_relabelled, relabelled_gradient = (
        gradients(relabelled(arrays, order)),
        relabelled(gradients(arrays), order),
    )
    for name, grad in of_relabelled.items():
        assert error(grad, relabelled_gradient[name]) <= 1e-12
    # unchanged weights: unchanged gradient
    equal = constants(tied)
    grads = gradients(equal)
    for name, grad in relabelled(grads, order).items():
        np.testing.assert_array_equal(relabelled(equal, order)[name], equal[name])
        assert error(grad, grads[name]) <= 1e-12


@either
@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_units_that_begin_equal_stay_equal_under_every_optimizer(rule, tied):
    arrays, order = constants(tied), np.array([2, 0, 3, 1])
    first = {name: array.copy() for name, array in arrays.items()}
    optimizer = build_numpy_optimizer(
        arrays, TrainingConfig(optimizer=rule, learning_rate=0.01, weight_decay=0.1)
    )
    for _ in range(20):
        optimizer.step(gradients(arrays))
    for name, array in relabelled(arrays, order).items():
        assert np.abs(array - first[name]).max() > 1e-6
        assert error(array, arrays[name]) <= 1e-9


def test_a_mask_for_each_unit_tells_them_apart():
    masks = Masks(np.ones((V, 1)), (rng.integers(2, size=(B, H)) * 2.0,))
    grads = gradients(constants(tied=False), masks)["output.weight"]
    assert error(grads, relabelled({"output.weight": grads}, np.array([2, 0, 3, 1]))["output.weight"]) > 0.01


@either
def test_equation_58_only_the_output_moves_at_the_first_step_then_all(tied):
    arrays = constants(tied)
    arrays["output.bias"][:] = rng.normal(size=V)  # for any logits
    grads = gradients(arrays)
    output = "embedding.weight" if tied else "output.weight"
    assert moving(grads) == {output, "output.bias"}
    for name, theta in arrays.items():
        theta -= 0.1 * grads[name]
    cell = {f"{part}_{gate}" for part in ("weight_ih", "weight_hh", "bias") for gate in "ifgo"}
    top = {"projection.weight", "embedding.weight"} if tied else {"output.weight", "embedding.weight"}
    assert moving(gradients(arrays)) == cell | top | {"output.bias"}


def test_the_gradient_from_an_equal_output_layer_is_zero():
    layer = LinearParameters(np.full((V, H), 0.3), rng.normal(size=V))
    p = rng.dirichlet(np.ones(V), size=4)
    _, dh = linear.backward(layer, np.zeros((4, H)), p - np.eye(V)[[0, 1, 2, 2]])
    np.testing.assert_allclose(dh, 0, atol=1e-15)


def test_a_sigmoid_layer_at_zero_is_not_at_rest():
    zero = RNNParameters(np.zeros((H, E)), np.zeros((H, H)), np.zeros(H))
    states = {
        phi: rnn.step_forward(zero, np.ones((1, E)), np.zeros((1, H)), phi)[0] for phi in rnn.ACTIVATIONS
    }
    assert not states["tanh"].any() and not states["relu"].any()
    assert (states["sigmoid"] == 0.5).all()


def test_equation_59_of_a_sum():
    rng, n, draws = np.random.default_rng(3), 50, 4000
    x = rng.normal(0.5, 1.3, size=(draws, n))
    w = rng.uniform(-0.4, 0.4, size=(draws, n))
    page = n * (0.8**2 / 12) * (0.5**2 + 1.3**2)
    assert np.var((w * x).sum(axis=1)) == pytest.approx(page, rel=0.1)
    torch.manual_seed(0)
    weight = torch.empty(4000, n)
    initialize.normal(weight)
    assert (weight.double() @ torch.ones(n, dtype=torch.float64)).var().item() == pytest.approx(1, rel=0.1)


def test_parameters_named_here_are_the_models():
    params = language_model.read_parameters(constants(tied=False), np.float64)
    assert isinstance(params, Parameters) and isinstance(params.layers[0], LSTMParameters)
