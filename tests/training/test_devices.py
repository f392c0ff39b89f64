"""Where and how a training computes."""

import pytest
import torch

from poetgen.training import devices
from poetgen.training.devices import fastest_products, medium_is_float32

CPU = torch.device("cpu")


@pytest.fixture
def matrices() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(300, 200), torch.randn(200, 400)


def test_fast_products_are_float32_products(matrices: tuple[torch.Tensor, torch.Tensor]) -> None:
    a, b = matrices
    exact = a.double() @ b.double()
    with fastest_products(CPU):
        found = a @ b
    assert (found - exact).norm() < 1e-6 * exact.norm()


def test_the_setting_is_restored_even_when_something_fails() -> None:
    before = torch.get_float32_matmul_precision()
    with pytest.raises(ValueError, match="moon"), fastest_products(CPU):
        raise ValueError("moon")
    assert torch.get_float32_matmul_precision() == before


@pytest.mark.parametrize(("float32", "device"), [(False, CPU), (True, torch.device("cuda"))])
def test_a_processor_that_would_round_and_a_gpu_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, float32: bool, device: torch.device
) -> None:
    monkeypatch.setattr(devices, "medium_is_float32", lambda: float32)
    before = torch.get_float32_matmul_precision()
    with fastest_products(device):
        assert torch.get_float32_matmul_precision() == before


def test_a_processor_that_does_not_round_takes_the_faster_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "medium_is_float32", lambda: True)
    with fastest_products(CPU):
        assert torch.get_float32_matmul_precision() == "medium"


def test_rounding_to_bfloat16_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = torch.Tensor.__matmul__

    def rounded(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        coarse = a.dtype == torch.float32 and torch.get_float32_matmul_precision() == "medium"
        return right(a.bfloat16(), b.bfloat16()).float() if coarse else right(a, b)

    monkeypatch.setattr(torch.Tensor, "__matmul__", rounded)
    assert not medium_is_float32.__wrapped__()
