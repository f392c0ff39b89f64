"""`poetgen prepare`: clean, split and number the poems for training."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poetgen.cli.options import command_line, complete_by, home_option, json_option
from poetgen.cli.output import echo
from poetgen.cli.progress import progress_bar
from poetgen.cli.reading import tell_reading
from poetgen.cli.small_corpus import advise, quote_flags
from poetgen.cli.values import UserPath
from poetgen.config import SPLITS, TOO_LONG
from poetgen.config_files import load_config
from poetgen.files import Workspace, follow_links
from poetgen.poem.form import FORM_HELP
from poetgen.printable import printable

if TYPE_CHECKING:
    from poetgen.corpus.prepare import Known, PrepareReport
    from poetgen.corpus.reading import ReadingReport

MOST_FORMS = 12


@click.command()
@click.argument("source", required=False, type=UserPath(path_type=Path))
@home_option
@click.option("--out", type=UserPath(path_type=Path), help="Folder to write [default: data/prepared].")
@click.option(
    "--supplement/--no-supplement", default=None, help="Add 全唐詩補編 (volumes 50000 and up) [default: no]."
)
@click.option(
    "--also", type=click.Choice(["song"]), help="Train on 全宋詩 too; validate and test without it."
)
@click.option(
    "--vocabulary",
    "model",
    metavar="CHECKPOINT",
    shell_complete=complete_by("offer_models"),
    help="Take the vocabulary of a checkpoint or a run, to train it further.",
)
@click.option("--limit", type=int, metavar="N", help="Only the first N usable poems, in volume order.")
@click.option(
    "--form",
    shell_complete=complete_by("offer_forms"),
    help=f"Only poems of a form: {FORM_HELP} (either script, or pinyin).",
)
@click.option("--min-length", type=int, metavar="HANZI", help="Drop shorter poems.")
@click.option("--max-length", type=int, metavar="HANZI", help="Drop longer poems, or crop them.")
@click.option(
    "--too-long",
    type=click.Choice(TOO_LONG),
    help="Longer poems: drop [default], crop after a sentence, or at the character.",
)
@click.option(
    "--min-count",
    type=int,
    metavar="N",
    help="Characters rarer than this in the training poems become <unknown>.",
)
@click.option("--punctuation", type=click.Choice(["keep", "drop"]), help="Whether ，。？ are tokens.")
@click.option("--split", type=click.Choice(SPLITS), help="train : validation : test.")
@click.option(
    "--config",
    "config_name",
    metavar="NAME|FILE",
    shell_complete=complete_by("offer_configs"),
    help="[corpus] settings from a shipped config or a TOML file.",
)
@click.option("--set", "settings", multiple=True, metavar="SECTION.KEY=VALUE", help="Change any setting.")
@click.option("--strict", is_flag=True, help="Stop at the first record that cannot be read.")
@json_option
def prepare(
    source: Path | None,
    *,
    workspace: Workspace,
    out: Path | None,
    model: str | None,
    config_name: str | None,
    settings: tuple[str, ...],
    strict: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Clean, split and number the poems for training.

    SOURCE is by default the fetched corpus. It can be any file of poems: JSON, CSV, TSV, Markdown, HTML or text,
    one poem a line, or separated by blank lines or headings, with titles and poets or without; or a folder of
    JSON, CSV and text files. How it was read is said in a line.
    """
    from poetgen.corpus.prepare import prepare_corpus

    config = load_config(
        config_name, settings=settings, flags={f"corpus.{key}": value for key, value in flags.items()}
    ).corpus
    out = out or workspace.prepared
    read: list[ReadingReport] = []
    try:
        with progress_bar("reading", unit="file") as on_progress:
            report = prepare_corpus(
                source or workspace.corpus,
                out,
                config,
                known=read_known(workspace, model) if model else None,
                strict=strict,
                on_progress=on_progress,
                on_read=read.append,
            )
    finally:  # it says most where nothing could be made of the poems
        for reading in read:
            tell_reading(source or workspace.corpus, reading)
    echo(json.dumps(report.to_dict(), ensure_ascii=False) if as_json else table(report, model))
    is_usual = follow_links(out) == follow_links(workspace.prepared)
    words = ["--from", model] if model else []
    words += [] if is_usual else ["--data", str(out)]
    if model is None:
        kept = {name: value for name, value in flags.items() if name not in ("split", "min_count")}
        typed = [str(source)] * (source is not None)
        typed += quote_flags({"config": config_name, "set": settings, **kept})
        for advice in advise(report, config, workspace, typed, [] if is_usual else ["--out", str(out)]):
            echo(advice, err=True)
    echo(f"Written to {out}. Next, run: {command_line(workspace, 'poetgen', 'train', *words)}", err=True)


def read_known(workspace: Workspace, model: str) -> "Known":
    """The vocabulary of a checkpoint, and the forms and poets it knows. Raises CheckpointError."""
    from poetgen.checkpoint import Checkpoint, find_checkpoint
    from poetgen.corpus.conditions import ConditionTable

    checkpoint = Checkpoint.load(find_checkpoint(workspace, model))
    return checkpoint.vocabulary, checkpoint.conditions or ConditionTable()


def table(report: "PrepareReport", model: str | None) -> str:
    """The report as a person reads it; `model` is whose vocabulary was taken."""
    parts = [cleaning_table(report), title_table(report), selection_lines(report), split_table(report, model)]
    return "\n\n".join(parts)


def cleaning_table(report: "PrepareReport") -> str:
    """Each rule with its counts and two examples."""
    cleaning = report.cleaning.to_dict()
    rows = [f"{'rule':<14}{'kept':>8}{'changed':>9}{'dropped':>9}"]
    for name, rule in cleaning["rules"].items():
        rows.append(f"{name:<14}{rule['kept']:>8,}{rule['changed']:>9,}{rule['dropped']:>9,}")
        rows += [
            f"    {printable(where)}  {printable(' → '.join(texts))}" for where, *texts in rule["examples"]
        ]
    rows.append(f"{'records':<14}{cleaning['records']:>8,}, {cleaning['kept']:,} usable")
    if cleaning["faults"]:
        rows[-1] += f", {len(cleaning['faults']):,} more could not be read"
    return "\n".join(rows)


def title_table(report: "PrepareReport") -> str:
    """What the rules for titles changed, with two examples each."""
    titles = report.titles.to_dict()
    rows = [f"{'title rule':<14}{'changed':>17}"]
    for name, rule in titles["rules"].items():
        rows.append(f"{name:<14}{rule['changed']:>17,}")
        rows += [f"    {before} → {after or '(none)'}" for before, after in rule["examples"]]
    rows.append(f"{'titles':<14}{titles['titles']:>17,}, {titles['kept']:,} say what the poem is about")
    return "\n".join(rows)


def selection_lines(report: "PrepareReport") -> str:
    """What the settings left out, forms, lengths, duplicates."""
    apart = ("kept", "fragments", "cropped")
    dropped = {name: n for name, n in report.selection.items() if n and name not in apart}
    forms = list(report.forms.items())
    lines = [
        f"whole poems    {report.selection['kept']:,}",
        f"fragments      {report.selection['fragments']:,} (fewer than 4 lines or 20 hanzi, kept apart)",
    ]
    if cropped := report.selection["cropped"]:
        lines.append(f"cropped        {cropped:,} to what fits into max_length")
    if report.added:
        kept, shared = report.added["kept"], report.added["shared with held-out poems"]
        lines.append(
            f"added          {kept:,} of {report.added['collection']}, to train on; {shared:,} more share a line "
            "with a held-out poem and are left out"
        )
    if dropped:
        lines.append("left out by    " + ", ".join(f"{name} {n:,}" for name, n in dropped.items()))
    lines += [
        "forms          "
        + ", ".join(f"{name} {n:,}" for name, n in forms[:MOST_FORMS])
        + (f", {len(forms) - MOST_FORMS} more" if len(forms) > MOST_FORMS else ""),
        "hanzi a poem   " + ", ".join(f"{share} {length:,}" for share, length in report.lengths.items()),
        f"near duplicates  {report.clusters['poems_with_near_duplicates']:,} poems; "
        f"{report.clusters['clusters']:,} clusters, each whole in one split",
    ]
    return "\n".join(lines)


def split_table(report: "PrepareReport", model: str | None) -> str:
    """Sizes of the splits, what their vocabulary lacks and where it is from."""
    rows = [f"{'split':<14}{'poems':>8}{'tokens':>11}{'hanzi':>11}{'unknown hanzi':>22}"]
    for name, size in report.splits.items():
        unknown = f"{size['out_of_vocabulary']:,} ({size['out_of_vocabulary_rate']:.3%})"
        rows.append(f"{name:<14}{size['poems']:>8,}{size['tokens']:>11,}{size['hanzi']:>11,}{unknown:>22}")
    origin = f"taken from {printable(model)}" if model else "built from train"
    rows.append(f"{'vocabulary':<14}{report.vocabulary:>8,} tokens, {origin}")
    return "\n".join(rows)
