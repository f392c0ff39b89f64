"""Learners that PyTorch differentiates and updates."""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from poetgen.config import Config, TrainingConfig
from poetgen.corpus.batches import Batch
from poetgen.model.initialize import Rows
from poetgen.model.language_model import LanguageModel, build_model, detach_states
from poetgen.training import ranks
from poetgen.training.devices import (
    batch_tensors,
    choose_device,
    fastest_products,
    keep_freed_memory,
    random_states,
    set_random_states,
)
from poetgen.training.ema import WeightAverage
from poetgen.training.learner import divide_logits
from poetgen.training.optimizers import build_torch_optimizer
from poetgen.training.saved_state import check_list, check_memory, check_random_states, check_tensors


class TorchLearner:
    """What learning any torch module takes; who inherits says what a batch is and what its loss.

    See poetgen.training.learner.Learner.
    """

    def __init__(self, settings: TrainingConfig, build: Callable[[], nn.Module]) -> None:
        """`build` draws the first weights, after the seed is set.

        Raises ConfigError for a device that is not there, or what torch refuses.
        """
        keep_freed_memory()
        self.settings = settings
        self.device = choose_device(settings.device)
        self.computes_on = str(self.device)
        if ranks.world_size() > 1:
            self.computes_on += f", {ranks.world_size()} processes"
        torch.manual_seed(settings.seed)
        self.model = build().to(self.device)
        ranks.seed_rank(settings.seed)
        self.parameters = sum(parameter.numel() for parameter in self.model.parameters())
        self.optimizer = build_torch_optimizer(self.model.parameters(), settings)
        self.average = WeightAverage(self.model.parameters(), settings.ema_decay)

    def compute_gradient(self, batch: Any) -> float:
        """The gradient of the batch's mean loss, the one before forgotten; returns the summed loss."""
        raise NotImplementedError

    def clip_gradient(self) -> float:
        """Shorten the gradient to `training.clip_norm`; return the norm it had."""
        longest = self.settings.clip_norm or math.inf
        return nn.utils.clip_grad_norm_(self.model.parameters(), longest).item()

    def update(self, rate: float) -> None:
        """One step of the optimizer at this learning rate."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """A copy of the weights as they stand, for a checkpoint."""
        return {
            # a copy, because the model may have its averaged weights now and its own when the file is written
            name: value.detach().cpu().float().numpy().copy()
            for name, value in self.model.state_dict().items()
        }

    def state(self) -> dict[str, Any]:
        """Weights, optimizer, average, and the random states that the dropout of each process draws from."""
        random, *others = ranks.gather(random_states(self.device))
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.values,
            "random": random,
            **({"random_of_others": others} if others else {}),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a saved state. Raises ValueError, RuntimeError or their like when it does not fit."""
        has_stepped = state.get("progress", {}).get("step", 0) > 0
        weights = check_tensors(state["model"], self.model.state_dict())
        memory = check_memory(state["optimizer"], self.optimizer, has_stepped=has_stepped)
        average = check_list("the average", state["average"], self.average.values)
        random = [check_random_states(one) for one in (state["random"], *state.get("random_of_others", ()))]
        self.model.load_state_dict(weights)
        self.optimizer.load_state_dict(memory)
        self.average.load(average)
        if len(random) == ranks.world_size():
            set_random_states(random[ranks.rank()])
        elif ranks.rank() == 0:
            set_random_states(random[0])
        else:
            ranks.seed_rank(self.settings.seed, state["progress"]["step"])

    def seconds_per_step(self, batch: Batch) -> float:
        """Time the gradient of a batch, the second of two, and leave no trace in the run."""
        random_state = random_states(self.device)
        for _ in range(2):
            started = time.perf_counter()
            self.compute_gradient(batch)
        seconds = time.perf_counter() - started
        self.optimizer.zero_grad()
        set_random_states(random_state)
        return seconds


class TorchLanguageModelLearner(TorchLearner):
    """The learner of a language model."""

    model: LanguageModel

    def __init__(
        self, vocab_size: int, config: Config, *, rows: Rows | None = None, condition_rows: int = 0
    ) -> None:
        """The embedding begins with `rows`; conditions have `condition_rows`. Raises ConfigError as above."""
        super().__init__(
            config.training,
            lambda: build_model(vocab_size, config.model, rows=rows, condition_rows=condition_rows),
        )
        self.model.temperature = config.training.temperature

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """A copy of the weights as they stand, for a checkpoint."""
        return divide_logits(super().weights(), self.settings.temperature)

    def load_weights(self, weights: Mapping[str, npt.NDArray[Any]]) -> None:
        """Begin with these, named and shaped as the model's own."""
        weights = divide_logits(weights, 1 / self.settings.temperature)
        self.model.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in weights.items()})
        self.average = WeightAverage(self.model.parameters(), self.settings.ema_decay)

    def compute_gradient(self, batch: Batch) -> float:
        """The gradient of the batch's mean loss, the one before forgotten; returns the summed loss."""
        self.model.train()
        self.optimizer.zero_grad()
        states, total, own = None, 0.0, ranks.shard_batch(batch)
        with fastest_products(self.device):
            for segment in own.segments(self.settings.bptt_length) if own else ():
                loss, states = self.model.summed_loss(
                    **batch_tensors(segment, self.device), states=states, precision=self.settings.precision
                )
                (loss / batch.tokens).backward()  # type: ignore[no-untyped-call]
                states = detach_states(states)
                total += loss.item()
        ranks.sum_gradients(self.model.parameters())
        [total] = ranks.sum_over_ranks(total)
        return total

    @torch.no_grad()
    def validation_loss(self, batches: Iterable[Batch]) -> float:
        """Mean natural-log loss of a token, with dropout off; the sum is taken in float64."""
        self.model.eval()
        total, tokens = 0.0, 0
        for batch in ranks.shard_batches(batches):
            states = None
            for segment in batch.segments(self.settings.bptt_length):
                losses, states = self.model.token_losses(**batch_tensors(segment, self.device), states=states)
                total += losses.sum(dtype=torch.float64).item()
            tokens += batch.tokens
        total, all_tokens = ranks.sum_over_ranks(total, tokens)
        return total / all_tokens
