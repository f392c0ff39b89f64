"""The network that classifies texts: embedding → LSTM or RNN, forward or both ways → pooling → linear."""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from poetgen.classify.output_head import OutputHead, drop_rows
from poetgen.classify.settings import ClassifierConfig
from poetgen.classify.texts import Pairs, check_pairs, pad_texts
from poetgen.config import ModelConfig
from poetgen.corpus.batches import Indices, bucket_by_length
from poetgen.corpus.dataset import EncodedPoems
from poetgen.model.initialize import initialize
from poetgen.model.recurrent import RecurrentStack

AT_ONCE = 256  # texts that are scored together
SMALL = 0.1  # standard deviation that frozen features are given


class Classifier(nn.Module):
    """`(ids (T, B), lengths (B)) -> log-probabilities (B, K)` of K labels.

    A second stack of layers may read each text backward; the two are pooled apart, by the state at the end of
    their reading or by the mean of all states, and stand side by side before the output heads, whose
    probabilities are averaged. Dropout zeroes whole tokens for a batch in the embedding, and the same units at
    every step in a layer.

    With `frozen` layers, those of a language model, embedding and layers do not learn; what they make of a text
    is standardised by `mean` and `std`, and every output head has embeddings of its own to go past them.
    """

    mean: Tensor
    std: Tensor
    pairs: Tensor

    def __init__(
        self,
        vocab_size: int,
        labels: int,
        model: ModelConfig,
        *,
        both_directions: bool = False,
        pooling: str = "mean",
        skip: str = "none",
        pairs: Pairs | None = None,
        frozen: bool = False,
        ensemble_size: int = 1,
    ) -> None:
        """`skip` says what goes past the layers: none, tokens, or these `pairs` (P, 2), in order, too."""
        super().__init__()
        self.embedding_dropout, self.dropout, self.pooling = model.embedding_dropout, model.dropout, pooling
        self.frozen = frozen
        self.embedding = nn.Embedding(vocab_size, model.embedding_size)
        self.forward_layers = build_layers(model)
        self.backward_layers = build_layers(model) if both_directions else None
        features = model.hidden_size * (1 + both_directions)
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("std", torch.ones(features))
        known = np.zeros((0, 2), dtype=np.int64) if pairs is None or skip != "pairs" else pairs
        self.register_buffer("pairs", torch.from_numpy(known), persistent=len(known) > 0)
        self.heads = nn.ModuleList(
            OutputHead(
                features,
                labels,
                words=nn.Embedding(vocab_size, model.embedding_size) if skip != "none" and frozen else None,
                width=None if skip == "none" else model.embedding_size,
                pairs=len(known),
            )
            for _ in range(ensemble_size)
        )
        for encoder in self.encoders if frozen else ():
            encoder.requires_grad_(False)
        self.register_load_state_dict_pre_hook(rename_former_weights)  # type: ignore[no-untyped-call]

    @property
    def encoders(self) -> list[nn.Module]:
        """Embedding and layers."""
        return [
            part for part in (self.embedding, self.forward_layers, self.backward_layers) if part is not None
        ]

    def forward(self, ids: Tensor, lengths: Tensor, features: Tensor | None = None) -> Tensor:
        """Log-probabilities (B, K), in float64 so that all sums to 1; `features` (B, W) as `encode` found them."""
        scores = self.logits(ids, lengths, features).double().log_softmax(dim=-1)
        return scores.logsumexp(dim=0) - math.log(len(scores))

    def logits(self, ids: Tensor, lengths: Tensor, features: Tensor | None = None) -> Tensor:
        """Each output head's logits: (J, B, K)."""
        if features is None:
            features = self.encode(ids, lengths)
        if self.frozen:
            features = F.dropout((features - self.mean) / self.std, self.dropout, self.training)
        options = {"dropout": self.dropout, "embedding_dropout": self.embedding_dropout}
        shared = {"embedding": self.embedding, "known_pairs": self.pairs, **options}
        return torch.stack([head(features, ids, lengths, **shared) for head in self.heads])

    def encode(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """What the layers make of each text: (B, W)."""
        # tokens repeat: each that occurs is embedded and projected once
        found, index = torch.unique(ids, return_inverse=True)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            embedded = drop_rows(self.embedding(found), self.embedding_dropout, self.training)
            pooled = [self.pool(self.forward_layers, embedded, index, lengths)]
            if self.backward_layers is not None:
                turned = reverse_texts(index, lengths)
                pooled.append(self.pool(self.backward_layers, embedded, turned, lengths))
        return torch.cat(pooled, dim=1)

    def pool(self, layers: nn.Module, embedded: Tensor, index: Tensor, lengths: Tensor) -> Tensor:
        """What one stack makes of each text: (B, H)."""
        y, states = layers(embedded, lengths=lengths, index=index)
        if self.pooling == "mean":
            mean: Tensor = y.sum(0) / lengths[:, None]  # y is zero past each text's end
            return mean
        return F.dropout(states[-1][0], self.dropout, layers.training)

    def train(self, mode: bool = True) -> Self:
        """Frozen layers read without dropout, also in training."""
        super().train(mode)
        for encoder in self.encoders if self.frozen else ():
            encoder.eval()
        return self

    @torch.no_grad()
    def standardise(self, features: Tensor) -> None:
        """Take the mean and standard deviation of the training texts' features, (texts, W).

        They are left small: an optimizer that moves every weight alike would else hear of nothing but them.
        """
        self.mean.copy_(features.mean(0))
        self.std.copy_(features.std(0).clamp_min(1e-6) / SMALL)


def rename_former_weights(module: nn.Module, state: dict[str, Any], *_: Any) -> None:
    """Weights under the names that 0.1 wrote, which had judges and a spread."""
    for name in [name for name in state if name == "spread" or name.startswith("judges.")]:
        state["std" if name == "spread" else name.replace("judges", "heads", 1)] = state.pop(name)


def build_layers(model: ModelConfig) -> RecurrentStack:
    """The recurrent layers of these settings."""
    return RecurrentStack(
        model.cell,
        model.embedding_size,
        model.hidden_size,
        num_layers=model.num_layers,
        dropout=model.dropout,
        backward=model.backward,
    )


def reverse_texts(index: Tensor, lengths: Tensor) -> Tensor:
    """Each column's first `lengths` entries backward, its padding left in place: (T, B) -> (T, B)."""
    steps = torch.arange(len(index), device=index.device)[:, None]
    source = torch.where(steps < lengths, lengths - 1 - steps, steps)
    return index.gather(0, source)


def build_classifier(
    vocab_size: int, labels: int, config: ClassifierConfig, pairs: Pairs | None = None
) -> Classifier:
    """A classifier with its first weights, 0 for pairs. Here alone configuration meets the network's classes."""
    model = Classifier(
        vocab_size,
        labels,
        config.model,
        both_directions=config.classify.directions == "both",
        pooling=config.classify.pooling,
        skip=config.classify.skip,
        pairs=pairs,
        frozen=config.classify.frozen,
        ensemble_size=config.classify.ensemble_size,
    )
    initialize(
        model,
        config.model.initialization,
        forget_bias=config.model.forget_bias,
        looked_up=[table.weight for table in model.modules() if isinstance(table, nn.Embedding)],
    )
    for head in model.heads:
        if isinstance(head.pairs, nn.Parameter):
            nn.init.zeros_(head.pairs)
    return model


def restore_classifier(
    vocab_size: int, labels: int, config: ClassifierConfig, weights: Mapping[str, npt.NDArray[Any]]
) -> Classifier:
    """A classifier with these weights, in float32. Draws no random number.

    Raises RuntimeError when they do not fit, ValueError for pairs that are none.
    """
    model_config = dataclasses.replace(config.model, initialization="zeros")
    with torch.random.fork_rng(devices=[]):
        config = dataclasses.replace(config, model=model_config)
        pairs = check_pairs(weights["pairs"], vocab_size) if "pairs" in weights else None
        model = build_classifier(vocab_size, labels, config, pairs)
    model.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in weights.items()})
    return model.float()


@torch.no_grad()
def log_probabilities(
    model: Classifier,
    encoded: EncodedPoems,
    *,
    features: Tensor | None = None,
    device: torch.device | str = "cpu",
) -> npt.NDArray[np.float64]:
    """The natural-log probability of every label for every text, dropout off: (texts, K).

    `features` (texts, W) are those that `encode_all` found.
    """
    model.eval()
    rows = []
    for indices, ids, lengths in ordered_texts(encoded, device):
        known = None if features is None else features[torch.from_numpy(indices)].to(device)
        rows.append((indices, model(ids, lengths, known).cpu().numpy()))
    found = np.zeros((len(encoded), rows[0][1].shape[1]))
    for indices, values in rows:
        found[indices] = values
    return found


@torch.no_grad()
def encode_all(model: Classifier, encoded: EncodedPoems, *, device: torch.device | str = "cpu") -> Tensor:
    """What the layers make of every text, dropout off: (texts, W), on the CPU."""
    model.eval()
    found = torch.zeros(len(encoded), len(model.mean))
    for indices, ids, lengths in ordered_texts(encoded, device):
        found[torch.from_numpy(indices)] = model.encode(ids, lengths).float().cpu()
    return found


def ordered_texts(
    encoded: EncodedPoems, device: torch.device | str
) -> Iterator[tuple[Indices, Tensor, Tensor]]:
    """Every text once, those of nearly equal length together: (which, ids (T, B), lengths (B))."""
    for indices in bucket_by_length(encoded.lengths, batch_size=AT_ONCE, max_tokens=64 * AT_ONCE):
        ids, lengths = pad_texts(encoded, indices)
        yield indices.copy(), ids.to(device), lengths.to(device)
