"""A checkpoint read by NumPy gives the probabilities the torch model gives."""

import numpy as np
import pytest
import torch

from poetgen.byhand.language_model import read, read_parameters, select, start
from poetgen.byhand.softmax import log_softmax
from poetgen.config import Config
from poetgen.model.language_model import build_model

VOCABULARY = 50


def built(**settings):
    torch.manual_seed(3)
    values = {"embedding_size": 8, "hidden_size": 12, "dropout": 0.3, "initialization": "normal"} | settings
    model = build_model(
        VOCABULARY, Config().replace({f"model.{key}": value for key, value in values.items()}).model
    ).eval()
    return model, {name: value.numpy() for name, value in model.state_dict().items()}


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_probabilities_equal_torch(tied, num_layers):
    model, weights = built(tied=tied, num_layers=num_layers)
    ids = torch.randint(VOCABULARY, (30, 4))
    with torch.no_grad():
        expected = torch.log_softmax(model(ids)[0], -1).numpy()
    params = read_parameters(weights)
    state = start(params, 4)
    for moment, wanted in zip(ids.numpy(), expected, strict=True):
        logits, state = read(params, moment, state)
        np.testing.assert_allclose(log_softmax(logits), wanted, rtol=0, atol=1e-5)


def test_half_precision_files_are_counted_in_float32():
    _, weights = built()
    params = read_parameters({name: value.astype(np.float16) for name, value in weights.items()})
    logits, _ = read(params, [1], start(params, 1))
    assert logits.dtype == np.float32


def test_selected_rows_go_on_as_they_were():
    _, weights = built(num_layers=2)
    params = read_parameters(weights)
    _, state = read(params, [1, 2, 3], start(params, 3))
    whole, _ = read(params, [4, 5, 6], state)
    part, _ = read(params, [6, 4], select(state, [2, 0]))
    assert (part == whole[[2, 0]]).all()


def test_log_softmax_sums_to_one_and_is_silent_far_out():
    logits = np.array([[0, 1000, -1000], [1, 1, 1]], np.float32)
    np.testing.assert_allclose(np.exp(log_softmax(logits)).sum(axis=1), 1)
