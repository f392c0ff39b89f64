"""`poetgen generate`: poems that begin with a text."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poetgen.cli.options import (
    book_option,
    checkpoint_option,
    complete_by,
    examples,
    home_option,
    json_option,
    picture_options,
    rhyme_book_option,
    script_option,
    tell_model,
    verbose_option,
)
from poetgen.cli.output import echo
from poetgen.cli.poem_printer import PoemPrinter
from poetgen.cli.values import OutputFile, UserPath
from poetgen.errors import PromptError
from poetgen.files import Workspace
from poetgen.language import tr
from poetgen.verse.rhyme_books import PINGSHUI
from poetgen.verse.templates import MODES
from poetgen.writing.constraints import AUTO, DEFAULT_MAX_LENGTH, OFF
from poetgen.writing.decoding import CANDIDATES, MOST_CANDIDATES, Sampling, draw_seed
from poetgen.writing.poem import GeneratedPoem
from poetgen.writing.writer import Writer

if TYPE_CHECKING:
    from poetgen.cli.poem_pictures import PictureFiles

BEGINNINGS = {
    "acrostic",
    "feet",
    "last_line",
    "fill",
    "title",
    "about",
}  # without which a prompt is asked for


@click.command(
    epilog=examples(
        "poetgen generate 月",
        "poetgen generate 日 红 山 --form 七絕 --count 3",
        "poetgen generate --acrostic 春夏秋冬",
        "poetgen generate 山 --form 五律 --rhyme 東 --best-of 16",
    )
)
@click.argument("prompts", metavar="[PROMPT|-]...", nargs=-1)
@click.option("--title", metavar="TITLE", help="What the poem is about, as a title: 春夜喜雨.")
@click.option("--about", metavar="WORDS", help="The same in words of today: 中秋想家, 給小明的生日.")
@click.option("--poet", metavar="NAME", help="In whose manner: 李白.")
@click.option("--poets", is_flag=True, help="List the poets the model knows, the most frequent first.")
@click.option(
    "--form",
    metavar="FORM",
    shell_complete=complete_by("offer_wanted_forms"),
    help="五絕, 七絕, 五律, 七律, 五言排律12; 絕句, 律詩, 五言 or 七言 for one of two; a shape: 5x6; or free.  "
    "[default: random]",
)
@click.option(
    "--rhyme",
    metavar="GROUP|auto|off",
    shell_complete=complete_by("offer_rhymes"),
    help="A rhyme group such as 東; auto: any one group; off: no rhyme.  [default: auto in regulated forms]",
)
@rhyme_book_option
@book_option
@click.option(
    "--tones",
    type=click.Choice([*MODES, OFF]),
    help="Follow a tone template: strict at every position, relaxed with 一三五不論 and 拗救.  "
    "[default: relaxed in regulated forms]",
)
@click.option(
    "--first-line-rhymes",
    type=click.Choice(["yes", "no", AUTO]),
    help="Whether the first line rhymes too.  [default: auto]",
)
@click.option("--acrostic", metavar="HANZI", help="The first character of each line, such as 春夏秋冬.")
@click.option(
    "--feet", metavar="HANZI", help="The rhymes, in order, as of a poem you answer (次韻): 流樓愁洲."
)
@click.option("--last-line", metavar="LINE", help="The last line: 更上一層樓.")
@click.option(
    "--fill", metavar="POEM", help="A whole poem or line with □ for the hanzi to be written: 春□花."
)
@click.option("--avoid", metavar="HANZI", help="Hanzi that no poem is to have: 愁死病.")
@click.option("--no-repeat", is_flag=True, help="Use no character twice.")
@click.option(
    "--best-of",
    type=click.IntRange(1, MOST_CANDIDATES),
    help=f"Write this many candidates for each poem, print the best.  [default: {CANDIDATES}]",
)
@click.option("-n", "--count", type=click.IntRange(min=1), help="Poems for each prompt.  [default: 1]")
@click.option("--seed", type=click.IntRange(min=0), help="Same seed, same poems.  [default: random, printed]")
@click.option(
    "--temperature",
    type=float,
    help=f"0: always the most likely character; higher is bolder.  [default: {Sampling.temperature}]",
)
@click.option("--top-k", type=int, help="Sample from the K most likely characters only.  [default: 0, all]")
@click.option(
    "--top-p",
    type=float,
    help="Nucleus sampling: sample from the most likely characters that add up to this probability.  "
    "[default: 1, all]",
)
@click.option(
    "--repeat-penalty",
    type=float,
    help=f"Penalty in nats on characters already used; 0: none.  [default: {Sampling.repeat_penalty}]",
)
@click.option(
    "--common-penalty",
    type=float,
    help="Penalty on common characters, 0 to 1; 0: none, as the model says.  "
    f"[default: {Sampling.common_penalty}]",
)
@click.option(
    "--guidance",
    type=float,
    help="How much more than in training a title or poet weighs; 0: no more.  "
    f"[default: {Sampling.guidance}]",
)
@click.option(
    "--max-length",
    type=int,
    help=f"Most hanzi in a poem.  [default: {DEFAULT_MAX_LENGTH}, or as --form says]",
)
@script_option(
    "Script of the poems.  [default: the prompt's; if it is the same in all, POETGEN_SCRIPT or the locale's]"
)
@click.option("--vertical", is_flag=True, help="Print columns from right to left, as on paper.")
@click.option(
    "--annotate", is_flag=True, help="Print tones and rhyme under each line; 入 marks the entering tone."
)
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=OutputFile(),
    help="Write the poems into a file instead.",
)
@picture_options
@click.option(
    "--keep",
    metavar="FILE|-",
    type=UserPath(dir_okay=False, allow_dash=True),
    help="A poem to keep but for the lines that --rewrite names.",
)
@click.option(
    "--rewrite",
    metavar="LINE",
    type=click.IntRange(min=1),
    multiple=True,
    help="Write this line of the --keep poem anew; a PROMPT begins it. May be repeated.",
)
@click.option(
    "--interactive", is_flag=True, help="Ask for prompts again and again; :help says what else may be typed."
)
@checkpoint_option
@json_option
@verbose_option
@home_option
def generate(
    prompts: tuple[str, ...],
    count: int | None,
    vertical: bool,
    annotate: bool,
    out: Path | None,
    pictures: "PictureFiles | None",
    keep: str | None,
    rewrite: tuple[int, ...],
    interactive: bool,
    poets: bool,
    checkpoint: str | None,
    as_json: bool,
    verbose: bool,
    workspace: Workspace,
    **settings: Any,
) -> None:
    """Write poems that begin with each PROMPT, in either script, by the rules of their form.

    □ in a PROMPT stands for a hanzi to be written. A rule you ask for is kept; a default rule that the PROMPT
    itself breaks is relaxed, with a note on stderr.
    Without a PROMPT it asks for one at a terminal, and elsewhere reads one a line, as with -. With --count,
    --acrostic, --feet, --last-line, --fill, --title or --about, or where there is none to read, the model chooses
    the beginning.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    if "first_line_rhymes" in given:
        given["first_line_rhymes"] = {"yes": True, "no": False, AUTO: None}[given["first_line_rhymes"]]
    if (keep is None) != (not rewrite):
        raise click.UsageError(tr("--keep and --rewrite go together: --keep poem.txt --rewrite 3"))
    writer = Writer.load(checkpoint, home=workspace.home)
    if poets:
        _list_poets(writer, as_json=as_json)
        return
    show = PoemPrinter(as_json=as_json, vertical=vertical, annotated=annotate, pictures=pictures, out=out)
    if keep and rewrite:
        from poetgen.cli.rewriting import rewrite_lines

        poems = _write_seeded(
            partial(rewrite_lines, writer, keep, rewrite, prompts), count=count or 1, **given
        )
        _tell_model(writer, verbose=verbose, rhyme_book=given["rhyme_book"])
        show.print_all(poems)
        return
    begins = bool(prompts) or count is not None or bool(BEGINNINGS & given.keys())
    asks = interactive or (not begins and sys.stdin.isatty())
    if interactive and out:
        raise click.UsageError(
            tr("--out and --interactive do not go together; :save writes a poem to a file")
        )
    if "-" in prompts or not (begins or asks):
        prompts = tuple(read_prompts(prompts or ("-",)))
    if prompts or not asks:
        poems = _write_seeded(partial(writer.write, prompts or None), count=count or 1, **given)
        _tell_model(writer, verbose=verbose, rhyme_book=given["rhyme_book"])
        show.print_all(poems, names_prompts=len(prompts) > 1)
    else:
        _tell_model(writer, verbose=verbose, rhyme_book=given["rhyme_book"])
    if asks:
        from poetgen.cli.repl import Repl

        Repl(writer, show, count=count or 1, settings=given).run()


def read_prompts(prompts: Iterable[str]) -> Iterator[str]:
    """The prompts, for - the lines of standard input that are not blank."""
    for prompt in prompts:
        if prompt != "-":
            yield prompt
        elif sys.stdin is not None:
            with click.open_file("-", "rb") as stream:
                data: bytes = stream.read()
            lines = data.decode("utf-8-sig", "surrogateescape").splitlines()
            yield from (line for line in lines if line.strip())


def _tell_model(writer: Writer, *, verbose: bool, rhyme_book: str) -> None:
    """Only when all that was asked is known to be possible: what goes wrong is told alone."""
    if rhyme_book != PINGSHUI:
        echo(tr("rhyme book: {rhyme_book}", rhyme_book=rhyme_book), err=True)
    assert writer.source is not None
    tell_model(writer.source, verbose=verbose)


def _list_poets(writer: Writer, *, as_json: bool) -> None:
    """The poets a model knows by name. Raises PromptError for one that knows none."""
    if writer.model.conditions is None:
        raise PromptError(tr("this model was trained on poems alone and knows no poets by name"))
    names = writer.model.conditions.poets
    echo(json.dumps(names, ensure_ascii=False) if as_json else "\n".join(names))


def _write_seeded(write: Callable[..., Iterator[GeneratedPoem]], **settings: Any) -> Iterator[GeneratedPoem]:
    """Check all that is asked, then write. One drawn seed serves all, and is told to be given again."""
    is_drawn = settings.get("seed") is None
    if is_drawn:
        settings["seed"] = draw_seed()
    poems = write(**settings)
    if is_drawn:
        echo(tr("seed: {seed}", seed=settings["seed"]), err=True)
    return poems
