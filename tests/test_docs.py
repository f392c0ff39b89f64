"""The documents: both languages say the same, every command shown exists, every link leads somewhere."""

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest
from click.testing import CliRunner

from poetgen.checkpoint import released_path
from poetgen.cli import COMMANDS, poetgen
from tools import release_model, write_docs

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")
GUIDES = ("docs/guide.md", "docs/guide.zh-CN.md")
IN_BOTH_LANGUAGES = (READMES, GUIDES)
README_LINES = 220  # at most
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
)
# click keeps a command's help option from the first context it is seen in
CONTEXT = click.Context(poetgen, info_name="poetgen", **poetgen.context_settings)
# options of other programs, shown in code spans
FOREIGN = {"--check", "--strict"}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language, their own indentation taken away."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, flags=re.MULTILINE | re.DOTALL)
    return [re.sub(f"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found]


def command_lines(text: str) -> list[str]:
    """Every line of the shell blocks, without its comment."""
    lines = [re.sub(r"(^|\s+)#.*", "", line) for block in blocks(text, "sh") for line in block.splitlines()]
    return [line for line in lines if line]


def spans(text: str) -> list[str]:
    """What stands between single backticks, outside the fenced blocks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL))


def calls(line: str) -> Iterator[list[str]]:
    """The arguments of each `poetgen` in a shell line; chained commands and variables before it are understood."""
    for command in re.split(r"&&|\||\$\(|\)", line.strip('"')):
        words = shlex.split(command.replace('"', ""))
        while words and "=" in words[0]:
            words.pop(0)
        if words[:1] == ["poetgen"]:
            yield words[1:]


def shown_calls(text: str) -> list[list[str]]:
    """Every call of poetgen in shell blocks and in code spans."""
    written = [
        *command_lines(text),
        *(span for span in spans(text) if re.match(r"poetgen [\w-]+( |$)", span)),
    ]
    return [arguments for line in written for arguments in calls(line) if arguments]


def check_call(arguments: list[str]) -> None:
    """Parse as the command line would, without running anything. Raises click.UsageError."""
    name, *rest = arguments
    if name.startswith("-"):
        assert CliRunner().invoke(poetgen, arguments).exit_code == 0
        return
    if name == "COMMAND":  # stands for any of them
        for each in COMMANDS:
            check_call([each, *rest])
        return
    command = poetgen.get_command(CONTEXT, name)
    assert command is not None, f"there is no poetgen {name}"
    if "--help" in rest:
        assert CliRunner().invoke(poetgen, arguments).exit_code == 0
        return
    if isinstance(command, click.Group):
        if not rest:  # speaking of both its parts
            return
        part = command.commands[rest[0]]
        part.make_context(rest[0], rest[1:], parent=CONTEXT)
        return
    command.make_context(name, rest, parent=CONTEXT)


def options_of(name: str) -> set[str]:
    """Every spelling of every option of a command."""
    command = poetgen.get_command(CONTEXT, name)
    assert command is not None
    parts = [command, *(command.commands.values() if isinstance(command, click.Group) else ())]
    every = [param for part in parts for param in part.params if isinstance(param, click.Option)]
    return {spelling for param in every for spelling in (*param.opts, *param.secondary_opts)} | {"--help"}


@pytest.mark.parametrize("names", IN_BOTH_LANGUAGES)
def test_both_languages_show_the_same_commands(names: tuple[str, str]) -> None:
    english, chinese = ([plain(line) for line in command_lines(read(name))] for name in names)
    assert english == chinese
    assert english


def plain(line: str) -> str:
    """A command without what the languages choose for themselves: hanzi, and a mirror to install from."""
    return re.sub(r"[\u4e00-\u9fff，。]+", "字", re.sub(r" -i https://\S+", "", line)).rstrip()


def test_both_readmes_have_the_same_python() -> None:
    english, chinese = (blocks(read(name), "python") for name in READMES)
    assert english == chinese
    assert english


@pytest.mark.parametrize("names", IN_BOTH_LANGUAGES)
def test_both_languages_have_the_same_chapters_and_links(names: tuple[str, str]) -> None:
    english, chinese = ([line.split()[0] for line in headings(read(name))] for name in names)
    assert english == chinese
    # each leads to pages of its own language
    pages = [{link.split("#")[0].replace(".zh-CN", "") for link in links(read(name))} for name in names]
    assert pages[0] == pages[1]


@pytest.mark.parametrize("readme", READMES)
def test_a_readme_stays_short(readme: str) -> None:
    assert len(read(readme).splitlines()) <= README_LINES


def headings(text: str) -> list[str]:
    outside = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^#+ .*", outside, flags=re.MULTILINE)


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", text)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_call_shown_is_understood(document: str) -> None:
    for arguments in shown_calls(read(document)):
        check_call(arguments)


def test_every_example_of_a_help_text_is_understood() -> None:
    shown = re.findall(r"^    (poetgen .*)$", read("docs/commands.md"), flags=re.MULTILINE)
    assert len(shown) > 10
    for line in shown:
        for arguments in calls(line):
            check_call(arguments)


@pytest.mark.parametrize(
    "arguments", [["wirte"], ["generate", "月", "--sed", "1"], ["prepare", "--split", "7:3"]]
)
def test_a_call_that_is_none_would_be_found(arguments: list[str]) -> None:
    with pytest.raises((AssertionError, click.UsageError)):
        check_call(arguments)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_option_named_exists(document: str) -> None:
    known = FOREIGN.union(*map(options_of, COMMANDS))
    own = [span for span in spans(read(document)) if not span.startswith(("python ", "OMP_"))]
    named = {word for span in own for word in re.findall(r"(?<!\S)--[a-z-]+", span)}
    assert named <= known


@pytest.mark.parametrize("guide", GUIDES)
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_chapter_with_an_example(guide: str, name: str) -> None:
    text = read(guide)
    assert f"## poetgen {name}\n" in text, f"{guide} has no chapter on poetgen {name}"
    assert any(arguments[0] == name for arguments in shown_calls(text)), f"{guide} has no example of it"


@pytest.mark.parametrize("guide", GUIDES)
def test_completion_is_explained_for_every_shell(guide: str) -> None:
    shown = re.findall(r"_POETGEN_COMPLETE=(\w+) poetgen", "\n".join(command_lines(read(guide))))
    assert shown == ["bash_source", "zsh_source", "fish_source"]
    for value in shown[1:]:  # bash's own asks the bash that is there
        result = CliRunner().invoke(
            poetgen, [], env={"_POETGEN_COMPLETE": value}, prog_name="poetgen", catch_exceptions=False
        )
        assert result.exit_code == 0
        assert "_POETGEN_COMPLETE" in result.output


@pytest.mark.parametrize("page", write_docs.PAGES)
def test_what_the_code_dictates_is_up_to_date(page: str) -> None:
    written = write_docs.PAGES[page]()
    assert read(page) == written, f"{page} is stale; regenerate it: {write_docs.REGENERATE}"


def test_the_tour_has_every_module_with_a_whole_phrase() -> None:
    tour = read("docs/tour.md")
    files = [*ROOT.glob("poetgen/**/*.py"), *ROOT.glob("configs/**/*.toml"), *ROOT.glob("benchmarks/*.py")]
    files += ROOT.glob("tools/*.py")
    listed = {link.removeprefix("../") for link in links(tour)}
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        room = path.name == "__init__.py" and path.parents[1] == ROOT / "poetgen"
        assert room or name in listed or not path.stat().st_size, f"{name}: {write_docs.REGENERATE}"
    for line in tour.splitlines():
        assert not line.startswith("- ") or line.endswith((".", "?")), line


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    for link in links(read(document)):
        address = urlsplit(link)
        if address.scheme:
            continue
        path = (ROOT / document).parent / address.path if address.path else ROOT / document
        assert path.exists(), link
        if address.fragment:
            assert address.fragment in {anchor(line) for line in headings(path.read_text("utf-8"))}, link


def anchor(heading: str) -> str:
    """What a heading is linked by."""
    return re.sub(r"[^\w\- ]", "", heading.lstrip("# ").lower()).replace(" ", "-")


@pytest.mark.parametrize("readme", READMES)
def test_the_poems_shown_are_the_models_own(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POETGEN_SCRIPT", raising=False)
    [session] = [block for block in blocks(read(readme), "text") if block.startswith("$ ")]
    shown = [part.partition("\n") for part in session.split("$ ") if part]
    assert len(shown) > 1
    for command, _, poem in shown:
        [arguments] = calls(command)
        result = CliRunner().invoke(poetgen, [*arguments, "--home", str(tmp_path)])
        assert result.stdout.strip() == poem.strip()


SHOWN = re.findall(r"^    poetgen (generate .*)\n((?:\n(?!#).*)*)", read("checkpoints/tang.md"), re.MULTILINE)


@pytest.mark.parametrize(("command", "poems"), [SHOWN[0], SHOWN[-1]], ids=lambda text: text[:40])
def test_the_card_shows_what_its_command_writes(
    command: str, poems: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POETGEN_SCRIPT", raising=False)
    result = CliRunner().invoke(poetgen, [*command.split(), "--home", str(tmp_path)])
    assert result.stdout.split() == poems.split()


def test_the_python_example_writes_a_poem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [example] = blocks(read("README.md"), "python")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POETGEN_HOME", raising=False)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(example, "README.md", "exec"), {})
    assert printed.getvalue().startswith("月")


def test_every_block_of_the_python_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = blocks(read("docs/python.md"), "python")
    assert len(page) > 5
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POETGEN_HOME", raising=False)
    monkeypatch.delenv("POETGEN_SCRIPT", raising=False)
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        for number, block in enumerate(page, start=1):
            exec(compile(block, f"docs/python.md, block {number}", "exec"), names)
    assert printed.getvalue().startswith("月")


@pytest.mark.parametrize(("readme", "beginning"), [("README.md", "月"), ("README.zh-CN.md", "红")])
def test_the_first_command_writes_a_poem(readme: str, beginning: str, tmp_path: Path) -> None:
    first = next(calls(command_lines(read(readme))[0]))
    result = CliRunner().invoke(poetgen, [*first, "--home", str(tmp_path)])
    assert result.exit_code == 0
    assert result.stdout.startswith(beginning)


def test_the_size_of_the_released_file_is_told_in_one_way() -> None:
    told = release_model.tell_size(released_path())
    size, weights, lines = re.findall(r"[\d.]+ MB", told)[:3]
    assert told in read("checkpoints/tang.md")
    assert f"The file has {told}." in read("docs/results.md")
    assert f"A file of {told}." in read("CHANGELOG.md")
    assert f"in a file of {size} ({weights} of them weights, {lines} lines it has read)" in read("README.md")
    assert f"文件 {size}（其中权重 {weights}，读过的诗句 {lines}）" in read("README.zh-CN.md")
