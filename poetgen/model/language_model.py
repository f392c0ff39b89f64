"""The language model: embedding → LSTM → linear → softmax over the next character."""

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from poetgen.config import ModelConfig
from poetgen.model.initialize import Rows, begin_embedding, initialize
from poetgen.model.loss import CHUNK, summed_cross_entropy
from poetgen.model.recurrent import RecurrentStack, State

CONDITIONS = "conditions.weight"
States = Sequence[State]  # one for each layer


class Output(nn.Module):
    """The output layer's own parameters: a bias, and a weight unless it is the embedding's."""

    weight: nn.Parameter | None

    def __init__(self, vocab_size: int, input_size: int | None) -> None:
        super().__init__()
        self.weight = None if input_size is None else nn.Parameter(torch.zeros(vocab_size, input_size))
        self.bias = nn.Parameter(torch.zeros(vocab_size))


class InputRows(nn.Module):
    """Rows that are read and never written: what an embedding has, without an output."""

    def __init__(self, rows: int, embedding_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(rows, embedding_size))


class LanguageModel(nn.Module):
    """`(ids (T, B), states, lengths) -> (logits (T, B, V), states)`.

    Tied (Press & Wolf 2017; Inan et al. 2017): the LSTM's output is projected from H to E, and the output
    weights are the embedding's. Embedding dropout (Gal & Ghahramani 2016) drops whole characters for a batch.
    With `condition_rows`, ids from V on are conditions, which are read and never written: they have rows of their
    own, and no output.
    """

    def __init__(
        self,
        vocab_size: int,
        embedding_size: int,
        hidden_size: int,
        *,
        num_layers: int = 1,
        tied: bool = True,
        dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        cell: str = "lstm",
        backward: str = "handwritten",
        weight_drop: float = 0.0,
        condition_rows: int = 0,
    ) -> None:
        super().__init__()
        self.vocab_size, self.cell = vocab_size, cell
        self.tied, self.embedding_dropout = tied, embedding_dropout
        self.temperature = 1.0  # what divides the logits
        self.embedding = nn.Embedding(vocab_size, embedding_size)
        layers = RecurrentStack(
            cell,
            embedding_size,
            hidden_size,
            num_layers=num_layers,
            dropout=dropout,
            weight_drop=weight_drop,
            backward=backward,
        )
        self.add_module(cell, layers)  # by the name of their cell, as in a checkpoint
        self.projection = nn.Linear(hidden_size, embedding_size, bias=False) if tied else nn.Identity()
        self.output = Output(vocab_size, None if tied else hidden_size)
        # last, so that what else begins at random is the same with and without
        self.conditions = InputRows(condition_rows, embedding_size) if condition_rows else None

    @property
    def output_weight(self) -> Tensor:
        """(V, E) when tied, else (V, H)."""
        return self.embedding.weight if self.output.weight is None else self.output.weight

    def embed(self, ids: Tensor) -> Tensor:
        """(...) -> (..., E)."""
        weight = self.embedding.weight
        if self.training and self.embedding_dropout:
            keep = torch.bernoulli(weight.new_full((self.vocab_size, 1), 1 - self.embedding_dropout))
            weight = weight * (keep / (1 - self.embedding_dropout))
        if self.conditions is not None:
            weight = torch.cat([weight, self.conditions.weight])
        return F.embedding(ids, weight)

    def features(
        self, ids: Tensor, states: States | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, States]:
        """What the output layer reads: (T, B) -> (T, B, E) when tied, else (T, B, H)."""
        # characters repeat: each that occurs is embedded and projected once
        found, index = torch.unique(ids, return_inverse=True)
        y, states = getattr(self, self.cell)(self.embed(found), states, lengths, index=index)
        return self.projection(y), states

    def forward(
        self, ids: Tensor, states: States | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, States]:
        """Logits (T, B, V) of each next character, and the states after the last."""
        features, states = self.features(ids, states, lengths)
        return self.logits(features), states

    def logits(self, features: Tensor) -> Tensor:
        """Those of the next character: (..., E or H) -> (..., V)."""
        return F.linear(self.cool(features), self.output_weight, self.cool(self.output.bias))

    def cool(self, x: Tensor) -> Tensor:
        """x / τ: the features and the bias so, for a matrix V x E has far more numbers."""
        return x if self.temperature == 1 else x / self.temperature

    def summed_loss(
        self,
        ids: Tensor,
        targets: Tensor,
        *,
        states: States | None = None,
        lengths: Tensor,
        prefix: Tensor | None = None,
        precision: str = "float32",
    ) -> tuple[Tensor, States]:
        """Σ over real tokens of the natural-log loss, for training: ids, targets (T, B), lengths (B) -> ().

        The first `prefix` (B) tokens of a poem are read, and not scored.
        `precision` "bfloat16" does the matrix products in bfloat16; cell states, softmax and sums stay float32.
        """
        low = precision == "bfloat16"
        with reduced_precision(ids.device.type, low):
            features, states = self.features(ids, states, lengths)
        real = mask_scored(len(ids), lengths, prefix)
        loss = summed_cross_entropy(
            self.cool(features[real].to(self.output.bias.dtype)),
            self.output_weight,
            self.cool(self.output.bias),
            targets[real],
            dtype=torch.bfloat16 if low else None,
        )
        return loss, states

    @torch.no_grad()
    def token_losses(
        self,
        ids: Tensor,
        targets: Tensor,
        *,
        states: States | None = None,
        lengths: Tensor,
        prefix: Tensor | None = None,
    ) -> tuple[Tensor, States]:
        """The natural-log loss of each token, 0 where none counts, for measuring: (T, B) -> (T, B)."""
        features, states = self.features(ids, states, lengths)
        real = mask_scored(len(ids), lengths, prefix)
        losses = features.new_zeros(ids.shape)
        rows, expected = features[real], targets[real]
        chunk = CHUNK[ids.device.type]
        parts = [
            F.cross_entropy(self.logits(rows[k : k + chunk]), expected[k : k + chunk], reduction="none")
            for k in range(0, len(rows), chunk)
        ]
        losses[real] = torch.cat(parts) if parts else rows.new_zeros(0)
        return losses, states


def mask_scored(steps: int, lengths: Tensor, prefix: Tensor | None) -> Tensor:
    """Which tokens count: those before a poem's end, and after its prefix: (T, B)."""
    step = torch.arange(steps, device=lengths.device)[:, None]
    return step < lengths if prefix is None else (step < lengths) & (step >= prefix)


def detach_states(states: States) -> States:
    """The same states, through which no gradient goes back."""
    return [tuple(part.detach() for part in state) for state in states]


def reduced_precision(device: str, enabled: bool) -> AbstractContextManager[object]:
    """Matrix products in bfloat16 inside this context."""
    return torch.autocast(device, dtype=torch.bfloat16) if enabled else nullcontext()


def build_model(
    vocab_size: int, config: ModelConfig, *, rows: Rows | None = None, condition_rows: int = 0
) -> LanguageModel:
    """A model with its first weights, `rows` among them. Here alone configuration meets the network's classes."""
    model = LanguageModel(
        vocab_size,
        config.embedding_size,
        config.hidden_size,
        num_layers=config.num_layers,
        tied=config.tied,
        dropout=config.dropout,
        embedding_dropout=config.embedding_dropout,
        cell=config.cell,
        backward=config.backward,
        weight_drop=config.weight_drop,
        condition_rows=condition_rows,
    )
    initialize(
        model,
        config.initialization,
        forget_bias=config.forget_bias,
        looked_up=() if config.tied else (model.embedding.weight,),  # tied, it is the output weight too
    )
    begin_embedding(model.embedding, rows or {})
    return model


def restore_model(
    vocab_size: int, config: ModelConfig, weights: Mapping[str, npt.NDArray[Any]]
) -> LanguageModel:
    """A model with these weights, as a checkpoint holds them, in float32. Draws no random number."""
    zeros = dataclasses.replace(config, initialization="zeros")
    rows = len(weights[CONDITIONS]) if CONDITIONS in weights else 0
    with torch.random.fork_rng(devices=[]):
        model = build_model(vocab_size, zeros, condition_rows=rows)
    model.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in weights.items()})
    return model
