"""What says of a text which label it has: a linear layer of its features, and what goes past all other layers."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class OutputHead(nn.Module):
    """What a text's features say of K labels, and what its tokens and pairs of tokens say past all layers.

    The tokens' part is the sum of their embeddings over the square root of their number, that of pairs a sum of
    as many numbers as there are labels: a linear model of what occurs how often, beside which the layers need
    only say what order adds (compare Joulin et al. 2017, Bag of Tricks for Efficient Text Classification).
    """

    words: nn.Embedding | None

    def __init__(
        self, features: int, labels: int, *, words: nn.Embedding | None, width: int | None, pairs: int
    ) -> None:
        """`width` is that of the embeddings that go past the layers, None for none; `words` its own ones.

        `pairs` says how many pairs of tokens it knows.
        """
        super().__init__()
        self.output = nn.Linear(features, labels)
        self.words = words
        self.past = None if width is None else nn.Linear(width, labels, bias=False)
        self.pairs = nn.Parameter(torch.zeros(pairs, labels)) if pairs else None

    def forward(
        self,
        features: Tensor,
        ids: Tensor,
        lengths: Tensor,
        *,
        embedding: nn.Embedding,
        known_pairs: Tensor,
        dropout: float,
        embedding_dropout: float,
    ) -> Tensor:
        """Logits (B, K) of features (B, W), ids (T, B) and lengths (B,).

        `embedding` has the tokens' vectors where the head has none of its own, `known_pairs` (P, 2) are in order.
        """
        logits: Tensor = self.output(features)
        if self.past is None:
            return logits
        found, index = torch.unique(ids, return_inverse=True)
        real = (torch.arange(len(ids), device=ids.device)[:, None] < lengths)[:, :, None]
        table = embedding if self.words is None else self.words
        words = drop_rows(table(found), embedding_dropout, self.training)[index] * real
        amount = words.sum(0) / lengths[:, None].sqrt()
        past: Tensor = self.past(F.dropout(amount, dropout, self.training))
        if self.pairs is not None:
            codes = known_pairs[:, 0] * embedding.num_embeddings + known_pairs[:, 1]
            past = past + self.score_pairs(
                ids[:-1] * embedding.num_embeddings + ids[1:], lengths, codes, embedding_dropout
            )
        return logits + past

    def score_pairs(self, pairs: Tensor, lengths: Tensor, known: Tensor, dropout: float) -> Tensor:
        """The sum of the rows of the known pairs over the square root of their number: (T - 1, B) -> (B, K).

        A pair is the code of its two tokens; `known` (P,) are in order.
        """
        assert self.pairs is not None
        places = torch.searchsorted(known, pairs).clamp_max(len(known) - 1)
        there = known[places] == pairs
        there &= torch.arange(1, len(pairs) + 1, device=pairs.device)[:, None] < lengths
        found, index = torch.unique(places[there], return_inverse=True)
        texts = torch.arange(pairs.shape[1], device=pairs.device).expand_as(pairs)[there]
        rows = drop_rows(self.pairs[found], dropout, self.training)[index]
        sums = self.pairs.new_zeros(pairs.shape[1], self.pairs.shape[1]).index_add(0, texts, rows)
        return sums / there.sum(0).clamp_min(1)[:, None].sqrt()


def drop_rows(rows: Tensor, probability: float, training: bool) -> Tensor:
    """Rows of a table that learns, some zeroed in training, the others scaled up: (N, W) -> (N, W)."""
    if not training or probability == 0 or not rows.requires_grad:
        return rows
    keep = torch.bernoulli(rows.new_full((len(rows), 1), 1 - probability))
    return rows * (keep / (1 - probability))
