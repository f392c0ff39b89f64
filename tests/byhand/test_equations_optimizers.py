"""Section 10 of docs/derivation.md: each rule as it stands there walks with the code for 30 steps."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from poetgen.byhand import optimizers
from poetgen.byhand.finite_differences import error

STEPS, SIZE = 30, 5
START = np.random.default_rng(1).normal(size=SIZE)
SCALES = np.array([0.01, 0.3, 1.0, 3.0, 30.0])


def gradient(theta, t: int):
    """Of no loss in particular, but of θ and of the step."""
    return SCALES * (theta + np.sin(t + np.arange(SIZE)))


def walks_together(name: str, rule: Callable[..., Any], **settings: Any) -> None:
    """`rule(theta, g, t, memory)` → new θ, by the page; the code's with these settings."""
    ours, theirs, memory = START.copy(), START.copy(), {}
    optimizer = getattr(optimizers, name)({"theta": theirs}, **settings)
    for t in range(1, STEPS + 1):
        ours = rule(ours, gradient(ours, t), t, memory)
        optimizer.step({"theta": gradient(theirs, t)})
        assert error(ours, theirs) <= 1e-10
    assert error(ours, START) > 1e-3


def test_equation_60_weight_decay_is_part_of_the_gradient():
    walks_together(
        "SGD", lambda theta, g, t, memory: theta - 0.02 * (g + 0.3 * theta), lr=0.02, weight_decay=0.3
    )


def test_equation_61_sgd():
    walks_together("SGD", lambda theta, g, t, memory: theta - 0.02 * g, lr=0.02)


def test_equation_62_momentum():
    def rule(theta, g, t, memory):
        memory["b"] = 0.8 * memory.get("b", 0) + g
        return theta - 0.01 * memory["b"]

    walks_together("Momentum", rule, lr=0.01, momentum=0.8)


def test_equation_63_nesterov():
    def rule(theta, g, t, memory):
        memory["b"] = 0.8 * memory.get("b", 0) + g
        return theta - 0.01 * (g + 0.8 * memory["b"])

    walks_together("Nesterov", rule, lr=0.01, momentum=0.8)


def test_equation_64_adagrad():
    def rule(theta, g, t, memory):
        memory["G"] = memory.get("G", 0) + g**2
        return theta - 0.1 * g / (np.sqrt(memory["G"]) + 1e-3)

    walks_together("Adagrad", rule, lr=0.1, eps=1e-3)


def test_equation_65_adadelta():
    def rule(theta, g, t, memory):
        memory["Eg"] = 0.8 * memory.get("Eg", 0) + 0.2 * g**2
        d = np.sqrt(memory.get("ED", 0) + 1e-3) / np.sqrt(memory["Eg"] + 1e-3) * g
        memory["ED"] = 0.8 * memory.get("ED", 0) + 0.2 * d**2
        return theta - 0.7 * d

    walks_together("Adadelta", rule, lr=0.7, rho=0.8, eps=1e-3)


def test_equation_66_rmsprop():
    def rule(theta, g, t, memory):
        memory["v"] = 0.9 * memory.get("v", 0) + 0.1 * g**2
        return theta - 0.02 * g / (np.sqrt(memory["v"]) + 1e-3)

    walks_together("RMSProp", rule, lr=0.02, alpha=0.9, eps=1e-3)


def moments(g, t, memory):
    """m, v and their corrected forms, with β₁ = 0.8 and β₂ = 0.95."""
    memory["m"] = 0.8 * memory.get("m", 0) + 0.2 * g
    memory["v"] = 0.95 * memory.get("v", 0) + 0.05 * g**2
    return memory["m"], memory["v"], memory["m"] / (1 - 0.8**t), memory["v"] / (1 - 0.95**t)


SETTINGS = {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-3}


def test_equation_67_adam():
    def rule(theta, g, t, memory):
        _, _, m_hat, v_hat = moments(g, t, memory)
        return theta - 0.02 * m_hat / (np.sqrt(v_hat) + 1e-3)

    walks_together("Adam", rule, **SETTINGS)


def test_equation_68_adamw():
    def rule(theta, g, t, memory):
        _, _, m_hat, v_hat = moments(g, t, memory)
        return (1 - 0.02 * 0.3) * theta - 0.02 * m_hat / (np.sqrt(v_hat) + 1e-3)

    walks_together("AdamW", rule, weight_decay=0.3, **SETTINGS)


def test_equation_69_adamax():
    def rule(theta, g, t, memory):
        m, _, _, _ = moments(g, t, memory)
        memory["u"] = np.maximum(0.95 * memory.get("u", 0), np.abs(g) + 1e-3)
        return theta - 0.02 / (1 - 0.8**t) * m / memory["u"]

    walks_together("Adamax", rule, **SETTINGS)


def test_equation_70_nadam():
    def mu(t):
        return 0.8 * (1 - 0.5 * 0.96 ** (t * 0.1))

    def rule(theta, g, t, memory):
        m, _, _, v_hat = moments(g, t, memory)
        until, after = (np.prod([mu(s) for s in range(1, last + 1)]) for last in (t, t + 1))
        m_hat = mu(t + 1) * m / (1 - after) + (1 - mu(t)) * g / (1 - until)
        return theta - 0.02 * m_hat / (np.sqrt(v_hat) + 1e-3)

    walks_together("Nadam", rule, momentum_decay=0.1, **SETTINGS)


@pytest.mark.parametrize("final", [1e-3, 0.05, 5.0])  # above, between and below the bounds
def test_equation_71_adabound_of_the_paper(final):
    def rule(theta, g, t, memory):
        m, v, _, _ = moments(g, t, memory)
        gamma = 1 - 0.95
        bounds = final * (1 - 1 / (gamma * t + 1)), final * (1 + 1 / (gamma * t))
        return theta - np.clip(0.02 / (np.sqrt(v) + 1e-3), *bounds) / np.sqrt(t) * m

    walks_together("AdaBound", rule, final_lr=final, variant="paper", **SETTINGS)


@pytest.mark.parametrize("final", [1e-3, 0.05, 5.0])
def test_equation_72_adabound_of_the_code(final):
    def rule(theta, g, t, memory):
        m, v, _, _ = moments(g, t, memory)
        bounds = final * (1 - 1 / (0.1 * t + 1)), final * (1 + 1 / (0.1 * t))
        rate = 0.02 * np.sqrt(1 - 0.95**t) / ((1 - 0.8**t) * (np.sqrt(v) + 1e-3))
        return theta - np.clip(rate, *bounds) * m

    walks_together("AdaBound", rule, final_lr=final, gamma=0.1, **SETTINGS)


def test_the_final_rate_follows_the_schedule_of_the_rate():
    """The η / η₀ of the code's rule: with bounds that have met, the rate is theirs."""
    theta = {"theta": np.array([0.0])}
    optimizer = optimizers.AdaBound(theta, lr=0.1, final_lr=0.5, gamma=1e9, betas=(0.0, 0.0))
    optimizer.lr = 0.05
    optimizer.step({"theta": np.array([1.0])})
    assert theta["theta"][0] == pytest.approx(-0.5 * 0.05 / 0.1)
