"""The command line: a registry that imports a command only when it is called."""

import os
import shlex
import sys
from copy import copy
from importlib import import_module
from inspect import cleandoc
from typing import Any

import click

from poetgen import __version__
from poetgen.cli.options import EXAMPLES
from poetgen.cli.output import echo, prepare_streams
from poetgen.cli.values import in_plain_words
from poetgen.errors import PoetgenError
from poetgen.language import SIMPLIFIED_CHINESE, join_names, language, speak, tr
from poetgen.printable import as_sentence

NARROW = 60  # letters in a line of Chinese help
INTERRUPTED = 130  # what a shell reports of a command ended by Ctrl-C
# a command is added here, with the sentence that help shows, and lives in poetgen/cli/NAME.py
GROUPS = {
    "Write": {
        "generate": "Write poems that begin with a text.",
        "check": "Judge poems by the rules of their form.",
        "score": "Show how surprising each character of a poem is.",
        "rhyme": "List what rhymes with a character.",
        "tone": "Show the tone of each character.",
        "serve": "Write, revise and judge poems on a page in the browser.",
    },
    "Train": {
        "fetch": "Download the corpus 全唐詩 with git.",
        "prepare": "Clean, split and number the poems for training.",
        "train": "Train a model on the prepared poems.",
        "evaluate": "Measure a model's perplexity.",
        "compare": "Compare optimizers or any other settings.",
        "show": "Show what a checkpoint holds.",
    },
    "Study": {
        "gradcheck": "Check every hand-derived gradient.",
        "gradients": "Show how far gradients reach back.",
    },
    "Classify": {
        "classify": "Classify poems by poet or form, or any texts.",
    },
}
COMMANDS = {name: sentence for group in GROUPS.values() for name, sentence in group.items()}

# of these, and of classify train, something is left whoever hears what is said
FILES_REMAIN = {"fetch", "prepare", "train", "compare"}
METAVARS = {click.types.IntParamType: "N", click.types.FloatParamType: "X"}  # ranges too


def _suggestion(args: list[str]) -> str:
    """The command that was meant by words that begin with none."""
    from poetgen.poem.poem import is_hanzi

    if any(map(is_hanzi, args[0])):
        typed = " ".join(arg if arg.isalnum() else shlex.quote(arg) for arg in args)
        return tr("Try: poetgen generate {typed:.60}", typed=typed)
    near = [name for name in COMMANDS if name.startswith(args[0])]
    if not near:
        from difflib import get_close_matches  # only for who mistypes

        near = get_close_matches(args[0], COMMANDS, n=2)
    return tr("Did you mean: {near}?", near=join_names(near)) if near else tr("Try: poetgen --help")


def translate_help(command: click.Command) -> click.Command:
    """The command with its help in the user's language, in narrower lines: a hanzi is as wide as two letters."""
    spoken = copy(command)
    spoken.help = command.help and _translate_help_text(cleandoc(command.help))
    spoken.epilog = command.epilog and _in_readers_script(command.epilog.replace(EXAMPLES, tr(EXAMPLES)))
    vars(spoken)["_help_option"] = None  # click keeps it in the language it was first asked for in
    spoken.context_settings = {**command.context_settings, "terminal_width": NARROW}
    spoken.params = list(map(_translate_option, command.params))
    if isinstance(command, click.Group):
        vars(spoken)["commands"] = {name: translate_help(one) for name, one in command.commands.items()}
    return spoken


def _translate_help_text(text: str) -> str:
    """The help in the user's language; what is not translated is left for click to wrap."""
    from poetgen.cli.wrapping import wrap_paragraphs

    spoken = tr(text)
    return spoken if spoken == text else wrap_paragraphs(spoken)


def _translate_option(param: click.Parameter) -> click.Parameter:
    spoken = copy(param)
    if isinstance(spoken, click.Option):
        spoken.help = spoken.help and tr(spoken.help)
        spoken.metavar = spoken.metavar and _in_readers_script(spoken.metavar)
        if isinstance(spoken.default, str):
            spoken.default = _in_readers_script(spoken.default)
    return spoken


def _in_readers_script(text: str) -> str:
    """Hanzi that help shows in any language, such as those of its examples: 七绝 to who reads 简体."""
    if text.isascii() or language() != SIMPLIFIED_CHINESE:
        return text
    from poetgen.script.opencc import to_simplified

    return to_simplified(text)


def name_values(command: click.Command) -> click.Command:
    """The command, which speaks of numbers and choices as people do: N and X for INTEGER RANGE and FLOAT."""
    for param in command.params:
        param.type = in_plain_words(param.type)
        if isinstance(param, click.Option) and not param.is_flag and param.metavar is None:
            param.metavar = next(
                (name for kind, name in METAVARS.items() if isinstance(param.type, kind)), None
            )
    for one in command.commands.values() if isinstance(command, click.Group) else ():
        name_values(one)
    return command


class Commands(click.Group):
    """A group whose commands live in modules of their own, imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order of help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, its help in the user's language; None without one."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"poetgen.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        name_values(command)
        return translate_help(command) if language() else command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command by its name. A name that is none is refused with the nearest, a closed stdout at once."""
        if ctx.obj and not ctx.obj["stdout is open"] and not FILES_REMAIN & set(args[:2]):
            raise click.ClickException(
                tr(
                    "standard output is closed, so the result would be lost; open it, or send it to "
                    "a file with > FILE"
                )
            )
        if args[0] in COMMANDS or args[0].startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        ctx.fail(tr("No such command {args!r}. {args2}", args=args[0][:60], args2=_suggestion(args)))

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options, their help in the user's language."""
        return list(map(_translate_option, super().get_params(ctx)))

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What poetgen is."""
        self._write_text(self.help, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What to begin with."""
        self._write_text(self.epilog, formatter)

    def _write_text(self, text: str | None, formatter: click.HelpFormatter) -> None:
        if text:
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(tr(text))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, by group."""
        width = max(map(len, COMMANDS))
        for group, commands in GROUPS.items():
            with formatter.section(tr(group)):
                formatter.write_dl([(name.ljust(width), tr(sentence)) for name, sentence in commands.items()])

    def main(self, *args: Any, **extra: Any) -> Any:
        """As click's, but what it says is one printable sentence, and Ctrl-C ends with 130."""
        as_click: Any = super().main
        vars(self)["_help_option"] = None  # made anew in the language of this call
        with speak():
            if not extra.pop("standalone_mode", True):
                return as_click(*args, standalone_mode=False, **extra)
            return self._end(as_click, args, extra)

    def _end(self, as_click: Any, args: tuple[Any, ...], extra: dict[str, Any]) -> Any:
        """Run, say what went wrong, and leave with the exit code."""
        try:
            code = as_click(*args, standalone_mode=False, **extra)
        except click.ClickException as error:
            if not isinstance(error, click.exceptions.NoArgsIsHelpError):  # whose message is the whole help
                vars(error).update(message=as_sentence(error.message))
            error.show()
            code = error.exit_code
        except click.Abort:  # Ctrl-C outside of any command; click has gone past the ^C
            echo(tr("stopped"), err=True)
            code = INTERRUPTED
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> object:
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            if sys.stderr.isatty():
                echo(err=True)  # past the ^C
            echo(tr("stopped"), err=True)
            ctx.exit(INTERRUPTED)
        except PoetgenError as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:
            raise
        except FileNotFoundError as error:
            raise click.ClickException(
                tr("there is no {path}; check the name", path=error.filename or error)
            ) from error
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{place}{error.strerror or error}") from error


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Begin with: poetgen generate 月",
)
@click.version_option(__version__, prog_name="poetgen")
def poetgen() -> None:
    """Classical Chinese verse from an LSTM whose every equation is written out by hand."""


def main() -> None:
    """Run the command line, whatever streams and locale it was given."""
    # read when torch is loaded: threads that wait for each other yield after a while, or two of them caught on one
    # core would each wait out the other's turn
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    poetgen(prog_name="poetgen", obj={"stdout is open": prepare_streams()})
