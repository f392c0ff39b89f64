"""AdaBound as a torch optimizer: a good citizen of torch, and what `poetgen train` can use.

That it is the rule by hand, in both variants, is shown in tests/byhand/test_optimizers.py; that a run with it goes
on where it stopped, in test_resume.py.
"""

import io
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from torch import Tensor, nn

from poetgen.byhand import optimizers as byhand
from poetgen.checkpoint import Checkpoint
from poetgen.cli import poetgen
from poetgen.config import TrainingConfig
from poetgen.corpus.dataset import Dataset
from poetgen.training.numpy_learner import build_numpy_optimizer
from poetgen.training.optimizers import AdaBound

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here")),
]


class Learning:
    """A linear classifier of a few made-up points, and its optimizer."""

    def __init__(self, device: str = "cpu", **settings: Any) -> None:
        torch.manual_seed(0)
        self.model = nn.Linear(4, 3)
        x, targets = torch.randn(20, 4), torch.randint(3, (20,))
        self.model.to(device)
        self.x, self.targets = x.to(device), targets.to(device)
        self.optimizer = AdaBound(self.model.parameters(), **settings)

    def loss(self) -> Tensor:
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(self.x), self.targets)
        loss.backward()
        return loss

    def learn(self, steps: int) -> float:
        losses = [self.optimizer.step(lambda: self.loss().item()) for _ in range(steps)]
        assert losses[-1] is not None
        return losses[-1]

    def weights(self) -> Tensor:
        return torch.cat([theta.detach().cpu().flatten() for theta in self.model.parameters()])


@pytest.mark.parametrize("variant", ["code", "paper"])
@pytest.mark.parametrize("device", DEVICES)
def test_it_learns(device: str, variant: str) -> None:
    learning = Learning(device, lr=0.01, variant=variant)
    assert learning.learn(1) - learning.learn(60) > 0.1


@pytest.mark.parametrize("variant", ["code", "paper"])
@pytest.mark.parametrize("device", DEVICES)
def test_it_goes_on_from_a_file(device: str, variant: str) -> None:
    settings = {"variant": variant, "weight_decay": 0.1, "final_lr": 0.02, "gamma": 0.1}
    whole, first = Learning(device, lr=0.01, **settings), Learning(device, lr=0.01, **settings)
    for learning, steps in ((whole, 12), (first, 5)):
        learning.optimizer.param_groups[0]["lr"] = 0.004  # a scheduler's doing: bounds are to its first rate
        learning.learn(steps)
    file = io.BytesIO()
    torch.save([first.model.state_dict(), first.optimizer.state_dict()], file)
    file.seek(0)
    weights, state = torch.load(file, weights_only=True)
    resumed = Learning(device, lr=0.5)
    resumed.model.load_state_dict(weights)
    resumed.optimizer.load_state_dict(state)
    resumed.learn(7)
    assert torch.equal(resumed.weights(), whole.weights())


def test_a_closure_is_called_with_gradients_on_and_its_loss_returned() -> None:
    learning = Learning()
    with torch.no_grad():
        assert learning.optimizer.step(lambda: learning.loss().item()) == pytest.approx(
            F.cross_entropy(Learning().model(learning.x), learning.targets).item()
        )
    assert learning.optimizer.step() is None


def test_parameters_without_a_gradient_stay() -> None:
    moved, still = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimizer = AdaBound([moved, still], weight_decay=0.1)
    moved.grad = torch.ones(2)
    optimizer.step()
    assert (still == 1).all() and (moved < 1).all()


def test_every_group_has_settings_and_a_first_rate_of_its_own() -> None:
    """At the upper bound the steps are as final_lr, and fall as a group's own rate does."""
    one, two = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    optimizer = AdaBound(
        [{"params": [one], "lr": 10.0}, {"params": [two], "final_lr": 0.2}], lr=5.0, gamma=1.0
    )
    assert [group["first_lr"] for group in optimizer.param_groups] == [10.0, 5.0]
    for group, share in zip(optimizer.param_groups, (0.5, 1.0), strict=True):
        group["lr"] *= share
    one.grad, two.grad = torch.ones(1), torch.ones(1)
    optimizer.step()
    bound = 1 + 1 / 1.0
    assert -one.item() == pytest.approx(0.1 * bound * 0.5 * 0.1)
    assert -two.item() == pytest.approx(0.2 * bound * 1.0 * 0.1)


def test_a_scheduler_may_end_at_nothing() -> None:
    learning = Learning(lr=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(learning.optimizer, lambda step: max(0.0, 1 - step / 3))
    for _ in range(3):
        learning.learn(1)
        schedule.step()
    before = learning.weights()
    learning.learn(1)
    assert torch.equal(learning.weights(), before)


def test_it_ends_as_gradient_descent_with_averaged_gradients() -> None:
    """When the bounds have met, every coordinate's rate is final_lr: θ ← θ - α* m."""
    theta = nn.Parameter(torch.zeros(3))
    optimizer = AdaBound([theta], final_lr=0.3, gamma=1e6)
    m = torch.zeros(3)
    for g in torch.randn(20, 3, generator=torch.Generator().manual_seed(0)):
        theta.grad, before, m = g.clone(), theta.detach().clone(), 0.9 * m + 0.1 * g
        optimizer.step()
        torch.testing.assert_close(theta.detach(), before - 0.3 * m, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"lr": -1.0}, "Invalid lr: -1.0"),
        ({"lr": math.nan}, "Invalid lr: nan"),
        ({"final_lr": -0.1}, "Invalid final_lr: -0.1"),
        ({"gamma": -0.1}, "Invalid gamma: -0.1"),
        ({"eps": -1e-8}, "Invalid eps: -1e-08"),
        ({"weight_decay": -1.0}, "Invalid weight_decay: -1.0"),
        ({"betas": (1.0, 0.9)}, "Invalid beta parameter at index 0: 1.0"),
        ({"betas": (0.9, -0.1)}, "Invalid beta parameter at index 1: -0.1"),
        ({"variant": "mine"}, "Invalid variant: mine; there are: code, paper"),
        ({"lr": 0.0}, "both must be above 0"),
        ({"gamma": 0.0}, "both must be above 0"),
    ],
)
def test_settings_that_cannot_be_are_named(settings: dict[str, Any], told: str) -> None:
    theta = nn.Parameter(torch.zeros(1))
    with pytest.raises(ValueError, match=told):
        AdaBound([theta], **settings)
    with pytest.raises(ValueError, match=told):
        AdaBound([{"params": [theta], **settings}])


def test_what_is_not_said_is_as_its_authors_have_it() -> None:
    given = AdaBound([nn.Parameter(torch.zeros(1))]).defaults
    rule = byhand.AdaBound({"x": np.zeros(1)}, lr=given["lr"])
    assert (given["lr"], given["betas"], given["weight_decay"]) == (1e-3, (0.9, 0.999), 0.0)
    for name in ("final_lr", "gamma", "eps", "variant"):
        assert given[name] == getattr(rule, name)
    assert (given["final_lr"], given["gamma"], given["eps"]) == (0.1, 1e-3, 1e-8)


def test_sparse_gradients_are_refused() -> None:
    embedding = nn.Embedding(5, 2, sparse=True)
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(RuntimeError, match="AdaBound does not support sparse gradients"):
        AdaBound(embedding.parameters()).step()


def test_by_its_name_it_ends_as_momentum_does() -> None:
    """With gradients that no longer change, b is g / (1 - μ) and m is g: both move by one rate."""
    adabound, momentum = (
        build_numpy_optimizer({"w": np.zeros(1)}, TrainingConfig(optimizer=name))
        for name in ("adabound", "momentum")
    )
    assert isinstance(adabound, byhand.AdaBound) and isinstance(momentum, byhand.Momentum)
    assert adabound.final_lr == pytest.approx(momentum.lr / (1 - momentum.momentum))
    assert adabound.betas[0] == momentum.momentum


def test_poetgen_train_knows_its_name(prepared: Dataset, tmp_path: Path) -> None:
    shutil.copytree(prepared.path, tmp_path / "data" / "prepared")
    sizes = "--embedding-size 6 --hidden-size 8 --batch-size 12 --epochs 2 --device cpu"
    command = f"train --home {tmp_path} --optimizer adabound --run bound {sizes}"
    result = CliRunner().invoke(poetgen, command.split())
    assert result.exit_code == 0, result.output
    card = Checkpoint.load(tmp_path / "checkpoints" / "bound" / "best.safetensors").config
    assert card["training"]["optimizer"] == "adabound"
