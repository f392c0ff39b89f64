"""A model measured on poems: every token scored once, and the figures of docs/measures.md."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from poetgen.checkpoint import Checkpoint
from poetgen.corpus.batches import Batch, ordered_batches
from poetgen.corpus.dataset import Dataset, EncodedPoems
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import CheckpointError, CorpusError
from poetgen.measures import BOOTSTRAP_SEED, Figures, Floats, PoemLosses, figures
from poetgen.model.language_model import LanguageModel, restore_model
from poetgen.poem.poem import Poem
from poetgen.training.devices import batch_tensors

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Evaluation(Figures):
    """The measures of a split or of given poems, and all that must be said beside them.

    `split` is None for given poems, which alone have `fragments` and `without_fragments`. `seed` is that of the
    training, `same_corpus` says whether the poems come from the corpus the model learned from, None: not known.
    """

    vocabulary_size: int
    conditions: str
    selection: str | None
    split: str | None
    corpus_commit: str | None
    model_corpus_commit: str | None
    same_corpus: bool | None
    seed: int
    bootstrap_seed: int
    fragments: Figures | None = None
    without_fragments: Figures | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values; parts that were not measured are left out."""
        values = dataclasses.asdict(self)
        parts = ("fragments", "without_fragments")
        return {name: value for name, value in values.items() if name not in parts or value is not None}


def evaluate_split(
    checkpoint: Checkpoint,
    prepared: Dataset,
    split: str,
    *,
    given: Sequence[str] = (),
    batch_size: int = 64,
    device: str = "cpu",
    on_progress: OnProgress | None = None,
) -> Evaluation:
    """Measure a model on train, validation, test or fragments, conditioned on the PARTS `given` of each poem.

    Raises CheckpointError when the model does not belong to these prepared poems or was trained without
    conditions, CorpusError when the split is missing or empty.
    """
    check_belongs(checkpoint, prepared)
    poems = prepared.split(split)
    if not len(poems):
        raise CorpusError(
            f"{prepared.path} has no {split} poems; choose another split, or prepare more poems"
        )
    prefixes = condition_prefixes(checkpoint, poems, given) if given else None
    losses = score(
        checkpoint,
        poems,
        prefixes=prefixes,
        batch_size=batch_size,
        device=device,
        on_progress=on_progress,
    )
    corpus = prepared.manifest.get("corpus", {})
    return Evaluation(
        **vars(figures(losses)),
        **_circumstances(checkpoint, corpus, given),
        split=split,
        selection=describe_selection(corpus.get("selection"), prepared.manifest.get("settings", {})),
    )


def evaluate_poems(
    checkpoint: Checkpoint,
    poems: Sequence[Poem],
    *,
    batch_size: int = 64,
    device: str = "cpu",
    on_progress: OnProgress | None = None,
) -> Evaluation:
    """Measure a model on any poems: all of them, the fragments among them, and the others.

    Raises CorpusError when no poem has a hanzi.
    """
    poems = [poem for poem in poems if poem.hanzi]
    if not poems:
        raise CorpusError("there is no poem to measure; give a file with at least one line of hanzi")
    encoded = encode_poems(checkpoint, poems)
    losses = score(checkpoint, encoded, batch_size=batch_size, device=device, on_progress=on_progress)
    fragment = np.array([poem.is_fragment for poem in poems])
    return Evaluation(
        **vars(figures(losses)),
        **_circumstances(checkpoint, {}),
        split=None,
        selection=None,
        fragments=figures(losses[fragment]),
        without_fragments=figures(losses[~fragment]),
    )


def condition_prefixes(checkpoint: Checkpoint, poems: EncodedPoems, given: Sequence[str]) -> list[list[int]]:
    """What a model that is given these parts reads before each poem. Raises CheckpointError."""
    if checkpoint.conditions is None or not checkpoint.model_config.conditions:
        raise CheckpointError(
            f"this model was trained without conditions and cannot use a poem's {' or '.join(given)}; omit it"
        )
    if poems.conditions is None or poems.conditions.table != checkpoint.conditions:
        raise CheckpointError(
            "the poems were prepared with other poets or forms than the model knows; prepare them with "
            "--vocabulary and the model"
        )
    return [poems.conditions.prefix(k, len(checkpoint.vocabulary), given) for k in range(len(poems))]


def _circumstances(
    checkpoint: Checkpoint, corpus: Mapping[str, Any], given: Sequence[str] = ()
) -> dict[str, Any]:
    learned = checkpoint.card.get("corpus")
    learned = learned if isinstance(learned, Mapping) else {}
    marks = [key for key in ("commit", "sha256") if corpus.get(key) and learned.get(key)]
    return {
        "vocabulary_size": len(checkpoint.vocabulary),
        "conditions": ", ".join(given) or "none",
        "corpus_commit": corpus.get("commit"),
        "model_corpus_commit": learned.get("commit"),
        "same_corpus": corpus[marks[0]] == learned[marks[0]] if marks else None,
        "seed": checkpoint.config["training"]["seed"],
        "bootstrap_seed": BOOTSTRAP_SEED,
    }


def check_belongs(checkpoint: Checkpoint, prepared: Dataset) -> None:
    """Raises CheckpointError when the prepared folder's numbers do not mean the model's characters."""
    if checkpoint.vocabulary == prepared.vocabulary:
        return
    settings = prepared.manifest.get("settings", {})
    learned = checkpoint.config["corpus"]
    different = [
        f"corpus.{key} is {settings[key]!r}, the model's was {learned[key]!r}"
        for key in learned
        if key in settings and settings[key] != learned[key]
    ]
    why = "; ".join(different) or "the settings are alike, the corpus is another"
    raise CheckpointError(
        f"the model was not trained on the poems in {prepared.path} ({why}); prepare them as it was trained, its "
        "vocabulary taken with --vocabulary, or measure it on a file with --poems"
    )


def describe_selection(source: str | None, settings: Mapping[str, Any]) -> str:
    """Which poems were prepared, in words: `source` as its manifest calls it, and what the settings left."""
    parts = [source or ("all volumes" if settings.get("supplement") else "core volumes")]
    for key, words in (
        ("limit", "the first {} poems"),
        ("form", "form {}"),
        ("min_length", "at least {} hanzi"),
        ("max_length", "at most {} hanzi"),
    ):
        if settings.get(key):
            parts.append(words.format(settings[key]))
    return ", ".join(parts)


def encode_poems(checkpoint: Checkpoint, poems: Sequence[Poem]) -> EncodedPoems:
    """Poems in the model's own numbers; their marks are left out when the model was trained without."""
    return EncodedPoems.of(
        poems, checkpoint.vocabulary, punctuation=checkpoint.config["corpus"]["punctuation"]
    )


def score(
    checkpoint: Checkpoint,
    poems: EncodedPoems,
    *,
    prefixes: Sequence[Sequence[int]] | None = None,
    batch_size: int = 64,
    segment_length: int = 128,
    device: str = "cpu",
    on_progress: OnProgress | None = None,
) -> PoemLosses:
    """What each poem costs the model, in the order of `poems`, each after its prefix if there are any.

    Raises CheckpointError when the model's probabilities are not numbers.
    """
    vocabulary = checkpoint.vocabulary
    model = restore_model(len(vocabulary), checkpoint.model_config, checkpoint.weights).to(device).eval()
    totals = np.zeros((len(poems), len(dataclasses.fields(PoemLosses))))
    done, total = 0, len(poems.ids)
    for indices, batch in ordered_batches(
        poems, batch_size=batch_size, max_tokens=batch_size * len(poems.ids), prefixes=prefixes
    ):
        totals[indices] = score_batch(model, batch, vocabulary, segment_length).T
        done += batch.tokens
        if on_progress:
            on_progress(done, total)
    loss, hanzi_loss, tokens, hanzi, unknown = totals.T
    if not np.isfinite(loss).all():
        raise CheckpointError("the model's probabilities are not numbers; train another, or fetch it again")
    # <unknown> stands for several hanzi types, of which this was one
    share = math.log(vocabulary.unknown_types)
    return PoemLosses(
        loss + share * unknown,
        hanzi_loss + share * unknown,
        *(counts.astype(np.int64) for counts in (tokens, hanzi, unknown)),
    )


def score_batch(model: LanguageModel, batch: Batch, vocabulary: Vocabulary, segment_length: int) -> Floats:
    """Of each poem: loss, loss on hanzi, tokens, hanzi, unknown hanzi: (5, B)."""
    sums, states = np.zeros((5, len(batch.lengths))), None
    device = model.embedding.weight.device
    for segment in batch.segments(segment_length):
        found, states = model.token_losses(**batch_tensors(segment, device), states=states)
        losses, real = found.cpu().double().numpy(), segment.is_scored
        unknown = real & (segment.targets == vocabulary.unknown)
        hanzi = unknown | (real & (segment.targets >= vocabulary.first_hanzi))
        sums += [values.sum(0) for values in (losses, losses * hanzi, real, hanzi, unknown)]
    return sums
