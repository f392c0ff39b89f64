"""Write what the code dictates: docs/commands.md from --help, docs/tour.md from docstrings, configs/default.toml.

Run from anywhere: python tools/write_docs.py
"""

import ast
import dataclasses
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from arguments import make_parser

from poetgen.cli import GROUPS
from poetgen.cli import poetgen as command_line
from poetgen.config import Config
from poetgen.web.openapi import describe_api

ROOT = Path(__file__).parents[1]
REGENERATE = "python tools/write_docs.py"
WIDTH = 88  # columns of a help text
# the rooms in the order in which data goes through them; one that is not named here comes after these
ROOMS = [
    "poem",
    "fetch",
    "script",
    "corpus",
    "model",
    "byhand",
    "training",
    "compare",
    "verse",
    "writing",
    "yardstick",
    "picture",
]
ROOMS += ["classify", "study", "experiments", "plots", "cli"]


def commands_page() -> str:
    """docs/commands.md: the help of every command, grouped as `poetgen --help` groups them."""
    context = click.Context(
        command_line, info_name="poetgen", terminal_width=WIDTH, **command_line.context_settings
    )
    parts = [
        "# Commands",
        f"What `--help` prints for every command. This page is written by `{REGENERATE}`.",
        help_block(context),
    ]
    for group, names in GROUPS.items():
        parts.append(f"## {group}")
        for name in names:
            command = command_line.get_command(context, name)
            assert command is not None
            parts += command_help(command, context)
    return "\n\n".join(parts) + "\n"


def command_help(command: click.Command, parent: click.Context) -> Iterator[str]:
    """A heading and the help of a command, then of its subcommands."""
    context = click.Context(command, info_name=command.name, parent=parent, terminal_width=WIDTH)
    yield f"### {context.command_path}"
    yield help_block(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from command_help(command.commands[name], context)


def help_block(context: click.Context) -> str:
    return f"```text\n{context.get_help()}\n```"


def tour_page() -> str:
    """docs/tour.md: every module, config and script with the first line of what it says of itself."""
    parts = [
        "# A tour of the code",
        f"Every file with the first line of its docstring. This page is written by `{REGENERATE}`. "
        "The rooms stand in the order in which data goes through them; `tests/test_imports.py` says which may "
        "import which. The tests mirror the package.",
    ]
    for room in rooms():
        parts += [f"## poetgen/{room.name}", docstring(room / "__init__.py"), listing(modules(room))]
    parts += ["## Beside the rooms", listing(sorted((ROOT / "poetgen").glob("*.py")))]
    parts += ["## configs", listing(sorted((ROOT / "configs").rglob("*.toml")))]
    for folder, meaning in (
        ("tools", "What writes shipped data and pages."),
        ("benchmarks", "What proves a claim."),
    ):
        parts += [f"## {folder}", meaning, listing(sorted((ROOT / folder).glob("*.py")))]
    return "\n\n".join(parts) + "\n"


def rooms() -> list[Path]:
    """The folders of the package, in the order of ROOMS."""
    found = sorted(path.parent for path in (ROOT / "poetgen").glob("*/__init__.py"))
    return sorted(found, key=lambda path: ROOMS.index(path.name) if path.name in ROOMS else len(ROOMS))


def modules(room: Path) -> list[Path]:
    """The Python files below a room, without the empty ones and its own `__init__.py`."""
    return [
        path for path in sorted(room.rglob("*.py")) if path != room / "__init__.py" and path.stat().st_size
    ]


def listing(paths: list[Path]) -> str:
    return "\n".join(
        f"- [{short(path)}](../{path.relative_to(ROOT).as_posix()}): {phrase(path)}" for path in paths
    )


def short(path: Path) -> str:
    """A file's name as it stands in its chapter: below its room, or below its top-level folder."""
    parts = path.relative_to(ROOT).parts
    return "/".join(parts[2:] if parts[0] == "poetgen" and len(parts) > 2 else parts[1:])


def phrase(path: Path) -> str:
    """The first line of what a file says of itself."""
    if path.suffix == ".toml":
        text = path.read_text(encoding="utf-8")
        tomllib.loads(text)
        return text.splitlines()[0].lstrip("# ")
    return docstring(path)


def docstring(path: Path) -> str:
    """The first line of a module's docstring. Raises SystemExit where there is none."""
    found = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not found:
        raise SystemExit(f"{path.relative_to(ROOT)} has no docstring; its first line goes into docs/tour.md")
    return found.splitlines()[0]


def default_config() -> str:
    """configs/default.toml: every key with its meaning, its choices and its default."""
    lines = [
        "# Every key with its meaning and its default.",
        "# A config of your own needs only the keys it changes:",
        "#   poetgen train --config my.toml",
        "# A single key can be changed without a file: --set section.key=value",
    ]
    for name, section in vars(Config()).items():
        lines += ["", f"# {section.__doc__}", f"[{name}]"]
        for key in dataclasses.fields(section):
            choices = key.metadata["choices"]
            lines.append(f"# {key.metadata['meaning']}")
            lines += [f"# one of: {', '.join(choices)}"] if choices else []
            lines.append(f"{key.name} = {toml_value(key.default)}")
    return "\n".join(lines) + "\n"


def toml_value(value: Any) -> str:
    """A default as TOML writes it."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, bool | str) else repr(value)


def api_description() -> str:
    """What `poetgen serve` answers, as OpenAPI."""
    return json.dumps(describe_api(), ensure_ascii=False, indent=1) + "\n"


PAGES = {
    "configs/default.toml": default_config,
    "poetgen/web/static/openapi.json": api_description,
    "docs/commands.md": commands_page,
    "docs/tour.md": tour_page,  # of what is there, so the last
}


def main() -> None:
    """Write every page."""
    for name, write in PAGES.items():
        (ROOT / name).write_text(write(), encoding="utf-8")
        click.echo(f"wrote {name}", err=True)


if __name__ == "__main__":
    make_parser(__doc__).parse_args()
    main()
