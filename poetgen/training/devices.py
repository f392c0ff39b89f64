"""Where a training computes, and the random state it has there."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor

from poetgen.corpus.batches import Batch
from poetgen.errors import ConfigError


def choose_device(name: str) -> torch.device:
    """`auto` is CUDA where there is one. Raises ConfigError when the device asked for is not there."""
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("training.device is 'cuda', and torch finds no CUDA here; use --device cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def batch_tensors(batch: Batch, device: torch.device) -> dict[str, Any]:
    """The ids, targets, lengths and prefix of a batch there, as LanguageModel takes them."""
    arrays = {"ids": batch.inputs, "targets": batch.targets, "lengths": batch.lengths, "prefix": batch.prefix}
    return {
        name: None if array is None else torch.from_numpy(array).to(device) for name, array in arrays.items()
    }


def random_states(device: torch.device) -> dict[str, Tensor]:
    """Torch's random state on the CPU, and on CUDA when the run is there."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def set_random_states(states: dict[str, Tensor]) -> None:
    """Go on drawing from here; a CUDA state is left out where there is no CUDA."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])


def keep_freed_memory() -> None:
    """Let the C library keep what a step frees for the next, instead of handing it back to the system.

    What the system lends anew it lends page by page, zeroed, on first touch, which costs more than the arithmetic
    of a small step. glibc keeps arrays up to the size of the largest one it has seen freed, as long as that is
    below 32 MiB: so one just below is borrowed and returned. Elsewhere this does nothing.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)


@contextmanager
def fastest_products(device: torch.device) -> Iterator[None]:
    """Float32 matrix products inside by the faster of torch's two libraries for the CPU, float32 all the same.

    Asked for "medium" precision torch goes to oneDNN, which on some processors multiplies twice as fast as MKL.
    What the word allows besides, products of bfloat16, is tried for first and then not asked for.
    """
    kept = torch.get_float32_matmul_precision()
    if device.type == "cpu" and medium_is_float32():
        torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(kept)


@cache
def medium_is_float32() -> bool:
    """Whether "medium" products on this CPU have float32's error, some 1e-7, and not bfloat16's, some 1e-3."""
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(256, 256, generator=generator) for _ in range(2))
    kept = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    found = a @ b
    torch.set_float32_matmul_precision(kept)
    exact = a.double() @ b.double()
    return bool((found.double() - exact).norm() < 1e-5 * exact.norm())
