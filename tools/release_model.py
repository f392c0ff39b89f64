"""Make a run's best model the released one: float16 weights, measured as shipped, with a card.

    python tools/release_model.py checkpoints/tang --source "chinese-poetry at 99ebbef, core volumes"
    python tools/release_model.py

The model must beat the one released before on the validation poems; only then is the test split looked at, once.
Writes checkpoints/tang.safetensors and checkpoints/tang.md; without a run the card alone, with what card_notes.md
says and the poems that the released model writes now.
"""

import argparse
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from arguments import make_parser

from poetgen.checkpoint import Checkpoint
from poetgen.corpus.dataset import Dataset
from poetgen.evaluate import Evaluation, evaluate_split
from poetgen.files import write_text
from poetgen.measures import FIGURES
from poetgen.writing.poem import GeneratedPoem
from poetgen.writing.writer import Writer

RELEASED = Path(__file__).parent.parent / "checkpoints"
NOTES = Path(__file__).with_name("card_notes.md")  # what stands beside the figures, and weaknesses
PROMPTS = "日紅山夜湖海月"
FORMS = ("五絕", "七絕", "五律", "七律")
TITLES = [
    "春夜喜雨",
    "送別",
    "登高",
    "中秋",
    "江南",
    "邊塞",
    "詠梅",
    "山居",
    "懷古",
    "寄友人",
    "秋思",
    "夢李白",
]
SEED = 0
CARD_KEYS = ("poetgen", "seed", "optimizer", "epoch", "step", "training_seconds", "splits")
GIVEN = (("title",), ("title", "poet", "form"))

CURVES = (
    "[Curves](../docs/tang-curves.png) of the second and the third, perplexity and learning rate over steps."
)


def main() -> None:
    """Parse the command line and release."""
    parser = make_parser(__doc__)
    parser.add_argument("run", type=Path, nargs="?", help="run folder, or its best.safetensors")
    parser.add_argument(
        "--prepared", type=Path, default=Path("data/prepared"), help="the poems it was trained on"
    )
    parser.add_argument("--source", default="", help="where the corpus comes from, for the card")
    parser.add_argument("--note", default="", help="what else must be said of the training, for the card")
    parser.add_argument("--out", type=Path, default=RELEASED, help="folder of the released model")
    args = parser.parse_args()
    path: Path = args.out / "tang.safetensors"
    if args.run:
        release(args.run, Dataset.open(args.prepared), path, args)
    write_text(path.with_suffix(".md"), "\n".join(describe(path, Checkpoint.load(path).card)) + "\n")


def release(run: Path, prepared: Dataset, path: Path, args: argparse.Namespace) -> None:
    """Measure, compare, and write the released file."""
    model = in_half_precision(Checkpoint.load(run / "best.safetensors" if run.is_dir() else run))
    validation = evaluate_split(model, prepared, "validation")
    if path.exists():
        before = Checkpoint.load(path).card["measures"]["validation"]["ppl_token"]
        if not (validation.ppl_token or math.inf) < before:
            raise SystemExit(f"{validation.ppl_token} does not beat the released {before}")
    measured = {
        "validation": validation,
        "test": evaluate_split(model, prepared, "test"),
    }
    if model.model_config.conditions:
        for given in GIVEN:
            measured[f"validation, {', '.join(given)} given"] = evaluate_split(
                model, prepared, "validation", given=given
            )
    card = {
        **{key: model.card[key] for key in CARD_KEYS},
        "note": args.note,
        "corpus": {"source": args.source, "commit": model.card["corpus"]["commit"]},
        "measures": {name: figures(found) for name, found in measured.items()},
        "ancestors": list(ancestors(model.card)),
    }
    # whose weights it began with is told by the ancestors: where that file lay is nobody's business
    training = {**model.config["training"], "start": ""}
    replace(model, card=card, config={**model.config, "training": training}).save(path)


def ancestors(card: Mapping[str, Any]) -> Iterator[str]:
    """What the weights have gone through, in order, a sentence each."""
    if isinstance(parent := card.get("parent"), dict):
        yield from ancestors(parent)
    if grown := card.get("grown"):
        yield f"Made wider by `tools/grow_model.py`: E {grown['embedding_size']}, H {grown['hidden_size']}."
    else:
        train = card["splits"]["train"]
        yield (
            f"{card['step']:,} steps (epoch {card['epoch']}) on {train['poems']:,} poems, {train['tokens']:,} "
            f"tokens, seed {card['seed']}, {card['optimizer']}: {card['training_seconds'] / 60:.0f} minutes."
        )


def in_half_precision(model: Checkpoint) -> Checkpoint:
    """The same model with float16 weights: half the size; what is measured is what is shipped."""
    return replace(model, weights={name: array.astype(np.float16) for name, array in model.weights.items()})


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """The figures and what must be said beside them, rounded for the card."""
    found: dict[str, Any] = {}
    for name in FIGURES:
        value, bounds = getattr(evaluation, name), evaluation.intervals[name]
        found[name] = round(value, 3)
        found[f"{name}_95"] = [round(bound, 3) for bound in bounds or ()]
    counts = ("poems", "tokens", "hanzi", "out_of_vocabulary", "vocabulary_size", "conditions", "selection")
    return found | {name: getattr(evaluation, name) for name in counts}


def tell_size(path: Path) -> str:
    """What the file holds, in MB, as the card, the results and the changelog say it."""
    model = Checkpoint.load(path)
    lines = 0 if model.lines is None else model.lines.nbytes
    weights = model.parameters * 2  # float16
    size = path.stat().st_size
    return (
        f"{size / 1e6:.1f} MB: {weights / 1e6:.1f} MB of weights ({model.parameters:,} parameters in float16), "
        f"{lines / 1e6:.1f} MB by which a line that it has read is known, and "
        f"{(size - weights - lines) / 1e6:.1f} MB of settings and vocabulary"
    )


def describe(path: Path, card: Mapping[str, Any]) -> Iterator[str]:
    """The card as Markdown, poems included."""
    model = Checkpoint.load(path)
    yield "# The released model"
    yield ""
    yield f"`tang.safetensors`, {tell_size(path)}. Trained by poetgen {card['poetgen']}, on two cores:"
    yield ""
    yield from (f"{number}. {told_step}" for number, told_step in enumerate(card["ancestors"], start=1))
    yield ""
    yield card["note"]
    yield ""
    yield CURVES
    yield ""
    yield from describe_data(model, card)
    yield ""
    yield from tabulate(card["measures"])
    yield ""
    yield "Figures as `docs/measures.md` defines them, with 95 % bootstrap intervals over poems."
    yield ""
    yield NOTES.read_text(encoding="utf-8")
    yield "## Poems nobody picked"
    yield from show_poems(model, path)


def describe_data(model: Checkpoint, card: Mapping[str, Any]) -> Iterator[str]:
    """What it has read, and what it is told."""
    settings, splits = model.config, card["splits"]
    told = "told title, poet and form, or none of them" if settings["model"]["conditions"] else "told nothing"
    yield f"- Corpus: {card['corpus']['source']}; commit `{card['corpus']['commit']}` as fetched."
    yield (
        f"- Split {settings['corpus']['split']} of 全唐詩 by clusters of near duplicates: "
        + ", ".join(
            f"{name} {splits[name]['poems']:,} poems ({splits[name]['tokens']:,} tokens)"
            for name in ("train", "validation", "test")
        )
        + "."
    )
    yield f"- Vocabulary: {len(model.vocabulary):,} tokens."
    yield f"- It is {told}; figures are those without, unless they say otherwise."


def tabulate(measures: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    """A column for each split, or each thing that was given."""
    yield f"| | {' | '.join(measures)} |"
    yield "|---" * (1 + len(measures)) + "|"
    for name in FIGURES:
        yield f"| {name} | {' | '.join(with_interval(each, name) for each in measures.values())} |"
    for name in ("poems", "tokens", "hanzi", "out_of_vocabulary"):
        yield f"| {name} | {' | '.join(f'{each[name]:,}' for each in measures.values())} |"


def show_poems(model: Checkpoint, path: Path) -> Iterator[str]:
    """Poems by the commands that stand above them."""
    writer = Writer(model, path)
    for form in FORMS:
        yield from shown(form, f"poetgen generate {' '.join(PROMPTS)} --form {form} --seed {SEED}")
        yield from as_markdown(writer.write(list(PROMPTS), form=form, seed=SEED))
    if model.model_config.conditions:
        for title in TITLES:
            yield from shown(title, f"poetgen generate --title {title} --seed {SEED}")
            yield from as_markdown(writer.write(title=title, seed=SEED))


def shown(heading: str, command: str) -> Iterator[str]:
    """A heading, and the command whose poems follow."""
    yield from ("", f"### {heading}", "", f"    {command}")


def as_markdown(poems: Iterator[GeneratedPoem]) -> Iterator[str]:
    """Each poem after an empty line, its lines broken where they end."""
    for poem in poems:
        yield ""
        yield "  \n".join(str(poem).splitlines())


def with_interval(measured: dict[str, Any], name: str) -> str:
    """A figure and its interval: 77.1 (74.2 – 80.3)."""
    low, high = measured[f"{name}_95"]
    return f"{measured[name]:.2f} ({low:.2f} – {high:.2f})"


if __name__ == "__main__":
    main()
