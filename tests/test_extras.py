"""A missing extra is named by a command that works as typed."""

import re
import shlex
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from poetgen.extras import install_command

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("extra", ["plot", "picture", "baselines"])
def test_the_command_names_the_packages_of_the_extra(extra: str) -> None:
    command = shlex.split(install_command(extra))
    assert command[:2] == ["pip", "install"]
    named = {re.split("[<>=]", one)[0] for one in command[2:]}
    assert named == {re.split("[<>=]", one)[0] for one in PROJECT["optional-dependencies"][extra]}


@pytest.mark.parametrize("quote", ["'", '"'])
def test_only_the_packages_of_that_extra_are_named(quote: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "numpy>=1",
        f"brush<3,>=2; extra == {quote}paint{quote}",
        f"easel; extra == {quote}repaint{quote}",
    ]
    monkeypatch.setattr(metadata, "requires", lambda name: lines)
    assert install_command("paint") == "pip install 'brush<3,>=2'"


def test_without_metadata_the_extra_itself_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> list[str]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", missing)
    assert install_command("plot") == "pip install 'poetgen[plot]'"
