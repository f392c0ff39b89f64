"""The learner by hand: poetgen.byhand derives, clips and updates; of torch it has the first weights alone."""

import math
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from poetgen.byhand import language_model, layers, optimizers, rtrl
from poetgen.byhand.language_model import LayerGradients, Masks
from poetgen.byhand.optimizer import Optimizer
from poetgen.config import Config, TrainingConfig
from poetgen.corpus.batches import Batch
from poetgen.errors import ConfigError
from poetgen.model.initialize import Rows
from poetgen.model.language_model import build_model
from poetgen.optimizers import RULES
from poetgen.plain_values import check_count
from poetgen.training.devices import keep_freed_memory
from poetgen.training.ema import WeightAverage
from poetgen.training.learner import divide_logits
from poetgen.training.optimizers import options_of
from poetgen.training.rtrl_cost import check_rtrl
from poetgen.training.saved_state import check_list, check_names, check_tensors

Array = npt.NDArray[Any]

TIMED = 4  # steps of a poem by which real-time recurrent learning is timed


class NumPyLearner:
    """A Learner (poetgen.training.learner) by hand. The same seed gives the first weights as with torch."""

    computes_on = "cpu, by NumPy"

    def __init__(self, vocab_size: int, config: Config, *, rows: Rows | None = None) -> None:
        """The embedding begins with `rows`. Raises ConfigError for what NumPy has not: CUDA, bfloat16."""
        self.settings, self.dropout = config.training, config.model.dropout
        self.embedding_dropout = config.model.embedding_dropout
        self.weight_drop = config.model.weight_drop
        check_settings(config)
        keep_freed_memory()
        torch.manual_seed(self.settings.seed)
        first = build_model(vocab_size, config.model, rows=rows).state_dict()
        self.arrays = {name: value.numpy().copy() for name, value in first.items()}
        self.params = language_model.read_parameters(self.arrays)  # names for the same memory
        self.parameters = sum(array.size for array in self.arrays.values())
        self.gradient: dict[str, Array] = {}
        self.layer_gradients: LayerGradients = layers.backward
        if self.settings.gradient == "rtrl":
            self.layer_gradients = rtrl.layer_gradients
        self.optimizer = build_numpy_optimizer(self.arrays, self.settings)
        self.average = WeightAverage(map(torch.from_numpy, self.arrays.values()), self.settings.ema_decay)

    @np.errstate(over="ignore", invalid="ignore")  # the loop asks whether loss and gradient are numbers
    def compute_gradient(self, batch: Batch) -> float:
        """The gradient of the batch's mean loss, the one before forgotten; returns the summed loss."""
        poems = len(batch.lengths)
        state, total = language_model.init_state(self.params, poems), 0.0
        self.gradient = {}
        # from seed and step alone, so that a run that goes on draws what it would have drawn
        rng = np.random.default_rng([self.settings.seed, self.optimizer.steps])
        for segment in batch.segments(self.settings.bptt_length):
            loss, grads, state = language_model.gradients(
                self.params,
                segment.inputs,
                segment.targets,
                lengths=segment.lengths,
                state=state,
                scale=1 / batch.tokens,
                masks=self.masks(poems, rng),
                temperature=self.settings.temperature,
                layer_gradients=self.layer_gradients,
            )
            total += loss
            self.add(language_model.named_parameters(grads))
        return total

    def add(self, gradient: dict[str, Array]) -> None:
        """The gradients of a batch's segments are summed."""
        if self.gradient:
            for name, array in gradient.items():
                self.gradient[name] += array
        else:
            self.gradient = gradient

    def masks(self, poems: int, rng: np.random.Generator) -> Masks | None:
        """What is dropped: characters, for each poem the same units of a layer at every step, weights of U."""
        if not self.dropout and not self.embedding_dropout and not self.weight_drop:
            return None
        rows = (len(self.params.embedding), 1)
        characters = dropout_mask(rng, rows, self.embedding_dropout)
        matrices = [layer.weight_hh.shape for layer in self.params.layers]
        outputs = tuple(dropout_mask(rng, (poems, hidden), self.dropout) for _, hidden in matrices)
        recurrent = tuple(dropout_mask(rng, shape, self.weight_drop) for shape in matrices)
        return Masks(characters, outputs, recurrent if self.weight_drop else None)

    def clip_gradient(self) -> float:
        """Shorten the gradient to `training.clip_norm`, as torch.nn.utils.clip_grad_norm_; return its norm."""
        norm = math.sqrt(sum(float(np.vdot(array, array)) for array in self.gradient.values()))
        longest = self.settings.clip_norm
        if longest and norm > longest:
            for array in self.gradient.values():
                array *= longest / (norm + 1e-6)
        return norm

    @np.errstate(over="ignore", invalid="ignore")
    def update(self, rate: float) -> None:
        """One step of the optimizer at this learning rate."""
        self.optimizer.lr = rate
        self.optimizer.step(self.gradient)

    @np.errstate(over="ignore", invalid="ignore")
    def validation_loss(self, batches: Iterable[Batch]) -> float:
        """Mean natural-log loss of a token, with dropout off; the sum is taken in float64."""
        total, tokens = 0.0, 0
        for batch in batches:
            state = language_model.init_state(self.params, len(batch.lengths))
            for segment in batch.segments(self.settings.bptt_length):
                losses, state = language_model.losses(
                    self.params,
                    segment.inputs,
                    segment.targets,
                    lengths=segment.lengths,
                    state=state,
                    temperature=self.settings.temperature,
                )
                total += float(losses.sum(dtype=np.float64))
            tokens += batch.tokens
        return total / tokens

    def load_weights(self, weights: Mapping[str, Array]) -> None:
        """Begin with these, named and shaped as the model's own."""
        for name, array in divide_logits(weights, 1 / self.settings.temperature).items():
            self.arrays[name][...] = array
        self.average = WeightAverage(map(torch.from_numpy, self.arrays.values()), self.settings.ema_decay)

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """A copy of the weights as they stand, for a checkpoint."""
        copies = {name: array.copy() for name, array in self.arrays.items()}
        return divide_logits(copies, self.settings.temperature)

    def state(self) -> dict[str, Any]:
        """Weights, optimizer, average; dropout draws from seed and step."""
        memory = self.optimizer.state_dict()
        state = {name: as_tensors(slots) for name, slots in memory["state"].items()}
        return {
            "model": as_tensors(self.arrays),
            "optimizer": {**memory, "state": state},
            "average": self.average.values,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a saved state. Raises ValueError, RuntimeError or their like when it does not fit."""
        weights = check_tensors(state["model"], as_tensors(self.arrays))
        average = check_list("the average", state["average"], self.average.values)
        self.optimizer.load_state_dict(self.check_memory(state["optimizer"]))
        for name, array in self.arrays.items():
            array[...] = weights[name].numpy()
        self.average.load(average)

    def check_memory(self, saved: Any) -> dict[str, Any]:
        """What the optimizer remembered, as arrays. Raises ValueError when it does not fit."""
        own = self.optimizer.state
        check_names("the optimizer's memory", saved["state"], own)
        memory = {name: as_arrays(check_tensors(saved["state"][name], as_tensors(own[name]))) for name in own}
        return {"steps": check_count("the number of steps", saved["steps"]), "state": memory}

    def seconds_per_step(self, batch: Batch) -> float:
        """Time the gradient of a batch; by real-time recurrent learning that of a poem's first steps, for all."""
        whole = batch.inputs.size
        if self.settings.gradient == "rtrl":
            lengths = batch.lengths[:1].clip(max=TIMED)
            batch = Batch(batch.inputs[:TIMED, :1], batch.targets[:TIMED, :1], lengths)
        for _ in range(2):
            started = time.perf_counter()
            self.compute_gradient(batch)
        return (time.perf_counter() - started) * whole / batch.inputs.size


def check_settings(config: Config) -> None:
    """Raises ConfigError for what NumPy has not."""
    if config.training.gradient == "rtrl":
        check_rtrl(config)
    precision = config.training.precision
    for is_asked, reason in (
        (config.training.device == "cuda", "computes on the CPU; omit --device cuda"),
        (precision != "float32", f"has no {precision}; set training.precision=float32"),
        (config.model.conditions, "learns from poems alone; set model.conditions=false"),
    ):
        if is_asked:
            raise ConfigError(f"training.backend is 'numpy', which {reason}")


def build_numpy_optimizer(parameters: Mapping[str, Array], settings: TrainingConfig) -> Optimizer:
    """The update rule by hand, which changes these arrays in place. Raises ConfigError for a bad setting."""
    rule = RULES[settings.optimizer]
    kind: type[Optimizer] = getattr(optimizers, rule.byhand)
    try:
        return kind(parameters, **options_of(settings))
    except ValueError as error:
        raise ConfigError(f"optimizer {settings.optimizer} refuses its settings: {error}") from error


def dropout_mask(rng: np.random.Generator, shape: tuple[int, int], share: float) -> Array:
    """1 / (1 - share) where something is kept, 0 where it is dropped."""
    return (rng.random(shape, np.float32) >= share) / np.float32(1 - share)


def as_tensors(arrays: dict[str, Array]) -> dict[str, torch.Tensor]:
    """To be saved; the memory is shared."""
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def as_arrays(saved: dict[str, torch.Tensor]) -> dict[str, Array]:
    """As they were before they were saved."""
    return {name: tensor.numpy() for name, tensor in saved.items()}
