"""Which clean poems are prepared, which are kept apart as fragments, and why the others are left out."""

from collections import Counter
from collections.abc import Iterator, Sequence

from poetgen.config import CorpusConfig
from poetgen.corpus.clean import CleaningReport
from poetgen.errors import CorpusError
from poetgen.poem.form import Form, form_of
from poetgen.poem.poem import FRAGMENT_HANZI, FRAGMENT_LINES, Poem

LEAST = 2  # poems: one to learn from, one to validate on
_EXAMPLE = 24  # characters
_SETTINGS = ("form", "min_length", "max_length", "limit")


def select(
    poems: Sequence[Poem], config: CorpusConfig, form: Form | None
) -> tuple[list[Poem], list[Poem], dict[str, int]]:
    """(whole poems, fragments, how many each setting dropped); `limit` counts whole poems that are kept."""
    whole: list[Poem] = []
    fragments: list[Poem] = []
    dropped = dict.fromkeys(_SETTINGS, 0)
    for poem in poems:
        setting = "limit" if config.limit and len(whole) >= config.limit else left_out_by(poem, config, form)
        if setting:
            dropped[setting] += 1
        else:
            (fragments if poem.is_fragment else whole).append(poem)
    return whole, fragments, {**dropped, "fragments": len(fragments), "kept": len(whole)}


def left_out_by(poem: Poem, config: CorpusConfig, form: Form | None) -> str:
    """The setting that leaves a poem out; empty: none."""
    if form and form_of(poem.lines) != form:
        return "form"
    if poem.hanzi < config.min_length:
        return "min_length"
    return "max_length" if config.max_length and poem.hanzi > config.max_length else ""


def too_few(
    whole: Sequence[Poem],
    poems: Sequence[Poem],
    cleaning: CleaningReport,
    config: CorpusConfig,
    form: Form | None,
    *,
    source: object,
) -> CorpusError:
    """That too few poems are left, and what took the others, with an example each."""
    left = "1 poem is" if len(whole) == 1 else f"{len(whole)} poems are"
    reasons = "; ".join([*_by_rules(cleaning), *_by_settings(poems, config, form)])
    told = f"{left} left of {source} after cleaning and selection; at least {LEAST} are needed"
    return CorpusError(f"{told}: {reasons}" if reasons else told)


def _by_rules(cleaning: CleaningReport) -> Iterator[str]:
    for name, rule in cleaning.rules.items():
        if rule.dropped:
            where, text = next((each for each in rule.examples if len(each) == 2), ("", ""))
            yield f"{rule.dropped:,} dropped by rule {name}" + (f" ({where}: {text})" if text else "")


def _by_settings(poems: Sequence[Poem], config: CorpusConfig, form: Form | None) -> Iterator[str]:
    counts, examples = Counter[str](), dict[str, str]()
    for poem in poems:
        reason = left_out_by(poem, config, form) or ("fragments" if poem.is_fragment else "")
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
