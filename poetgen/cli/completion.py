"""What a shell offers after an option: forms, rhyme groups, shipped configs, runs. Imported when a shell asks."""

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem

from poetgen.checkpoint import RELEASED
from poetgen.config_files import config_names
from poetgen.files import Workspace
from poetgen.model_files import BEST, NEWEST
from poetgen.poem.form import FAMILIES, FORMS, FREE
from poetgen.script.opencc import SIMPLIFIED, preferred_script, to_simplified
from poetgen.verse.rhyme_books import ASCII_NAMES, BOOKS, LEVEL, PINGSHUI, full_name, groups_of, reading_in

NAMED = (*FORMS, "五言排律", "七言排律", *FAMILIES)
PINYIN = ("wujue", "qijue", "wulv", "qilv")  # for who has begun without an input method

Offers = list[CompletionItem]


def offer_forms(ctx: click.Context, incomplete: str) -> Offers:
    """The forms and families that a poem can be held to."""
    return in_either_script(incomplete, NAMED) + beginning(incomplete, PINYIN if incomplete else ())


def offer_wanted_forms(ctx: click.Context, incomplete: str) -> Offers:
    """The forms and families a poem can be asked for in."""
    return offer_forms(ctx, incomplete) + beginning(incomplete, (FREE,))


def offer_rhyme_books(ctx: click.Context, incomplete: str) -> Offers:
    """The rhyme books."""
    return in_either_script(incomplete, BOOKS) + beginning(incomplete, ASCII_NAMES if incomplete else ())


def offer_rhymes(ctx: click.Context, incomplete: str) -> Offers:
    """The level groups of the book named before, the usual ones of a poem, with their places in it."""
    groups = groups_of(ctx.params.get("rhyme_book") or PINGSHUI)
    level = [group for group in groups if reading_in(group).tone == LEVEL]
    offered = [
        CompletionItem(one, help=full_name(group)) for group in level for one in as_begun(group, incomplete)
    ]
    return [*offered, *beginning(incomplete, ("auto", "off"))]


def offer_configs(ctx: click.Context, incomplete: str) -> Offers:
    """The shipped configs, and files when none is meant."""
    return beginning(incomplete, config_names()) or files(incomplete)


def offer_models(ctx: click.Context, incomplete: str) -> Offers:
    """The runs that have a model, the released one, the newest; files when none is meant."""
    runs = workspace_of(ctx).runs.glob(f"*/{BEST}")
    names = (RELEASED, NEWEST, *sorted(path.parent.name for path in runs))
    return beginning(incomplete, names) or files(incomplete)


def offer_classifiers(ctx: click.Context, incomplete: str) -> Offers:
    """The runs of classifiers that have a model; files when none is meant."""
    runs = workspace_of(ctx).classifiers.glob(f"*/{BEST}")
    return beginning(incomplete, sorted(path.parent.name for path in runs)) or files(incomplete)


def offer_stopped_runs(ctx: click.Context, incomplete: str) -> Offers:
    """The runs that can be resumed: classifiers' below `classify`, language models' elsewhere."""
    workspace = workspace_of(ctx)
    classifies = ctx.parent is not None and ctx.parent.info_name == "classify"
    runs = (workspace.classifiers if classifies else workspace.runs).glob("*/state.pt")
    return beginning(incomplete, sorted(path.parent.name for path in runs))


def workspace_of(ctx: click.Context) -> Workspace:
    """The one that --home named before, else the one found without."""
    return ctx.params.get("workspace") or Workspace.find()


def as_begun(name: str, incomplete: str) -> tuple[str, ...]:
    """The name in the script in which it was begun, else in the reader's; nothing where it begins otherwise."""
    forms = (name, to_simplified(name))
    if preferred_script() == SIMPLIFIED:
        forms = forms[::-1]
    return tuple(form for form in forms if form.startswith(incomplete))[:1]


def in_either_script(incomplete: str, names: Iterable[str]) -> Offers:
    """Those of the names that begin so in one of both scripts."""
    return [CompletionItem(form) for name in names for form in as_begun(name, incomplete)]


def beginning(incomplete: str, names: Iterable[str]) -> Offers:
    """Those of the names that begin so."""
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def files(incomplete: str) -> Offers:
    """Leaves it to the shell to look for files."""
    return [CompletionItem(incomplete, type="file")]
