"""Text from a file, a repository, git, a checkpoint or the environment, so written that no terminal obeys it."""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence

# controls, formats (zero-width, or turning the direction of writing), surrogates, separators of lines
OBEYED = frozenset(["Cc", "Cf", "Cs", "Zl", "Zp"])
LONGEST_WORD, SHORTENED = 200, 60
LONGEST_SENTENCE = 1000


def printable(text: str) -> str:
    """One line of text in which what a terminal would obey, or could not show, is written as JSON escapes it."""
    return text if text.isprintable() else "".join(map(_escape, text))


def _escape(char: str) -> str:
    return json.dumps(char)[1:-1] if unicodedata.category(char) in OBEYED else char


def pluralize(number: int, what: str) -> str:
    """1 step, 2 steps."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def as_sentence(text: str) -> str:
    """A message as one printable line; what it quotes at more than readable length is cut."""
    line = re.sub(rf"\S{{{LONGEST_WORD},}}", lambda word: word[0][:SHORTENED] + "…", printable(text))
    if len(line) <= LONGEST_SENTENCE:
        return line
    return f"{line[: LONGEST_SENTENCE // 2]} … {line[-LONGEST_SENTENCE // 2 :]}"


def markdown_cell(text: str) -> str:
    """Text in a cell of a Markdown table: it stands for itself, and is no mark, link, image or HTML."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", printable(text))


def markdown_table(rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of a head and rows, whose first cells are written so that they stand for themselves."""
    head, *body = rows
    cells = [head, *([markdown_cell(first), *rest] for first, *rest in body)]
    first, *others = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([first, f"|{'---|' * len(head)}", *others])


def csv_cell(text: str) -> str:
    """Text in a cell of a CSV file, which no spreadsheet takes for a formula."""
    shown = printable(text)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown
