"""torch.optim by name, each with a sensible learning rate of its own."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from poetgen.config import TrainingConfig
from poetgen.errors import ConfigError

# name -> (class, default learning rate, further settings); rates are for clipped gradients of the mean token loss
RULES: dict[str, tuple[Callable[..., Optimizer], float, dict[str, Any]]] = {
    "sgd": (torch.optim.SGD, 4.0, {}),
    "momentum": (torch.optim.SGD, 1.0, {"momentum": 0.9}),
    "nesterov": (torch.optim.SGD, 1.0, {"momentum": 0.9, "nesterov": True}),
    "adagrad": (torch.optim.Adagrad, 0.03, {}),
    "adadelta": (torch.optim.Adadelta, 1.0, {}),
    "rmsprop": (torch.optim.RMSprop, 1e-3, {}),
    "adam": (torch.optim.Adam, 3e-3, {}),
    "adamw": (torch.optim.AdamW, 3e-3, {}),
    "adamax": (torch.optim.Adamax, 5e-3, {}),
    "nadam": (torch.optim.NAdam, 3e-3, {}),
}
FUSED = ("sgd", "momentum", "nesterov", "adagrad", "adam", "adamw")


def default_learning_rate(name: str) -> float:
    """The rate used when none is given."""
    return RULES[name][1]


def build_optimizer(parameters: Iterable[nn.Parameter], config: TrainingConfig) -> Optimizer:
    """The optimizer of this configuration. Raises ConfigError when torch refuses a setting."""
    rule, rate, settings = RULES[config.optimizer]
    parameters = list(parameters)
    if config.optimizer in FUSED and parameters[0].device.type == "cpu":
        settings = {**settings, "fused": True}
    try:
        return rule(parameters, lr=config.learning_rate or rate, weight_decay=config.weight_decay, **settings)
    except ValueError as error:
        raise ConfigError(f"optimizer {config.optimizer} refuses its settings: {error}") from error
