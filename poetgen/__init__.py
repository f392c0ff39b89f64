"""poetgen: classical Chinese verse from an LSTM whose every equation is written out by hand."""

__version__ = "0.1.0"
__all__ = ["Checkpoint", "PoetgenError", "Writer", "__version__", "check"]

TYPE_CHECKING = False  # typing itself would take a while to import
if TYPE_CHECKING:
    from poetgen.checkpoint import Checkpoint
    from poetgen.errors import PoetgenError
    from poetgen.verse.check_text import check
    from poetgen.writing.writer import Writer

_HOMES = {
    "Checkpoint": "poetgen.checkpoint",
    "PoetgenError": "poetgen.errors",
    "Writer": "poetgen.writing.writer",
    "check": "poetgen.verse.check_text",
}


def __getattr__(name: str) -> object:
    """Import the public names when they are first asked for, so that `poetgen --help` stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
