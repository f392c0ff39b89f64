"""A trained model made wider, with more characters and with conditions, that says at first what it said before.

    python tools/grow_model.py OLD NEW --home WORKSPACE --embedding-size 320 --hidden-size 1024

Net2Net's idea (Chen, Goodfellow & Shlens 2016) in its simplest form: new units hear everything and are heard by
none, since their weights into what was there begin at 0, as do the new rows of the projection. What is new learns
from the first step on: a weight that is 0 has a gradient where its input is not. Characters that the old model
lacks begin as likely as its rarest.

The vocabulary, forms and poets are those of the prepared poems in WORKSPACE. One layer, tied weights.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from arguments import make_parser

from poetgen.checkpoint import Checkpoint, parameter_shapes
from poetgen.config import from_dict
from poetgen.corpus.dataset import Dataset
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.files import Workspace

Array = npt.NDArray[Any]
FAINT = 0.1
RARE = 5  # occurrences: a new character begins as the mean of characters as rare as that, a little apart


def main() -> None:
    """See the module."""
    parser = make_parser(__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--home", required=True)
    parser.add_argument("--embedding-size", type=int, required=True)
    parser.add_argument("--hidden-size", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    prepared = Dataset.open(Workspace.find(args.home).prepared)
    grow(
        Checkpoint.load(args.old),
        prepared,
        embedding_size=args.embedding_size,
        hidden_size=args.hidden_size,
        seed=args.seed,
    ).save(args.new)


def grow(
    old: Checkpoint, prepared: Dataset, *, embedding_size: int, hidden_size: int, seed: int
) -> Checkpoint:
    """The wider model. Raises ValueError for one that cannot be grown so."""
    config = from_dict(old.config)
    before = config.model
    if not (before.tied and before.num_layers == 1 and before.cell == "lstm"):
        raise ValueError("only tied models of one LSTM layer grow")
    if embedding_size < before.embedding_size or hidden_size < before.hidden_size:
        raise ValueError("a model grows, it does not shrink")
    after = replace(before, embedding_size=embedding_size, hidden_size=hidden_size, conditions=True)
    rows = len(prepared.conditions) if prepared.conditions else 0
    shapes = parameter_shapes(len(prepared.vocabulary), after, rows)
    weights = widen(
        dict(old.weights), shapes, old.vocabulary, prepared.vocabulary, np.random.default_rng(seed)
    )
    card = {
        "grown": {"embedding_size": embedding_size, "hidden_size": hidden_size, "seed": seed},
        "parent": old.card,
    }
    grown = replace(config, model=after).to_dict()
    return Checkpoint(weights, prepared.vocabulary, grown, card, None, prepared.conditions)


def widen(
    old: dict[str, Array],
    shapes: dict[str, tuple[int, ...]],
    known: Vocabulary,
    vocabulary: Vocabulary,
    rng: np.random.Generator,
) -> dict[str, Array]:
    """Weights of these shapes around the old ones."""
    old = {name: array.astype(np.float32) for name, array in old.items()}
    e, h = old["projection.weight"].shape
    spread = float(old["embedding.weight"].std())
    new = {name: normal(rng, shape) for name, shape in shapes.items()}
    for name in ("embedding.weight", "conditions.weight"):
        if name in new:
            new[name] = rng.normal(0, spread, shapes[name]).astype(np.float32)
    there = [k for k, token in enumerate(vocabulary.tokens) if token in known]
    places = known.encode([vocabulary.tokens[k] for k in there])
    rare = [0 < n <= RARE for n in known.counts]
    new["embedding.weight"][:, :e] *= FAINT
    new["embedding.weight"][:, :e] += old["embedding.weight"][rare].mean(axis=0)
    new["embedding.weight"][there, :e] = old["embedding.weight"][places]
    new["output.bias"] = np.full(shapes["output.bias"], old["output.bias"][rare].mean(), np.float32)
    new["output.bias"][there] = old["output.bias"][places]
    new["projection.weight"][:] = 0
    new["projection.weight"][:e, :h] = old["projection.weight"]
    widen_cell(old, new, e, h)
    return new


def widen_cell(old: dict[str, Array], new: dict[str, Array], e: int, h: int) -> None:
    """The four gates of the cell, one by one: old units keep what they heard, and hear nothing new."""
    names = [f"lstm.cells.0.{part}" for part in ("weight_ih", "weight_hh", "bias")]
    new[names[2]][:] = 0
    blocks = [np.split(arrays[name], 4) for arrays in (new, old) for name in names]
    for gate, (w, u, b, old_w, old_u, old_b) in enumerate(zip(*blocks, strict=True)):
        w[:h], u[:h] = 0, 0
        w[:h, :e], u[:h, :h], b[:h] = old_w, old_u, old_b
        b[h:] = 1.0 if gate == 1 else 0.0  # the forget gate begins open, as always


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """N(0, 1/columns)."""
    return rng.normal(0, 1 / np.sqrt(shape[-1]), shape).astype(np.float32)


if __name__ == "__main__":
    main()
