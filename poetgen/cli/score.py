"""`poetgen score`: how surprising a poem is to a model, character by character."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from poetgen.checkpoint import Checkpoint, find_checkpoint
from poetgen.cli.options import (
    checkpoint_option,
    examples,
    home_option,
    json_option,
    script_option,
    tell_model,
    verbose_option,
)
from poetgen.cli.output import echo, echo_styled, style
from poetgen.cli.output_files import check_picture_file
from poetgen.cli.pictures import check_picture
from poetgen.cli.poem_arguments import in_corpus_characters, read_given_poems
from poetgen.cli.values import OutputFile
from poetgen.corpus.typed_poems import TypedPoem
from poetgen.errors import PromptError
from poetgen.files import Workspace
from poetgen.language import in_script, tr
from poetgen.printable import printable
from poetgen.script.convert import Conversion
from poetgen.script.opencc import SIMPLIFIED, to_script
from poetgen.yardstick.surprise import Surprise, SurpriseMeter

# (bits from which, colour of 256): one in 16 and less surprises nobody, one in a thousand a little
COLOURS = ((13.0, 196), (10.0, 208), (7.0, 178), (4.0, 250), (0.0, 243))


@click.command(
    epilog=examples(
        "poetgen score 白日依山盡，黃河入海流。欲窮千里目，更上一層樓。",
        "poetgen score poems.txt --json",
        "poetgen generate 月 | poetgen score --picture score.png",
    )
)
@click.argument("sources", metavar="[TEXT|FILE|-]...", nargs=-1)
@script_option("Script of what is printed.  [default: the poem's]")
@click.option(
    "--picture",
    metavar="FILE.png",
    type=OutputFile(".png"),
    help="Draw it too; of several poems each gets a number.",
)
@checkpoint_option
@json_option
@verbose_option
@home_option
def score(
    workspace: Workspace,
    sources: tuple[str, ...],
    *,
    script: str | None,
    picture: Path | None,
    checkpoint: str | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """Show how surprising each character of a poem is to the model, and how that compares with real poems.

    A poem is given as text, in a FILE, or on standard input (-), in either script; blank lines separate several.
    """
    check_picture(picture)
    path = find_checkpoint(workspace, checkpoint)
    meter = SurpriseMeter(Checkpoint.load(path))
    tell_model(path, verbose=verbose)
    shown = unread = 0
    for poem in read_given_poems(sources):
        if isinstance(poem, PromptError):
            unread += 1
            echo(tr("Error: {error}", error=poem), err=True)
            continue
        read = in_corpus_characters(poem, script)
        (surprise,) = meter.measure([read.lines])
        lines = read.typed_lines
        if as_json:
            echo(json.dumps({"row": poem.number, "lines": lines, **surprise.to_dict()}, ensure_ascii=False))
        else:
            echo_styled("\n" * (shown > 0) + "\n".join(_rows(poem, read, surprise)))
        shown += 1
        if picture:
            draw(lines, summarize(surprise, read.script), surprise, check_picture_file(picture, shown))
    if shown and not as_json:
        echo(tr("bits under each hanzi: n is one chance in 2^n; grey is expected, red is not"), err=True)
    if shown and not meter.usual:
        sentence = tr("real poems were measured with the released model; this one has no percentiles")
        echo(sentence, err=True)
    if unread:
        raise SystemExit(1)


def _rows(poem: TypedPoem, read: Conversion, surprise: Surprise) -> Iterator[str]:
    """A summary, then each line above its bits."""
    if poem.title:
        yield printable(f"{poem.title} {poem.author}".strip())
    yield summarize(surprise, read.script)
    for line, bits in zip(read.typed_lines, surprise.bits, strict=True):
        yield " ".join(style(char, fg=colour(value)) for char, value in zip(line, bits, strict=True))
        yield " ".join(f"{min(value, 99):2.0f}" for value in bits)


def summarize(surprise: Surprise, script: str) -> str:
    """A poem's surprise in words, and in its script."""
    form = to_script(surprise.form, script)
    with in_script(is_simplified=script == SIMPLIFIED):
        text = tr("{form}: {bits:.2f} bits a hanzi", form=form, bits=surprise.mean)
        if surprise.percentile is None:
            return text
        share = surprise.percentile
        return text + tr(", more than {share:.0f} % of real {form}", share=share, form=form)


def colour(bits: float) -> int:
    """The colour, of a terminal's 256, for so much surprise."""
    return next(number for least, number in COLOURS if bits >= least or least == 0)


def draw(lines: list[str], title: str, surprise: Surprise, path: Path) -> None:
    """Write the picture and say where."""
    from poetgen.plots.surprise import draw_surprise

    draw_surprise(lines, surprise.bits, path, title=title)
    echo(tr("picture: {path}", path=path), err=True)
