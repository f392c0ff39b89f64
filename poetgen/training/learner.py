"""What learns in a run: the model, its optimizer and the running average of its weights, saved as one."""

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from poetgen.config import Config
from poetgen.corpus.batches import Batch
from poetgen.model.language_model import build_model
from poetgen.training.average import WeightAverage
from poetgen.training.devices import choose_device, random_states, set_random_states
from poetgen.training.loop import StepSettings, accumulate_gradients
from poetgen.training.optimizers import build_optimizer


class Learner:
    """Decided by configuration and seed, or by a saved state."""

    def __init__(self, vocab_size: int, config: Config) -> None:
        """Raises ConfigError for a device that is not there, or what torch refuses."""
        settings = config.training
        self.device = choose_device(settings.device)
        torch.manual_seed(settings.seed)
        self.model = build_model(vocab_size, config.model).to(self.device)
        self.optimizer = build_optimizer(self.model.parameters(), settings)
        self.average = WeightAverage(self.model, settings.average)
        self.step_settings = StepSettings(settings.clip_norm, settings.segment_length, settings.precision)

    @property
    def parameters(self) -> int:
        """How many numbers are learned."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """The model's weights as they stand, for a checkpoint."""
        return {
            # a copy, because the model may have its averaged weights now and its own when the file is written
            name: value.detach().cpu().float().numpy().copy()
            for name, value in self.model.state_dict().items()
        }

    def state(self) -> dict[str, Any]:
        """Tensors and plain values that decide all further learning; the random state is among them."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.values,
            "random": random_states(self.device),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a saved state. Raises what torch raises when it does not fit."""
        self.model.load_state_dict(state["model"])
        self._load_optimizer(state["optimizer"])
        self.average.load(state["average"])
        set_random_states(state["random"])

    def _load_optimizer(self, state: dict[str, Any]) -> None:
        """Take over an optimizer's memory; which kernel steps is this device's choice, not the saved one's."""
        groups = [
            {**saved, "fused": own.get("fused")} if "fused" in own else saved
            for saved, own in zip(state["param_groups"], self.optimizer.param_groups, strict=True)
        ]
        self.optimizer.load_state_dict({**state, "param_groups": groups})

    def seconds_per_step(self, batch: Batch) -> float:
        """Time the gradient of a batch, the second of two, and leave no trace in the run."""
        random_state = random_states(self.device)
        batch = batch.to(self.device)
        self.model.train()
        for _ in range(2):
            started = time.perf_counter()
            accumulate_gradients(self.model, batch, self.step_settings)
        seconds = time.perf_counter() - started
        self.optimizer.zero_grad()
        set_random_states(random_state)
        return seconds
