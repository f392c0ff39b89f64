"""The law of imports: data flows one way through the rooms, and each outside library has its place."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import poetgen
from poetgen.cli import COMMANDS

PACKAGE = Path(poetgen.__file__).parent

# A room may import those of a lower rank, and its own rank where that makes no circle.
RANKS = {
    "__init__": 0,
    "errors": 0,
    "extras": 0,
    "argument_types": 0,
    "optimizers": 0,
    "files": 0,
    "locking": 0,
    "language": 0,
    "plain_values": 0,
    "printable": 0,
    "setting": 0,
    "config": 1,
    "config_files": 1,
    "poem": 1,
    "byhand": 2,
    "fetch": 2,
    "corpus": 2,
    "script": 2,
    "model_files": 1,
    "checkpoint": 2,
    "measures": 2,
    "model": 2,
    "training": 3,
    "verse": 3,
    "classify": 4,
    "experiments": 4,
    "compare": 4,
    "evaluate": 4,
    "writing": 4,
    "picture": 4,
    "yardstick": 4,
    "plots": 5,
    "web": 5,
    "cli": 6,
    "__main__": 7,
}
PLACES = {
    "click": r"cli/",
    "tqdm": r"cli/",
    "git": r"fetch/git\.py",
    "opencc": r"script/opencc\.py",
    "torch": r"(model/|training/|classify/|experiments/|compare/)",
    "matplotlib": r"plots/",
    "starlette": r"(web/|cli/serve\.py)",
    "uvicorn": r"cli/serve\.py",
    "PIL": r"picture/png\.py",
    "fontTools": r"picture/font\.py",
    "brotli": r"picture/font\.py",
    "filelock": r"locking\.py",
    "safetensors": r"model_files\.py",
    "sklearn": r"classify/baselines\.py",
    "jieba": r"classify/words\.py",
    "numpy": r"",
}
HEAVY = {"torch", "git", "opencc", "matplotlib", "sklearn", "PIL", "fontTools", "starlette", "uvicorn"}
READY_MADE = re.compile(
    r"(LSTM|GRU|RNN)(Cell|Base|CellBase)?|lstm(_cell)?|gru(_cell)?|rnn_(tanh|relu)(_cell)?"
)


@dataclass(frozen=True)
class Import:
    """`module` is imported by `file` (below the package); `now` when the file itself is, not in a function."""

    file: str
    module: str
    now: bool

    @property
    def room(self) -> str:
        """The room that imports."""
        return self.file.split("/")[0].removesuffix(".py")

    @property
    def target(self) -> str | None:
        """The room imported, None outside the package."""
        parts = self.module.split(".")
        return None if parts[0] != "poetgen" else (parts[1] if len(parts) > 1 else "__init__")


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imports() -> Iterator[Import]:
    for file, tree in trees():
        lazy = {id(node) for part in ast.walk(tree) if is_lazy(part) for node in ast.walk(part)}
        for node in ast.walk(tree):
            for module in imported(node):
                yield Import(file, module, id(node) not in lazy)


def is_lazy(node: ast.AST) -> bool:
    """A function, or the block that only type checkers read."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "write imports in full"
        module = node.module or ""
        # `from poetgen import files` imports a room by name
        return [f"{module}.{alias.name}" for alias in node.names] if module == "poetgen" else [module]
    return []


ALL = list(imports())


def rank(room: str) -> int:
    return RANKS.get(room, 0)


def test_every_room_has_a_rank() -> None:
    rooms = {file.split("/")[0].removesuffix(".py") for file, _ in trees()}
    assert rooms <= RANKS.keys()


def test_no_room_imports_one_above_it() -> None:
    # the package's own __init__ names what is public, and imports it only when asked
    upward = [
        one for one in ALL if one.target and one.room != "__init__" and rank(one.target) > rank(one.room)
    ]
    assert not upward


def test_rooms_of_one_rank_make_no_circle() -> None:
    edges = {(one.room, one.target) for one in ALL if one.target in RANKS and one.target != one.room}
    edges = {(room, target) for room, target in edges if room != "__init__"}
    while ends := {room for room, _ in edges} | {target for _, target in edges}:
        leaves = ends - {room for room, _ in edges}
        assert leaves, f"a circle among {sorted(edges)}"
        edges = {(room, target) for room, target in edges if target not in leaves}


def test_the_network_by_hand_knows_nothing_of_ours_but_errors() -> None:
    assert {one.target for one in ALL if one.room == "byhand"} <= {None, "byhand", "errors"}


def test_the_pipeline_that_prepares_poems_reads_no_script_tables() -> None:
    assert not [one for one in ALL if one.room in ("poem", "fetch", "corpus") and one.target == "script"]


@pytest.mark.parametrize("library", PLACES)
def test_a_library_is_imported_in_its_place_alone(library: str) -> None:
    strangers = [
        one for one in ALL if one.module.split(".")[0] == library and not re.match(PLACES[library], one.file)
    ]
    assert not strangers


def test_every_library_has_a_place() -> None:
    outside = {one.module.split(".")[0] for one in ALL if one.target is None}
    assert outside - set(sys.stdlib_module_names) <= PLACES.keys() | {"pylopdf_fonts_zh_cn"}


def test_no_ready_made_recurrent_layer_is_used() -> None:
    found = []
    for file, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and READY_MADE.fullmatch(node.attr):
                owner = ast.unparse(node.value)
                if re.search(r"(^|\.)(nn|torch|functional|F|aten|_VF|rnn|ops)$", owner):
                    found.append((file, ast.unparse(node)))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("torch"):
                found += [(file, alias.name) for alias in node.names if READY_MADE.fullmatch(alias.name)]
    assert not found


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh Python has after this code."""
    code += "\nimport sys; print('\\n' + ' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)], ids=" ".join
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = f"from poetgen.cli import poetgen; poetgen({arguments!r}, standalone_mode=False)"
    assert not HEAVY & loaded_by(code)


def test_the_package_alone_imports_next_to_nothing() -> None:
    assert not (HEAVY | {"numpy", "click"}) & loaded_by("import poetgen; poetgen.__version__")


def test_every_module_can_be_imported_first() -> None:
    modules = ["poetgen." + file.removesuffix(".py").replace("/", ".") for file, _ in trees()]
    code = f"""
import importlib, sys
import numpy, torch
ready = set(sys.modules)
for name in {[m for m in modules if not m.endswith("__")]!r}:
    for loaded in set(sys.modules) - ready:
        if loaded.startswith("poetgen"):
            del sys.modules[loaded]
    importlib.import_module(name)
"""
    loaded_by(code)


def test_one_poem_is_a_short_way() -> None:
    """What `generate` reaches for a poem; pictures, judging, corpora and training are not on the way."""
    code = """
import contextlib, io
from poetgen.cli import poetgen
from poetgen.files import shipped_folder
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    model = str(shipped_folder("checkpoints") / "tang.safetensors")
    poetgen(["generate", "红", "--form", "五律", "--checkpoint", model], standalone_mode=False)
"""  # of the forms a 律詩 reaches most: its couplets are weighed
    loaded = {module for module in loaded_by(code) if module.startswith("poetgen")}
    reached = {module for module in loaded if (PACKAGE / f"{module[8:].replace('.', '/')}.py").is_file()}
    assert not {module.split(".")[1] for module in reached} & {
        "training",
        "model",
        "compare",
        "classify",
        "fetch",
    }
    assert not {"poetgen.verse.check", "poetgen.corpus.clean", "poetgen.picture.card"} & reached
    assert len(reached) <= 51, sorted(reached)
