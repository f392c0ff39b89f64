"""The stage from raw poems to a prepared folder, and its report."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from poetgen.config import Config, CorpusConfig
from poetgen.corpus.added import drop_held_out
from poetgen.corpus.clean import CleaningReport
from poetgen.corpus.conditions import Conditions, ConditionTable
from poetgen.corpus.dataset import Dataset, body, write_dataset
from poetgen.corpus.near_duplicates import cluster_near_duplicates, split_clusters
from poetgen.corpus.prepared_folder import check_place, replace_folder
from poetgen.corpus.reading import ReadingReport
from poetgen.corpus.selection import LEAST, select_poems, too_few
from poetgen.corpus.sources import (
    OnProgress,
    added_files,
    describe_file,
    read_files,
    read_poems,
    source_files,
)
from poetgen.corpus.titles import TitleReport, clean_title
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import ConfigError, CorpusError
from poetgen.fetch.manifest import Manifest
from poetgen.files import Workspace, follow_links, write_json
from poetgen.poem.form import Form, form_name, parse_forms, shared_length
from poetgen.poem.poem import Poem

COLLECTIONS = {"song": "全宋詩"}
Known = tuple[Vocabulary, ConditionTable]
PERCENTS = (1, 10, 25, 50, 75, 90, 99, 100)


@dataclass(frozen=True)
class PrepareReport:
    """What was kept, changed and dropped, and what came of it; `to_dict` is what report.json holds."""

    cleaning: CleaningReport
    selection: dict[str, int]
    forms: dict[str, int]
    lengths: dict[str, int]
    clusters: dict[str, int]
    splits: dict[str, dict[str, Any]]
    vocabulary: int
    titles: TitleReport
    added: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**vars(self), "cleaning": self.cleaning.to_dict(), "titles": self.titles.to_dict()}


def prepare_corpus(
    source: Path,
    out_dir: Path,
    config: CorpusConfig,
    *,
    known: Known | None = None,
    strict: bool = False,
    on_progress: OnProgress | None = None,
    on_read: Callable[[ReadingReport], None] = lambda reading: None,
) -> PrepareReport:
    """Read, clean, select, cluster, split and number the poems of `source` into `out_dir`.

    `known` is the vocabulary of a model that is to learn further from these poems, and the forms and poets it
    knows; by default they are made from the training poems. Poems of the collection `config.also` join those:
    what is held out, and its near duplicates, are found without them, and of them those are left out that tell
    of a held-out poem. `on_read` is told how the files were read, also when nothing can be made of them. The
    folder is written beside `out_dir` and takes its place at the end. Same input, same bytes.
    Raises CorpusError when nothing can be read, nothing is left or `out_dir` holds something else, PromptError
    for an unknown form.
    """
    forms = parse_forms(config.form)
    out_dir = check_place(out_dir)
    length = shared_length(forms)
    if config.also:
        added_files(source, config.also)  # what cannot be added is refused before minutes of reading
    poems, cleaning = read_poems(
        source, supplement=config.supplement, line_length=length, strict=strict, on_progress=on_progress
    )
    on_read(cleaning.reading)
    whole, fragments, selection = select_poems(poems, config, forms)
    if len(whole) < LEAST:
        raise too_few(whole, poems, cleaning, config, forms, source=source)
    roots = cluster_near_duplicates(whole)
    splits = {**split_poems(whole, roots, config.split, source=source), "fragments": fragments}
    added, added_report = (
        read_added(source, config, forms, splits, cleaning, on_progress) if config.also else ([], None)
    )
    vocabulary, table = known or build_vocabulary(splits["train"], added, config)
    splits["train"] += added
    titles = TitleReport()
    conditions = {
        name: Conditions.of(part, table, vocabulary, [clean_title(poem.title, titles) for poem in part])
        for name, part in splits.items()
    }
    with replace_folder(out_dir) as folder:
        sizes = write_dataset(
            folder, splits, vocabulary, config, origin=describe_origin(source, config), conditions=conditions
        )
        report = PrepareReport(
            cleaning=cleaning,
            selection=selection,
            forms=dict(Counter(form_name(poem.shape) for poem in whole).most_common()),
            lengths=quantiles(whole),
            clusters=count_clusters(roots),
            splits=sizes,
            vocabulary=len(vocabulary),
            titles=titles,
            added=added_report,
        )
        write_json(folder / "report.json", report.to_dict())
    return report


def split_poems(
    poems: Sequence[Poem], roots: Sequence[int], ratio: str, *, source: Path
) -> dict[str, list[Poem]]:
    """The poems of train, validation and test, by their clusters. Raises CorpusError where there is but one."""
    if len(set(roots)) < 2:
        raise CorpusError(
            f"the {len(poems)} poems of {source} are near duplicates of one another, so none can be kept apart to "
            "validate on; add poems"
        )
    members = split_clusters(poems, roots, ratio)
    return {name: [poems[k] for k in numbers] for name, numbers in members.items()}


def open_or_prepare(
    workspace: Workspace,
    asked: Mapping[str, Any],
    *,
    on_progress: OnProgress | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Dataset:
    """The prepared folder of a workspace, made first when only the fetched corpus is there; `tell` hears of that.

    `asked` are settings, of which those of the corpus must be the folder's. Raises CorpusError when neither is
    there, ConfigError when it was prepared with others.
    """
    asked = {key: value for key, value in asked.items() if key.startswith("corpus.")}
    if workspace.data is None and not Dataset.is_at(workspace.prepared):
        if not workspace.corpus.exists():
            raise CorpusError(f"no poems below {workspace.home}; run: poetgen fetch")
        tell(f"preparing the poems of {workspace.corpus} first")
        config = Config().replace(asked).corpus
        prepare_corpus(workspace.corpus, workspace.prepared, config, on_progress=on_progress)
    prepared = Dataset.open(workspace.prepared)
    for key, found, value in prepared.differences(asked):
        raise ConfigError(
            f"{prepared.path} was prepared with {key} = {found!r}, not {value!r}; "
            "run poetgen prepare with the same --config and --set first"
        )
    return prepared


def read_added(
    source: Path,
    config: CorpusConfig,
    forms: Sequence[Form],
    splits: Mapping[str, Sequence[Poem]],
    cleaning: CleaningReport,
    on_progress: OnProgress | None,
) -> tuple[list[Poem], dict[str, Any]]:
    """The poems of `config.also` to train on besides, and how many there were; `cleaning` counts on."""
    files = added_files(source, config.also)
    poems = read_files(files, source, cleaning, on_progress=on_progress)
    whole, _, selection = select_poems(poems, replace(config, limit=0), forms)
    kept = drop_held_out(whole, [*splits["validation"], *splits["test"]])
    return kept, {
        "collection": config.also,
        **selection,
        "kept": len(kept),
        "shared with held-out poems": len(whole) - len(kept),
    }


def build_vocabulary(own: Sequence[Poem], added: Sequence[Poem], config: CorpusConfig) -> Known:
    """The vocabulary of the training poems, and the forms and poets that may be asked for.

    Raises CorpusError where no character is frequent enough to be known.
    """
    vocabulary = Vocabulary.build(
        (body(poem, config.punctuation) for poem in own),
        config.min_count,
        added=(body(poem, config.punctuation) for poem in added),
        added_min_count=config.also_min_count,
    )
    if len(vocabulary) <= vocabulary.first_hanzi:
        raise CorpusError(
            f"no character of the {len(own):,} training poems occurs {config.min_count} times "
            "(corpus.min_count), so there is nothing to learn; lower --min-count, or add poems"
        )
    return vocabulary, ConditionTable.build([*own, *added])


def count_clusters(roots: Sequence[int]) -> dict[str, int]:
    """How many clusters there are, and how many poems are not alone in theirs."""
    sizes = Counter(roots).values()
    return {"clusters": len(sizes), "poems_with_near_duplicates": sum(size for size in sizes if size > 1)}


def quantiles(poems: Sequence[Poem]) -> dict[str, int]:
    """Lengths in hanzi at some shares of the poems."""
    lengths = sorted(poem.hanzi for poem in poems)
    places = {percent: min(len(lengths) - 1, int(percent / 100 * len(lengths))) for percent in PERCENTS}
    return {f"{percent}%": lengths[place] for percent, place in places.items()}


def describe_origin(source: Path, config: CorpusConfig) -> dict[str, Any]:
    """Where the poems came from: url and commit of a fetched corpus, and a SHA-256 over the files read."""
    digest = hashlib.sha256()
    added = added_files(source, config.also) if config.also else []
    for file in [*source_files(source, supplement=config.supplement), *added]:
        digest.update(file.name.encode("utf-8", "surrogateescape"))
        with suppress(OSError):  # then it was not read either, and stands among the faults
            digest.update(file.read_bytes())
    source = follow_links(source)  # "." has a name too
    name = describe_file(source, source)
    found = {"source": name, "sha256": digest.hexdigest()}
    fetched = Manifest.read(source)
    more = f" and, to train on, {COLLECTIONS[config.also]}" if config.also else ""
    if fetched is None:
        return {**found, "selection": name + more}
    volumes = "全唐詩, core volumes and 補編" if config.supplement else "全唐詩, core volumes"
    return {**found, "url": fetched.url, "commit": fetched.commit, "selection": volumes + more}
