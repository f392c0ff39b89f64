"""`poetgen classify predict`: whose hand, which form, what label?"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poetgen.cli.options import complete_by, examples, home_option, json_option
from poetgen.cli.output import echo
from poetgen.cli.poem_arguments import STDIN
from poetgen.errors import CorpusError, PromptError
from poetgen.files import Workspace
from poetgen.printable import printable

if TYPE_CHECKING:
    from poetgen.classify.predict import Prediction
    from poetgen.corpus.text_files import RawPoem


@click.command(
    short_help="Print the most likely labels of a text.",
    epilog=examples("poetgen classify predict 床前明月光，疑是地上霜。举头望明月，低头思故乡。"),
)
@home_option
@click.argument("texts", metavar="[TEXT|-]...", nargs=-1)
@click.option(
    "--checkpoint",
    metavar="FILE|RUN",
    shell_complete=complete_by("offer_classifiers"),
    help="The classifier [default: the newest run here].",
)
@click.option(
    "--top", type=click.IntRange(min=1), default=5, show_default=True, help="Labels printed for each text."
)
@json_option
def predict(
    workspace: Workspace, *, texts: tuple[str, ...], checkpoint: str | None, top: int, as_json: bool
) -> None:
    """Print the most likely labels of each TEXT; for -, or without one, of the poems (or lines) on standard input.

    A text that cannot be classified is reported on standard error, the others are printed; exit code 1.
    """
    from poetgen.checkpoint import model_name
    from poetgen.classify.predict import predict as predict_labels
    from poetgen.classify.saved import SavedClassifier, find_classifier

    path = find_classifier(workspace, checkpoint)
    echo(f"classifier: {model_name(path)}", err=True)
    saved = SavedClassifier.load(path)
    given = list(read_texts(texts or (STDIN,), poems=bool(saved.settings.classify.by)))
    if not given:
        raise click.UsageError("no text was given; give one, or pipe in one per line")
    faults = [one for one in given if isinstance(one, PromptError)]
    found = [*predict_labels(saved, [one for one in given if not isinstance(one, PromptError)]), *faults]
    predictions = [one for one in found if not isinstance(one, PromptError)]
    for number, prediction in enumerate(predictions):
        if as_json:
            echo(json.dumps(as_dict(prediction, top), ensure_ascii=False))
        else:
            echo("\n" * (number > 0) + format_prediction(prediction, top))
    for error in found:
        if isinstance(error, PromptError):
            echo(f"Error: {error}", err=True)
    if len(predictions) < len(found):
        raise SystemExit(1)


def read_texts(texts: Sequence[str], *, poems: bool) -> "Iterator[str | RawPoem | PromptError]":
    """Each text as given; in the place of - those on standard input. Raises CorpusError for a file's name."""
    for text in texts:
        if text == STDIN:
            yield from read_stdin(poems=poems)
        elif Path(text).suffix and Path(text).is_file():
            raise CorpusError(
                f"{text} is a file; to classify what it holds: poetgen classify predict - < {text}"
            )
        else:
            yield text


def read_stdin(*, poems: bool) -> "Iterator[str | RawPoem | PromptError]":
    """The texts on standard input: one a line, or, for what learned from poems, poems in any layout.

    What cannot be read as one of these stands as an error at the end.
    """
    from poetgen.corpus.decoding import decode_text
    from poetgen.corpus.reading import ReadingReport
    from poetgen.corpus.text_files import read_poem_text

    decoded = decode_text(sys.stdin.buffer.read(), "standard input")
    if not poems:
        yield from filter(str.strip, decoded.text.splitlines())
        return
    reading = ReadingReport()
    yield from read_poem_text(decoded, "standard input", reading)
    yield from map(PromptError, reading.faults)
    if not reading.is_plain:
        echo(f"standard input: {printable(str(reading))}", err=True)


def format_prediction(prediction: "Prediction", top: int) -> str:
    """The text as it was typed, and a line for each label."""
    lines = [f"{share:6.1%}  {printable(label)}" for label, share in prediction.probabilities[:top]]
    return "\n".join([printable(" ".join(prediction.typed.split())), *lines])


def as_dict(prediction: "Prediction", top: int) -> dict[str, Any]:
    """Plain values; probabilities by label, the likeliest first."""
    return {
        "typed": prediction.typed,
        "text": prediction.text,
        "probabilities": dict(prediction.probabilities[:top]),
    }
