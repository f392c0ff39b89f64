"""The package as it is installed: its version, its public names, what travels with it."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

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
