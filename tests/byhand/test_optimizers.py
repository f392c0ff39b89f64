"""Every hand-written rule walks with its torch twin, and what its docstring says of its paper is so."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F

from poetgen.byhand import optimizers as byhand
from poetgen.byhand.finite_differences import error
from poetgen.byhand.optimizer import Optimizer
from poetgen.byhand.optimizers import AdaBound
from poetgen.model.language_model import LanguageModel
from poetgen.training.optimizers import AdaBound as TorchAdaBound

Values = dict[str, npt.NDArray[Any]]


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    """torch keeps NAdam's product of μ in the default type, which is to be as fine as what it is compared with."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


# ---- where they walk ----


class Problem(NamedTuple):
    """A function to be made small: where to begin, and its gradient."""

    start: Values
    gradient: Callable[[Values], Values]


def parabola() -> Problem:
    """Σ ½ aₖ xₖ², narrow one way and wide the other, over a matrix and a number."""
    steepness = {"x": np.array([[0.1, 1.0, 10.0], [3.0, 0.3, 0.03]]), "y": np.array(2.0)}
    start = {"x": np.array([[1.0, -2.0, 3.0], [-0.5, 0.0, 4.0]]), "y": np.array(-1.5)}
    return Problem(start, lambda at: {name: a * at[name] for name, a in steepness.items()})


def rosenbrock() -> Problem:
    """(1 - x)² + 100 (y - x²)², from the usual (-1.2, 1)."""

    def gradient(at: Values) -> Values:
        x, y = at["xy"]
        return {"xy": np.array([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])}

    return Problem({"xy": np.array([-1.2, 1.0])}, gradient)


def lstm() -> Problem:
    """The loss of a small language model on a few tokens, by autograd."""
    torch.manual_seed(0)
    model = LanguageModel(6, 3, 4)
    ids = torch.randint(6, (5, 2))

    def gradient(at: Values) -> Values:
        model.load_state_dict({name: torch.from_numpy(value) for name, value in at.items()})
        model.zero_grad()
        logits, _ = model(ids[:-1])
        F.cross_entropy(logits.flatten(0, 1), ids[1:].flatten()).backward()
        return {name: theta.grad.numpy().copy() for name, theta in model.named_parameters()}

    rng = np.random.default_rng(0)
    return Problem({name: rng.normal(size=p.shape) for name, p in model.named_parameters()}, gradient)


PROBLEMS = [parabola, rosenbrock, lstm]


def copied(values: Values) -> Values:
    return {name: value.copy() for name, value in values.items()}


def walk(problem: Problem, optimizer: Optimizer, steps: int, *, rates: list[float] | None = None) -> Values:
    """Where our optimizer comes to."""
    for step in range(steps):
        if rates:
            optimizer.lr = rates[step]
        optimizer.step(problem.gradient(dict(optimizer.parameters)))
    return dict(optimizer.parameters)


def torch_walk(
    problem: Problem, rule: Any, settings: dict[str, Any], steps: int, *, rates: list[float] | None = None
) -> Values:
    """Where torch's optimizer comes to."""
    at = {name: torch.nn.Parameter(torch.tensor(value)) for name, value in problem.start.items()}
    optimizer = rule(at.values(), **settings)
    for step in range(steps):
        if rates:
            optimizer.param_groups[0]["lr"] = rates[step]
        gradients = problem.gradient({name: theta.detach().numpy() for name, theta in at.items()})
        for name, theta in at.items():
            theta.grad = torch.as_tensor(gradients[name])
        optimizer.step()
    return {name: theta.detach().numpy() for name, theta in at.items()}


def far(ours: Values, theirs: Values) -> float:
    assert ours.keys() == theirs.keys()
    return max(error(ours[name], theirs[name]) for name in theirs)


# ---- with whom ----

PLAIN = {"foreach": False}
KERNEL = {"foreach": False, "fused": False}
DECAYS = {"betas": (0.7, 0.9), "eps": 1e-3}


class Twin(NamedTuple):
    """Our rule and torch's, what only torch must be told, what both are told, and settings of another taste."""

    ours: type[Optimizer]
    theirs: Any
    torch_only: dict[str, Any]
    both: dict[str, Any]
    other: dict[str, Any]

    def settings(self, *, weight_decay: float, other: bool) -> dict[str, Any]:
        """For both."""
        return {**self.both, "weight_decay": weight_decay, **(self.other if other else {})}


# Rates are for Rosenbrock's valley: much greater ones bounce between its walls, and after fifty steps a last bit
# has grown to 1e-6, whichever of the two it was changed in.
TWINS = {
    "SGD": Twin(byhand.SGD, torch.optim.SGD, KERNEL, {"lr": 1e-3}, {}),
    "Momentum": Twin(
        byhand.Momentum,
        torch.optim.SGD,
        KERNEL,
        {"lr": 5e-4, "momentum": 0.9},
        {"momentum": 0.8, "dampening": 0.3},
    ),
    "Nesterov": Twin(
        byhand.Nesterov,
        torch.optim.SGD,
        {**KERNEL, "nesterov": True},
        {"lr": 5e-4, "momentum": 0.9},
        {"momentum": 0.7},
    ),
    "Adagrad": Twin(
        byhand.Adagrad, torch.optim.Adagrad, KERNEL, {"lr": 0.1}, {"lr_decay": 0.05, "eps": 1e-3}
    ),
    "Adadelta": Twin(byhand.Adadelta, torch.optim.Adadelta, PLAIN, {"lr": 1.0}, {"rho": 0.7, "eps": 1e-3}),
    "RMSProp": Twin(byhand.RMSProp, torch.optim.RMSprop, PLAIN, {"lr": 0.005}, {"alpha": 0.8, "eps": 1e-3}),
    "Adam": Twin(byhand.Adam, torch.optim.Adam, KERNEL, {"lr": 0.02}, DECAYS),
    "AdamW": Twin(byhand.AdamW, torch.optim.AdamW, KERNEL, {"lr": 0.02}, DECAYS),
    "Adamax": Twin(byhand.Adamax, torch.optim.Adamax, PLAIN, {"lr": 0.02}, DECAYS),
    "Nadam": Twin(byhand.Nadam, torch.optim.NAdam, PLAIN, {"lr": 0.01}, {**DECAYS, "momentum_decay": 0.1}),
    "AdaBound": Twin(byhand.AdaBound, TorchAdaBound, {}, {}, {**DECAYS, "final_lr": 3e-3, "gamma": 0.1}),
    "AdaBound of the paper": Twin(
        byhand.AdaBound, TorchAdaBound, {}, {"variant": "paper"}, {**DECAYS, "final_lr": 3e-3}
    ),
}


@pytest.fixture(params=TWINS.values(), ids=TWINS)
def twin(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize("other", [False, True], ids=["defaults", "other settings"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_fifty_steps_are_torchs(
    twin: Twin, problem: Callable[[], Problem], weight_decay: float, other: bool
) -> None:
    place, settings = problem(), twin.settings(weight_decay=weight_decay, other=other)
    ours = walk(place, twin.ours(copied(place.start), **settings), 50)
    theirs = torch_walk(place, twin.theirs, {**twin.torch_only, **settings}, 50)
    assert far(ours, theirs) <= 1e-10
    assert far(ours, place.start) > 1e-3, "it stood still"


def test_defaults_are_torchs(twin: Twin) -> None:
    both = twin.both if twin.theirs is torch.optim.SGD else {}
    theirs = twin.theirs([torch.zeros(1)], **twin.torch_only, **both).defaults
    ours = vars(twin.ours({}, **both))
    shared = ours.keys() & theirs.keys() - ({"weight_decay"} if twin.ours is byhand.AdamW else set())
    assert {"lr"} <= shared
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}


def test_a_rate_set_between_steps_is_the_rate_of_torchs_group(twin: Twin) -> None:
    place, settings = lstm(), twin.settings(weight_decay=0.1, other=True)
    constant = twin.ours(copied(place.start), **settings)
    rates = [constant.lr * share for share in np.linspace(1.5, 0.0, 30)]
    ours = walk(place, twin.ours(copied(place.start), **settings), 30, rates=rates)
    theirs = torch_walk(place, twin.theirs, {**twin.torch_only, **settings}, 30, rates=rates)
    assert far(ours, theirs) <= 1e-10
    assert far(walk(place, constant, 30), theirs) > 1e-4


# ---- what a docstring says of a paper ----


def test_momentum_is_the_papers_while_the_rate_is_constant() -> None:
    start, gradient = rosenbrock()
    theta, v = start["xy"].copy(), np.zeros(2)
    for _ in range(50):
        v = 0.8 * v - 5e-4 * gradient({"xy": theta})["xy"]
        theta = theta + v
    ours = walk(rosenbrock(), byhand.Momentum(start, lr=5e-4, momentum=0.8), 50)
    assert error(ours["xy"], theta) <= 1e-10


def test_nesterovs_parameters_are_the_point_where_the_paper_takes_its_gradient() -> None:
    start, gradient = rosenbrock()
    theta, v = start["xy"].copy(), np.zeros(2)
    for _ in range(50):
        v = 0.8 * v - 5e-4 * gradient({"xy": theta + 0.8 * v})["xy"]
        theta = theta + v
    ours = walk(rosenbrock(), byhand.Nesterov(start, lr=5e-4, momentum=0.8), 50)
    assert error(ours["xy"], theta + 0.8 * v) <= 1e-10


def adabound_by_the_formula(
    theta: float, gradients: list[float], rates: list[float], *, variant: str, **s: Any
) -> float:
    """One coordinate, in plain numbers, as the paper and as the authors' code have it."""
    m = v = 0.0
    for t, (g, alpha) in enumerate(zip(gradients, rates, strict=True), start=1):
        g += s["weight_decay"] * theta
        m = s["beta1"] * m + (1 - s["beta1"]) * g
        v = s["beta2"] * v + (1 - s["beta2"]) * g**2
        if variant == "paper":
            lower = s["final_lr"] - s["final_lr"] / ((1 - s["beta2"]) * t + 1)
            upper = s["final_lr"] + s["final_lr"] / ((1 - s["beta2"]) * t)
            rate = min(max(alpha / (math.sqrt(v) + s["eps"]), lower), upper) / math.sqrt(t)
        else:
            final = s["final_lr"] * alpha / rates[0]
            lower = final * (1 - 1 / (s["gamma"] * t + 1))
            upper = final * (1 + 1 / (s["gamma"] * t))
            corrected = alpha * math.sqrt(1 - s["beta2"] ** t) / (1 - s["beta1"] ** t)
            rate = min(max(corrected / (math.sqrt(v) + s["eps"]), lower), upper)
        theta -= rate * m
    return theta


@pytest.mark.parametrize("falling", [False, True], ids=["one rate", "falling rate"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize("final_lr", [1e-3, 0.1, 50.0])  # mostly above the bounds, between and below them
@pytest.mark.parametrize("variant", ["code", "paper"])
def test_adabound_is_its_formula(variant: str, final_lr: float, weight_decay: float, falling: bool) -> None:
    rng = np.random.default_rng(5)
    gradients = rng.normal(size=(200, 3)) * np.array([0.01, 1.0, 30.0])
    rates = [0.02 * (1 - step / 250 * falling) for step in range(200)]
    theta = np.array([1.0, -2.0, 0.5])
    settings = {"final_lr": final_lr, "eps": 1e-8, "gamma": 0.05, "weight_decay": weight_decay}
    expected = [
        adabound_by_the_formula(
            start, gradients[:, k].tolist(), rates, variant=variant, beta1=0.8, beta2=0.98, **settings
        )
        for k, start in enumerate(theta.tolist())
    ]
    optimizer = AdaBound({"theta": theta}, lr=rates[0], betas=(0.8, 0.98), variant=variant, **settings)
    for rate, g in zip(rates, gradients, strict=True):
        optimizer.lr = rate
        optimizer.step({"theta": g})
    assert error(theta, np.array(expected)) <= 1e-10


def test_adabounds_variants_part_at_the_first_step_as_described() -> None:
    """With bounds far away, a first step of Adam's η against the paper's η (1 - β₁) / √(1 - β₂)."""
    thetas = {variant: np.zeros(1) for variant in ("code", "paper")}
    for variant, theta in thetas.items():
        AdaBound({"theta": theta}, lr=0.01, betas=(0.9, 0.99), eps=0.0, variant=variant).step(
            {"theta": np.array([0.5])}
        )
    assert thetas["code"] == pytest.approx(-0.01)
    assert thetas["paper"] == pytest.approx(-0.01 * 0.1 / 0.1)


def test_adabound_without_epsilon_stands_still_where_the_gradient_does() -> None:
    theta = np.array([1.0, 1.0])
    AdaBound({"theta": theta}, eps=0.0).step({"theta": np.array([0.0, 1.0])})
    assert theta[0] == 1 and theta[1] < 1
