"""What real-time recurrent learning is said to cost, and from where on it is refused."""

import pytest

from poetgen.config import Config
from poetgen.errors import ConfigError
from poetgen.training import rtrl_cost
from poetgen.training.rtrl_cost import check_rtrl, describe_rtrl

TWO = {"model.embedding_size": 3, "model.hidden_size": 4, "model.num_layers": 2, "training.batch_size": 2}
# two poems, four units, and a number for each parameter of the larger layer, for h and for c
CARRIED = 2 * 2 * 4 * (4 * 4 * (4 + 4 + 1))
BYTES = 4 * 3 * CARRIED  # float32, three copies


def two_layers() -> Config:
    return Config().replace({**TWO, "training.backend": "numpy", "training.gradient": "rtrl"})


def test_multiplications_are_summed_over_layers_and_memory_is_that_of_the_largest() -> None:
    """The formulas of docs/derivation.md 4.3, for layers that read 3 and 4 numbers."""
    back, forwards = rtrl_cost.rtrl_cost(two_layers(), 5)
    assert back.multiplications == sum(12 * 5 * 2 * 4 * (size + 4) for size in (3, 4))
    assert back.numbers == 2 * (5 * 4 + 7 * 5 * 4 + 2 * 4)
    assert forwards.numbers == CARRIED
    parameters = [4 * 4 * (size + 4 + 1) for size in (3, 4)]
    assert forwards.multiplications == sum(
        5 * 2 * (12 * 4 * (size + 4) + 2 * 4**2 * count + 3 * 4 * count)
        for size, count in zip((3, 4), parameters, strict=True)
    )


def test_it_is_refused_where_the_machine_has_too_little_memory_by_a_byte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rtrl_cost, "physical_memory", lambda: float(BYTES))
    check_rtrl(two_layers())
    monkeypatch.setattr(rtrl_cost, "physical_memory", lambda: float(BYTES - 1))
    with pytest.raises(
        ConfigError, match="which would carry 0 GiB along, and this machine has 0; choose smaller"
    ):
        check_rtrl(two_layers())


def test_what_it_would_carry_is_told_in_gib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtrl_cost, "physical_memory", lambda: 3 * 2.0**30)
    config = Config().replace(
        {"model.embedding_size": 256, "model.hidden_size": 256, "training.batch_size": 8}
    )
    with pytest.raises(ConfigError, match="would carry 24 GiB along, and this machine has 3;"):
        check_rtrl(config)


def test_the_cost_is_told_in_a_line() -> None:
    sizes = {"model.embedding_size": 16, "model.hidden_size": 16, "training.batch_size": 8}
    assert describe_rtrl(Config().replace(sizes), 20) == (
        "real-time recurrent learning: 194 times the multiplications of backpropagation in the layers "
        "(1.9e+08 for a batch of 20 steps), and 2.1 MiB carried along instead of 0.1 kept"
    )
