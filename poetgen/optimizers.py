"""Every update rule by name: torch's class, ours by hand, the default learning rate and the constants it has."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from poetgen.errors import ConfigError


class Rule(NamedTuple):
    """What an optimizer's name means.

    `torch` is a class of torch.optim (AdaBound, which torch lacks, of poetgen.training.optimizers), `byhand` one
    of poetgen.byhand.optimizers, `lr` the rate when none is given. `constants` are the rule's own, as the settings
    of [training] call them, with their defaults; `torch_only` is what makes torch's class that rule.
    """

    torch: str
    byhand: str
    lr: float
    constants: Mapping[str, Any] = {}
    torch_only: Mapping[str, Any] = {}


VARIANTS = ("code", "paper")  # of adabound: as its authors published it, and as they describe it
OWN = -1.0  # of a constant in the settings: the rule's default
ADAM = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
# rates are for clipped gradients of the mean token loss. AdaBound ends as Momentum does, for its m is (1 - β₁) b;
# its authors' final_lr of 0.1 is for image classifiers, where plain SGD takes 0.1 too
RULES: Mapping[str, Rule] = {
    "sgd": Rule("SGD", "SGD", 4.0),
    "momentum": Rule("SGD", "Momentum", 1.0, {"momentum": 0.9}),
    "nesterov": Rule("SGD", "Nesterov", 1.0, {"momentum": 0.9}, {"nesterov": True}),
    "adagrad": Rule("Adagrad", "Adagrad", 0.03, {"eps": 1e-10}),
    "adadelta": Rule("Adadelta", "Adadelta", 1.0, {"rho": 0.9, "eps": 1e-6}),
    "rmsprop": Rule("RMSprop", "RMSProp", 1e-3, {"alpha": 0.99, "eps": 1e-8}),
    "adam": Rule("Adam", "Adam", 3e-3, ADAM),
    "adamw": Rule("AdamW", "AdamW", 3e-3, ADAM),
    "adamax": Rule("Adamax", "Adamax", 5e-3, ADAM),
    "nadam": Rule("NAdam", "Nadam", 3e-3, {**ADAM, "momentum_decay": 4e-3}),
    "adabound": Rule(
        "AdaBound", "AdaBound", 1e-2, {**ADAM, "final_lr": 10.0, "gamma": 1e-3, "variant": "code"}
    ),
}
CONSTANTS = (
    "momentum", "beta1", "beta2", "eps", "rho", "alpha", "momentum_decay", "final_lr", "gamma", "variant"
)  # fmt: skip


def as_options(constants: Mapping[str, Any]) -> dict[str, Any]:
    """Constants as both torch's classes and ours take them: β₁ and β₂ are a pair there."""
    options = dict(constants)
    if "beta1" in options:
        options["betas"] = (options.pop("beta1"), options.pop("beta2"))
    return options


def choose_constants(optimizer: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A rule's constants, those given, by name, before its own. Raises ConfigError for what it does not have."""
    found = dict(RULES[optimizer].constants)
    for name, value in given.items():
        if value in (OWN, ""):
            continue
        if name not in found:
            has = f"it has: {', '.join(found)}" if found else "it has no constants"
            raise ConfigError(f"training.optimizer {optimizer} has no {name}; {has}")
        if not isinstance(value, str) and value < 0:
            raise ConfigError(
                f"training.{name} must be at least 0, or {OWN:g} for the optimizer's own, not {value:g}"
            )
        found[name] = value
    if found.get("variant") == "paper":
        del found["gamma"]
        if given.get("gamma", OWN) != OWN:
            raise ConfigError("adabound's variant of the paper takes γ = 1 - β₂; omit training.gamma")
    return found
