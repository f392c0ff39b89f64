"""`poetgen generate --interactive`: prompts one after the other, and what may be done with the poem at hand."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from poetgen.cli.output import echo
from poetgen.cli.poem_printer import PoemPrinter
from poetgen.cli.rewriting import ALLOWED
from poetgen.errors import PoetgenError, PromptError
from poetgen.files import expand_home, write_text
from poetgen.language import tr
from poetgen.printable import printable
from poetgen.script.opencc import script_named
from poetgen.writing.decoding import draw_seed
from poetgen.writing.poem import GeneratedPoem
from poetgen.writing.writer import Writer

QUESTION = "A poem beginning with (:help, empty line ends): "
SETTINGS = ("form", "rhyme", "rhyme_book", "tones", "title", "about", "poet", "script")
ENDS = {"", "quit", "exit", ":quit", ":q"}
HELP = f"""\
月 or 日 山 明月松     a poem for each beginning
:again               another poem with the same beginning
:line 3              line 3 of the poem anew, the others kept; :line 3 山 begins it with 山
:save poem.txt       the poem into a file; as a picture into a .png or .svg
:form 七律            from now on; so too {" ".join(f":{name}" for name in SETTINGS[1:])}; alone: as usual again
:help, :quit         this text; the end, as are an empty line and Ctrl-D"""


class Repl:
    """A session: what is asked of every poem, the last beginnings and the last poem."""

    def __init__(
        self, writer: Writer, printer: PoemPrinter, *, count: int, settings: Mapping[str, Any]
    ) -> None:
        self._writer, self._printer, self._count = writer, printer, count
        self._settings = dict(settings)
        self._prompts: Sequence[str] | None = None
        self._poem: GeneratedPoem | None = None
        self._commands: dict[str, Callable[[Sequence[str]], None]] = {
            "again": self._again,
            "line": self._rewrite,
            "save": self._save,
            "help": self._help,
        }

    def run(self) -> None:
        """Ask, answer, ask again; what cannot be is said, and the next question follows."""
        for typed in ask_lines():
            try:
                self.answer(typed)
            except PoetgenError as error:
                echo(tr("Error: {error}", error=error), err=True)

    def answer(self, typed: str) -> None:
        """One line: a command, or beginnings. Raises PoetgenError."""
        if typed in ("help", "?"):
            typed = ":help"
        if not typed.startswith((":", "：")):
            prompts = typed.split()
            if any(prompt.startswith("-") for prompt in prompts):
                raise PromptError(
                    tr("what is an option elsewhere is asked for by :form 七律 here; :help lists all")
                )
            self._write(prompts)
            return
        name, *words = typed[1:].split() or [""]
        if name in SETTINGS:
            self._set(name, " ".join(words))
        elif name in self._commands:
            self._commands[name](words)
        else:
            raise PromptError(tr("unknown command :{name}; :help lists them", name=printable(name)[:60]))

    def _write(self, prompts: Sequence[str] | None, *, seed: int | None = None) -> None:
        settings = self._settings if seed is None else self._settings | {"seed": seed}
        is_drawn = settings.get("seed") is None
        drawn = draw_seed() if is_drawn else settings["seed"]
        poems = self._writer.write(prompts, **settings | {"seed": drawn, "count": self._count})
        self._prompts = prompts
        self._print(poems, seed=drawn if is_drawn or seed is not None else None)

    def _print(self, poems: Iterator[GeneratedPoem], *, seed: int | None) -> None:
        if seed is not None:
            echo(tr("seed: {seed}", seed=seed), err=True)
        for poem in poems:
            self._printer.print(poem, names_prompt=len(self._prompts or ()) > 1)
            self._poem = poem

    def _set(self, name: str, value: str) -> None:
        """Ask this of every poem from now on. Raises PoetgenError for what cannot be, and then nothing changes."""
        settings = {key: known for key, known in self._settings.items() if key != name}
        if value:
            settings[name] = script_named(value) if name == "script" else value
            self._writer.write(
                None, **settings | {"seed": 0}
            )  # everything is checked before a poem is asked for
        self._settings = settings
        usual = tr("as usual")
        echo(f"{name}: {value or usual}", err=True)

    def _again(self, words: Sequence[str]) -> None:
        self._last()
        self._write(self._prompts, seed=draw_seed())

    def _rewrite(self, words: Sequence[str]) -> None:
        poem = self._last()
        if not words or not words[0].isdecimal():
            raise PromptError(tr("say which line to rewrite: :line 3"))
        allowed = {name: value for name, value in self._settings.items() if name in ALLOWED}
        seed, begins = draw_seed(), "".join(words[1:])
        asked = allowed | {"seed": seed, "script": poem.script}
        self._print(self._writer.rewrite(poem.text, int(words[0][:6]), begins=begins, **asked), seed=seed)

    def _save(self, words: Sequence[str]) -> None:
        poem = self._last()
        if not words:
            raise PromptError(tr("say where to: :save poem.txt"))
        path = Path(expand_home(" ".join(words)))
        if path.exists() or path.is_symlink():
            raise PromptError(
                tr("{path} is there already; choose another name", path=printable(str(path))[:60])
            )
        if path.suffix.lower() in (".png", ".svg"):
            from poetgen.picture.cards import written_card
            from poetgen.picture.save import save

            note = save(written_card(poem), path, size="phone", theme="paper")
            if note:
                echo(note, err=True)
        else:
            title = f"《{poem.title}》\n" if poem.title else ""
            write_text(path, f"{title}{poem}\n")
        echo(tr("saved: {path}", path=path), err=True)

    def _help(self, words: Sequence[str]) -> None:
        echo(tr(HELP), err=True)

    def _last(self) -> GeneratedPoem:
        if self._poem is None:
            raise PromptError(tr("there is no poem yet; type a beginning, such as 月"))
        return self._poem


def ask_lines() -> Iterator[str]:
    """Lines as they are typed until one of ENDS or the end of input; at a terminal with history and arrow keys."""
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    is_asked = sys.stdin.isatty()
    can_edit = is_asked and sys.stdout.isatty() and _load_readline()
    while True:
        try:
            typed = (input(tr(QUESTION)) if can_edit else _read_line(is_asked)).strip()
        except EOFError:
            echo(err=True)  # past the question
            return
        if typed in ENDS:
            return
        yield typed


def _read_line(is_asked: bool) -> str:
    """Raises EOFError where a terminal's input ends."""
    if is_asked:
        echo(tr(QUESTION), nl=False, err=True)
    line = sys.stdin.readline()
    if is_asked and not line:
        raise EOFError
    return line


def _load_readline() -> bool:
    """History and arrow keys for `input`, where Python has them."""
    try:
        import readline  # noqa: F401
    except ImportError:  # Windows, whose console has its own
        return False
    return True
