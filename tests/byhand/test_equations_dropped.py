"""Section 5.3 of docs/derivation.md, what is dropped, padded and clipped: page, code and differences agree."""

import numpy as np
import pytest

from poetgen.byhand import language_model, linear, softmax
from poetgen.byhand.finite_differences import derivative, error
from poetgen.byhand.language_model import Masks, Parameters
from poetgen.byhand.linear import LinearParameters
from poetgen.byhand.lstm import LSTMParameters
from poetgen.training.numpy_learner import NumPyLearner, dropout_mask

V, E, H, T, B = 6, 3, 4, 5, 3
rng = np.random.default_rng(8)
cell = LSTMParameters(*(rng.normal(size=s) for s in ((4 * H, E), (4 * H, H), (4 * H,))))
params = Parameters(rng.normal(size=(V, E)), (cell,), None, rng.normal(size=(V, H)), rng.normal(size=V))
ids, targets = rng.integers(V, size=(2, T, B))
lengths = np.array([5, 2, 3])
omega = 0.25
zeta = dropout_mask(rng, (B, H), omega).astype(float)
Z = dropout_mask(rng, (4 * H, H), omega).astype(float)
all_rows = np.ones((V, 1))
start = language_model.init_state(params, B)


def gradients(masks: Masks | None = None, tau: float = 1.0):
    return language_model.gradients(
        params, ids, targets, lengths=lengths, state=start, scale=1 / lengths.sum(), masks=masks,
        temperature=tau,
    )[1]  # fmt: skip


def mean_loss(masks: Masks | None = None, tau: float = 1.0) -> float:
    """Over the real tokens, poem by poem, each at its own length."""
    total = 0.0
    for k, end in enumerate(lengths):
        own = masks and Masks(masks.characters, tuple(m[k : k + 1] for m in masks.layers), masks.recurrent)
        state = language_model.init_state(params, 1)
        features, _, _ = language_model.forward(params, ids[:end, k : k + 1], state, own)
        logits, _ = linear.forward(LinearParameters(params.output, params.bias), features[:, 0])
        total += softmax.forward(logits, targets[:end, k], tau)[0].sum()
    return total / lengths.sum()


def test_equation_37_a_mask_on_what_a_layer_shows():
    values = np.unique(zeta)
    assert values.tolist() == pytest.approx([0, 1 / (1 - omega)])
    assert omega * values[0] + (1 - omega) * values[1] == pytest.approx(1)
    masks = Masks(all_rows, (zeta,))
    features, _, cache = language_model.forward(params, ids, start, masks)
    shown, _, _ = language_model.forward(params, ids, start)
    assert error(zeta * shown, features) <= 1e-12
    upstream = rng.normal(size=features.shape)
    found = language_model.backward(params, cache, upstream)
    _, _, bare = language_model.forward(params, ids, start)
    page = language_model.backward(params, bare, zeta * upstream)
    assert error(page.embedding, found.embedding) <= 1e-12
    assert error(gradients(masks).layers[0].bias, derivative(lambda: mean_loss(masks), cell.bias)) <= 1e-7


def test_equation_38_a_mask_on_the_weights():
    masks = Masks(all_rows, (np.ones((B, H)),), (Z,))
    found = gradients(masks).layers[0].weight_hh
    assert error(found, derivative(lambda: mean_loss(masks), cell.weight_hh)) <= 1e-7
    dropped = params._replace(layers=(cell._replace(weight_hh=Z * cell.weight_hh),))
    whole = language_model.gradients(
        dropped, ids, targets, lengths=lengths, state=start, scale=1 / lengths.sum()
    )[1]
    assert error(Z * whole.layers[0].weight_hh, found) <= 1e-12


@pytest.mark.parametrize("tau", [1.0, 0.7])
def test_equation_39_the_mean_over_real_tokens(tau):
    found = gradients(tau=tau)
    for theta, grad in ((params.bias, found.bias), (cell.weight_hh, found.layers[0].weight_hh)):
        assert error(grad, derivative(lambda: mean_loss(tau=tau), theta)) <= 1e-7
    features, _, _ = language_model.forward(params, ids, start)
    logits = features @ params.output.T + params.bias
    p = np.exp(logits / tau) / np.exp(logits / tau).sum(axis=-1, keepdims=True)
    is_real = np.arange(T)[:, None] < lengths
    page = is_real[..., None] / lengths.sum() * (p - np.eye(V)[targets]) / tau
    assert error(page.sum(axis=(0, 1)), found.bias) <= 1e-12
    assert error(np.einsum("tbv,tbh->vh", page, features), found.output) <= 1e-12


@pytest.mark.parametrize("nu", [0.5, 100.0])
def test_equation_40_all_parameters_as_one_vector(nu):
    learner = NumPyLearner.__new__(NumPyLearner)
    learner.gradient = {"w": rng.normal(size=(3, 2)), "b": rng.normal(size=3)}
    learner.settings = type("Settings", (), {"clip_norm": nu})()
    g = np.concatenate([array.ravel() for array in learner.gradient.values()])
    length = np.sqrt((g**2).sum())
    assert learner.clip_gradient() == pytest.approx(length)
    page = nu / (length + 1e-6) * g if length > nu else g
    assert error(page, np.concatenate([array.ravel() for array in learner.gradient.values()])) <= 1e-12
