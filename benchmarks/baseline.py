"""What people would use instead: nn.Embedding, nn.LSTM, nn.Linear, a loss that skips padding, torch.optim.Adam.

Everything at torch's defaults (docs/measures.md). Also the cell as students write it, in the same frame: four
Linears over [h; x] and a loop.
"""

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from poetgen.corpus.batches import Batch
from poetgen.corpus.vocabulary import Vocabulary


class StudentLSTM(nn.Module):
    """(T, B, E) -> (T, B, H), four Linears a step."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.i, self.f, self.g, self.o = (nn.Linear(input_size + hidden_size, hidden_size) for _ in range(4))

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        h = c = x.new_zeros(x.shape[1], self.hidden_size)
        outputs = []
        for x_t in x:
            z = torch.cat([h, x_t], dim=1)
            c = torch.sigmoid(self.f(z)) * c + torch.sigmoid(self.i(z)) * torch.tanh(self.g(z))
            h = torch.sigmoid(self.o(z)) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs), None


class Baseline(nn.Module):
    """The loss of a batch, mean over its real tokens: ids, targets (T, B) -> ()."""

    def __init__(
        self,
        vocabulary: int,
        embedding_size: int,
        hidden_size: int,
        *,
        num_layers: int = 1,
        student: bool = False,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding_size)
        self.lstm: nn.Module = (
            StudentLSTM(embedding_size, hidden_size)
            if student
            else nn.LSTM(embedding_size, hidden_size, num_layers)
        )
        self.output = nn.Linear(hidden_size, vocabulary)

    def forward(self, ids: Tensor, targets: Tensor) -> Tensor:
        logits = self.output(self.lstm(self.embedding(ids))[0])
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=Vocabulary.pad)

    def as_poetgen(self) -> dict[str, npt.NDArray[np.float32]]:
        """The weights of one nn.LSTM layer, under the names poetgen's checkpoints have."""
        own = {name: value.detach().numpy() for name, value in self.named_parameters()}
        return {
            "embedding.weight": own["embedding.weight"],
            "lstm.cells.0.weight_ih": own["lstm.weight_ih_l0"],
            "lstm.cells.0.weight_hh": own["lstm.weight_hh_l0"],
            "lstm.cells.0.bias": own["lstm.bias_ih_l0"] + own["lstm.bias_hh_l0"],
            "output.weight": own["output.weight"],
            "output.bias": own["output.bias"],
        }


def train_step(model: Baseline, optimizer: torch.optim.Optimizer, batch: Batch) -> float:
    """Forward, loss, backward, clip, update."""
    optimizer.zero_grad()
    device = model.output.bias.device
    loss: Tensor = model(*(torch.from_numpy(ids).to(device) for ids in (batch.inputs, batch.targets)))
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()
