"""The running average of weights."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from poetgen.training.ema import WeightAverage


def weights(model: nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in model.parameters()]


def moved(model: nn.Module) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))


@given(st.floats(0.01, 0.999), st.integers(0, 30))
def test_it_is_the_recursion_of_its_docstring(decay: float, steps: int) -> None:
    torch.manual_seed(0)
    model = nn.Linear(3, 2).double()
    average = WeightAverage(model.parameters(), decay)
    expected = weights(model)
    for step in range(1, steps + 1):
        moved(model)
        average.update(step)
        d = min(decay, (1 + step) / (10 + step))
        expected = [d * old + (1 - d) * new for old, new in zip(expected, weights(model), strict=True)]
    for one, other in zip(average.values, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_it_is_applied_inside_only_even_when_something_fails() -> None:
    model = nn.Linear(3, 2)
    average = WeightAverage(model.parameters(), 0.5)
    moved(model)
    own = weights(model)
    for error in (None, RuntimeError("moon")):
        try:
            with average.apply():
                assert all(map(torch.equal, weights(model), average.values))
                if error:
                    raise error
        except RuntimeError:
            pass
        assert all(map(torch.equal, weights(model), own))


def test_without_decay_the_weights_stay_their_own() -> None:
    model = nn.Linear(3, 2)
    average = WeightAverage(model.parameters(), 0.0)
    own = weights(model)
    average.update(1)
    with average.apply():
        assert all(map(torch.equal, weights(model), own))
    assert average.values == []


def test_it_shares_no_memory_with_the_weights() -> None:
    model = nn.Linear(3, 2)
    average = WeightAverage(model.parameters(), 0.9)
    before = [value.clone() for value in average.values]
    moved(model)
    assert all(map(torch.equal, average.values, before))


def test_saved_values_are_taken_over_and_others_refused() -> None:
    model = nn.Linear(3, 2)
    average = WeightAverage(model.parameters(), 0.9)
    average.load([torch.ones(2, 3), torch.zeros(2)])
    assert average.values[0].sum() == 6
    with pytest.raises(ValueError, match="shorter"):
        average.load([])
