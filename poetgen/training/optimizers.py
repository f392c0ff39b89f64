"""Torch's optimizers by the names of poetgen.optimizers; and AdaBound for torch, which has none."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from poetgen.config import TrainingConfig
from poetgen.errors import ConfigError
from poetgen.optimizers import RULES, VARIANTS, as_options


class AdaBound(Optimizer):
    """Luo, Xiong, Liu & Sun 2019: rule, options and variants are those of `poetgen.byhand.optimizers.AdaBound`.

    The rate a parameter group begins with, to which its bounds are scaled, is kept as its `first_lr`. Raises
    ValueError for a setting that cannot be.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        final_lr: float = 0.1,
        *,
        gamma: float = 1e-3,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        variant: str = "code",
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "final_lr": final_lr,
            "gamma": gamma,
            "eps": eps,
            "weight_decay": weight_decay,
            "variant": variant,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """As torch's, with the group's settings checked and its first rate kept."""
        _check({**self.defaults, **param_group})
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        group.setdefault("first_lr", float(group["lr"]))

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of every parameter that has a gradient; `closure` computes loss and gradients anew."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for theta in group["params"]:
                if theta.grad is not None:
                    _change(theta, theta.grad, self.state[theta], group)
        return loss


def _check(group: dict[str, Any]) -> None:
    for name in ("lr", "final_lr", "gamma", "eps", "weight_decay"):
        if not 0 <= group[name] < math.inf:
            raise ValueError(f"Invalid {name}: {group[name]}")
    for index, beta in enumerate(group["betas"]):
        if not 0 <= beta < 1:
            raise ValueError(f"Invalid beta parameter at index {index}: {beta}")
    if group["variant"] not in VARIANTS:
        raise ValueError(f"Invalid variant: {group['variant']}; there are: {', '.join(VARIANTS)}")
    if group["variant"] == "code" and not (group["lr"] > 0 and group["gamma"] > 0):
        raise ValueError(f"Invalid lr or gamma: {group['lr']}, {group['gamma']}; both must be above 0")


def _change(theta: Tensor, g: Tensor, memory: dict[str, Any], group: dict[str, Any]) -> None:
    """The rule, on one parameter in place."""
    if g.is_sparse:
        raise RuntimeError("AdaBound does not support sparse gradients")
    if not memory:
        memory.update(step=0, exp_avg=torch.zeros_like(theta), exp_avg_sq=torch.zeros_like(theta))
    memory["step"] += 1
    t, m, v, (beta1, beta2) = memory["step"], memory["exp_avg"], memory["exp_avg_sq"], group["betas"]
    if group["weight_decay"]:
        g = g.add(theta, alpha=group["weight_decay"])
    m.mul_(beta1).add_(g, alpha=1 - beta1)
    v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
    eta, final, gamma, slower = float(group["lr"]), group["final_lr"], group["gamma"], 1.0
    if group["variant"] == "paper":
        gamma, slower = 1 - beta2, math.sqrt(t)
    else:
        final *= eta / group["first_lr"]
        eta *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
    lower, upper = final * (1 - 1 / (gamma * t + 1)), final * (1 + 1 / (gamma * t))
    eta_t = v.sqrt().add_(group["eps"]).reciprocal_().mul_(eta).clamp_(lower, upper)
    theta.addcmul_(eta_t, m, value=-1 / slower)


FUSED = ("SGD", "Adagrad", "Adam", "AdamW")  # those of torch.optim that have a faster kernel for the CPU


def options_of(settings: TrainingConfig) -> dict[str, Any]:
    """What torch's class and that by hand are both made with."""
    own = as_options(settings.optimizer_constants)
    return {"lr": settings.peak_learning_rate, "weight_decay": settings.weight_decay, **own}


def build_torch_optimizer(parameters: Iterable[nn.Parameter], settings: TrainingConfig) -> Optimizer:
    """The optimizer of these settings. Raises ConfigError when torch refuses one."""
    rule, parameters = RULES[settings.optimizer], list(parameters)
    kind = AdaBound if rule.torch == "AdaBound" else getattr(torch.optim, rule.torch)
    options = {**options_of(settings), **rule.torch_only}
    if rule.torch in FUSED and parameters[0].device.type == "cpu":
        options["fused"] = True
    try:
        built: Optimizer = kind(parameters, **options)
    except ValueError as error:
        raise ConfigError(f"optimizer {settings.optimizer} refuses its settings: {error}") from error
    return built
