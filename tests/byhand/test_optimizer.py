"""What all hand-written rules share: steps in place, one type of number, going on, refusing what does not fit."""

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.byhand import optimizers as byhand
from poetgen.byhand.finite_differences import error
from poetgen.byhand.optimizer import Optimizer
from poetgen.optimizers import RULES, as_options

Values = dict[str, npt.NDArray[Any]]

ALL = [*RULES]
ARRAYS = st.tuples(st.lists(st.integers(0, 4), max_size=3), st.integers(0, 2**32 - 1))


def start() -> Values:
    rng = np.random.default_rng(3)
    return {"w": rng.normal(size=(4, 3)), "b": rng.normal(size=4), "c": np.array(0.5)}


def gradient(at: Values) -> Values:
    """Of a bowl with waves."""
    return {name: theta + np.sin(5 * theta) for name, theta in at.items()}


def built(name: str, parameters: Values, **settings: Any) -> Optimizer:
    rule = RULES[name]
    given = {"lr": rule.lr, **as_options(rule.constants), "weight_decay": 0.01, **settings}
    kind: type[Optimizer] = getattr(byhand, rule.byhand)
    return kind(parameters, **given)


def walk(optimizer: Optimizer, steps: int) -> None:
    for _ in range(steps):
        optimizer.step(gradient(dict(optimizer.parameters)))


def content(state: dict[str, Any]) -> Any:
    """A state as something that can be compared."""
    memories = state["state"].items()
    return state["steps"], {
        name: {slot: a.tolist() for slot, a in memory.items()} for name, memory in memories
    }


# ---- the step ----


@pytest.mark.parametrize("name", ALL)
@given(drawn=ARRAYS)
def test_coordinates_do_not_know_of_each_other(name: str, drawn: tuple[list[int], int]) -> None:
    shape, seed = drawn
    rng = np.random.default_rng(seed)
    together, gradients = rng.normal(size=shape), rng.normal(size=(3, *shape))
    alone = {str(index): np.array(together[index]) for index in np.ndindex(*shape)}
    one, many = built(name, {"all": together}), built(name, alone)
    for g in gradients:
        one.step({"all": g})
        many.step({str(index): g[index] for index in np.ndindex(*shape)})
    for index in np.ndindex(*shape):
        assert together[index] == alone[str(index)]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_stay_the_same_arrays_of_the_same_type(name: str, dtype: Any) -> None:
    parameters = {key: np.asarray(value, dtype) for key, value in start().items()}
    before = {key: value.copy() for key, value in parameters.items()}
    optimizer = built(name, parameters)
    for _ in range(3):
        optimizer.lr = np.float64(0.01)  # as a schedule in NumPy would give it
        optimizer.step({key: g.astype(dtype) for key, g in gradient(parameters).items()})
    for key, value in parameters.items():
        assert optimizer.parameters[key] is value
        assert value.dtype == dtype and (value != before[key]).all()
        slots = {slot: a.dtype for slot, a in optimizer.state[key].items() if slot != "∏μ"}
        assert set(slots.values()) <= {np.dtype(dtype)}


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_computed_beyond_the_parameters_precision(name: str) -> None:
    """Arrays of double precision in between would halve the speed."""
    optimizer = built(name, {"w": np.ones((2, 3), np.float32)})
    optimizer.lr, optimizer.steps = np.float64(0.01), 1  # type: ignore[assignment]
    optimizer.step({"w": np.ones((2, 3), np.float32)})
    change = optimizer.update(np.ones((2, 3), np.float32), optimizer.state["w"])
    assert change.dtype == np.float32


@pytest.mark.parametrize("name", ALL)
def test_a_walk_in_float32_is_that_in_float64_but_for_rounding(name: str) -> None:
    single = {key: value.astype(np.float32) for key, value in start().items()}
    double = {key: value.astype(np.float64) for key, value in single.items()}
    walk(built(name, single, lr=1e-3), 20)
    walk(built(name, double, lr=1e-3), 20)
    assert max(error(single[key], double[key]) for key in double) < 1e-5


@pytest.mark.parametrize("name", ALL)
def test_gradients_are_left_as_they_are(name: str) -> None:
    gradients, kept = gradient(start()), gradient(start())
    optimizer = built(name, start())
    for _ in range(2):
        optimizer.step(gradients)
    assert all((gradients[key] == kept[key]).all() for key in kept)


# ---- stopping and going on ----


@pytest.mark.parametrize("name", ALL)
def test_resumed_is_never_stopped(name: str) -> None:
    whole, first = built(name, start(), lr=0.01), built(name, start(), lr=0.01)
    walk(whole, 12)
    walk(first, 5)
    saved = pickle.dumps((first.state_dict(), dict(first.parameters)))
    state, at = pickle.loads(saved)
    resumed = built(name, at, lr=0.01)
    resumed.load_state_dict(state)
    walk(resumed, 7)
    assert content(resumed.state_dict()) == content(whole.state_dict())
    assert resumed.steps == 12
    assert all((resumed.parameters[key] == value).all() for key, value in whole.parameters.items())


@pytest.mark.parametrize("name", ALL)
def test_a_state_is_plain_and_a_copy(name: str) -> None:
    optimizer = built(name, start())
    walk(optimizer, 1)
    saved = optimizer.state_dict()
    kept = content(saved)
    assert type(saved["steps"]) is int
    assert all(type(a) is np.ndarray for memory in saved["state"].values() for a in memory.values())
    walk(optimizer, 2)
    assert content(saved) == kept
    optimizer.load_state_dict(saved)
    walk(optimizer, 2)
    assert content(saved) == kept


# ---- what is refused ----


def adam() -> Optimizer:
    return byhand.Adam({"w": np.ones((2, 3)), "b": np.ones(2)})


MISFITS: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda saved: saved["state"].pop("b"), "state of b is missing"),
    (lambda saved: saved["state"].update(c={}), "state of c is of no parameter here"),
    (lambda saved: saved["state"]["w"].pop("v"), "state of w must be of shape"),
    (lambda saved: saved["state"]["w"].update(m=np.ones((3, 2))), r"state of w .* not .*\(3, 2\)"),
    (lambda saved: saved["state"]["w"].update(m=[["a"] * 3] * 2), "could not convert"),
    (lambda saved: saved["state"].update(w=3), "not a state of an optimizer"),
    (lambda saved: saved.pop("steps"), "not a state of an optimizer"),
    (lambda saved: saved.update(steps=1.5), "not a state of an optimizer"),
    (lambda saved: saved.update(steps=-1), "at least 0, not -1"),
]


@pytest.mark.parametrize(("spoil", "told"), MISFITS, ids=[told for _, told in MISFITS])
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(
    spoil: Callable[[dict[str, Any]], Any], told: str
) -> None:
    other, optimizer = adam(), adam()
    other.step({"w": np.ones((2, 3)), "b": np.ones(2)})
    saved, before = other.state_dict(), content(optimizer.state_dict())
    spoil(saved)
    with pytest.raises(ValueError, match=told):
        optimizer.load_state_dict(saved)
    assert content(optimizer.state_dict()) == before


def test_a_state_of_another_rule_is_refused_even_without_memory() -> None:
    sgd = byhand.SGD({"w": np.ones(2)})
    with pytest.raises(ValueError, match="state of w"):
        sgd.load_state_dict(byhand.Adam({"w": np.ones(2)}).state_dict())
    with pytest.raises(ValueError, match="state of w is missing"):
        sgd.load_state_dict(byhand.SGD({"v": np.ones(2)}).state_dict())


@pytest.mark.parametrize(
    ("gradients", "told"),
    [
        ({"w": np.ones((2, 3))}, "gradient of b is missing"),
        ({"w": np.ones((3, 2)), "b": np.ones(2)}, r"gradient of w must be of shape \(2, 3\), not \(3, 2\)"),
        ({"w": np.ones((2, 3)), "b": np.ones(2), "c": np.ones(1)}, "gradient of c is of no"),
    ],
)
def test_gradients_that_do_not_fit_are_refused_and_change_nothing(gradients: Values, told: str) -> None:
    optimizer = adam()
    with pytest.raises(ValueError, match=told):
        optimizer.step(gradients)
    assert optimizer.steps == 0 and all((theta == 1).all() for theta in optimizer.parameters.values())


@pytest.mark.parametrize(
    ("rule", "settings", "told"),
    [
        (byhand.SGD, {"lr": -1.0}, "lr must be at least 0, not -1.0"),
        (byhand.SGD, {"lr": math.nan}, "lr must be at least 0, not nan"),
        (byhand.SGD, {"lr": np.float32("inf")}, "lr must be at least 0, not inf"),
        (byhand.SGD, {"weight_decay": -0.1}, "weight_decay must be at least 0"),
        (byhand.Momentum, {"momentum": -0.1}, "momentum must be"),
        (byhand.Adagrad, {"lr_decay": -0.1}, "lr_decay must be"),
        (byhand.Adadelta, {"rho": 1.0}, "rho must be at least 0 and below 1, not 1.0"),
        (byhand.RMSProp, {"alpha": 1.5}, "alpha must be at least 0 and below 1"),
        (byhand.Adam, {"betas": (0.9, 1.0)}, r"betas must be at least 0 and below 1, not \(0.9, 1.0\)"),
        (byhand.Adam, {"eps": -1e-8}, "eps must be"),
        (byhand.Nadam, {"momentum_decay": -1.0}, "momentum_decay must be"),
        (byhand.AdaBound, {"final_lr": -0.1}, "final_lr must be"),
        (byhand.AdaBound, {"gamma": 0.0}, "lr and gamma must be above 0"),
        (byhand.AdaBound, {"lr": 0.0}, "lr and gamma must be above 0"),
        (byhand.AdaBound, {"variant": "mine"}, "variant must be code or paper, not mine"),
    ],
)
def test_settings_that_cannot_be_are_named(rule: Any, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        rule({"w": np.ones(1)}, **settings)


@pytest.mark.parametrize(
    "theta", [np.ones(2, np.int64), np.broadcast_to(1.0, (2,))], ids=["whole", "read-only"]
)
def test_parameters_that_cannot_be_changed_are_refused(theta: Any) -> None:
    with pytest.raises(ValueError, match="w must hold floating-point numbers and be writable"):
        byhand.SGD({"w": theta})


@pytest.mark.parametrize("name", ALL)
def test_what_it_is_made_with_is_settings_and_what_it_shows_is_no_arrays(name: str) -> None:
    one = built(name, start())
    assert "lr=" in repr(one) and "array" not in repr(one)
    for own in ("steps", "state"):  # its memory is its own
        with pytest.raises(TypeError, match=own):
            built(name, start(), **{own: 0})


def test_a_rule_without_an_update_is_none() -> None:
    with pytest.raises(NotImplementedError):
        Optimizer(start()).step(gradient(start()))


@pytest.mark.parametrize("kind", [byhand.Momentum, byhand.Nesterov])
def test_a_tenth_of_the_velocity_is_lost_at_each_step_unless_told(kind: type[Optimizer]) -> None:
    parameters = {"w": np.zeros(1)}
    rule = kind(parameters, lr=1.0)
    for _ in range(200):
        rule.step({"w": np.ones(1)})
    before = parameters["w"].copy()
    rule.step({"w": np.ones(1)})
    np.testing.assert_allclose(before - parameters["w"], 1 / (1 - 0.9))  # Σ 0.9ⁿ
