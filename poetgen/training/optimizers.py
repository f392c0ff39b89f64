"""torch.optim by name and the one it lacks, each with a sensible learning rate of its own."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from poetgen.byhand import optimizers as byhand
from poetgen.config import TrainingConfig
from poetgen.errors import ConfigError
from poetgen.training.adabound import AdaBound

# name -> (class, settings); what is here by name is also in byhand.optimizers.RULES, with the same meaning
RULES: dict[str, tuple[Callable[..., Optimizer], Mapping[str, Any]]] = {
    "sgd": (torch.optim.SGD, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "nesterov": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "adagrad": (torch.optim.Adagrad, {}),
    "adadelta": (torch.optim.Adadelta, {}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "adam": (torch.optim.Adam, {}),
    "adamw": (torch.optim.AdamW, {}),
    "adamax": (torch.optim.Adamax, {}),
    "nadam": (torch.optim.NAdam, {}),
    "adabound": (AdaBound, byhand.RULES["adabound"].settings),
}
FUSED = ("sgd", "momentum", "nesterov", "adagrad", "adam", "adamw")


def default_learning_rate(name: str) -> float:
    """The rate used when none is given."""
    return byhand.RULES[name].lr


def build_optimizer(parameters: Iterable[nn.Parameter], config: TrainingConfig) -> Optimizer:
    """The optimizer of this configuration. Raises ConfigError when torch refuses a setting."""
    rule, settings = RULES[config.optimizer]
    rate = config.learning_rate or default_learning_rate(config.optimizer)
    parameters = list(parameters)
    if config.optimizer in FUSED and parameters[0].device.type == "cpu":
        settings = {**settings, "fused": True}
    try:
        return rule(parameters, lr=rate, weight_decay=config.weight_decay, **settings)
    except ValueError as error:
        raise ConfigError(f"optimizer {config.optimizer} refuses its settings: {error}") from error
