"""Every optimizer by name: it steps, it learns, and it is what torch.optim, or the hand, has under that name."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from poetgen.byhand.finite_differences import error
from poetgen.config import OPTIMIZERS, TrainingConfig
from poetgen.errors import ConfigError
from poetgen.optimizers import CONSTANTS, OWN, RULES
from poetgen.training.numpy_learner import build_numpy_optimizer
from poetgen.training.optimizers import build_torch_optimizer


def problem() -> tuple[nn.Linear, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return nn.Linear(8, 5), torch.randn(40, 8), torch.randint(5, (40,))


def losses(config: TrainingConfig, steps: int) -> list[float]:
    model, x, targets = problem()
    optimizer = build_torch_optimizer(model.parameters(), config)
    found = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), targets)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        found.append(loss.item())
    return found


def test_every_name_has_a_rule_and_a_rate_of_its_own() -> None:
    assert tuple(RULES) == OPTIMIZERS
    assert all(TrainingConfig(optimizer=name).peak_learning_rate == RULES[name].lr > 0 for name in OPTIMIZERS)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_its_own_rate_lowers_a_loss(name: str) -> None:
    found = losses(TrainingConfig(optimizer=name), 60)
    assert min(found[-3:]) < found[0] - 0.1


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_rate_given_is_taken(name: str) -> None:
    model, _, _ = problem()
    optimizer = build_torch_optimizer(
        model.parameters(), TrainingConfig(optimizer=name, learning_rate=0.0123)
    )
    assert [group["lr"] for group in optimizer.param_groups] == [0.0123]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weight_decay_pulls_weights_to_zero(name: str) -> None:
    model, _, _ = problem()
    before = model.weight.norm().item()
    optimizer = build_torch_optimizer(model.parameters(), TrainingConfig(optimizer=name, weight_decay=0.1))
    for _ in range(3):
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
    assert model.weight.norm().item() < before


@pytest.mark.parametrize("learning_rate", [0.0, 0.01])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_same_name_by_hand_is_the_same_optimizer(
    name: str, weight_decay: float, learning_rate: float
) -> None:
    model, x, targets = problem()
    config = TrainingConfig(optimizer=name, weight_decay=weight_decay, learning_rate=learning_rate)
    theirs = build_torch_optimizer(model.parameters(), config)
    ours = {key: theta.detach().numpy().copy() for key, theta in model.named_parameters()}
    hand = build_numpy_optimizer(ours, config)
    for step in range(20):
        theirs.zero_grad()
        F.cross_entropy(model(x), targets).backward()
        theirs.param_groups[0]["lr"] = hand.lr = config.peak_learning_rate * 0.9**step
        hand.step({key: theta.grad.numpy() for key, theta in model.named_parameters()})
        theirs.step()
    for key, theta in model.named_parameters():
        assert error(ours[key].astype(np.float64), theta.detach().double().numpy()) < 1e-5  # float32


MOMENTA = [("sgd", 0, False), ("momentum", 0.9, False), ("nesterov", 0.9, True)]


@pytest.mark.parametrize(("name", "momentum", "nesterov"), MOMENTA)
def test_the_three_kinds_of_sgd(name: str, momentum: float, nesterov: bool) -> None:
    model, _, _ = problem()
    group = build_torch_optimizer(model.parameters(), TrainingConfig(optimizer=name)).param_groups[0]
    assert (group["momentum"], group["nesterov"]) == (momentum, nesterov)


def test_what_torch_refuses_is_said_in_a_sentence() -> None:
    model, _, _ = problem()
    with pytest.raises(ConfigError, match="optimizer adam refuses its settings"):
        build_torch_optimizer(model.parameters(), TrainingConfig(learning_rate=-1.0))


OTHER = {
    "momentum": 0.5, "beta1": 0.7, "beta2": 0.95, "eps": 1e-3, "rho": 0.6, "alpha": 0.8, "momentum_decay": 0.1,
    "final_lr": 0.3, "gamma": 0.05, "variant": "paper",
}  # fmt: skip
BOUNDED = [("adabound", key) for key in CONSTANTS if key not in ("gamma", "variant")]
PAIRS = [(name, key) for name in OPTIMIZERS for key in CONSTANTS]


@pytest.mark.parametrize(("name", "key"), PAIRS)
def test_a_constant_reaches_both_backends_or_is_refused(name: str, key: str) -> None:
    # the bounds of AdaBound close soon enough to be felt in a few steps
    usual = TrainingConfig(optimizer=name, gamma=0.5 if (name, key) in BOUNDED else OWN)
    config = dataclasses.replace(usual, **{key: OTHER[key]})
    model, x, targets = problem()
    if key not in RULES[name].constants:
        with pytest.raises(ConfigError, match=rf"training\.optimizer {name} has no {key}; it has"):
            build_torch_optimizer(model.parameters(), config)
        with pytest.raises(ConfigError, match=rf"training\.optimizer {name} has no {key}; it has"):
            build_numpy_optimizer({"w": np.ones(1)}, config)
        return
    ends = []
    for each in (config, usual):
        model, x, targets = problem()
        theirs = build_torch_optimizer(model.parameters(), each)
        ours = {key: theta.detach().numpy().copy() for key, theta in model.named_parameters()}
        hand = build_numpy_optimizer(ours, each)
        for _ in range(5):
            theirs.zero_grad()
            F.cross_entropy(model(x), targets).backward()
            hand.step({key: theta.grad.numpy() for key, theta in model.named_parameters()})
            theirs.step()
        ends.append(model.weight.detach().numpy().copy())
        assert error(ours["weight"].astype(np.float64), ends[-1].astype(np.float64)) < 1e-5
    assert not np.array_equal(*ends), "the constant changes what is learned"


@pytest.mark.parametrize("backend", [build_torch_optimizer, build_numpy_optimizer])
def test_a_constant_that_cannot_be_is_refused(backend: Callable[..., Any]) -> None:
    given = {"w": np.ones(1)} if backend is build_numpy_optimizer else problem()[0].parameters()
    with pytest.raises(ConfigError, match=r"at least 0, or -1 for the optimizer's own, not -0\.5"):
        backend(given, TrainingConfig(eps=-0.5))
    with pytest.raises(ConfigError, match="optimizer adabound refuses its settings"):
        backend(given, TrainingConfig(optimizer="adabound", gamma=0.0))
    with pytest.raises(ConfigError, match=r"takes γ = 1 - β₂; omit training\.gamma"):
        backend(given, TrainingConfig(optimizer="adabound", variant="paper", gamma=0.1))
