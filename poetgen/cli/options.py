"""Options that several commands share."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poetgen.cli.output import echo
from poetgen.cli.values import OutputFile, ScriptChoice, UserPath
from poetgen.files import Workspace, follow_links
from poetgen.language import tr
from poetgen.picture import SIZES, THEMES
from poetgen.script.opencc import SCRIPTS
from poetgen.verse.rhyme_books import PINGSHUI, parse_book

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

EXAMPLES = "Examples:"


def examples(*commands: str) -> str:
    """The end of a help text: commands to try, each on a line of its own."""
    return "\n".join([f"\b\n{EXAMPLES}", *(f"  {command}" for command in commands)])


def complete_by(offer: str) -> Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]:
    """For `shell_complete`: a function of poetgen.cli.completion, imported when a shell asks and not before."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        from poetgen.cli import completion

        offers: list[CompletionItem] = getattr(completion, offer)(ctx, incomplete)
        return offers

    return complete


def command_line(workspace: Workspace, *words: str) -> str:
    """A command to type, the workspace named when it is not the one found without."""
    if follow_links(workspace.home) != follow_links(Workspace.find().home):
        words = (*words, "--home", str(workspace.home))
    return " ".join(word if word.isalnum() else shlex.quote(word) for word in words)


def tell_model(path: Path, *, verbose: bool) -> None:
    """Say on stderr which model is used, where it is not the released one; with `verbose` always, and its file."""
    from poetgen.checkpoint import model_name, released_path

    if verbose or path != released_path():
        echo(tr("model: {path}", path=model_name(path)) + (f" ({path})" if verbose else ""), err=True)


def data_words(workspace: Workspace) -> list[str]:
    """What a command needs to find the prepared poems, where they were named."""
    return ["--data", str(workspace.data)] if workspace.data else []


def _workspace(ctx: click.Context, param: click.Parameter, value: str | None) -> Workspace:
    return Workspace.find(value)


home_option: Decorator = click.option(
    "--home",
    "workspace",
    metavar="DIR",
    callback=_workspace,
    help="Folder with data/ and checkpoints/ [default: POETGEN_HOME, else the current folder].",
)
data_option: Decorator = click.option(
    "--data",
    type=UserPath(path_type=Path, resolve_path=True),
    help="The folder that prepare --out wrote [default: data/prepared].",
)
checkpoint_option: Decorator = click.option(
    "--checkpoint",
    metavar="FILE|RUN|newest",
    shell_complete=complete_by("offer_models"),
    help="The model: a file, a run, newest (the newest run) or tang (the released model).  [default: tang]",
)
verbose_option: Decorator = click.option(
    "--verbose", is_flag=True, help="Say on stderr which model it is, and where it lies."
)


def script_option(meaning: str) -> Decorator:
    """--script, for what a command prints in Chinese."""
    return click.option("--script", type=ScriptChoice(SCRIPTS), help=meaning)


def _rhyme_book(ctx: click.Context, param: click.Parameter, value: str) -> str:
    return parse_book(value)


rhyme_book_option: Decorator = click.option(
    "--rhyme-book",
    callback=_rhyme_book,
    shell_complete=complete_by("offer_rhyme_books"),
    metavar="平水韻|詞林正韻|新韻",
    default=PINGSHUI,
    show_default=True,
    help="The rhyme book; in plain letters pingshui, cilin or xinyun.",
)
book_option: Decorator = click.option(
    "--book",
    is_flag=True,
    help="Use the rhyme book alone, without the readings that others add to its characters.",
)
json_option: Decorator = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def picture_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--picture, --picture-size and --picture-theme; the command gets `pictures`, PictureFiles or None."""

    def gather(
        *arguments: Any, picture: Path | None, picture_size: str, picture_theme: str, **options: Any
    ) -> Any:
        pictures = None
        if picture:
            from poetgen.cli.poem_pictures import PictureFiles

            pictures = PictureFiles(picture, picture_size, picture_theme)
        return command(*arguments, pictures=pictures, **options)

    gather.__doc__, gather.__name__ = command.__doc__, command.__name__
    gather.__dict__ |= command.__dict__
    for option in reversed(_PICTURE_OPTIONS):
        gather = option(gather)
    return gather


_PICTURE_OPTIONS = (
    click.option(
        "--picture",
        metavar="FILE",
        type=OutputFile(".png", ".svg"),
        help="Draw each poem too, as .png or as .svg, which needs no font.",
    ),
    click.option(
        "--picture-size",
        type=click.Choice([*SIZES]),
        default="phone",
        show_default=True,
        help="For a phone, a screen (wide) or A4 paper (print).",
    ),
    click.option(
        "--picture-theme",
        type=click.Choice([*THEMES]),
        default="paper",
        show_default=True,
        help="Ink on paper, or light on dark.",
    ),
)
