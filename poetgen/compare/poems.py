"""The poems that each setting learns from: the prepared folder there is, or one made for the comparison."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poetgen.compare.plan import Plan, describe_setting, file_name
from poetgen.config import Config, flatten
from poetgen.corpus.dataset import Dataset
from poetgen.corpus.prepare import prepare_corpus
from poetgen.corpus.prepared_folder import clean_up
from poetgen.corpus.sources import OnProgress
from poetgen.errors import ConfigError, CorpusError
from poetgen.files import Workspace


@dataclass(frozen=True)
class Source:
    """Where poems come from: what was prepared or fetched, or `given`, a path to raw ones.

    `asked` are the corpus settings that were given; without any, prepared poems are taken as they are.
    """

    workspace: Workspace
    given: Path | None
    asked: frozenset[str]


def find_poems(
    plan: Plan, source: Source, out: Path, *, on_progress: OnProgress | None = None
) -> dict[str, Dataset]:
    """A prepared folder for each setting's label; those that are not there yet are prepared below `out`.

    Raises CorpusError when there are neither poems prepared as asked nor raw ones.
    """
    own = [key for key in plan.compared if key.startswith("corpus.")]
    found: dict[Any, Dataset] = {}
    for variant in plan.variants:
        corpus = variant.config.corpus
        if corpus not in found:
            values = flatten(variant.config.to_dict(), "config")
            labels = [describe_setting(key, values[key]) for key in own]
            folder = out / "-".join(["poems", *map(file_name, labels)])
            found[corpus] = prepare_poems(variant.config, source, folder, on_progress)
            found[corpus].settings()  # raises for a folder whose settings cannot be read
            found[corpus].require("validation")
    return {variant.label: found[variant.config.corpus] for variant in plan.variants}


def prepare_poems(config: Config, source: Source, folder: Path, on_progress: OnProgress | None) -> Dataset:
    """Poems prepared with these settings."""
    wanted = flatten({"corpus": config.to_dict()["corpus"]}, "config")
    if Dataset.is_at(folder):
        clean_up(folder)
        return require_settings(Dataset.open(folder), wanted)
    ready = source.workspace.prepared
    if source.given is None and Dataset.is_at(ready):
        prepared = Dataset.open(ready)
        if not prepared.differences({key: wanted[key] for key in source.asked}):
            return prepared
    raw = source.given or source.workspace.corpus
    if not raw.exists():
        raise CorpusError(f"no poems at {raw} to prepare; run: poetgen fetch, or give others with --source")
    prepare_corpus(raw, folder, config.corpus, on_progress=on_progress)
    return Dataset.open(folder)


def require_settings(prepared: Dataset, wanted: Mapping[str, Any]) -> Dataset:
    """Raises ConfigError when the poems were prepared otherwise."""
    for key, found, value in prepared.differences(wanted):
        raise ConfigError(
            f"{prepared.path} is of another comparison ({key} was {found!r} and is now {value!r}); "
            "choose another --out"
        )
    return prepared


def describe_folders(prepared: Iterable[Dataset]) -> list[dict[str, Any]]:
    """What a report says of each folder's poems."""
    return [
        {
            "path": str(folder.path),
            "vocabulary": len(folder.vocabulary),
            "corpus": folder.manifest.get("corpus", {}),
            "settings": folder.manifest.get("settings", {}),
            "splits": folder.manifest.get("splits", {}),
        }
        for folder in prepared
    ]


def describe_poems(folder: Dataset) -> str:
    """How many poems, from where."""
    try:
        splits, corpus = folder.manifest["splits"], folder.manifest["corpus"]
        parts = [f"{splits[name]['poems']:,} in {name}" for name in ("train", "validation")]
        rate = splits["validation"].get("out_of_vocabulary_rate")
    except (KeyError, TypeError) as error:
        raise CorpusError(f"{folder.path} is damaged ({error}); run: poetgen prepare") from error
    unknown = "" if rate is None else f", {rate:.2%} of validation hanzi outside it"
    commit = f", commit {corpus['commit'][:12]}" if corpus.get("commit") else ""
    return (
        f"{folder.path.name}: {', '.join(parts)} ({splits['train']['tokens']:,} training tokens), "
        f"vocabulary {len(folder.vocabulary):,}{unknown}; {corpus.get('selection', 'selection unknown')}{commit}"
    )
