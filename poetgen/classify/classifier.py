"""The network that tells labels apart: embedding → LSTM or RNN, forward or both ways → pooling → linear."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from poetgen.classify.settings import ClassifierConfig
from poetgen.classify.texts import padded
from poetgen.config import ModelConfig
from poetgen.corpus.batches import bucket
from poetgen.corpus.prepared import EncodedPoems
from poetgen.model.initialize import initialize
from poetgen.model.lstm import LSTM
from poetgen.model.rnn import RNN

AT_ONCE = 256  # texts that are judged together


class Classifier(nn.Module):
    """`(ids (T, B), lengths (B)) -> logits (B, K)` of K labels.

    A second stack of layers may read each text backward; the two are pooled apart, by the state at the end of
    their reading or by the mean of all states, and stand side by side before the linear layer. Dropout zeroes
    whole tokens for a batch in the embedding, and the same units at every step of a layer.
    """

    def __init__(
        self,
        vocab_size: int,
        labels: int,
        model: ModelConfig,
        *,
        both_directions: bool = False,
        pooling: str = "mean",
    ) -> None:
        super().__init__()
        self.embedding_dropout, self.dropout, self.pooling = model.embedding_dropout, model.dropout, pooling
        self.embedding = nn.Embedding(vocab_size, model.embedding_size)
        self.forward_layers = layers_of(model)
        self.backward_layers = layers_of(model) if both_directions else None
        self.output = nn.Linear(model.hidden_size * (1 + both_directions), labels)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """See the class."""
        # tokens repeat: each that occurs is embedded and projected once
        found, index = torch.unique(ids, return_inverse=True)
        embedded = self.embed(found)
        pooled = [self.read(self.forward_layers, embedded, index, lengths)]
        if self.backward_layers is not None:
            pooled.append(self.read(self.backward_layers, embedded, reversed_texts(index, lengths), lengths))
        logits: Tensor = self.output(torch.cat(pooled, dim=1))
        return logits

    def embed(self, ids: Tensor) -> Tensor:
        """(N,) -> (N, E)."""
        rows = F.embedding(ids, self.embedding.weight)
        if not self.training or self.embedding_dropout == 0:
            return rows
        keep = torch.bernoulli(rows.new_full((len(ids), 1), 1 - self.embedding_dropout))
        return rows * (keep / (1 - self.embedding_dropout))

    def read(self, layers: nn.Module, embedded: Tensor, index: Tensor, lengths: Tensor) -> Tensor:
        """What one stack makes of each text: (B, H)."""
        y, states = layers(embedded, lengths=lengths, index=index)
        if self.pooling == "mean":
            mean: Tensor = y.sum(0) / lengths[:, None]  # y is zero past each text's end
            return mean
        last = states[-1] if isinstance(states[-1], Tensor) else states[-1][0]
        return F.dropout(last, self.dropout, self.training)


def layers_of(model: ModelConfig) -> LSTM | RNN:
    """The recurrent layers of these settings."""
    sizes: dict[str, Any] = {"num_layers": model.num_layers, "dropout": model.dropout}
    if model.cell == "rnn":
        return RNN(model.embedding_size, model.hidden_size, **sizes)
    return LSTM(model.embedding_size, model.hidden_size, implementation=model.implementation, **sizes)


def reversed_texts(index: Tensor, lengths: Tensor) -> Tensor:
    """Each column's first `lengths` entries backward, its padding left in place: (T, B) -> (T, B)."""
    steps = torch.arange(len(index), device=index.device)[:, None]
    source = torch.where(steps < lengths, lengths - 1 - steps, steps)
    return index.gather(0, source)


def build_classifier(vocab_size: int, labels: int, config: ClassifierConfig) -> Classifier:
    """A classifier with its first weights. Here alone configuration meets the network's classes."""
    model = Classifier(
        vocab_size,
        labels,
        config.model,
        both_directions=config.classify.directions == "both",
        pooling=config.classify.pooling,
    )
    initialize(
        model,
        config.model.initialization,
        forget_bias=config.model.forget_bias,
        looked_up=[model.embedding.weight],
    )
    return model


def restore_classifier(
    vocab_size: int, labels: int, config: ClassifierConfig, weights: Mapping[str, npt.NDArray[Any]]
) -> Classifier:
    """A classifier with these weights, in float32. Draws no random number.

    Raises RuntimeError when they do not fit.
    """
    model_config = dataclasses.replace(config.model, initialization="zeros")
    with torch.random.fork_rng(devices=[]):
        model = build_classifier(vocab_size, labels, dataclasses.replace(config, model=model_config))
    model.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in weights.items()})
    return model.float()


@torch.no_grad()
def log_probabilities(
    model: Classifier, encoded: EncodedPoems, *, device: torch.device | str = "cpu"
) -> npt.NDArray[np.float64]:
    """The natural-log probability of every label for every text, dropout off: (texts, K)."""
    model.eval()
    found = np.zeros((len(encoded), model.output.out_features))
    for indices in bucket(encoded.lengths, batch_size=AT_ONCE, max_tokens=64 * AT_ONCE):
        ids, lengths = padded(encoded, indices)
        logits = model(ids.to(device), lengths.to(device))
        found[indices] = logits.double().log_softmax(dim=1).cpu().numpy()
    return found
