"""Write anew every poem that the repository shows or keeps, after a change that is meant to write others.

    python tools/record_poems.py

Runs the commands that stand there with the released model, and puts what they print in their place: the sessions
that open README.md and README.zh-CN.md, the poems of checkpoints/tang.md, and tests/writing/same_poems.json.
The seeds of the README's poems are picked by eye: look at what has become of them.
"""

import re
import runpy
import shlex
from collections.abc import Callable
from pathlib import Path

from arguments import make_parser
from click.testing import CliRunner

from poetgen.cli import poetgen
from poetgen.files import write_text

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")
CARD = "tools/release_model.py"
KEPT = "tests/writing/test_same_poems.py"
SESSION = re.compile(r"^\$ (poetgen generate .*)\n((?:(?!\$ |```).*\n)*)", re.MULTILINE)


def main() -> None:
    """See the module."""
    for name in READMES:
        replace_text(name, record_sessions)
    for script in (CARD, KEPT):
        runpy.run_path(str(ROOT / script), run_name="__main__")


def replace_text(name: str, record: Callable[[str], str]) -> None:
    """A file of the repository, rewritten."""
    path = ROOT / name
    write_text(path, record(path.read_text(encoding="utf-8")))
    print(f"recorded: {name}")


def record_sessions(page: str) -> str:
    """A page whose `$ poetgen generate` sessions show what they print; a blank line stays between two."""

    def session(found: re.Match[str]) -> str:
        end = "\n\n" if found[2].endswith("\n\n") else "\n"
        return f"$ {found[1]}\n{run(found[1])}{end}"

    return SESSION.sub(session, page)


def run(command: str) -> str:
    """What a command prints."""
    result = CliRunner().invoke(poetgen, shlex.split(command)[1:], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


if __name__ == "__main__":
    make_parser(__doc__).parse_args()
    main()
