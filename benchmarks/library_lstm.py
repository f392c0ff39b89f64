"""The LSTM written by hand and torch.nn.LSTM, trained from the same weights on the same batches: one curve or two?

    python benchmarks/library_lstm.py --prepared data/prepared --steps 300 --out docs/library-lstm.png

poetgen's learner, whose layer and whose way back are by hand, and a model of nn.Embedding, nn.LSTM, nn.Linear,
F.cross_entropy(ignore_index) and torch.optim.Adam of the same size take the recipe of configs/tang.toml: tied,
dropouts with the same masks, one warm-up and rate, clipping at 1, truncated backpropagation, float32. nn.LSTM has
two biases, which Adam would move twice as far as one: its second stays 0. A third run, by hand from another seed,
tells how far two trainings lie apart that only chance parts. Half the released model's width by default.

Every few steps `ppl_token` of the validation poems by the same code. Prints a Markdown table; --out draws.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from poetgen.checkpoint import Checkpoint
from poetgen.config import Config
from poetgen.corpus.batches import Batch, epoch_batches, make_batch
from poetgen.corpus.dataset import Dataset, EncodedPoems
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.evaluate import evaluate_split
from poetgen.plots import style
from poetgen.training.learner import build_learner

WARMUP = 60
RECIPE = {
    "model.dropout": 0.4,
    "model.embedding_dropout": 0.1,
    "training.learning_rate": 3e-3,
    "training.batch_size": 64,
    "training.device": "cpu",
}
Weights = Mapping[str, Any]


class LibraryModel(nn.Module):
    """What torch gives, of poetgen's size: (ids, targets (T, B), a state) -> summed loss, the state after."""

    def __init__(self, vocabulary: int, config: Config) -> None:
        super().__init__()
        size, hidden = config.model.embedding_size, config.model.hidden_size
        self.dropout, self.embedding_dropout = config.model.dropout, config.model.embedding_dropout
        self.embedding = nn.Embedding(vocabulary, size)
        self.lstm = nn.LSTM(size, hidden)
        self.projection = nn.Linear(hidden, size, bias=False)
        self.output = nn.Linear(size, vocabulary)
        self.output.weight = self.embedding.weight

    def forward(self, ids: Tensor, targets: Tensor, state: Any) -> tuple[Tensor, Any]:
        rows = len(self.embedding.weight)
        kept = torch.bernoulli(torch.full((rows, 1), 1 - self.embedding_dropout))
        weight = self.embedding.weight * (kept / (1 - self.embedding_dropout))
        y, state = self.lstm(F.embedding(ids, weight), state)
        kept = torch.bernoulli(torch.full(y.shape[1:], 1 - self.dropout))  # one mask for all steps
        logits = self.output(self.projection(y * (kept / (1 - self.dropout))))
        loss = F.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), ignore_index=Vocabulary.pad, reduction="sum"
        )
        return loss, state

    @torch.no_grad()
    def load(self, weights: Weights) -> None:
        """Begin with the weights of a checkpoint."""
        own = self.state_dict()
        for name, value in self.names().items():
            own[name].copy_(torch.from_numpy(weights[value]))
        self.lstm.get_parameter("bias_hh_l0").zero_().requires_grad_(False)

    def weights(self) -> Weights:
        """Under the names that a checkpoint has."""
        own = self.state_dict()
        return {value: own[name].numpy().copy() for name, value in self.names().items()}

    def names(self) -> Mapping[str, str]:
        """Own names → a checkpoint's."""
        return {
            "embedding.weight": "embedding.weight",
            "lstm.weight_ih_l0": "lstm.cells.0.weight_ih",
            "lstm.weight_hh_l0": "lstm.cells.0.weight_hh",
            "lstm.bias_ih_l0": "lstm.cells.0.bias",
            "projection.weight": "projection.weight",
            "output.bias": "output.bias",
        }


class ByHand:
    """poetgen's learner, a step at a time."""

    def __init__(self, vocabulary: int, config: Config) -> None:
        self.learner = build_learner(vocabulary, config)
        self.weights = self.learner.weights

    def step(self, batch: Batch, rate: float) -> float:
        """One update; returns the mean loss."""
        loss = self.learner.compute_gradient(batch) / batch.tokens
        self.learner.clip_gradient()
        self.learner.update(rate)
        return loss


class ByLibrary:
    """The same by what torch gives."""

    def __init__(self, vocabulary: int, config: Config, weights: Weights) -> None:
        self.model = LibraryModel(vocabulary, config)
        self.model.load(weights)
        self.weights, self.bptt_length = self.model.weights, config.training.bptt_length
        self.learned = [each for each in self.model.parameters() if each.requires_grad]
        self.optimizer = torch.optim.Adam(self.learned)

    def step(self, batch: Batch, rate: float) -> float:
        """One update; returns the mean loss."""
        self.optimizer.zero_grad()
        state, total = None, 0.0
        for segment in batch.segments(self.bptt_length):
            ids, targets = map(torch.from_numpy, (segment.inputs, segment.targets))
            loss, state = self.model(ids, targets, state)
            (loss / batch.tokens).backward()
            state = tuple(part.detach() for part in state)
            total += loss.item()
        nn.utils.clip_grad_norm_(self.learned, 1.0)
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.step()
        return total / batch.tokens


def batches(poems: EncodedPoems, size: int) -> Iterator[Batch]:
    """Those of seed 0, epoch after epoch."""
    for epoch in count(1):
        for indices in epoch_batches(poems, batch_size=size, max_tokens=size * 128, seed=0, epoch=epoch):
            yield make_batch(poems, indices)


def curve(
    learner: ByHand | ByLibrary, prepared: Dataset, config: Config, *, steps: int, every: int
) -> tuple[list[float], list[float]]:
    """Loss of each step, and validation `ppl_token` after every so many."""
    losses, measured = [], []
    given = batches(prepared.split("train"), config.training.batch_size)
    for number, batch in enumerate(islice(given, steps), start=1):
        torch.manual_seed(number)  # the same masks for all
        losses.append(learner.step(batch, config.training.learning_rate * min(1.0, number / WARMUP)))
        if number % every == 0:
            model = Checkpoint(dict(learner.weights()), prepared.vocabulary, config.to_dict())
            measured.append(float(evaluate_split(model, prepared, "validation").ppl_token or np.inf))
            print(f"step {number}: {losses[-1]:.4f}, {measured[-1]:.3f}", file=sys.stderr, flush=True)
    return losses, measured


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--every", type=int, default=50)
    parser.add_argument("--embedding-size", type=int, default=160)
    parser.add_argument("--hidden-size", type=int, default=512)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    prepared = Dataset.open(args.prepared)
    sizes = {"model.embedding_size": args.embedding_size, "model.hidden_size": args.hidden_size}
    config, size = Config().replace(RECIPE | sizes), len(prepared.vocabulary)
    hand = ByHand(size, config)
    runs: dict[str, ByHand | ByLibrary] = {
        "nn.LSTM": ByLibrary(size, config, hand.weights()),
        "by hand": hand,
        "by hand, another seed": ByHand(size, config.replace({"training.seed": 1})),
    }
    found = {
        name: curve(run, prepared, config, steps=args.steps, every=args.every) for name, run in runs.items()
    }
    steps = range(args.every, args.steps + 1, args.every)
    print("\n".join(table(found, steps)))
    if args.out:
        draw({name: measured for name, (_, measured) in found.items()}, list(steps), args.out)


def table(found: dict[str, tuple[list[float], list[float]]], steps: range) -> Iterator[str]:
    """Validation perplexities, a column each time, and how far apart the losses of one step come."""
    yield f"| steps | {' | '.join(map(str, steps))} | loss of a step, furthest from nn.LSTM's |"
    yield "|---" * (2 + len(steps)) + "|"
    library = np.array(found["nn.LSTM"][0])
    for name, (losses, measured) in found.items():
        apart = np.abs(np.array(losses) - library).max()
        yield f"| {name} | {' | '.join(f'{value:.2f}' for value in measured)} | {apart:.1e} |"


def draw(found: dict[str, list[float]], steps: list[int], path: Path) -> None:
    """The validation curves: a broad grey line, dots upon it, and a thin line."""
    looks: dict[str, dict[str, Any]] = {
        "nn.LSTM": {"color": style.GREY, "linewidth": 7, "alpha": 0.5},
        "by hand": {"color": style.BLUE, "linewidth": 1.5, "marker": "o", "markersize": 4},
        "by hand, another seed": {"color": style.VERMILION, "linewidth": 1, "linestyle": "--"},
    }
    with style.new_picture(path, 7.5, 4.2) as figure:
        axes = figure.subplots()
        for name, measured in found.items():
            axes.plot(steps, measured, **looks[name])
        axes.set(xlabel="steps", ylabel="validation perplexity per token", yscale="log")
        style.tick_log(axes)
        style.tidy(axes)
        style.write_title(figure, "The same training by hand and by torch.nn.LSTM")
        style.write_caption(figure, "the first two: the same first weights, batches and dropout masks")
        figure.draw_without_rendering()
        ends = [
            style.Name(f"{name}  {measured[-1]:.1f}", (steps[-1], measured[-1]), str(looks[name]["color"]))
            for name, measured in found.items()
        ]
        style.name_ends(axes, ends)


if __name__ == "__main__":
    main()
