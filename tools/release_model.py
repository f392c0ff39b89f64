"""Make a run's best model the released one: float16 weights, measured as shipped, with a card.

    python tools/release_model.py checkpoints/tang --source "chinese-poetry at 99ebbef, core volumes"

The model must beat the one released before on the validation poems; only then is the test split looked at, once.
Writes checkpoints/tang.safetensors and checkpoints/tang.md.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from poetgen.checkpoint import Checkpoint
from poetgen.corpus.dataset import Dataset
from poetgen.evaluate import Evaluation, evaluate_split
from poetgen.files import write_text
from poetgen.measures import FIGURES
from poetgen.writing.writer import Writer

RELEASED = Path(__file__).parent.parent / "checkpoints"
PROMPTS = "日紅山夜湖海月"
POEMS_EACH = 7
SEED = 2026
CARD_KEYS = ("poetgen", "seed", "optimizer", "epoch", "step", "training_seconds", "splits")


def main() -> None:
    """Parse the command line and release."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="run folder, or its best.safetensors")
    parser.add_argument(
        "--prepared", type=Path, default=Path("data/prepared"), help="the poems it was trained on"
    )
    parser.add_argument("--source", required=True, help="where the corpus comes from, for the card")
    parser.add_argument("--note", default="", help="what else must be said of the training, for the card")
    parser.add_argument("--out", type=Path, default=RELEASED, help="folder of the released model")
    args = parser.parse_args()
    release(args.run, Dataset.open(args.prepared), args)


def release(run: Path, prepared: Dataset, args: argparse.Namespace) -> None:
    """Measure, compare, and write the released file and its card."""
    model = in_half_precision(Checkpoint.load(run / "best.safetensors" if run.is_dir() else run))
    path: Path = args.out / "tang.safetensors"
    validation = evaluate_split(model, prepared, "validation")
    if path.exists():
        before = evaluate_split(Checkpoint.load(path), prepared, "validation")
        if not better(validation, before):
            raise SystemExit(f"{validation.ppl_token:.2f} does not beat the released {before.ppl_token:.2f}")
    test = evaluate_split(model, prepared, "test")
    card = {
        **{key: model.card[key] for key in CARD_KEYS},
        "note": args.note,
        "corpus": {"source": args.source, "commit": model.card["corpus"]["commit"]},
        "measures": {"validation": figures(validation), "test": figures(test)},
    }
    replace(model, card=card).save(path)
    write_text(path.with_suffix(".md"), "\n".join(describe(path, card)) + "\n")


def in_half_precision(model: Checkpoint) -> Checkpoint:
    """The same model with float16 weights: half the size; what is measured is what is shipped."""
    return replace(model, weights={name: array.astype(np.float16) for name, array in model.weights.items()})


def better(new: Evaluation, old: Evaluation) -> bool:
    """Whether the new model foretells validation better, per token."""
    return new.ppl_token is not None and (old.ppl_token is None or new.ppl_token < old.ppl_token)


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """The figures and what must be said beside them, rounded for the card."""
    found: dict[str, Any] = {}
    for name in FIGURES:
        value, bounds = getattr(evaluation, name), evaluation.intervals[name]
        found[name] = round(value, 3)
        found[f"{name}_95"] = [round(bound, 3) for bound in bounds or ()]
    counts = ("poems", "tokens", "hanzi", "out_of_vocabulary", "vocabulary_size", "conditions", "selection")
    return found | {name: getattr(evaluation, name) for name in counts}


def describe(path: Path, card: dict[str, Any]) -> Iterator[str]:
    """The card as Markdown, poems included."""
    model = Checkpoint.load(path)
    settings, splits = model.config, card["splits"]
    yield "# The released model"
    yield ""
    yield f"`tang.safetensors`, {path.stat().st_size / 1e6:.1f} MB, {model.parameters:,} parameters in float16."
    yield f"Trained by poetgen {card['poetgen']} with `configs/tang.toml`: {card['step']:,} steps"
    minutes = f"{card['training_seconds'] / 60:.0f} minutes of two cores"
    yield f"({card['epoch']} epochs), {minutes}, seed {card['seed']}. {card['note']}".strip()
    yield ""
    yield f"- Corpus: {card['corpus']['source']}; commit `{card['corpus']['commit']}` as fetched."
    yield (
        f"- Split {settings['corpus']['split']} by clusters of near duplicates: "
        + ", ".join(
            f"{name} {splits[name]['poems']:,} poems ({splits[name]['tokens']:,} tokens)"
            for name in ("train", "validation", "test")
        )
        + "."
    )
    yield f"- Vocabulary: {len(model.vocabulary):,} tokens, every character that train has twice or more."
    yield "- Unconditional: the model is told neither form nor title nor poet."
    yield ""
    yield "| | validation | test |"
    yield "|---|---|---|"
    for name in FIGURES:
        yield (
            f"| {name} | "
            + " | ".join(with_interval(card["measures"][split], name) for split in card["measures"])
            + " |"
        )
    for name in ("poems", "tokens", "hanzi", "out_of_vocabulary"):
        yield (
            f"| {name} | "
            + " | ".join(f"{card['measures'][split][name]:,}" for split in card["measures"])
            + " |"
        )
    yield ""
    yield "Figures as `docs/measures.md` defines them, with 95 % bootstrap intervals over poems."
    yield ""
    yield "## Seven poems each, uncurated"
    yield ""
    yield f"    poetgen generate {' '.join(PROMPTS)} --count {POEMS_EACH} --seed {SEED}"
    writer = Writer(model, path)
    for prompt in PROMPTS:
        yield ""
        yield f"### {prompt}"
        for poem in writer.write(prompt, seed=SEED, count=POEMS_EACH):
            yield ""
            yield "  \n".join(str(poem).splitlines())


def with_interval(measured: dict[str, Any], name: str) -> str:
    """A figure and its interval: 77.1 (74.2 – 80.3)."""
    low, high = measured[f"{name}_95"]
    return f"{measured[name]:.2f} ({low:.2f} – {high:.2f})"


if __name__ == "__main__":
    main()
