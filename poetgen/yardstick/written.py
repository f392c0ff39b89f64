"""Poems of a model, with stated settings, beside as many held-out real poems of the same forms."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice
from typing import Any

import numpy as np

from poetgen.corpus.dataset import Dataset
from poetgen.errors import ConfigError, CorpusError
from poetgen.poem.form import FORMS, parse_form
from poetgen.poem.poem import Poem
from poetgen.script.opencc import TRADITIONAL
from poetgen.writing.writer import Writer
from poetgen.yardstick.figures import measure_poems
from poetgen.yardstick.training_text import TrainingText

PROMPTS = "日紅山夜湖海月"
TOGETHER = "all"
OnProgress = Callable[[int, int], None]
Figures = Mapping[str, float | None]


@dataclass(frozen=True)
class Pair:
    """The figures of written and of real poems of one form (poetgen.yardstick.figures)."""

    written: Figures
    real: Figures


@dataclass(frozen=True)
class WrittenReport:
    """`pairs` by form, TOGETHER last, and what the poems were written with."""

    pairs: Mapping[str, Pair]
    prompts: Sequence[str]
    seed: int
    settings: Mapping[str, Any]
    split: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def measure_written(
    writer: Writer,
    prepared: Dataset,
    *,
    count: int,
    split: str = "validation",
    prompts: Sequence[str] = PROMPTS,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    on_progress: OnProgress | None = None,
) -> WrittenReport:
    """Write `count` poems of each form, the prompts in turn, and measure them and real ones.

    `settings` are those of Writer.write. Raises ConfigError or PromptError for settings that cannot be,
    CorpusError where the split has no poem of a form.
    """
    settings = dict(settings or {})
    real = {form: draw_real(prepared, split, form, count, seed) for form in FORMS}
    written: dict[str, list[Poem]] = {form: [] for form in FORMS}
    for form in FORMS:
        for poem in write_poems(writer, form, count, prompts, seed, settings):
            written[form].append(poem)
            if on_progress:
                on_progress(sum(map(len, written.values())), count * len(FORMS))
    written[TOGETHER], real[TOGETHER] = list(chain(*written.values())), list(chain(*real.values()))
    training = TrainingText(prepared.split("train"), prepared.vocabulary)
    pairs = {
        form: Pair(
            *(measure_poems(poems[form], writer.model.known_lines, training) for poems in (written, real))
        )
        for form in written
    }
    return WrittenReport(pairs, tuple(prompts), seed, settings, split)


def write_poems(
    writer: Writer, form: str, count: int, prompts: Sequence[str], seed: int, settings: Mapping[str, Any]
) -> Iterator[Poem]:
    """`count` poems of a form, as many as can be of each prompt; in the corpus' characters."""
    for k, prompt in enumerate(prompts):
        many = len(range(k, count, len(prompts)))
        fixed: dict[str, Any] = {"form": form, "seed": seed, "count": many, "script": TRADITIONAL}
        if twice := fixed.keys() & settings.keys():
            raise ConfigError(f"{', '.join(sorted(twice))} cannot be set here; every form is written")
        if many:
            for poem in writer.write(prompt, **fixed, **settings):
                yield Poem("", "", poem.corpus_lines, poem.marks)


def draw_real(prepared: Dataset, split: str, form: str, count: int, seed: int) -> list[Poem]:
    """At most `count` poems of a form, none twice, drawn from a split. Raises CorpusError where there are none."""
    wanted = parse_form(form)
    shape = (wanted.line_length, wanted.line_count)
    poems = [poem for poem in prepared.poems(split) if poem.shape == shape]
    if not poems:
        raise CorpusError(f"{prepared.path} has no {form} among its {split} poems to measure beside")
    order = np.random.default_rng([seed, *shape]).permutation(len(poems))
    return list(islice(without_doubles(poems[k] for k in order), count))


def without_doubles(poems: Iterable[Poem]) -> Iterator[Poem]:
    """Poems that share no line with one before: a corpus has some poems twice, which a poet wrote once."""
    seen: set[str] = set()
    for poem in poems:
        if seen.isdisjoint(poem.lines):
            seen.update(poem.lines)
            yield poem
