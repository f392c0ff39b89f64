"""The package as it is installed: its version, its public names, what travels with it."""

import importlib
import importlib.metadata
import inspect
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

import poetgen
from poetgen.cli import poetgen as command_line
from poetgen.files import shipped_folder

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def constrained() -> dict[str, str]:
    """Package → pinned version."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    return {normal(name): version for name, version in pins}


def normal(name: str) -> str:
    """A package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_there_is_one_version() -> None:
    assert "version" in PROJECT["project"]["dynamic"]
    assert (ROOT / PROJECT["tool"]["hatch"]["version"]["path"]).samefile(poetgen.__file__)
    assert re.fullmatch(r"\d+\.\d+\.\d+", poetgen.__version__)
    result = CliRunner().invoke(command_line, ["--version"])
    assert result.output == f"poetgen, version {poetgen.__version__}\n"
    assert poetgen.__version__ in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_installed_version_is_this_one() -> None:
    try:
        installed = importlib.metadata.version("poetgen")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("run from a checkout that is not installed")
    assert installed == poetgen.__version__


@pytest.mark.parametrize("name", poetgen.__all__)
def test_a_public_name_can_be_imported_and_says_what_it_is(name: str) -> None:
    value = getattr(poetgen, name)
    assert name == "__version__" or value.__doc__


def test_dir_lists_the_public_names() -> None:
    assert dir(poetgen) == sorted(poetgen.__all__)


def test_a_name_that_is_not_public_is_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'writer_of_poems'"):
        poetgen.writer_of_poems  # noqa: B018


def test_what_is_shipped_is_found() -> None:
    assert (shipped_folder("configs") / "default.toml").is_file()
    assert shipped_folder("configs").parent == shipped_folder("checkpoints").parent


def test_of_checkpoints_only_the_released_model_travels() -> None:
    targets = PROJECT["tool"]["hatch"]["build"]["targets"]
    released = {"checkpoints/tang.safetensors", "checkpoints/tang.md"}
    for target in ("wheel", "sdist"):
        assert {p for p in targets[target]["only-include"] if p.startswith("checkpoints")} == released


def test_the_description_of_the_package_has_no_link_into_the_repository() -> None:
    hook = PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    text = "".join((ROOT / part["path"]).read_text(encoding="utf-8") for part in hook["fragments"])
    assert re.search(r"\]\((?!https?:)", text)
    for change in hook["substitutions"]:
        text = re.sub(change["pattern"], change["replacement"], text)
    assert not re.search(r"\]\((?!https?:)", text)
    assert "docs/guide.md" in text and "poetgen generate 月" in text


def test_every_dependency_is_pinned() -> None:
    project = PROJECT["project"]
    wanted = [
        *project["dependencies"],
        *(d for extra in project["optional-dependencies"].values() for d in extra),
    ]
    names = {normal(re.split(r"[\[<>=!~ ]", one)[0]) for one in wanted} - {"poetgen"}
    assert names <= constrained().keys()
    assert constrained()["torch"] == "2.13.0"


def test_the_types_are_told() -> None:
    assert (Path(poetgen.__file__).parent / "py.typed").is_file()


# ---- how the code is written ----

LONGEST = 300  # lines of a file
PACKAGE = Path(poetgen.__file__).parent


def test_no_file_is_longer_than_three_hundred_lines() -> None:
    files = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    sizes = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in files.items()}
    assert not {name for name, size in sizes.items() if size > LONGEST}


def public(module: ModuleType) -> Iterator[tuple[str, object]]:
    """What a module defines without an underscore: functions, classes, and their methods and properties."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", "") != module.__name__:
            continue
        if inspect.isroutine(value) or inspect.isclass(value):
            yield name, value
        for inner, member in vars(value).items() if inspect.isclass(value) else ():
            if not inner.startswith("_") and (
                inspect.isroutine(member) or isinstance(member, property | cached_property)
            ):
                # by name, for what overrides has the docstring of what it overrides
                yield f"{name}.{inner}", getattr(value, inner)


MODULES = [module.name for module in pkgutil.walk_packages(poetgen.__path__, "poetgen.")]


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_what_is_public_says_what_it_does(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    for owner, value in public(module):
        text = inspect.getdoc(value) or ""
        # a dataclass without a docstring is given its signature for one
        assert len(text.split()) > 1 and not text.startswith(("See ", f"{owner}(")), f"{name}.{owner}"
