"""Every update rule by name: torch's class, ours by hand, the default learning rate and the constants it has."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Rule(NamedTuple):
    """What an optimizer's name means.

    `torch` is a class of torch.optim (AdaBound, which torch lacks, of poetgen.training.optimizers), `byhand` one
    of poetgen.byhand.optimizers, `lr` the rate when none is given; both get the `constants`.
    """

    torch: str
    byhand: str
    lr: float
    constants: Mapping[str, Any] = {}
    torch_only: Mapping[str, Any] = {}


# rates are for clipped gradients of the mean token loss; AdaBound ends as Momentum does, for its m is (1 - β₁) b
RULES: Mapping[str, Rule] = {
    "sgd": Rule("SGD", "SGD", 4.0),
    "momentum": Rule("SGD", "Momentum", 1.0, {"momentum": 0.9}),
    "nesterov": Rule("SGD", "Nesterov", 1.0, {"momentum": 0.9}, torch_only={"nesterov": True}),
    "adagrad": Rule("Adagrad", "Adagrad", 0.03),
    "adadelta": Rule("Adadelta", "Adadelta", 1.0),
    "rmsprop": Rule("RMSprop", "RMSProp", 1e-3),
    "adam": Rule("Adam", "Adam", 3e-3),
    "adamw": Rule("AdamW", "AdamW", 3e-3),
    "adamax": Rule("Adamax", "Adamax", 5e-3),
    "nadam": Rule("NAdam", "Nadam", 3e-3),
    "adabound": Rule("AdaBound", "AdaBound", 1e-2, {"final_lr": 10.0}),
}
