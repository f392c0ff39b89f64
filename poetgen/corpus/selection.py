"""Which clean poems are prepared, which are kept apart as fragments, and why the others are left out."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from poetgen.config import CorpusConfig
from poetgen.corpus.clean import CleaningReport
from poetgen.errors import CorpusError
from poetgen.poem.form import Form, form_of
from poetgen.poem.poem import COMMA, FRAGMENT_HANZI, FRAGMENT_LINES, QUESTION, STOP, Poem

LEAST = 2  # poems: one to learn from, one to validate on
_EXAMPLE = 24  # characters
_SETTINGS = ("form", "min_length", "max_length", "limit")


def select_poems(
    poems: Sequence[Poem], config: CorpusConfig, forms: Sequence[Form]
) -> tuple[list[Poem], list[Poem], dict[str, int]]:
    """(whole poems, fragments, how many each setting dropped); `limit` counts whole poems that are kept.

    Poems that are cropped are counted by what is left of them, and as `cropped`.
    """
    whole: list[Poem] = []
    fragments: list[Poem] = []
    dropped, cropped = dict.fromkeys(_SETTINGS, 0), 0
    for poem in poems:
        poem, given = crop(poem, config), poem
        setting = (
            "limit" if config.limit and len(whole) >= config.limit else excluding_setting(poem, config, forms)
        )
        if setting:
            dropped[setting] += 1
        else:
            cropped += poem is not given
            (fragments if poem.is_fragment else whole).append(poem)
    return (
        whole,
        fragments,
        {**dropped, "cropped": cropped, "fragments": len(fragments), "kept": len(whole)},
    )


def crop(poem: Poem, config: CorpusConfig) -> Poem:
    """What `too_long` leaves of a poem: the same poem where it is short enough, or nothing of it fits."""
    limit = config.max_length
    if not limit or poem.hanzi <= limit or config.too_long == "drop":
        return poem
    lines, marks = list[str](), ""
    for line, mark in zip(poem.lines, poem.marks, strict=True):
        room = limit - sum(map(len, lines))
        if len(line) > room:
            if config.too_long == "crop-characters" and room:
                lines, marks = [*lines, line[:room]], marks + mark
            break
        lines, marks = [*lines, line], marks + mark
    if config.too_long == "crop":
        sentences = max(marks.rfind(STOP), marks.rfind(QUESTION)) + 1
        lines, marks = lines[:sentences], marks[:sentences]
    marks = marks[:-1] + marks[-1:].replace(COMMA, STOP)
    return replace(poem, lines=tuple(lines), marks=marks) if lines else poem


def excluding_setting(poem: Poem, config: CorpusConfig, forms: Sequence[Form]) -> str:
    """The setting that leaves a poem out; empty: none."""
    if forms and form_of(poem.lines) not in forms:
        return "form"
    if poem.hanzi < config.min_length:
        return "min_length"
    return "max_length" if config.max_length and poem.hanzi > config.max_length else ""


def too_few(
    whole: Sequence[Poem],
    poems: Sequence[Poem],
    cleaning: CleaningReport,
    config: CorpusConfig,
    forms: Sequence[Form],
    *,
    source: object,
) -> CorpusError:
    """That too few poems are left, and what took the others, with an example each."""
    left = "1 poem is" if len(whole) == 1 else f"{len(whole)} poems are"
    reasons = "; ".join([*count_dropped(cleaning), *_by_settings(poems, config, forms)])
    message = f"{left} left of {source} after cleaning and selection; at least {LEAST} are needed"
    return CorpusError(f"{message}: {reasons}" if reasons else message)


def count_dropped(cleaning: CleaningReport) -> Iterator[str]:
    """How many records each rule of cleaning dropped, with an example."""
    for name, rule in cleaning.rules.items():
        if rule.dropped:
            where, text = next((each for each in rule.examples if len(each) == 2), ("", ""))
            yield f"{rule.dropped:,} dropped by rule {name}" + (f" ({where}: {text})" if text else "")


def _by_settings(poems: Sequence[Poem], config: CorpusConfig, forms: Sequence[Form]) -> Iterator[str]:
    counts, examples = Counter[str](), dict[str, str]()
    for poem in poems:
        poem = crop(poem, config)
        reason = excluding_setting(poem, config, forms) or ("fragments" if poem.is_fragment else "")
        counts[reason] += 1
        examples.setdefault(reason, poem.text[:_EXAMPLE] + "…" * (len(poem.text) > _EXAMPLE))
    for setting in _SETTINGS[:3]:
        if counts[setting]:
            yield f"{counts[setting]:,} left out by {setting} ({examples[setting]})"
    if counts["fragments"]:
        yield (
            f"{counts['fragments']:,} kept apart as fragments, of fewer than {FRAGMENT_LINES} lines or "
            f"{FRAGMENT_HANZI} hanzi ({examples['fragments']})"
        )
