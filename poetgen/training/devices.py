"""Where a training computes, and the random state it has there."""

import torch
from torch import Tensor

from poetgen.errors import ConfigError


def choose_device(name: str) -> torch.device:
    """`auto` is CUDA where there is one. Raises ConfigError when the device asked for is not there."""
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("training.device is 'cuda', and torch finds no CUDA here; use --device cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


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
