"""Every picture is drawn alike, whatever the user's matplotlib is told, and leaves the user's settings alone."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import matplotlib
import pytest
from matplotlib.image import imread

from poetgen.errors import PoetgenError
from poetgen.plots.style import move_apart, new_picture

DRAW = """
import sys
from pathlib import Path
from poetgen.plots.style import new_picture
with new_picture(Path(sys.argv[1]), 2, 1) as figure:
    figure.subplots().set_title("月 $x_1")
assert not [name for name in sys.modules if "pyplot" in name]
"""


def draw(path: Path) -> None:
    with new_picture(path, 2, 1) as figure:
        figure.subplots().set_title("月 $x_1")


def draw_elsewhere(path: Path, environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DRAW, str(path)],
        env=environment, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_backend_that_is_not_there_and_a_matplotlibrc_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(tmp_path / "here.png")
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\naxes.facecolor: red\nbackend: tkagg\n")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    draw_elsewhere(tmp_path / "there.png", dict(os.environ), tmp_path)
    assert (imread(tmp_path / "there.png") == imread(tmp_path / "here.png")).all()


@pytest.mark.parametrize(
    "settings", ["# 中文\naxes.facecolor: red\n".encode("gbk"), b"no.such.key: 3\nfont.family: Nowhere\n"]
)
def test_a_matplotlibrc_that_cannot_be_read_changes_nothing_and_is_not_heard_of(
    tmp_path: Path, settings: bytes
) -> None:
    draw(tmp_path / "here.png")
    (tmp_path / "rc").write_bytes(settings)
    lost = {"MPLCONFIGDIR": "/dev/null/none", "HOME": "/dev/null"}
    environment = os.environ | lost | {"MATPLOTLIBRC": str(tmp_path / "rc")}
    assert draw_elsewhere(tmp_path / "there.png", environment, tmp_path) == ""
    assert (imread(tmp_path / "there.png") == imread(tmp_path / "here.png")).all()


def test_the_users_own_settings_are_as_they_were(tmp_path: Path) -> None:
    with matplotlib.rc_context({"axes.facecolor": "red", "text.usetex": True}):
        before = dict(matplotlib.rcParams)
        draw(tmp_path / "one.png")
        assert dict(matplotlib.rcParams) == before


def test_what_no_font_has_is_drawn_as_a_box_without_a_warning(tmp_path: Path) -> None:
    with new_picture(tmp_path / "one.png", 2, 1) as figure:
        figure.subplots().set_title("\U0003134f \u1c50")
    assert (tmp_path / "one.png").stat().st_size > 1000


def test_what_cannot_be_drawn_is_one_sentence_and_no_file(tmp_path: Path) -> None:
    words = r"^one\.png cannot be drawn \(ZeroDivisionError: "
    with pytest.raises(PoetgenError, match=words), new_picture(tmp_path / "one.png", 2, 1):
        1 / 0  # noqa: B018
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (ModuleNotFoundError("No module named 'matplotlib'"), "pictures need matplotlib; run: pip install"),
        (ValueError("font cache"), r"matplotlib cannot be loaded \(font cache\)"),
    ],
)
def test_a_matplotlib_that_cannot_be_loaded_is_one_sentence(
    fault: Exception, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "matplotlib.figure":
                raise fault

    monkeypatch.delitem(sys.modules, "matplotlib.figure")
    monkeypatch.setattr(sys, "meta_path", [Refusing(), *sys.meta_path])
    with pytest.raises(PoetgenError, match=words):
        draw(tmp_path / "one.png")


@pytest.mark.parametrize("wanted", [[5.0], [5.0, 5.0, 5.0], [0.0, 1.0, 50.0, 51.0], [-9.0, 3.0]])
def test_places_keep_their_order_and_their_distance(wanted: list[float]) -> None:
    places = move_apart(wanted, gap=10, floor=0)
    assert min(places) >= 0
    ordered = [place for _, place in sorted(zip(wanted, places, strict=True))]
    assert all(b - a >= 10 - 1e-9 for a, b in pairwise(ordered))
